"""The budget: what counts as spent, and when another trial is not worth beginning."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from tests.sweep.small_sweeps import finish_all, small_sweep

from kirie.cluster.holder import file_of, last_touch
from kirie.cluster.lease import HEARTBEAT_S
from kirie.sweep.budget import Budget, expected_seconds
from kirie.sweep.claim import Claim
from kirie.sweep.entry import State, Trial
from kirie.sweep.ledger import Ledger
from kirie.sweep.status import status_of
from kirie.sweep.status_table import headline

BEAT = HEARTBEAT_S / 2
"""Seconds that a lost attempt is taken to have lasted beyond its last sign of life."""


def _trial(number: int, state: State, seconds: float, *, reused: bool = False) -> Trial:
    return Trial(number, state, {}, (), None, None, 1, seconds, "", "", reused, 0, None, None)


ENDED = [_trial(0, "finished", 100), _trial(1, "pruned", 40), _trial(2, "failed", 40)]


@pytest.mark.parametrize(
    ("device_s", "devices", "running", "another"),
    [
        (240, 1, {}, True),  # 180 s spent, 60 s expected of a new one
        (239, 1, {}, False),
        (299, 1, {3: 20.0}, False),  # 200 s spent, 40 s left of the one that runs, 60 s
        (300, 1, {3: 20.0}, True),
        (360, 1, {3: 120.0}, True),  # that one is over its time already
        (479, 2, {}, False),  # each second on two devices
        (480, 2, {}, True),
    ],
)
def test_a_trial_begins_only_if_the_budget_lasts_for_it(
    device_s: float, devices: int, running: dict[int, float], another: bool
) -> None:
    """With the rest of those that run."""
    trials = [*ENDED, *(_trial(number, "running", 0) for number in running)]
    assert Budget(device_s, devices).pays_another(trials, running) is another


def test_what_is_not_known_yet_is_not_guessed() -> None:
    """Before the first end trials begin while anything is left; a reused run says nothing about time."""
    assert expected_seconds([_trial(0, "running", 30), _trial(1, "finished", 0.2, reused=True)]) is None
    assert Budget(100).pays_another([_trial(0, "running", 30)], {0: 60})
    assert not Budget(100).pays_another([_trial(0, "running", 30)], {0: 70})
    assert not Budget(100).lasts([_trial(0, "interrupted", 100)], {})


def test_a_sweep_without_an_end_goes_on_while_its_budget_lasts(tmp_path: Path) -> None:
    """Its trials are those of a sweep with a total; a larger budget goes on with it."""
    ledger = small_sweep(tmp_path, total=None, budget_s=0.02)
    first = finish_all(ledger)
    assert ledger.over()
    assert ledger.closed() == "the budget is spent"
    assert first == list(range(len(first)))
    assert sum(trial.seconds for trial in ledger.trials()) < 0.3
    more = finish_all(small_sweep(tmp_path, total=None, budget_s=0.06))
    assert more[0] == len(first)
    wanted = small_sweep(tmp_path, total=len(first + more), name="total").trials()
    assert [trial.params for trial in Ledger.open(ledger.folder).trials()] == [trial.params for trial in wanted]


def test_what_a_lost_attempt_has_taken_is_spent(tmp_path: Path) -> None:
    """Before anybody takes the trial up: so nobody does, nor begins another one, and the sweep says why it is over."""
    ledger = small_sweep(tmp_path, total=2, budget_s=100.0)
    claims = [ledger.claim("a worker"), ledger.claim("another")]
    for claim, lasted in zip(claims, (60.0 - BEAT, 39.0 - BEAT), strict=True):
        assert claim is not None
        _die(ledger, claim, lasted)
    assert [trial.state for trial in ledger.trials()] == ["interrupted"] * 2
    assert not ledger.over()
    again = ledger.claim("a third")
    assert again is not None
    _die(ledger, again, 2.0)
    assert ledger.claim("a third") is None
    assert ledger.over()
    assert headline(status_of(ledger.folder)).endswith("2 interrupted); over: the budget is spent")
    assert not small_sweep(tmp_path, total=3, budget_s=100.0).claim("a third")
    assert small_sweep(tmp_path, total=3, budget_s=200.0).claim("a third") is not None


def test_what_was_given_back_is_not_counted_twice(tmp_path: Path) -> None:
    """Its time is in its account, whatever the times of its files say."""
    ledger = small_sweep(tmp_path, total=2, budget_s=100.0)
    claim = ledger.claim("a worker")
    assert claim is not None
    claim.give_back()
    _die(ledger, claim, 1000.0)
    again = ledger.claim("another")
    assert again is not None
    assert again.number == claim.number


DYING = """
import os, signal, sys
from pathlib import Path
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep import ledger
ledger_of = Ledger.open(SweepFolder(Path(sys.argv[1])))
def die(*_args, **_words):
    os.kill(os.getpid(), signal.SIGKILL)
