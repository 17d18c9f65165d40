"""A sample as rows: the instance map and the target agree in every frame.

Shapes: H, W pixels.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from kirie.core.instances import CRUMB, HOWS, MAX_INSTANCES, Instance, unpack
from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Region, Sample
from kirie.prepare.framed import BEYOND, Framed, framed
from kirie.prepare.layout import Frame
from kirie.prepare.resize import fit_target, placement

LABELS = LabelSet.from_dict({"labels": ["background", "eye", "hand", {"name": "sky", "stuff": True}]})


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Pictures of any shape with blocks over each other."""
    height, width = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    regions = []
    for _ in range(draw(st.integers(0, 9))):
        y, x = int(random.integers(height)), int(random.integers(width))
        mask_HW = np.zeros((height, width), dtype=np.bool_)
        mask_HW[y : y + int(random.integers(1, 40)), x : x + int(random.integers(1, 40))] = True
        name = ["eye", "hand", "sky", "background", "__ignore__"][int(random.choice(5, p=[0.35, 0.35, 0.1, 0.1, 0.1]))]
        number = int(random.integers(3)) if random.random() < 0.5 else None
        regions.append(Region.from_mask(name, mask_HW, instance=number, crowd=random.random() < 0.2))
    return Sample("a", np.zeros((height, width, 3), np.uint8), tuple(regions))


frames = st.builds(
    Frame,
    st.tuples(st.integers(8, 70), st.integers(8, 70)),
    st.just("fit"),
    st.just(0.0),
    st.sampled_from(HOWS),
    st.sampled_from([1, 3, MAX_INSTANCES]),
) | st.builds(
    Frame,
    st.tuples(st.integers(8, 70), st.integers(8, 70)),
    st.just("tile"),
    st.sampled_from([0.0, 0.25]),
    st.sampled_from(HOWS),
    st.sampled_from([1, 3, MAX_INSTANCES]),
)


def labels_of(ids_HW: NDArray[np.uint8], instances: tuple[Instance, ...]) -> NDArray[np.uint8]:
    """What the target is where there are instances."""
    label = np.full(256, IGNORE, dtype=np.uint8)
    label[1 : len(instances) + 1] = [each.label for each in instances]
    return label[ids_HW]


def check(rows: Framed, frame: Frame) -> None:
    """What every row promises."""
    for targets_HW, ids_HW, instances in zip(
        rows.pixels.targets_BHW, rows.pixels.instances_BHW, rows.instances, strict=True
    ):
        assert ids_HW.dtype == np.uint8
        assert ids_HW.shape == targets_HW.shape == frame.size
        assert set(np.unique(ids_HW).tolist()) - {0, IGNORE} == set(range(1, len(instances) + 1))
        assert len(instances) <= frame.max_instances
        inside = (ids_HW > 0) & (ids_HW < IGNORE)
        assert (labels_of(ids_HW, instances) == targets_HW)[inside].all()
        assert not np.isin(targets_HW[ids_HW == 0], LABELS.things).any()
        assert (ids_HW[targets_HW == IGNORE] == IGNORE).all()


@settings(max_examples=150)
@given(samples(), frames)
def test_map_and_target_agree_in_every_row(sample: Sample, frame: Frame) -> None:
    """Scaled or cut, with few or many instances: numbers without gaps, each with the target's label."""
    rows = framed(sample, LABELS, frame)
    assert len(rows.pixels.images_BHWC) == len(rows.instances) == frame.rows_of(sample.size)
    assert (rows.pixels.instances_BHW[~rows.inside_BHW] == IGNORE).all()
    check(rows, frame)


@settings(max_examples=30)
@given(samples(), st.integers(1, 3))
def test_an_enlarged_map_is_the_samples(sample: Sample, times: int) -> None:
    """Where nothing is lost, the row's map is the sample's own, framed as a target is."""
    # Ids alone, because what is a crumb depends on the scale
    regions = tuple(replace(region, instance=at) for at, region in enumerate(sample.regions))
    sample = replace(sample, regions=regions)
    size = (sample.size[0] * times, sample.size[1] * times)
    rows = framed(sample, LABELS, Frame(size))
    ids_HW, instances = unpack(sample, LABELS)
    assert np.array_equal(rows.pixels.instances_BHW[0], fit_target(ids_HW, placement(sample.size, size)))
    assert rows.instances == (instances,)


def grid(size: tuple[int, int], step: int) -> Sample:
    """A picture full of squares with a gap of two pixels between them, the first one larger."""
    mask_HW = np.zeros(size, dtype=np.bool_)
    for y in range(0, size[0] - step + 1, step):
        for x in range(0, size[1] - step + 1, step):
            mask_HW[y : y + step - 2, x : x + step - 2] = True
    mask_HW[: step - 1, : step - 1] = True
    return Sample("grid", np.zeros((*size, 3), np.uint8), (Region.from_mask("eye", mask_HW),))


def test_tiles_hold_all_of_many_instances() -> None:
    """A picture of 400 things is cut into tiles that each hold their own, numbered from 1, and none is lost."""
    frame = Frame((80, 80), "tile")
    rows = framed(grid((160, 160), 8), LABELS, frame)
    check(rows, frame)
    assert [len(row) for row in rows.instances] == [100] * 4
    assert BEYOND not in rows.notes


def test_scaling_keeps_apart_more_than_8_bits_tell() -> None:
    """Scaled down, a map of 400 numbers takes the same pixels as its target; the 254 largest are kept."""
    frame = Frame((96, 128))
    rows = framed(grid((160, 160), 8), LABELS, frame)
    check(rows, frame)
    assert len(rows.instances[0]) == MAX_INSTANCES
    assert rows.notes[BEYOND] == 400 - MAX_INSTANCES
    limited = framed(grid((160, 160), 8), LABELS, replace(frame, max_instances=2))
    assert limited.notes[BEYOND] == 398
    assert limited.pixels.instances_BHW[0, 0, 16] == 1


def test_a_crumb_is_one_at_the_rows_scale() -> None:
    """A part of 30 pixels is a crumb where a quarter of its rows and columns are left, and is none in a tile."""
    mask_HW = np.zeros((128, 128), dtype=np.bool_)
    mask_HW[3:8, 3:9] = mask_HW[40:90, 40:90] = True
    sample = Sample("a", np.zeros((128, 128, 3), np.uint8), (Region.from_mask("eye", mask_HW),))
    assert len(framed(sample, LABELS, Frame((32, 32))).instances[0]) == 1
    assert len(framed(sample, LABELS, Frame((128, 128), "tile")).instances[0]) == 2


def test_what_a_tile_cuts_off_is_ignored() -> None:
    """A strip of one column that reaches into the next tile is no instance there; one of three columns is."""
    for columns, expected in ((1, ()), (3, (Instance(1),))):
        mask_HW = np.zeros((32, 64), dtype=np.bool_)
        mask_HW[4 : 4 + CRUMB - 1, 20 : 32 + columns] = True
        sample = Sample("a", np.zeros((32, 64, 3), np.uint8), (Region.from_mask("eye", mask_HW, instance=1),))
        rows = framed(sample, LABELS, Frame((32, 32), "tile"))
        assert rows.instances == ((Instance(1),), expected)
        assert (rows.pixels.instances_BHW[1, 5, 0] == IGNORE) == (expected == ())


def test_notes_of_reading_are_kept() -> None:
    """What the reader mended is told beside what unpacking found."""
    sample = Sample("a", np.zeros((32, 32, 3), np.uint8), (), notes={"points outside clipped": 2})
    assert framed(sample, LABELS, Frame((32, 32))).notes == {"points outside clipped": 2}
