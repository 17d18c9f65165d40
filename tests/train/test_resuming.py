"""A training that is stopped again and again ends as one that never was: to the bit, row by row."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.train.stops import differing, fit_stopping_everywhere

from kirie.core.resume import resume_points
from kirie.train.fit import fit

Compose = Callable[..., dict[str, Any]]
SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)


@pytest.mark.parametrize(
    "more",
    [
        ["data.batch_size=6", "train.epochs=1"],
        pytest.param(
            [
                "data.batch_size=5",
                "model=deeplabv3plus",
                "train.accumulate=2",
                "train.ema_decay=0.8",
                "train.early_stopping=1",
                "train.epochs=3",
                "schedule=onecycle",
                "optimizer.lr=1e-8",
            ],
            marks=pytest.mark.long,
        ),
    ],
    ids=["plain", "everything"],
)
def test_stopped_at_every_step(tiny: Compose, more: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Weights, optimizer, averaged weights, history, best checkpoint, scores and early stop are the same."""
    whole = fit(tiny(*more, f"runs={tmp_path / 'whole'}"), quiet=True)
    stopped, places = fit_stopping_everywhere(tiny(*more, f"runs={tmp_path / 'stopped'}"), monkeypatch, SIGNALS)
    assert {name for name, _ in places} == {
        "on_train_batch_end",
        "on_validation_start",
        "on_validation_batch_end",
        "on_validation_end",
    }
    assert stopped.path.name == whole.path.name
    assert next(point.step for point in resume_points(stopped)) == resume_points(whole)[0].step
    assert differing(whole, stopped) == []
    assert stopped.history.read_text() == whole.history.read_text()
    assert stopped.read_metrics() == whole.read_metrics()
    assert stopped.read_record()["resumed"] > len(places) // 2
    assert len(resume_points(stopped)) == 2
