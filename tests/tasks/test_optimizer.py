"""Optimizers and schedules: pure functions of the step, with their mistakes named."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from kirie.errors import ConfigError
from kirie.tasks.optimizer import build_optimizer, build_schedule, check_optimizer, schedule_factor

ADAMW: dict[str, Any] = {
    "name": "adamw",
    "lr": 0.1,
    "weight_decay": 0.01,
    "betas": [0.9, 0.999],
    "encoder_lr_factor": 0.5,
}
SCHEDULES: list[dict[str, Any]] = [
    {"name": "cosine", "warmup": 0.1, "floor": 0.01},
    {"name": "poly", "warmup": 0.1, "power": 0.9, "floor": 0.01},
    {"name": "onecycle", "warmup": 0.3, "start": 0.04, "floor": 0.01},
    {"name": "constant", "warmup": 0.1},
]


@pytest.mark.parametrize("config", SCHEDULES, ids=lambda config: str(config["name"]))
@given(total=st.integers(1, 500))
def test_factor_lies_between_0_and_1_and_peaks_once(config: dict[str, Any], total: int) -> None:
    """The factor rises to its peak and never rises again after it."""
    factor = schedule_factor(config, total)
    values = [factor(step) for step in range(total + 1)]
    assert all(0 <= value <= 1 for value in values)
    peak = values.index(max(values))
    assert values[:peak] == sorted(values[:peak])
    assert values[peak:] == sorted(values[peak:], reverse=True)


@pytest.mark.parametrize("config", SCHEDULES[:3], ids=lambda config: str(config["name"]))
def test_ends_at_the_floor(config: dict[str, Any]) -> None:
    """The last step's successor has the floor's learning rate, and the peak is nearly the configured one."""
    factor = schedule_factor(config, 1000)
    assert factor(1000) == pytest.approx(0.01)
    assert max(factor(step) for step in range(1000)) > 0.99


def test_encoder_has_its_own_rate_and_norms_no_decay() -> None:
    """The encoder's parameters get lr * factor; one-dimensional parameters get no weight decay."""
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.Conv2d(4, 2, 1))
    optimizer = build_optimizer(ADAMW, model[0], model)
    seen = {id(p): (group["lr"], group["weight_decay"]) for group in optimizer.param_groups for p in group["params"]}
    assert len(seen) == len(list(model.parameters()))
    assert seen[id(model[0].weight)] == (0.05, 0.01)
    assert seen[id(model[0].bias)] == (0.05, 0.0)
    assert seen[id(model[1].weight)] == (0.1, 0.0)
    assert seen[id(model[2].weight)] == (0.1, 0.01)


def test_schedule_steps_the_optimizer() -> None:
    """The scheduler multiplies every group's own rate by the factor of the step."""
    parameter = nn.Parameter(torch.ones(1))
    optimizer = torch.optim.SGD([parameter], lr=2.0)
    scheduler = build_schedule({"name": "constant", "warmup": 0.5}, optimizer, 4)
    rates = []
    for _ in range(4):
        rates.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    assert rates == pytest.approx([2 / 3, 4 / 3, 2.0, 2.0])


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"name": "adamx"}, "allowed are adam, adamw, sgd"),
        ({"lr": 0}, "optimizer.lr is 0; allowed is a number above 0.0"),
        ({"lr": float("nan")}, "optimizer.lr"),
        ({"lr": True}, "optimizer.lr"),
        ({"lr": 1e38}, r"optimizer.lr is 1e\+38; allowed is a number above 0.0 and to 1000.0"),
        ({"weight_decay": 1e38}, "to 1000.0"),
        ({"weight_decay": -1}, "from 0.0"),
        ({"betas": [0.9]}, "two numbers"),
        ({"betas": [0.9, 1.0]}, "below 1.0"),
        ({"momentum": 0.9}, "no setting momentum"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], word: str) -> None:
    """A wrong value says what was found and what is allowed."""
    with pytest.raises(ConfigError, match=word):
        check_optimizer({**ADAMW, **change})


def test_unknown_schedule_names_the_known() -> None:
    """A typo in the schedule lists the schedules."""
    with pytest.raises(ConfigError, match="cosine, poly, onecycle, constant"):
        schedule_factor({"name": "cosin"}, 10)
