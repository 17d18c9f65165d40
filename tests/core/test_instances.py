"""Regions unpacked into instances.

Shapes: H, W pixels.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray
from scipy import ndimage

from kirie.core.instances import (
    CRUMB,
    HOWS,
    MAX_INSTANCES,
    How,
    Instance,
    chosen,
    find_instances,
    instance,
    unpack,
)
from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Outline, Region, Sample
from kirie.errors import SourceError

LABELS = LabelSet.from_dict(
    {
        "labels": ["background", {"name": "eye", "merge": ["pupil"]}, "hand", {"name": "sky", "stuff": True}],
        "skip": ["guide"],
    }
)
SIZE = (24, 30)
NAMES = ["background", "eye", "pupil", "hand", "sky", "guide", "__ignore__"]


def block(label: str, x: int, y: int, width: int = 5, height: int = 5, **more: Any) -> Region:
    """A rectangle of a label."""
    mask_HW = np.zeros(SIZE, dtype=np.bool_)
    mask_HW[y : y + height, x : x + width] = True
    return Region.from_mask(label, mask_HW, **more)


def sample_of(*regions: Region) -> Sample:
    """A sample of some regions."""
    return Sample("a", np.zeros((*SIZE, 3), np.uint8), regions)


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    """Blocks and ragged masks of all kinds of labels, with and without ids, over each other."""
    regions = []
    for _ in range(draw(st.integers(0, 7))):
        x, y = draw(st.integers(0, SIZE[1] - 1)), draw(st.integers(0, SIZE[0] - 1))
        region = block(draw(st.sampled_from(NAMES)), x, y, draw(st.integers(1, 12)), draw(st.integers(1, 12)))
        if draw(st.booleans()):
            ragged = draw(npst.arrays(np.bool_, region.crop.shape))
            region = replace(region, crop=region.crop & ragged)
        regions.append(
            replace(
                region, instance=draw(st.none() | st.integers(0, 2)), crowd=draw(st.sampled_from([False] * 4 + [True]))
            )
        )
    return sample_of(*regions)


def label_of(instances: tuple[Instance, ...]) -> NDArray[np.uint8]:
    """Labels by number in a map."""
    lut = np.full(256, IGNORE, dtype=np.uint8)
    lut[0] = LABELS.unlabelled
    lut[1 : len(instances) + 1] = [each.label for each in instances]
    return lut


@given(samples(), st.sampled_from(HOWS))
def test_map_and_target_agree_pixel_by_pixel(sample: Sample, how: How) -> None:
    """Every number is an instance with pixels whose label is the target's there; what has none is no thing."""
    ids_HW, instances = unpack(sample, LABELS, how)
    target_HW = sample.paint(LABELS)
    assert ids_HW.dtype == np.uint8
    assert ids_HW.shape == SIZE
    numbers = set(np.unique(ids_HW).tolist()) - {0, IGNORE}
    assert numbers == set(range(1, len(instances) + 1))
    is_instance = (ids_HW > 0) & (ids_HW < IGNORE)
    assert (label_of(instances)[ids_HW] == target_HW)[is_instance].all()
    assert not np.isin(target_HW[ids_HW == 0], LABELS.things).any()
    assert (ids_HW[target_HW == IGNORE] == IGNORE).all()
    # What is ignored though the target is not are crumbs of things
    crumbs = (ids_HW == IGNORE) & (target_HW != IGNORE)
    assert np.isin(target_HW[crumbs], LABELS.things).all()


@given(samples())
def test_components_are_the_parts_of_the_target(sample: Sample) -> None:
    """Without crowds, instances are scipy's connected parts of each thing that are no crumbs, ids or not."""
    sample = replace(sample, regions=tuple(replace(region, crowd=False) for region in sample.regions))
    ids_HW, instances = unpack(sample, LABELS, "components")
    target_HW = sample.paint(LABELS)
    expected = set()
    for label in LABELS.things:
        parts, count = ndimage.label(target_HW == label, structure=np.ones((3, 3)))
        masks = [parts == number for number in range(1, count + 1)]
        expected |= {(label, mask.tobytes()) for mask in masks if mask.sum() >= CRUMB}
    found = {(each.label, (ids_HW == number).tobytes()) for number, each in enumerate(instances, 1)}
    assert found == expected
    assert not any(each.crowd for each in instances)


