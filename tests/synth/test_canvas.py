"""Cels and the layers they become."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from kirie.synth.canvas import Cel, Layer

RED, BLUE, BLACK = (250, 10, 10), (10, 10, 250), (0, 0, 0)
SQUARE = [[4, 4], [12, 4], [12, 12], [4, 12]]


def cel() -> Cel:
    """An empty cel."""
    return Cel("thing", "hair", BLACK, 1.0)


def drawn(what: Cel, size: int = 16) -> Layer:
    """The cel's layer in a small picture."""
    layer = what.rasterise((size, size))
    assert layer is not None
    return layer


def test_a_square_covers_its_pixels_and_no_others() -> None:
    """Eight by eight pixels are covered by half or more, at the right place."""
    what = cel()
    what.cover(SQUARE, RED)
    mask = drawn(what).mask_at((16, 16))
    expected = np.zeros((16, 16), bool)
    expected[4:12, 4:12] = True
    assert (mask == expected).all()


def test_edges_are_smooth() -> None:
    """A square that ends in the middle of pixels covers those by about a half."""
    what = cel()
    what.cover([[4.5, 4], [12.5, 4], [12.5, 12], [4.5, 12]], RED)
    alpha = drawn(what).alpha_at((16, 16))
    assert 0.3 < alpha[8, 4] < 0.8
    assert alpha[8, 6] == 1.0


def test_what_is_drawn_on_a_cel_does_not_widen_it() -> None:
    """A fill beyond the cover changes colours inside, and no alpha."""
    plain, painted = cel(), cel()
    for each in (plain, painted):
        each.cover(SQUARE, RED)
    painted.fill([[0, 0], [16, 0], [16, 8], [0, 8]], BLUE)
    assert (drawn(plain).alpha_hw == drawn(painted).alpha_hw).all()
    layer = drawn(painted)
    y = 6 - layer.origin[1]
    assert layer.rgb_hwC[y, 6].round().tolist() == list(BLUE)
    assert layer.rgb_hwC[y + 4, 6].round().tolist() == list(RED)


def test_colors_do_not_bleed_at_the_edge() -> None:
    """A half covered pixel has the shape's colour, not one mixed with what lies outside."""
    what = cel()
    what.cover([[4.5, 4], [12.5, 4], [12.5, 12], [4.5, 12]], RED)
    layer = drawn(what)
    assert np.abs(layer.rgb_hwC[8 - layer.origin[1], 4 - layer.origin[0]] - RED).max() < 5


def test_outside_the_picture_there_is_no_layer() -> None:
    """A shape beyond the border gives None; one across the border is cut at it."""
    away, across = cel(), cel()
    away.cover(np.array(SQUARE) + 100, RED)
    across.cover(np.array(SQUARE) - 8, RED)
    assert away.rasterise((16, 16)) is None
    assert drawn(across).mask_at((16, 16)).sum() == 16


def test_nothing_covered_is_no_layer() -> None:
    """Fills alone do not make a layer."""
    what = cel()
    what.fill(SQUARE, RED)
    assert what.rasterise((16, 16)) is None


def test_stroke_has_its_width_and_no_gaps_at_corners() -> None:
    """A line four pens wide covers four rows, and the outside of a sharp corner is rounded, not notched."""
    what = cel()
    what.stroke([[3, 10], [13, 10], [13, 3]], 4.0)
    mask = drawn(what).mask_at((16, 16))
    assert mask[:, 6].sum() == 4
    assert mask[11, 13]


def test_body_has_one_line_around_all_its_shapes() -> None:
    """Two shapes that overlap have no line where they meet."""
    what = cel()
    what.body([SQUARE, [[x + 4, y] for x, y in SQUARE]], RED, width=1.0)
    layer = drawn(what, 20)
    row = layer.rgb_hwC[8 - layer.origin[1]]
    assert np.abs(row[5 : 15 - layer.origin[0]] - RED).max() < 5
    assert row[0].max() < 60


def test_gradient_runs_from_one_color_to_the_other() -> None:
    """The first row is nearly the first colour, the last nearly the second."""
    what = cel()
    what.ramp(SQUARE, RED, BLUE, [0, 4, 0, 12], covers=True)
    layer = drawn(what)
    top, low = layer.rgb_hwC[5 - layer.origin[1], 5], layer.rgb_hwC[11 - layer.origin[1], 5]
    assert top[0] > 200 > 60 > low[0]
    assert low[2] > 200


def test_wash_fades_in() -> None:
    """A tint leaves its start as it was and reaches its strength at its end."""
    what = cel()
    what.cover(SQUARE, RED)
    what.tint(SQUARE, BLUE, 1.0, [0, 4, 0, 12])
    layer = drawn(what)
    assert layer.rgb_hwC[4 - layer.origin[1], 5, 0] > 220
    assert layer.rgb_hwC[11 - layer.origin[1], 5, 2] > 200


def test_texture_is_asked_for_the_whole_box_and_clipped() -> None:
    """A painter function sees the box at drawing size; only its shape is taken."""
    what = cel()
    what.cover(SQUARE, RED)
    what.texture([[4, 4], [8, 4], [8, 12], [4, 12]], lambda image, origin: Image.new("RGB", image.size, BLUE))
    layer = drawn(what)
    y = 8 - layer.origin[1]
    assert layer.rgb_hwC[y, 6 - layer.origin[0]].round().tolist() == list(BLUE)
    assert layer.rgb_hwC[y, 10 - layer.origin[0]].round().tolist() == list(RED)


@pytest.mark.parametrize("alpha", [0.0, 0.5, 1.0])
def test_over_mixes_by_alpha(alpha: float) -> None:
    """A layer over a picture shows by its alpha."""
    layer = Layer("x", None, (1, 0), np.full((1, 1, 3), 200, np.float32), np.full((1, 1), alpha, np.float32))
    picture = np.zeros((2, 2, 3), np.float32)
    layer.over(picture)
    assert picture[0, 1, 0] == pytest.approx(200 * alpha)
    assert picture.sum() == pytest.approx(600 * alpha)


def test_darken_multiplies_where_covered() -> None:
    """A full shadow multiplies by its colour, no shadow leaves all as it was."""
    layer = Layer("x", None, (0, 0), np.full((1, 2, 3), 200, np.float32), np.ones((1, 2), np.float32))
    layer.darken(np.array([[1.0, 0.0]], np.float32), (255, 0, 51))
    assert layer.rgb_hwC[0, 0].tolist() == pytest.approx([200, 0, 40], abs=0.01)
    assert layer.rgb_hwC[0, 1].tolist() == [200, 200, 200]
