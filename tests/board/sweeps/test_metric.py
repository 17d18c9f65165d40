"""Which metric a sweep is likely about, and which way it is better."""

from __future__ import annotations

from collections import Counter

import pytest

from kirie.board.sweeps.metric import goal_of, guessed


@pytest.mark.parametrize(
    ("metrics", "likely"),
    [
        (("epoch", "train/metric_01", "val/metric_00"), "val/metric_00"),
        (("epoch", "trainer/global_step", "lr-AdamW/pg1", "reward"), "reward"),
        (("train/miou", "val/loss", "val/miou", "val/miou/eye"), "val/miou"),
        (("train_loss_step", "epoch"), "train_loss_step"),
        (("perf/images_per_s", "train/loss"), "train/loss"),
        (("epoch", "_step", "_runtime", "lr", "learning_rate", "val/step"), None),
        ((), None),
    ],
)
def test_the_likely_metric_measures_something(metrics: tuple[str, ...], likely: str | None) -> None:
    """What was validated comes first; how far a training is, its schedule and its speed are never it."""
    assert guessed(Counter(metrics)) == likely


def test_metrics_of_most_runs_count() -> None:
    """One that few runs logged is not what the sweep is about; the epoch, which all logged, does not push it out."""
    assert guessed({"epoch": 9, "val/miou": 3, "val/loss": 8}) == "val/loss"


def test_names_tell_the_goal() -> None:
    """Less of a loss or a time is better; of what says nothing, more."""
    assert [goal_of(name) for name in ("val/loss", "latency_ms", "val/miou", "score")] == [
        "minimize",
        "minimize",
        "maximize",
        "maximize",
    ]
