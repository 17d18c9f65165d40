"""Pictures of several runs by their names, and in the order of falls."""

from __future__ import annotations

import math

import pytest

from kirie.board.pictures.samples import Logged, role, samples, worst_first


def _picture(step: int, number: int, name: str, **masks: str) -> Logged:
    return Logged(step, number, name, f"media/{step}-{number}.png", 8, 6, masks)


def _address(run: str, path: str) -> str:
    return f"/{run}/{path}"


def test_names_join_runs_and_steps_rise() -> None:
    """A sample has the cells of each run that logged it, in order of steps, with addresses of that run."""
    found = samples(
        {
            "a": [_picture(9, 0, "x"), _picture(3, 0, "x", truth="t.png"), _picture(3, 1, "y")],
            "b": [_picture(5, 0, "y")],
            "c": [],
        },
        _address,
    )
    assert [sample["name"] for sample in found] == ["x", "y"]
    assert [cell["step"] for cell in found[0]["cells"]["a"]] == [3, 9]
    assert found[0]["cells"]["a"][0] == {
        "step": 3,
        "image": "/a/media/3-0.png",
        "width": 8,
        "height": 6,
        "masks": {"truth": "/a/t.png"},
    }
    assert set(found[1]["cells"]) == {"a", "b"}


def test_pictures_without_captions_are_called_by_their_places() -> None:
    """Without a caption, or with one that others of its step have, a picture still has a name of its own."""
    found = samples(
        {"a": [_picture(1, 0, ""), _picture(1, 1, " "), _picture(1, 2, "x"), _picture(1, 3, "x")]}, _address
    )
    assert [sample["name"] for sample in found] == ["picture 0", "picture 1", "x", "x (2)"]


@pytest.mark.parametrize(
    ("mask", "meant"),
    [("ground_truth", "truth"), ("Ground Truth", "truth"), ("predictions", "prediction"), ("heat", "heat")],
)
def test_masks_are_known_by_many_names(mask: str, meant: str) -> None:
    """What other programs call truth and prediction is understood; another mask keeps its name."""
    assert role(mask) == meant


def test_falls_come_first_and_unknown_ones_last() -> None:
    """From the first run to the second the largest fall leads; without a score in both there is no change."""
    told = [{"name": name, "cells": {}} for name in "abcd"]
    found = worst_first(told, {"a": 0.5, "b": 0.5, "c": 0.5}, {"a": 0.6, "b": 0.2, "c": math.nan})
    assert [(one["name"], one["change"]) for one in found] == [
        ("b", pytest.approx(-0.3)),
        ("a", pytest.approx(0.1)),
        ("c", None),
        ("d", None),
    ]