@given(samples())
def test_given_ids_are_what_can_be_seen_of_their_regions(sample: Sample) -> None:
    """Regions of one label and id are one instance, as far as later regions leave it visible, crumb or not."""
    ids_HW, instances = unpack(sample, LABELS, "given")
    owner_HW = np.full(SIZE, -1)
    for at, region in enumerate(sample.regions):
        if LABELS.id_of(region.label) is not None:
            owner_HW[region.mask_at(*SIZE)] = at
    expected = set()
    keys = {
        (LABELS.id_of(region.label), region.instance, region.crowd)
        for region in sample.regions
        if region.instance is not None and LABELS.id_of(region.label) in LABELS.things
    }
    for key in keys:
        own = [
            at
            for at, region in enumerate(sample.regions)
            if (LABELS.id_of(region.label), region.instance, region.crowd) == key
        ]
        mask_HW = np.isin(owner_HW, own)
        if mask_HW.any():
            expected.add((key[0], key[2], mask_HW.tobytes()))
    found = {(each.label, each.crowd, (ids_HW == number).tobytes()) for number, each in enumerate(instances, 1)}
    assert expected <= found


def test_left_and_right_are_two() -> None:
    """Two eyes without ids are two parts; with one id they are one; with ids that touch they are two."""
    apart = (block("eye", 1, 1), block("eye", 15, 1))
    assert unpack(sample_of(*apart), LABELS)[1] == (Instance(1), Instance(1))
    assert unpack(sample_of(*(replace(one, instance=4) for one in apart)), LABELS)[1] == (Instance(1),)
    touching = (block("eye", 1, 1, instance=1), block("eye", 6, 1, instance=2))
    assert len(unpack(sample_of(*touching), LABELS)[1]) == 2
    assert len(unpack(sample_of(*touching), LABELS, "components")[1]) == 1


def test_what_has_no_id_falls_back_to_parts_beside_what_has() -> None:
    """Marked instances come first in paint order; a part beside a marked one of its label is another."""
    ids_HW, instances = unpack(
        sample_of(block("hand", 0, 0), block("eye", 5, 0), block("eye", 10, 0, instance=7)), LABELS
    )
    assert instances == (Instance(1), Instance(2), Instance(1))
    assert [int(ids_HW[2, x]) for x in (2, 7, 12)] == [2, 3, 1]


def test_merged_names_are_one_label() -> None:
    """A pupil in its eye belongs to it, by id and as part."""
    for number in (None, 3):
        regions = (block("eye", 2, 2, 9, 9, instance=number), block("pupil", 5, 5, 3, 3, instance=number))
        ids_HW, instances = unpack(sample_of(*regions), LABELS)
        assert instances == (Instance(1),)
        assert (ids_HW > 0).sum() == 81


def test_a_crowd_is_one_instance_however_unpacked() -> None:
    """A region that is flagged as crowd is kept whole and apart from what touches it."""
    regions = (block("hand", 0, 0, 30, 3, crowd=True), block("sky", 10, 0, 3, 3), block("hand", 0, 3, 5, 5))
    for how in HOWS:
        ids_HW, instances = unpack(sample_of(*regions), LABELS, how)
        assert instances == (Instance(2, crowd=True), Instance(2))
        assert ids_HW[1, 1] == ids_HW[1, 29] == 1
        assert ids_HW[1, 11] == 0
        assert ids_HW[5, 2] == 2


def test_ignored_pixels_belong_to_no_instance() -> None:
    """What is painted as ignored lies over an instance and cuts it; a thing under it that is left is still one."""
    ids_HW, instances = unpack(sample_of(block("eye", 0, 0, 10, 10), block("__ignore__", 0, 4, 10, 2)), LABELS)
    assert (ids_HW == IGNORE).sum() == 20
    assert len(instances) == 2


