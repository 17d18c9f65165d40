"""The ledger: every trial once, in order, to the exact total, whatever ends in between."""

from __future__ import annotations

import json
import math
import os
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.small_sweeps import finish_all, small_sweep

from kirie.cluster.holder import STALE_S
from kirie.errors import DeviceError, SweepError
from kirie.sweep import attempts as attempts_module
from kirie.sweep.attempts import read_attempts
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Claim, Ledger, TakenOverError
from kirie.sweep.stopping import ask_to_stop, take_back


def _claimed(ledger: Ledger) -> Claim:
    claim = ledger.claim("w")
    assert claim is not None
    return claim


def _abandon(claim: Claim, *, age: float = 0.0, **changes: Any) -> None:
    """Leaves a claim as a worker of another machine does that dies: no word, its last touch so long ago."""
    claim.lease.leave()
    path = max(claim.lease.run.lease.glob("*.json"))
    content = json.loads(path.read_text())
    content["process"] |= {"host": "node7", "pid": 4242}
    path.write_text(json.dumps(content | changes))
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))


def test_a_grid_is_gone_through_in_its_order(tmp_path: Path) -> None:
    """Trial k has the k-th combination, and the sweep is over with the last one."""
    ledger = small_sweep(tmp_path, method="grid", total=6, rates="{values: [0.1, 0.2, 0.3]}")
    assert not ledger.over()
    assert finish_all(ledger) == [0, 1, 2, 3, 4, 5]
    assert [(trial.params["lr"], trial.params["model"]) for trial in ledger.trials()] == [
        (rate, model) for rate in (0.1, 0.2, 0.3) for model in ("unet", "fpn")
    ]
    assert ledger.over()
    assert {trial.state for trial in ledger.trials()} == {"finished"}


def test_random_trials_depend_on_seed_and_number_alone(tmp_path: Path) -> None:
    """Two sweeps of one seed have the same parameters, one of another seed has others."""
    first = [trial.params for trial in small_sweep(tmp_path, name="a").trials()]
    again = [trial.params for trial in small_sweep(tmp_path, name="b").trials()]
    other = [trial.params for trial in small_sweep(tmp_path, name="c", seed=2).trials()]
    assert first == again
    assert first != other
    assert all(0 <= params["lr"] <= 1 for params in first)


@pytest.mark.parametrize(("sampler", "total"), [("tpe", 20), ("gp", 13)])
def test_bayes_looks_where_it_was_good(tmp_path: Path, sampler: str, total: int) -> None:
    """After ten random trials the learning rate, which is the metric here, is well above a random one's mean of 0.5."""
    ledger = small_sweep(tmp_path, method="bayes", total=total, companion=f"sampler: {sampler}")
    finish_all(ledger)
    rates = [trial.params["lr"] for trial in ledger.trials()]
    assert sum(rates[10:]) / (total - 10) > 0.7
    assert ledger.best() == max(ledger.trials(), key=lambda trial: trial.params["lr"])


def test_bayes_asked_again_after_a_death_gives_the_same(tmp_path: Path) -> None:
    """What was chosen is in the ledger; the next worker trains the same run."""
    ledger = small_sweep(tmp_path, method="bayes")
    first = _claimed(ledger)
    _abandon(first, age=STALE_S + 5)
    second = _claimed(Ledger.open(ledger.folder))
    assert (second.number, second.params, second.attempt) == (first.number, first.params, 2)
    second.lease.release()


def test_a_trial_whose_worker_died_comes_before_a_new_one(tmp_path: Path) -> None:
    """It is shown as interrupted, its attempt is noted with its length, and deaths are no failures."""
    ledger = small_sweep(tmp_path)
    for attempt in range(1, 5):
        claim = _claimed(ledger)
        assert (claim.number, claim.attempt) == (0, attempt)
        claim.begin("run-0")
        claim.report(0.1)
        assert ledger.trials()[0].state == "running"
        _abandon(claim, age=STALE_S + 5)
        assert ledger.trials()[0].state == "interrupted"
    assert finish_all(ledger) == [0, 1, 2, 3]
    attempts = read_attempts(ledger.folder.trial(0))
    assert [attempt.exit for attempt in attempts] == ["lost"] * 4 + ["finished"]
    assert {attempt.run for attempt in attempts} == {"run-0"}
    assert ledger.trials()[0].attempts == 5


def test_of_many_begun_trials_a_lost_one_is_found_soon(tmp_path: Path) -> None:
    """A claim looks at a few of them while others wait, and goes round; when none waits, at all of them."""
    ledger = small_sweep(tmp_path, total=30)
    held = [_claimed(ledger) for _ in range(20)]
    _abandon(held[13], age=STALE_S + 5)
    found = [_claimed(ledger).number for _ in range(3)]
    assert 13 in found
    held += [_claimed(ledger) for _ in range(8)]
    assert [trial.state for trial in ledger.trials()] == ["running"] * 30
    _abandon(held[13], age=STALE_S + 5)
    _abandon(held[-1], age=STALE_S + 5)
    assert ledger.claim("w") is not None


