"""Runs that differ in the seed alone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from kirie.board.numbers.seeds import Candidate, groups


def _run(run: str, value: float | None = 0.5, **config: Any) -> Candidate:
    made = config.pop("made_of", None)
    return Candidate(run, config.pop("name", run), config.pop("project", "p"), config, made, value)


def test_kiries_runs_say_what_they_are_made_of() -> None:
    """One configuration, data and code with other seeds are a group; other code is none."""
    made = {"config": "c", "data": "d", "code": "e", "seed": 1}
    runs = [
        _run("a", 0.5, made_of=made, name="unet-small-1"),
        _run("b", 0.7, made_of=made | {"seed": 2}, name="unet-small-2"),
        _run("c", 0.9, made_of=made | {"seed": 3, "code": "f"}),
        _run("d", 0.9, made_of=made | {"data": "g"}),
    ]
    (found,) = groups(runs)
    assert (found.name, found.runs, found.values) == ("unet-small", ("a", "b"), (0.5, 0.7))
    assert found.mean == pytest.approx(0.6)


def test_of_others_the_configuration_decides() -> None:
    """Runs whose configurations differ in entries called a seed are a group; the same seed twice is none."""
    runs = [
        _run("a", lr=1, train={"seed": 1}),
        _run("b", lr=1, train={"seed": 2}),
        _run("c", lr=2, train={"seed": 1}),
        _run("d", lr=2, train={"seed": 1}),
        _run("e", lr=1, train={"seed": 3}, project="q"),
        _run("f", lr=1),
        _run("g", lr=1),
    ]
    assert [found.runs for found in groups(runs)] == [("a", "b")]


def test_the_interval_holds_the_true_mean() -> None:
    """Of 600 groups of four seeds about 95 % of the intervals hold the true mean."""
    random = np.random.default_rng(0)
    held = 0
    for _ in range(600):
        (found,) = groups([_run(str(at), float(random.normal(0.7, 0.02)), seed=at) for at in range(4)])
        assert found.low is not None
        assert found.high is not None
        held += found.low <= 0.7 <= found.high
    assert 0.925 <= held / 600 <= 0.975


def test_missing_scores_are_told_and_left_out() -> None:
    """A seed without a score stays in the group, and the mean is that of the others."""
    (found,) = groups([_run("a", None, seed=1), _run("b", 0.4, seed=2), _run("c", float("nan"), seed=3)])
    assert (found.values, found.mean, found.low, found.spread) == ((None, 0.4, None), 0.4, None, None)


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (("unet-small-1", "unet-small-2"), "unet-small"),
        (("unet (seed 1)", "unet (seed 2)"), "unet (seed 1)"),
        (("<script>x='a'</script> 1", "<script>x='a'</scrapt> 2"), "<script>x='a'</script> 1"),
        (("run 1 of 2", "run 2 of 2"), "run"),
        (("a", "b"), "a"),
    ],
)
def test_a_groups_name_does_not_end_amid_something(names: tuple[str, str], told: str) -> None:
    """The words that the names share, unless a bracket would be left open: then the first run's whole name."""
    (found,) = groups([_run(f"r{at}", name=name, seed=at) for at, name in enumerate(names)])
    assert found.name == told


def test_groups_of_one_name_are_told_apart() -> None:
    """Two groups whose runs are called alike carry an id of theirs."""
    runs = [_run(f"{model}{at}", name=f"unet-{at}", seed=at, model=model) for model in ("fpn", "unet") for at in (1, 2)]
    assert [found.name for found in groups(runs)] == ["unet (fpn1 …)", "unet (unet1 …)"]
