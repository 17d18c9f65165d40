"""What changes from picture to picture."""

from __future__ import annotations

from kirie.synth import pose as room
from kirie.synth.character import character_rng
from kirie.synth.pose import draw_pose


def test_pictures_of_one_character_differ() -> None:
    """Four pictures have four poses, and each is the same when drawn again."""
    poses = [draw_pose(character_rng(7, 0, k)) for k in range(4)]
    assert len({repr(p) for p in poses}) == 4
    assert draw_pose(character_rng(7, 0, 2)) == poses[2]


def test_poses_use_everything() -> None:
    """Among 500 poses every framing, eye state, mouth and arm occurs, and heads tilt and turn both ways."""
    poses = [draw_pose(character_rng(1, k, 0)) for k in range(500)]
    assert {p.framing for p in poses} == set(room.FRAMINGS)
    assert {p.eyes for p in poses} == set(room.EYE_STATES)
    assert {p.mouth for p in poses} == set(room.MOUTHS)
    assert {p.left for p in poses} | {p.right for p in poses} == set(room.ARMS)
    for name in ("tilt", "lean", "turn", "nod", "sway"):
        values = [getattr(p, name) for p in poses]
        assert min(values) < 0 < max(values)