def found_in(*regions: Region, how: How = "given") -> dict[str, int]:
    """The notes of unpacking."""
    sample = sample_of(*regions)
    return dict(find_instances(sample.paint(LABELS), regions, LABELS, how).notes)


def flat(*points: tuple[float, float], shape: str = "polygon") -> Region:
    """A thin mark whose outline has no area."""
    return block("eye", 1, 1, 10, 1, outline=Outline(shape, points))


ODD: dict[str, tuple[tuple[Region, ...], dict[str, int]]] = {
    "nothing": ((block("eye", 1, 1, instance=1), block("sky", 9, 9)), {}),
    "background": (
        (block("background", 1, 1, instance=1), block("sky", 9, 9, instance=2), block("sky", 9, 1, crowd=True)),
        {"instances of labels that have none, taken for none": 3},
    ),
    "two labels": (
        (block("eye", 1, 1, instance=1), block("hand", 9, 9, instance=1), block("pupil", 9, 1, instance=1)),
        {"instance ids used by several labels, told apart": 1},
    ),
    "far apart": (
        (block("eye", 0, 1, instance=1), block("eye", 11, 1, instance=1), block("hand", 20, 1, 3, 3, instance=1)),
        {"instance ids of one label whose regions lie far apart, taken for one instance": 1}
        | {"instance ids used by several labels, told apart": 1},
    ),
    "as far apart as they are long": (
        (block("eye", 0, 1, instance=1), block("pupil", 10, 1, instance=1), block("eye", 10, 11, instance=1)),
        {},
    ),
    "a chain": (tuple(block("eye", x, 18 - x // 2, 3, 3, instance=1) for x in (12, 0, 24, 6, 18)), {}),
    "far apart downwards": (
        (block("eye", 1, 0, 3, 5, instance=1), block("eye", 1, 11, 5, 3, instance=1), block("eye", 9, 9)),
        {"instance ids of one label whose regions lie far apart, taken for one instance": 1},
    ),
    "flat": (
        (flat((1, 1), (11, 1), (5, 1)), flat((2, 2), (2, 2), (2, 2)), flat((1, 1), (9, 1), shape="rectangle")),
        {"regions of zero area, no instances by themselves": 3, "parts too small to be instances, ignored": 1},
    ),
    "hidden": ((block("eye", 1, 1, instance=1), block("sky", 0, 0, 9, 9)), {"instances hidden by later regions": 1}),
    "no crumb": ((block("eye", 1, 1, CRUMB, 1),), {}),
    "crumb": ((block("eye", 1, 1, CRUMB - 1, 1),), {"parts too small to be instances, ignored": 1}),
}


@pytest.mark.parametrize("name", ODD)
def test_odd_regions_are_counted(name: str) -> None:
    """Each kind of oddity is noted, and nothing else is."""
    regions, notes = ODD[name]
    assert found_in(*regions) == notes


def test_ids_that_are_not_used_are_not_odd() -> None:
    """With components ids mean nothing, and an id on the background is no mistake."""
    assert found_in(block("sky", 1, 1, instance=1), block("eye", 9, 9, instance=1), how="components") == {}


@pytest.mark.parametrize("number", [None, 4])
def test_a_flat_region_is_no_instance_by_itself(number: int | None) -> None:
    """Alone its pixels have their label in the target and are ignored in the map; beside others they belong to them."""
    line = replace(flat((1, 1), (11, 1)), instance=number)
    ids_HW, instances = unpack(sample_of(line), LABELS)
    assert instances == ()
    assert (ids_HW == IGNORE).sum() == 10
    ids_HW, instances = unpack(sample_of(line, block("eye", 1, 2, 3, 4, instance=number)), LABELS)
    assert instances == (Instance(1),)
    assert (ids_HW == 1).sum() == 22
    # A region that is drawn over the line is none itself
    assert unpack(sample_of(line, block("eye", 1, 1, 10, 1)), LABELS)[1] == (Instance(1),)


def test_a_bow_tie_is_not_flat() -> None:
    """Halves whose areas cancel are an area all the same."""
    bow = block("eye", 1, 1, 10, 10, outline=Outline("polygon", ((1, 1), (10, 10), (10, 1), (1, 10))))
    assert unpack(sample_of(bow), LABELS)[1] == (Instance(1),)


def test_of_too_many_the_smallest_are_ignored() -> None:
    """A picture of more instances than 8 bits tell apart keeps the largest, and says how many it ignored."""
    target_HW = np.zeros((64, 128), dtype=np.uint8)
    target_HW[1::4, :] = target_HW[2::4, :] = 1
    target_HW[:, ::6] = 0
    target_HW[1:3, 1:6] = 0
    target_HW[1, 1:6] = 1
    found = find_instances(target_HW, (), LABELS, "components", least=1)
    assert len(found.instances) == 16 * 22
    assert found.ignored == 16 * 22 + 1
    assert found.ids_HW.dtype == np.uint16
    ids_HW, instances, beyond = chosen(found.ids_HW, found)
    assert (len(instances), beyond) == (MAX_INSTANCES, 16 * 22 - MAX_INSTANCES)
    assert (ids_HW[1, 1:6] == IGNORE).all()
    assert set(np.unique(ids_HW)) == set(range(256))
    assert chosen(found.ids_HW, found, 3)[1:] == ((Instance(1),) * 3, 16 * 22 - 3)


def test_what_an_edge_leaves_of_an_instance_is_ignored() -> None:
    """A cut-off rest is ignored if it is small; a whole instance of the same size is not."""
    target_HW = np.zeros((10, 30), dtype=np.uint8)
    target_HW[2:6, 8:20] = 1
    target_HW[8, 0:4] = 2
    found = find_instances(target_HW, (), LABELS, "components", least=1)
    ids_HW, instances, beyond = chosen(found.ids_HW[:, :9], found, least=CRUMB)
    assert (instances, beyond) == ((Instance(2),), 0)
    assert (ids_HW[2:6, 8] == IGNORE).all()
    # Two columns of four are as many as a crumb has too few
    assert len(chosen(found.ids_HW[:, :10], found, least=CRUMB)[1]) == 2


def test_of_equals_the_first_are_kept() -> None:
    """What is not seen in a part of a map takes no place of what is, and of equal areas the first are kept."""
    target_HW = np.zeros((4, 60), dtype=np.uint8)
    for at in range(6):
        target_HW[:, 10 * at + 1 : 10 * at + 4] = 1
    found = find_instances(target_HW, (), LABELS, "components")
    ids_HW, instances, beyond = chosen(found.ids_HW[:, 20:], found, 3)
    assert (len(instances), beyond) == (3, 1)
    assert [int(ids_HW[0, 10 * at + 2]) for at in range(4)] == [1, 2, 3, IGNORE]


def test_an_unknown_label_is_told() -> None:
    """As in painting."""
    with pytest.raises(SourceError, match="nose"):
        unpack(sample_of(block("nose", 1, 1)), LABELS)


def test_nothing_marked_is_no_instance() -> None:
    """An empty picture, and one whose regions have no pixels."""
    for regions in ((), (Region.from_mask("eye", np.zeros(SIZE, np.bool_), instance=1),)):
        ids_HW, instances = unpack(sample_of(*regions), LABELS)
        assert instances == ()
        assert not ids_HW.any()


def test_without_things_there_are_no_instances() -> None:
    """A label set of stuff alone unpacks, ids or not."""
    labels = LabelSet.from_dict({"labels": ["background", {"name": "sky", "stuff": True}]})
    for number in (None, 1):
        ids_HW, instances = unpack(sample_of(block("sky", 1, 1, instance=number)), labels)
        assert instances == ()
        assert not ids_HW.any()


def test_equal_instances_are_one_object() -> None:
    """A store of a million instances has a few hundred kinds."""
    assert instance(3, True) is instance(3, True)
    assert instance(3, True) == Instance(3, crowd=True)
