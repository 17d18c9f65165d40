"""The layered file, read back by psd-tools and by Pillow, neither of which wrote it."""

from __future__ import annotations

import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import Group

from kirie.core.labels import LabelSet
from kirie.errors import SourceError
from kirie.predict.parts import Part, cut_out, cut_out_things, recompose
from kirie.predict.psd import Layer, check_size, write_psd

NAMES = ["background", "眼", "hair é 😀", "a/../b", "x" * 300]
LABELS = LabelSet.from_dict({"labels": NAMES})


def noise(height: int, width: int, alpha: str) -> tuple[NDArray[np.uint8], list[Part]]:
    """A picture of noise, straight RGBA, and parts with flat areas (runs) and noise (none) in their shapes."""
    draw = np.random.default_rng(height * 1000 + width)
    rgba_HWC = draw.integers(0, 256, (height, width, 4), dtype=np.uint8)
    rgba_HWC[: height // 2, : width // 2] = (1, 2, 3, 4)
    alphas = {"none": None, "binary": (rgba_HWC[..., 3] > 99).astype(np.uint8) * 255, "partial": rgba_HWC[..., 3]}
    alpha_HW = alphas[alpha]
    labels_HW = draw.integers(0, len(LABELS), (height, width), dtype=np.uint8)
    labels_HW[height // 3 :, width // 3 :] = 2
    parts = list(cut_out(rgba_HWC[..., :3], alpha_HW, labels_HW, LABELS))
    return recompose(parts, height, width), parts


def written(height: int, width: int, alpha: str) -> tuple[NDArray[np.uint8], list[Part], bytes]:
    """A picture, its parts and its file."""
    rgba_HWC, parts = noise(height, width, alpha)
    stream = io.BytesIO()
    write_psd(stream, rgba_HWC, [Layer.of(part) for part in parts], has_alpha=alpha != "none")
    return rgba_HWC, parts, stream.getvalue()


SIZES = [(1, 1), (1, 300), (257, 2), (67, 91)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alpha", ["none", "binary", "partial"])
def test_layers_are_the_parts(size: tuple[int, int], alpha: str) -> None:
    """psd-tools finds the parts, lowest first, under their full names, at their boxes, bit for bit."""
    _, parts, content = written(*size, alpha)
    layers = list(PSDImage.open(io.BytesIO(content)))
    assert [layer.name for layer in layers] == [part.label.name for part in parts]
    assert [layer.bbox for layer in layers] == [part.region.box for part in parts]
    for layer, part in zip(layers, parts, strict=True):
        assert layer.is_visible()
        pixels = layer.topil()
        assert pixels is not None
        np.testing.assert_array_equal(np.asarray(pixels.convert("RGBA")), part.rgba_hwC)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alpha", ["none", "binary"])
def test_composite_equals_the_picture(size: tuple[int, int], alpha: str) -> None:
    """psd-tools' composite, stored and composed anew from the layers, equals the input pixel for pixel."""
    rgba_HWC, _, content = written(*size, alpha)
    stored = np.asarray(PSDImage.open(io.BytesIO(content)).composite())
    np.testing.assert_array_equal(stored, rgba_HWC[..., : stored.shape[2]])
    assert stored.shape[2] == (3 if alpha == "none" else 4)
    composed = np.asarray(PSDImage.open(io.BytesIO(content)).composite(ignore_preview=True))
    np.testing.assert_array_equal(composed[..., 3], rgba_HWC[..., 3])
    seen = rgba_HWC[..., 3] > 0
    np.testing.assert_array_equal(composed[..., :3][seen], rgba_HWC[..., :3][seen])


@pytest.mark.parametrize("size", SIZES)
def test_composite_under_partial_alpha(size: tuple[int, int]) -> None:
    """With partial alpha the layers stacked in integers are exact, and the merged picture is said not to be for use.

    psd-tools composes in 32-bit floats and cuts off instead of rounding, so its own composite may be one level low.
    """
    rgba_HWC, _, content = written(*size, "partial")
    psd = PSDImage.open(io.BytesIO(content))
    assert not psd.has_preview()
    stacked = Image.new("RGBA", (psd.width, psd.height))
    for layer in psd:
        pixels = layer.topil()
        assert pixels is not None
        stacked.alpha_composite(pixels.convert("RGBA"), (layer.left, layer.top))
    seen = rgba_HWC[..., 3] > 0
    np.testing.assert_array_equal(np.asarray(stacked)[seen], rgba_HWC[seen])
    composed = np.asarray(psd.composite()).astype(int)
    assert set(np.unique((rgba_HWC - composed)[seen])) <= {0, 1}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("alpha", ["none", "binary", "partial"])
def test_pillow_reads_the_merged_picture(size: tuple[int, int], alpha: str) -> None:
    """Pillow's reader, which knows no layers here, sees the input bit for bit, alpha included."""
    rgba_HWC, _, content = written(*size, alpha)
    with Image.open(io.BytesIO(content), formats=["PSD"]) as found:
        assert found.mode == ("RGB" if alpha == "none" else "RGBA")
        np.testing.assert_array_equal(np.asarray(found), rgba_HWC[..., : len(found.mode)])


@pytest.mark.parametrize("alpha", ["none", "binary"])
def test_things_lie_in_a_group_of_their_label(alpha: str) -> None:
    """psd-tools finds one group for each label, the things in it, and composes the picture from them."""
    draw = np.random.default_rng(5)
    rgba_HWC = draw.integers(0, 256, (40, 50, 4), dtype=np.uint8)
    alpha_HW = None if alpha == "none" else (rgba_HWC[..., 3] > 99).astype(np.uint8) * 255
    instances_HW = np.zeros((40, 50), dtype=np.uint16)
    things = [(1, 1, (2, 3, 10, 12)), (1, 2, (20, 3, 30, 12)), (3, 1, (5, 20, 45, 35))]
    for at, (_, _, (x0, y0, x1, y1)) in enumerate(things, 1):
        instances_HW[y0:y1, x0:x1] = at
    parts = list(cut_out_things(rgba_HWC[..., :3], alpha_HW, instances_HW, things, LABELS))
    whole_HWC = recompose(parts, 40, 50)
    stream = io.BytesIO()
    write_psd(stream, whole_HWC, [Layer.of(part) for part in parts], has_alpha=alpha != "none")
    psd = PSDImage.open(io.BytesIO(stream.getvalue()))
    found = [(one.name, [layer.name for layer in one] if isinstance(one, Group) else None) for one in psd]
    assert found == [("background", None), ("眼", ["眼.1", "眼.2"]), ("a/../b", ["a/../b.1"])]
    layers = [layer for layer in psd.descendants() if not layer.is_group()]
    assert [layer.bbox for layer in layers] == [part.region.box for part in parts]
    for layer, part in zip(layers, parts, strict=True):
        pixels = layer.topil()
        assert pixels is not None
        np.testing.assert_array_equal(np.asarray(pixels.convert("RGBA")), part.rgba_hwC)
    composed = np.asarray(psd.composite(ignore_preview=True))
    seen = whole_HWC[..., 3] > 0
    np.testing.assert_array_equal(composed[..., 3], whole_HWC[..., 3])
    np.testing.assert_array_equal(composed[..., :3][seen], whole_HWC[..., :3][seen])
    with Image.open(io.BytesIO(stream.getvalue()), formats=["PSD"]) as merged:
        np.testing.assert_array_equal(np.asarray(merged), whole_HWC[..., : len(merged.mode)])


def test_flat_areas_are_compressed() -> None:
    """A picture of one colour takes a small share of its raw size."""
    parts = list(cut_out(np.full((400, 400, 3), 7, np.uint8), None, np.zeros((400, 400), np.uint8), LABELS))
    stream = io.BytesIO()
    write_psd(stream, recompose(parts, 400, 400), [Layer.of(part) for part in parts], has_alpha=False)
    assert len(stream.getvalue()) < 400 * 400 * 7 / 20


@pytest.mark.parametrize("size", [(30_001, 1), (1, 40_000)])
def test_a_side_beyond_the_format(size: tuple[int, int]) -> None:
    """The format's limit is told, with the way round it."""
    with pytest.raises(SourceError, match=r"30,000 a side.*--only"):
        check_size(*size)
    check_size(30_000, 30_000)
