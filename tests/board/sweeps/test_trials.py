"""Runs and ledger joined to trials, and how the sweep went."""

from __future__ import annotations

import math
from typing import Any

from kirie.board.sweeps.journal import Entry
from kirie.board.sweeps.progress import best_over_cost, best_over_trials, front
from kirie.board.sweeps.trials import Member, Trial, described, join, varying


def _trial(number: int, value: float | None, state: str = "finished", **more: Any) -> Trial:
    return Trial(number, f"run-{number}", state, more.pop("params", {}), value, **more)


def test_runs_alone_make_a_sweep() -> None:
    """Without a ledger the trials are the runs in their order, and their parameters what varies in configurations."""
    members = [
        Member("a", "finished", {"lr": 0.1, "model.name": "unet", "seed": 1, "run_id": "a"}, 0.5, 0.4, 10.0, 2),
        Member("b", "crashed", {"lr": 0.2, "model.name": "unet", "seed": 1, "run_id": "b", "log.x": 1}, 0.6),
        Member("c", "running", {"lr": 0.2, "model.name": "unet", "seed": 1, "extra": None}),
    ]
    assert varying(members) == ["lr", "extra"]
    trials = join(members, [], varying(members))
    assert [(one.number, one.run, one.state, one.params) for one in trials] == [
        (0, "a", "finished", {"lr": 0.1}),
        (1, "b", "failed", {"lr": 0.2}),
        (2, "c", "running", {"lr": 0.2, "extra": None}),
    ]
    assert trials[0].cost_s == 20.0
    assert trials[0].to_dict()["pruned"] is False


def test_the_ledger_says_what_runs_cannot() -> None:
    """Pruned and failed trials, repeats and lost attempts come from the ledger; a run it does not know is added."""
    entries = [
        Entry(0, "finished", [0.7], {"params": {"lr": 1}, "run": {"id": "a"}, "account": {"seconds": 30.0}}, {1: 0.7}),
        Entry(1, "pruned", [], {"params": {"lr": 2}, "run": {"id": "gone"}, "account": {"seconds": 5.0}}, {1: 0.2}),
        Entry(2, "running", [], {"params": {"lr": 3}, "run": {"id": "b"}}),
        Entry(3, "waiting"),
    ]
    members = [
        Member("a", "finished", {"lr": 1}, 0.6, 0.5, 10.0, 2),
        Member("b", "crashed", {"lr": 3}),
        Member("c", "finished", {"lr": 9}, 0.1),
    ]
    trials = join(members, entries, ["lr"])
    assert [(one.number, one.run, one.state, one.value) for one in trials] == [
        (0, "a", "finished", 0.7),
        (1, None, "pruned", None),
        (2, "b", "interrupted", None),
        (4, "c", "finished", 0.1),
    ]
    assert trials[0].cost_s == 60.0
    assert trials[1].curve_end == 0.2
    assert trials[1].to_dict()["pruned"] is True


def test_a_trial_that_nobody_holds_is_interrupted() -> None:
    """Of a trial whose run is not on the board the lease says whether it runs."""
    begun = [Entry(0, "running"), Entry(1, "running")]
    assert [one.state for one in join([], begun, [], lambda number: number == 1)] == ["interrupted", "running"]


def test_a_groups_choice_is_its_name() -> None:
    """A parameter that chooses a group of settings has the group's name as its value."""
    member = Member("a", "finished", {"model.name": "unet", "model.encoder": "x"})
    assert join([member], [], ["model"])[0].params == {"model": "unet"}


def test_kinds_of_parameters() -> None:
    """Numbers with their scale; words, truth values and lists are choices, in order."""
    trials = [
        _trial(at, 0.0, params={"lr": 10.0**-at, "n": at, "word": "ba"[at % 2], "list": [at], "flag": at > 1})
        for at in range(4)
    ]
    assert described("lr", trials, None).to_dict() == {"name": "lr", "kind": "number", "log": True}
    assert described("lr", trials, False).log is False
    assert described("n", trials, True).log is False
    assert described("word", trials, None).values == ("a", "b")
    assert described("list", trials, None).values == ([0], [1], [2], [3])
    assert described("flag", trials, None).kind == "choice"
    assert described("missing", trials, None).values == ()


def test_a_number_that_is_none_makes_no_choice_of_the_others() -> None:
    """JSON has NaN and infinities as texts; alone, or beside words, they are choices."""
    tried = [4, "Infinity", 800, "NaN", "-Infinity", math.inf]
    trials = [_trial(at, 0.0, params={"n": value, "odd": "NaN", "word": value}) for at, value in enumerate(tried)]
    trials.append(_trial(9, 0.0, params={"word": "auto"}))
    assert described("n", trials, None).to_dict() == {"name": "n", "kind": "number", "log": True}
    assert described("odd", trials, None).values == ("NaN",)
    assert described("word", trials, None).values == (4, 800, "-Infinity", "Infinity", "NaN", "auto", math.inf)


def test_the_best_so_far() -> None:
    """Over trials it counts finished ones of the search; over cost also what the others took."""
    trials = [
        _trial(0, 0.5, cost_s=10.0, ended=100.0),
        _trial(1, 0.9, "pruned", cost_s=5.0, ended=50.0),
        _trial(2, 0.4, cost_s=10.0, ended=70.0),
        _trial(3, 0.99, cost_s=1.0, ended=110.0, repeat_of=0),
        _trial(4, 0.6, ended=120.0),
        _trial(5, None, "failed", cost_s=7.0),
    ]
    assert best_over_trials(trials, "maximize") == [(0.0, 0.5), (2.0, 0.5), (4.0, 0.6)]
    assert best_over_trials(trials, "minimize") == [(0.0, 0.5), (2.0, 0.4), (4.0, 0.4)]
    assert best_over_cost(trials, "maximize") == [(15.0, 0.4), (25.0, 0.5), (26.0, 0.6)]
    assert best_over_trials([], "maximize") == []


def test_the_front_is_what_nothing_beats() -> None:
    """Cheaper or better, never beaten in both; equal ones are all on it, and those without a cost on none."""
    trials = [
        _trial(0, 0.5, latency_ms=10.0),
        _trial(1, 0.6, latency_ms=20.0),
        _trial(2, 0.55, latency_ms=30.0),
        _trial(3, 0.5, latency_ms=10.0),
        _trial(4, 0.9),
        _trial(5, 0.95, "pruned", latency_ms=1.0),
        _trial(6, 0.4, latency_ms=10.0),
    ]
    assert front(trials, "latency_ms", "maximize") == [0, 3, 1]
    assert front(trials, "latency_ms", "minimize") == [6]
    assert front(trials, "size", "maximize") == []
