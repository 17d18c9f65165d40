"""Importance: the parameter that decides comes first."""

from __future__ import annotations

import math
import random
from typing import Any

from kirie.sweep.entry import Trial
from kirie.sweep.importance import LEAST, importances


def _trials(count: int) -> list[Trial]:
    draw = random.Random(3)
    found = []
    for number in range(count):
        params: dict[str, Any] = {
            "lr": 10 ** draw.uniform(-5, -1),
            "model": draw.choice(["unet", "fpn"]),
            "noise": draw.random(),
            "same": 4,
        }
        if params["model"] == "fpn":
            params["width"] = draw.choice([64, 128])
        value = -((math.log10(params["lr"]) + 3) ** 2) + 0.1 * draw.random()
        found.append(Trial(number, "finished", params, (value,), None, None, 1, 1.0, "", "", False, 0, None, None))
    return found


def test_what_decides_comes_first() -> None:
    """The learning rate decides here; a parameter that never changed is not told of, one that only some have is."""
    found = importances(_trials(80), "maximize")
    assert next(iter(found)) == "lr"
    assert found["lr"] > 0.5
    assert set(found) == {"lr", "model", "noise", "width"}
    assert abs(sum(found.values()) - 1) < 1e-9


def test_of_few_trials_nothing_is_said() -> None:
    """Nor of trials that are all alike."""
    assert importances(_trials(LEAST - 1), "maximize") == {}
    alike = [trial for trial in _trials(40) if trial.params["model"] == "unet"][:1] * LEAST
    assert importances(alike, "maximize") == {}