@pytest.mark.parametrize("skew", [-600, 600])
def test_clocks_that_differ_by_minutes_change_nothing(tmp_path: Path, skew: float) -> None:
    """A holder whose own clock is off is neither gone nor immortal: only the file server's times count."""
    ledger = small_sweep(tmp_path)
    claim = _claimed(ledger)
    since = f"2026-01-01T00:{10 + skew / 60:02.0f}:00+00:00"
    _abandon(claim, age=5, since=since)
    assert _claimed(ledger).number == 1
    _abandon(claim, age=STALE_S + 5, since=since)
    assert _claimed(ledger).number == 0


def test_three_failures_of_its_own_are_for_good(tmp_path: Path) -> None:
    """The trial is taken up twice, then it has failed with its error and kind, and the sweep goes on."""
    ledger = small_sweep(tmp_path)
    for attempt, last in ((1, False), (2, False), (3, True)):
        claim = _claimed(ledger)
        assert (claim.number, claim.attempt) == (0, attempt)
        assert claim.fail("CUDA out of memory", "out of memory") is last
    assert finish_all(ledger) == [1, 2, 3]
    failed = ledger.trials()[0]
    assert (failed.state, failed.kind, failed.error) == ("failed", "out of memory", "CUDA out of memory")
    assert ledger.over()


def test_what_is_given_back_is_no_failure(tmp_path: Path) -> None:
    """Preempted any number of times, the trial is the next to be taken, at once."""
    ledger = small_sweep(tmp_path, companion="attempts: 1")
    for _ in range(3):
        claim = _claimed(ledger)
        assert claim.number == 0
        claim.give_back()
    assert finish_all(ledger) == [0, 1, 2, 3]


