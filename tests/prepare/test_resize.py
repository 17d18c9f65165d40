"""Geometry between a picture and its frame."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core.labels import IGNORE
from kirie.errors import StoreError
from kirie.prepare.resize import PADDING, check_size, cut, fit, fit_target, parse_size, placement, tile_count, tiles

sides = st.integers(1, 400)
sizes = st.tuples(sides, sides)
small = st.tuples(st.integers(1, 90), st.integers(1, 90))


@given(sizes, sizes, st.floats(-50, 500), st.floats(-50, 500))
def test_a_point_comes_back_from_the_frame(source: tuple[int, int], frame: tuple[int, int], x: float, y: float) -> None:
    """Picture -> frame -> picture is the identity."""
    place = placement(source, frame)
    assert place.to_source(*place.to_frame(x, y)) == pytest.approx((x, y), abs=1e-6)


@given(sizes, sizes)
def test_the_picture_fills_one_side_and_stays_inside(source: tuple[int, int], frame: tuple[int, int]) -> None:
    """The content touches two opposite edges of the frame, is centred, and keeps its aspect to half a pixel."""
    place = placement(source, frame)
    height, width = place.content
    assert height == frame[0] or width == frame[1]
    assert 1 <= height <= frame[0]
    assert 1 <= width <= frame[1]
    assert (place.top, place.left) == ((frame[0] - height) // 2, (frame[1] - width) // 2)
    scale = min(frame[0] / source[0], frame[1] / source[1])
    for found, side in zip(place.content, source, strict=True):
        assert abs(found - side * scale) <= 0.5 + 1e-9 or found == 1
    assert place.to_frame(0, 0) == (place.left, place.top)
    assert place.to_frame(source[1], source[0]) == pytest.approx((place.left + width, place.top + height))


@settings(max_examples=30)
@given(sizes, st.tuples(st.integers(1, 120), st.integers(1, 120)))
def test_picture_and_target_agree_on_the_padding(source: tuple[int, int], frame: tuple[int, int]) -> None:
    """Where the picture is padded the target is ignored, and nowhere else."""
    image, place = fit(np.full((*source, 3), 200, np.uint8), frame)
    target = fit_target(np.full(source, 3, np.uint8), place)
    assert image.shape == (*frame, 3)
    assert target.shape == frame
    inside = np.zeros(frame, bool)
    inside[place.window] = True
    assert (image[inside] == 200).all()
    assert (image[~inside] == PADDING).all()
    assert (target[inside] == 3).all()
    assert (target[~inside] == IGNORE).all()


@settings(max_examples=30)
@given(st.tuples(st.integers(1, 60), st.integers(1, 60)), st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_ids_come_back_exactly_when_enlarged(source: tuple[int, int], times: int, seed: int) -> None:
    """A target that was enlarged is restored bit for bit."""
    ids = np.random.default_rng(seed).integers(0, 7, source).astype(np.uint8)
    place = placement(source, (source[0] * times, source[1] * times + 5))
    assert np.array_equal(place.restore(fit_target(ids, place)), ids)


def test_a_picture_of_the_frame_size_is_untouched() -> None:
    """Nothing is filtered when nothing has to be scaled."""
    image = np.random.default_rng(0).integers(0, 256, (32, 64, 3)).astype(np.uint8)
    assert np.array_equal(fit(image, (32, 64))[0], image)


def test_reducing_does_not_alias() -> None:
    """A pattern of alternating lines becomes grey, not lines of one colour."""
    image = np.zeros((256, 256, 3), np.uint8)
    image[:, ::2] = 255
    reduced = fit(image, 32)[0].astype(int)
    assert np.abs(reduced - 127).max() <= 8


def test_picture_and_target_lie_on_each_other() -> None:
    """The edge of a disc in the reduced picture is the edge of the reduced target."""
    y, x = np.mgrid[:301, :257]
    disc = (y - 140) ** 2 + (x - 120) ** 2 < 90**2
    image, place = fit(np.where(disc[..., None], 255, 0).astype(np.uint8).repeat(3, axis=2), 96)
    target = fit_target(disc.astype(np.uint8), place)
    differs = (image[..., 0] > 127)[place.window] != (target == 1)[place.window]
    assert differs.mean() < 0.01


@given(small, st.tuples(st.integers(5, 40), st.integers(5, 40)), st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9]))
def test_tiles_cover_every_pixel(source: tuple[int, int], tile: tuple[int, int], overlap: float) -> None:
    """Every pixel lies in a tile; tiles have one size, leave the picture only if it is smaller, and are distinct."""
    boxes = tiles(source, tile, overlap)
    covered = np.zeros(source, bool)
    for x0, y0, x1, y1 in boxes:
        assert (y1 - y0, x1 - x0) == tile
        assert x0 >= 0
        assert y0 >= 0
        assert y1 <= max(source[0], tile[0])
        assert x1 <= max(source[1], tile[1])
        covered[y0:y1, x0:x1] = True
    assert covered.all()
    assert len(set(boxes)) == len(boxes) == tile_count(source, tile, overlap)


@given(st.integers(1, 500), st.integers(2, 150), st.sampled_from([0.0, 0.25, 0.5]))
def test_neighbouring_tiles_overlap_as_wanted(length: int, side: int, overlap: float) -> None:
    """Neighbours share at least the wanted part."""
    starts = [box[0] for box in tiles((side, length), (side, side), overlap)]
    for left, right in itertools.pairwise(starts):
        assert left + side - right >= side * overlap - 1e-9


def test_cut_pads_what_lies_outside() -> None:
    """A tile past the edge repeats the picture and fills the rest."""
    image = np.arange(2 * 3, dtype=np.uint8).reshape(2, 3)
    found = cut(image, (1, 0, 4, 3), 255)
    assert found.tolist() == [[1, 2, 255], [4, 5, 255], [255, 255, 255]]


@pytest.mark.parametrize(("text", "size"), [("256", (256, 256)), ("256x384", (256, 384)), ("32×64", (32, 64))])
def test_sizes_are_read_as_people_write_them(text: str, size: tuple[int, int]) -> None:
    """One side, or height x width."""
    assert parse_size(text) == size


@pytest.mark.parametrize("text", ["", "0", "-32", "250", "31x64", "256x256x3", "big", "9000000", "16384", "2⁵"])
def test_sizes_that_models_cannot_use_are_refused(text: str) -> None:
    """The message names multiples of 32, or how a size is written."""
    with pytest.raises(StoreError, match=r"multiple of 32|cannot be read"):
        parse_size(text)


def test_the_nearest_usable_size_is_named() -> None:
    """250 is told that 256 would do."""
    with pytest.raises(StoreError, match="256"):
        check_size((250, 256))
