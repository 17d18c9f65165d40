"""Where things lie."""

from __future__ import annotations

import numpy as np
import pytest
from tests.synth.drawing_kit import pose, rig

from kirie.synth.rig import NECK


def test_a_frontal_head_lies_where_the_pose_says() -> None:
    """Head units are zoom pixels around the offset."""
    placed = rig(size=256)
    assert np.allclose(placed.on_head([[0, 0], [1, 0]], depth=0), [[128, 112.64], [172, 112.64]])


@pytest.mark.parametrize("tilt", [-15.0, 15.0])
def test_a_tilted_head_stays_on_its_neck(tilt: float) -> None:
    """The pivot, a little above the base of the neck, does not move; the crown moves to the side of the tilt."""
    straight, tilted = rig(size=256), rig(how=pose(tilt=tilt), size=256)
    pivot = [[0.0, NECK - 0.25]]
    assert np.allclose(tilted.on_head(pivot, 0), straight.on_head(pivot, 0))
    moved = tilted.on_head([[0, -1.5]], 0)[0, 0] - straight.on_head([[0, -1.5]], 0)[0, 0]
    assert np.sign(moved) == np.sign(tilt)


def test_turning_moves_the_front_and_narrows_the_far_side() -> None:
    """What lies in front moves, what lies on the axis does not, and the far eye grows narrower than the near one."""
    turned = rig(how=pose(turn=1.0), size=256)
    x = turned.on_head([[-0.7, 0.2], [-0.2, 0.2], [0.2, 0.2], [0.7, 0.2]], 1.0)[:, 0]
    assert turned.on_head([[0, 0]], 0.0)[0, 0] == pytest.approx(128)
    assert x[3] - x[2] < x[1] - x[0]
    assert x.mean() > 128


def test_the_picture_scales_as_a_whole() -> None:
    """At twice the size every point has twice its coordinates."""
    points = [[0.3, 0.4], [-1.0, 2.0]]
    assert np.allclose(rig(size=192).on_body(points), rig(size=96).on_body(points) * 2)