def test_a_trial_that_kills_its_worker_each_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lost in a row without getting further; reports in between begin the count anew."""
    monkeypatch.setattr(attempts_module, "MOST_LOST", 3)
    ledger = small_sweep(tmp_path, total=1)
    for reports in (0, 0, 1, 1, 1, 1):
        claim = _claimed(ledger)
        for _ in range(reports):
            claim.report(0.5)
        _abandon(claim, age=STALE_S + 5)
    assert ledger.claim("w") is None
    failed = ledger.trials()[0]
    assert (failed.state, failed.kind) == ("failed", "lost")
    assert "3 times in a row" in failed.error
    assert ledger.over()


def test_a_curve_that_is_given_again_counts_once(tmp_path: Path) -> None:
    """The second attempt reports its whole curve; the ledger has each iteration once, as it was first."""
    ledger = small_sweep(tmp_path)
    claim = _claimed(ledger)
    for value in (0.1, 0.2):
        claim.report(value)
    claim.give_back()
    again = _claimed(ledger)
    for value in (0.1, 0.2, 0.3):
        again.report(value)
    trial = ledger.trials()[0]
    assert (trial.iterations, trial.latest) == (3, 0.3)
    again.finish([0.3])


def test_a_worker_that_was_succeeded_writes_nothing(tmp_path: Path) -> None:
    """It slept, another one took the trial up and ended it: its own end is refused, and the trial ended once."""
    ledger = small_sweep(tmp_path)
    sleeper = _claimed(ledger)
    _abandon(sleeper, age=STALE_S + 5)
    heir = _claimed(Ledger.open(ledger.folder))
    assert heir.number == sleeper.number
    heir.finish([0.7])
    with pytest.raises(TakenOverError, match="Trial 0 was taken over"):
        sleeper.finish([0.1])
    assert ledger.trials()[0].values == (0.7,)


def test_starting_again_goes_on_to_the_total(tmp_path: Path) -> None:
    """A larger total adds what is missing; the same or a smaller one nothing; the first trials stay as they were."""
    before = small_sweep(tmp_path).trials()
    assert small_sweep(tmp_path, total=2).trials() == before
    assert finish_all(small_sweep(tmp_path, total=3)) == [0, 1, 2, 3]
    more = small_sweep(tmp_path, total=6)
    assert not more.over()
    assert finish_all(more) == [4, 5]
    assert [trial.params for trial in more.trials()] == [
        trial.params for trial in small_sweep(tmp_path, name="at-once", total=6).trials()
    ]


def test_a_budget_that_was_given_once_lasts(tmp_path: Path) -> None:
    """Starting again without one is no way round it."""
    small_sweep(tmp_path, total=4, budget_s=5.0)
    assert small_sweep(tmp_path, total=4).record.budget_s == 5.0
    assert small_sweep(tmp_path, total=4, budget_s=9.0).record.budget_s == 9.0


def test_a_ledger_that_a_disk_has_emptied_is_one_sentence(tmp_path: Path) -> None:
    """It says what to do; nothing is made of it by itself."""
    ledger = small_sweep(tmp_path, total=2)
    ledger.folder.journal.write_bytes(b"")
    with pytest.raises(SweepError, match=r"journal\.log holds no sweep.*was trained is taken over"):
        Ledger.open(ledger.folder)


def test_a_run_that_is_no_number_has_failed_for_good(tmp_path: Path) -> None:
    """It would be the same again."""
    ledger = small_sweep(tmp_path)
    _claimed(ledger).finish([math.nan])
    trial = ledger.trials()[0]
    assert (trial.state, trial.error) == ("failed", "The run is done, but val/miou is nan.")


def test_stopped_no_trial_begins(tmp_path: Path) -> None:
    """Over once nobody holds a trial; without the marker it goes on."""
    ledger = small_sweep(tmp_path)
    claim = _claimed(ledger)
    ask_to_stop(ledger.folder, "finish")
    assert ledger.claim("w") is None
    assert not ledger.over()
    claim.finish([0.5])
    assert ledger.over()
    take_back(ledger.folder)
    assert finish_all(ledger) == [1, 2, 3]


def test_a_target_that_is_reached_ends_the_search(tmp_path: Path) -> None:
    """No trial begins after it, those that wait stay."""
    ledger = small_sweep(tmp_path, metric="metric: {name: val/miou, goal: maximize, target: 0.9}")
    claim = _claimed(ledger)
    claim.report(0.91)
    assert ledger.claim("w") is None
    claim.finish([0.91])
    assert ledger.over()
    assert ledger.closed() == "the target is reached"
    assert [trial.state for trial in ledger.trials()] == ["finished", "waiting", "waiting", "waiting"]


def test_the_best_are_repeated_with_other_seeds(tmp_path: Path) -> None:
    """When the search is over, the two best run twice more each; more trials may bring further repeats."""
    ledger = small_sweep(tmp_path, companion="repeats: 3\ntop: 2")
    assert finish_all(ledger) == list(range(8))
    repeats = ledger.trials()[4:]
    best = sorted(ledger.trials()[:4], key=lambda trial: -trial.params["lr"])[:2]
    assert [trial.repeat_of for trial in repeats] == [one.number for one in best for _ in range(2)]
    assert [trial.params["seed"] for trial in repeats] == [1001, 2001] * 2
    assert ledger.over()
    assert ledger.best() == best[0]
    grown = small_sweep(tmp_path, total=5, companion="repeats: 3\ntop: 2")
    added = len(finish_all(grown))
    assert added in {1, 3}
    assert grown.over()


def test_several_objectives_make_a_pareto_set(tmp_path: Path) -> None:
    """A trial that another one beats in both is not in it."""
    ledger = small_sweep(
        tmp_path,
        companion="objectives: [{name: val/miou, goal: maximize}, {name: latency_ms, goal: minimize}]",
    )
    for values in ([0.5, 10.0], [0.7, 20.0], [0.6, 30.0], [0.4, 5.0]):
        _claimed(ledger).finish(values)
    assert [trial.number for trial in ledger.pareto()] == [0, 1, 3]


def test_without_a_metric_a_grid_is_just_run(tmp_path: Path) -> None:
    """Finished trials have no value, and none is the best."""
    ledger = small_sweep(tmp_path, metric="")
    _claimed(ledger).finish([])
    assert ledger.trials()[0].state == "finished"
    assert ledger.best() is None


def test_a_full_disk_loses_no_trial(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One sentence, nothing half-written, and the trial is there for the next worker."""
    ledger = small_sweep(tmp_path)
    claim = _claimed(ledger)
    whole = ledger.folder.journal.read_bytes()
    real = os.write

    def full(handle: int, text: bytes) -> int:
        if b'"op_code":6' in text and real(handle, text[:20]):
            raise OSError(28, "No space left on device")
        return real(handle, text)

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DeviceError, match="is full"):
        claim.finish([0.5])
    monkeypatch.undo()
    assert ledger.folder.journal.read_bytes() == whole
    claim.give_back()
    assert finish_all(ledger) == [0, 1, 2, 3]


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "sweeps").write_text("a file")
    with pytest.raises(DeviceError, match="cannot be written"):
        small_sweep(tmp_path)


def test_no_sweep_there(tmp_path: Path) -> None:
    """The sentence says what starts one."""
    with pytest.raises(SweepError, match="is not a sweep's folder"):
        Ledger.open(SweepFolder(tmp_path / "none"))
