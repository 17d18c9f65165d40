"""Whole pictures and their truth."""

from __future__ import annotations

import numpy as np
import pytest

from kirie.synth.canvas import Layer
from kirie.synth.draw import Drawing, draw
from kirie.synth.starter import starter_labels

SIZE = 96


@pytest.fixture(scope="module")
def drawings() -> list[Drawing]:
    """Eight pictures of four characters."""
    return [draw(11, k // 2, k % 2, SIZE) for k in range(8)]


def test_the_same_numbers_give_the_same_bits(drawings: list[Drawing]) -> None:
    """Drawn again, in another order, picture and layers are equal to the bit."""
    again = draw(11, 2, 1, SIZE)
    assert (again.picture_HWC == drawings[5].picture_HWC).all()
    assert [layer.name for layer in again.layers] == [layer.name for layer in drawings[5].layers]
    assert all((a.alpha_hw == b.alpha_hw).all() for a, b in zip(again.layers, drawings[5].layers, strict=True))


def test_other_numbers_give_other_pictures(drawings: list[Drawing]) -> None:
    """No two pictures are equal; one character keeps its hair colour."""
    assert len({d.picture_HWC.tobytes() for d in drawings}) == len(drawings)
    assert drawings[0].character == drawings[1].character
    assert drawings[0].pose != drawings[1].pose


def test_the_visible_map_is_the_topmost_labelled_layer(drawings: list[Drawing]) -> None:
    """Pixel by pixel, found from the top down, without painting."""
    labels = starter_labels()
    for d in drawings[:4]:
        masks = [(layer.label, layer.mask_at(d.size)) for layer in d.layers if layer.label is not None]
        target = d.target(labels)
        for y in range(0, SIZE, 3):
            for x in range(0, SIZE, 3):
                top = next(label for label, mask in reversed(masks) if mask[y, x])
                assert target[y, x] == labels.id_of(top)


def test_the_picture_is_its_layers_laid_over_each_other(drawings: list[Drawing]) -> None:
    """Recomposed from the layers, the picture differs only by the scene's light and grain: one factor a channel."""
    for d in drawings[:4]:
        whole = np.zeros((*d.size, 3), np.float32)
        for layer in d.layers:
            layer.over(whole)
        bright = (whole > 40) & (whole < 225)
        ratio = [np.median(d.picture_HWC[..., c][bright[..., c]] / whole[..., c][bright[..., c]]) for c in range(3)]
        assert np.percentile(np.abs(whole * ratio - d.picture_HWC)[bright], 98) < 6


def test_what_a_pixel_shows_is_what_it_is_called(drawings: list[Drawing]) -> None:
    """The label that covers most of a pixel is its label, but for a few pixels where several soft edges meet."""
    labels = starter_labels()
    for d in drawings:
        weight = np.zeros((len(labels), *d.size), np.float32)
        for layer in d.layers:
            alpha = layer.alpha_at(d.size)
            if layer.label is not None:
                weight *= 1 - alpha
                weight[labels.id_of(layer.label)] += alpha
        assert (weight.argmax(axis=0) == d.target(labels)).mean() > 0.985


def test_layers_are_complete_under_what_covers_them(drawings: list[Drawing]) -> None:
    """The face goes on under the fringe, as one piece without the holes of what hides it."""
    hidden_faces = 0
    for d in drawings:
        by_name: dict[str, Layer] = {layer.name: layer for layer in d.layers}
        if "face" not in by_name or "hair_front" not in by_name:
            continue
        face, hair = by_name["face"].mask_at(d.size), by_name["hair_front"].mask_at(d.size)
        hidden_faces += bool((face & hair).sum() > 0.03 * face.sum())
        for row in face[face.any(axis=1)]:
            at = np.flatnonzero(row)
            assert at[-1] - at[0] + 1 == len(at)
    assert hidden_faces >= 6


def test_every_label_occurs_and_small_parts_are_small(drawings: list[Drawing]) -> None:
    """All seven labels are seen; eyes and mouths are the rarest."""
    labels = starter_labels()
    counts = np.sum([np.bincount(d.target(labels).ravel(), minlength=7) for d in drawings], axis=0)
    share = dict(zip(labels.names, counts / counts.sum(), strict=True))
    assert min(share.values()) > 0
    assert share["mouth"] < share["eye"] < min(share[n] for n in ("face", "hair", "clothes", "background"))


def test_sample_keeps_the_layers_in_order(drawings: list[Drawing]) -> None:
    """A drawing as a sample has a region per labelled layer and the character's group."""
    sample = drawings[2].sample("a/b")
    assert sample.group == "character-001"
    assert [r.label for r in sample.regions] == [x.label for x in drawings[2].layers if x.label is not None]


def test_size_scales_the_picture() -> None:
    """The same picture at twice the size shows the same labels."""
    labels = starter_labels()
    small, large = draw(11, 1, 0, 64).target(labels), draw(11, 1, 0, 128).target(labels)
    assert (large[::2, ::2] == small).mean() > 0.9
