"""Entries in which configurations differ."""

from __future__ import annotations

from kirie.board.difference.config import differing, flat


def test_entries_that_differ_are_told_by_dotted_keys() -> None:
    """Equal entries are left out; one that a side lacks says so; lists are compared whole."""
    a = {"model": {"name": "unet", "size": [64, 64]}, "lr": 0.1, "old": None, "run_id": "1", "_wandb": {"x": 1}}
    b = {"model": {"name": "fpn", "size": [64, 32]}, "lr": 0.1, "new": {"x": True}, "run_id": "2"}
    assert differing(a, b) == [
        {"key": "model.name", "a": "unet", "b": "fpn"},
        {"key": "model.size", "a": [64, 64], "b": [64, 32]},
        {"key": "new.x", "a": None, "b": True, "only": "b"},
        {"key": "old", "a": None, "b": None, "only": "a"},
    ]


def test_numbers_are_compared_by_value_and_truth_is_no_number() -> None:
    """1 equals 1.0, and differs from True; a NaN equals a NaN."""
    nan = float("nan")
    assert differing({"a": 1, "b": nan, "c": 1}, {"a": 1.0, "b": nan, "c": True}) == [{"key": "c", "a": 1, "b": True}]


def test_a_configuration_without_a_bottom_ends() -> None:
    """Levels beyond all sense are compared as a whole."""
    deep: dict[str, object] = {"x": 1}
    for _ in range(500):
        deep = {"x": deep}
    assert len(flat(deep)) == 1
    assert flat({"empty": {}}) == {"empty": {}}
