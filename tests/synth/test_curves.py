"""Splines, strokes, strands and frames."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.synth.curves import Frame, arc, band, bezier, mirrored, normals, spline, strand, taper

number = st.floats(-50, 50)
knots = st.lists(st.tuples(number, number), min_size=3, max_size=9)


@given(knots, st.integers(2, 9), st.booleans())
def test_spline_passes_through_its_knots(points: list[tuple[float, float]], steps: int, closed: bool) -> None:
    """Every knot is a sample of the curve, in order."""
    curve = spline(points, closed=closed, steps=steps)
    assert np.allclose(curve[::steps][: len(points)], points)
    assert len(curve) == (len(points) * steps if closed else (len(points) - 1) * steps + 1)


@given(knots)
def test_bezier_starts_and_ends_at_its_ends(points: list[tuple[float, float]]) -> None:
    """The ends are on the curve, and the curve stays inside the box of its control points."""
    curve = bezier(points[:4], 9)
    assert np.allclose(curve[[0, -1]], [points[:4][0], points[:4][-1]])
    assert (curve >= np.min(points[:4], axis=0) - 1e-9).all()
    assert (curve <= np.max(points[:4], axis=0) + 1e-9).all()


@given(number, number, st.floats(-180, 180), st.floats(0.2, 5), st.floats(-180, 180), st.tuples(number, number))
def test_frames_compose(
    x: float, y: float, turn: float, scale: float, other: float, point: tuple[float, float]
) -> None:
    """A frame after another does what both do in turn."""
    outer, inner = Frame.placed(x, y, degrees=turn, scale=scale), Frame.turned(other, (y, x))
    assert np.allclose(outer.after(inner).apply(point), outer.apply(inner.apply(point)), atol=1e-6)


def test_turning_keeps_its_center_and_turns_clockwise() -> None:
    """About (1, 1), a quarter clockwise takes the point above to the right (y points down)."""
    quarter = Frame.turned(90, (1.0, 1.0))
    assert np.allclose(quarter.apply([[1, 1], [1, 0]]), [[1, 1], [2, 1]])


def test_band_has_the_width_it_was_given() -> None:
    """A straight band of width 2 reaches 1 to each side."""
    outline = band([[0, 0], [5, 0], [10, 0]], 2.0)
    assert sorted({float(y) for y in outline[:, 1]}) == [-1.0, 1.0]


@given(knots)
def test_normals_are_unit_and_across(points: list[tuple[float, float]]) -> None:
    """A normal has length 1, or 0 where the line stands still."""
    length = np.hypot(*normals(np.array(points)).T)
    assert ((np.abs(length - 1) < 1e-6) | (length < 1)).all()


@pytest.mark.parametrize(("start", "end"), [(0.0, 0.0), (1.0, 0.2), (0.4, 1.0)])
def test_taper_ends_as_asked(start: float, end: float) -> None:
    """The ends have the shares asked for and the middle is full."""
    widths = taper(21, start, end)
    assert widths[0] == pytest.approx(start)
    assert widths[-1] == pytest.approx(end)
    assert widths.max() == pytest.approx(1.0, abs=0.06)


def test_strand_is_pointed_at_its_tip_only() -> None:
    """At the tip both sides meet; at the root they are the root's width apart."""
    leaf = strand([[0, 0], [0, 5], [0, 10]], 2.0, root=0.7)
    half = len(leaf) // 2
    assert np.allclose(leaf[half - 1], leaf[half])
    assert np.hypot(*(leaf[0] - leaf[-1])) == pytest.approx(1.4)


def test_arc_is_closed_only_when_whole() -> None:
    """A whole ellipse does not repeat its first point; half of one ends at its end."""
    assert not np.allclose(arc((0, 0), 1, 1)[0], arc((0, 0), 1, 1)[-1])
    assert np.allclose(arc((0, 0), 1, 2, 0, 180)[-1], [-1, 0])


def test_mirrored_turns_x_about() -> None:
    """x changes its sign, y and the order do not."""
    assert mirrored([[1, 2], [-3, 4]]).tolist() == [[-1, 2], [3, 4]]