if len(sys.argv) > 2:
    setattr(ledger, sys.argv[2], die)
ledger_of.claim("a worker")
die()
"""


def test_what_nobody_saw_of_a_lost_attempt_is_half_a_beat(tmp_path: Path) -> None:
    """A worker that gets SIGKILL between two touches took some time, and nobody knows how much of a beat."""
    ledger = small_sweep(tmp_path, total=1, budget_s=100.0)
    assert _killed(ledger) == -signal.SIGKILL
    claim = ledger.claim("another")
    assert claim is not None
    assert claim.past[0].seconds == pytest.approx(BEAT, abs=1.0)
    claim.give_back()
    assert ledger.trials()[0].seconds == pytest.approx(BEAT, abs=1.0)


@pytest.mark.parametrize("before", ["read_attempts", "write_attempts", "note_account"])
def test_a_worker_that_dies_while_it_takes_a_trial_up_adds_no_idle_time(tmp_path: Path, before: str) -> None:
    """A quarter of an hour after the attempt before was lost: that time belongs to nobody, wherever it dies."""
    ledger = small_sweep(tmp_path, total=1, budget_s=3600.0)
    claim = ledger.claim("a worker")
    assert claim is not None
    _die(ledger, claim, 60.0)
    place = ledger.folder.trial(claim.number)
    ago = place.record.stat().st_mtime - 900.0
    os.utime(place.record, (ago, ago))
    os.utime(file_of(place, claim.lease.holder.number), (ago + 60.0,) * 2)
    assert _killed(ledger, before) == -signal.SIGKILL
    again = ledger.claim("a third")
    assert again is not None
    again.give_back()
    lost = 1 if before == "note_account" else 0
    assert ledger.trials()[0].seconds == pytest.approx(60.0 + BEAT * (1 + lost), abs=2.0)


def _killed(ledger: Ledger, *before: str) -> int:
    """How a process ends that claims a trial, and is killed then, or before it does something named."""
    return subprocess.run([sys.executable, "-c", DYING, str(ledger.folder.path), *before], check=False).returncode


def _die(ledger: Ledger, claim: Claim, lasted: float) -> None:
    """The worker is gone without a word, so many seconds after it had begun."""
    claim.lease.release()
    place = ledger.folder.trial(claim.number)
    touched = last_touch(place)
    assert touched is not None
    os.utime(place.record, (touched - lasted,) * 2)


def test_a_sweep_that_ends_before_its_trials_says_why(tmp_path: Path) -> None:
    """Else nobody would know why some wait for ever."""
    ledger = small_sweep(tmp_path, total=4, budget_s=1e-6)
    finish_all(ledger)
    assert [trial.state for trial in ledger.trials()] == ["finished", "waiting", "waiting", "waiting"]
    assert headline(status_of(ledger.folder)).endswith("; over: the budget is spent")
    finish_all(small_sweep(tmp_path, total=4, budget_s=60.0))
    assert headline(status_of(ledger.folder)).endswith("; over")
