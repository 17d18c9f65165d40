"""Every way in which a trial goes on or ends: a real ledger, and processes that log and obey as a training does."""

from __future__ import annotations

import json
import shutil
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from kirie.cluster.lease import Lease
from kirie.core.run import RunFolder
from kirie.core.signals import Notice
from kirie.sweep import trial as trial_module
from kirie.sweep.claim import Claim
from kirie.sweep.companion import Companion
from kirie.sweep.devices import Share
from kirie.sweep.entry import Trial
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import GroundError
from kirie.sweep.ledger import Ledger
from kirie.sweep.orders import Orders
from kirie.sweep.plan import Plan, Setting
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec
from kirie.sweep.stopping import ask_to_stop
from kirie.sweep.trial import NeverLoggedError, Outcome, carry_out

SWEEP = """\
method: grid
metric: {{name: val/miou, goal: maximize}}
{more}
parameters:
  seed: {{values: [1, 2, 3, 4]}}
"""

TRAINING = """
mkdir -p run; cd run
end() { echo "{\\"id\\": \\"run\\", \\"state\\": \\"interrupted\\"}" > run.json; exit $1; }
trap 'end 130' INT; trap 'end 140' USR2
[ -e history.csv ] || echo epoch,step,train_loss,val_loss,val_miou,val_dice > history.csv
log() { echo "$1,$(( $1 * 10 )),0.5,0.5,$2,0.5" >> history.csv; }
finish() { echo '{"id": "run", "state": "done", "parameters": 1000}' > run.json; }
"""


@dataclass
class Desk:
    """A sweep with a worker's setting and the run that its trials make."""

    setting: Setting
    ledger: Ledger
    notice: Notice
    run: RunFolder

    def claim(self) -> Claim:
        """The next trial."""
        found = self.ledger.claim("a worker")
        assert found is not None
        return found

    def carry_out(self, text: str, claim: Claim | None = None) -> Outcome:
        """Brings a trial to its end, whose training is a script."""
        words = ("bash", "-c", TRAINING + text)
        plan = Plan(self.run, Path("no-store"), words)
        orders = Orders(self.setting.folder, self.notice)
        return carry_out(self.claim() if claim is None else claim, self.setting, plan, orders)

    def trial(self) -> Trial:
        """The first trial as the ledger has it."""
        return self.ledger.trials()[0]

    def until_logged(self, lines: int, then: Callable[[], object]) -> threading.Thread:
        """Does something as soon as the run has logged so often."""

        def watch() -> None:
            end = time.monotonic() + 30
            while time.monotonic() < end:
                if self.run.history.is_file() and self.run.history.read_text().count("\n") > lines:
                    then()
                    return
                time.sleep(0.01)

        thread = threading.Thread(target=watch)
        thread.start()
        return thread


@pytest.fixture
def make_desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Desk]:
    """Makes a sweep of four trials, all of one run, in a folder of its own."""
    monkeypatch.chdir(tmp_path)

    def make(more: str = "", companion: str | None = None) -> Desk:
        file = tmp_path / "sweep.yaml"
        file.write_text(SWEEP.format(more=more))
        spec = SweepSpec.read(file)
        beside = None if companion is None else tmp_path / "sweep.local.yaml"
        if beside is not None:
            beside.write_text(str(companion))
        read = Companion.read(beside, spec)
        folder = SweepFolder(tmp_path / "sweeps" / "one")
        ledger = Ledger.create(folder, spec, read, Space(spec, read), 4, 1)
        return Desk(Setting(folder, spec, read, Share()), ledger, Notice(), RunFolder(tmp_path / "run"))

    return make


@pytest.fixture
def desk(make_desk: Callable[..., Desk]) -> Desk:
    """The plain sweep."""
    return make_desk()


def test_a_trial_that_trains_has_its_best_value(desk: Desk) -> None:
    """As the best checkpoint is what is kept; every value is reported, each once."""
    assert desk.carry_out("log 1 0.2; log 2 0.7; log 3 0.6; finish") == "finished"
    trial = desk.trial()
    assert (trial.state, trial.values, trial.iterations, trial.reused) == ("finished", (0.7,), 3, False)
    assert trial.run == "run"
    assert (desk.setting.folder.trial(0).log(1)).is_file()


def test_a_process_that_trained_another_run_than_planned(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration changed while it started: the trial is worked out anew, and what was trained gives its score.
    Where it comes to the same run again, nobody can say what was trained, and the sentence tells so."""
    claim = desk.claim()
    again: list[Plan] = []

    def plan(*_: object) -> Plan:
        again.append(Plan(desk.run, Path("no-store"), ("bash", "-c", TRAINING + "log 1 0.4; finish")))
        return again[-1]

    monkeypatch.setattr(trial_module, "plan_trial", plan)
    planned = Plan(RunFolder(desk.run.path.with_name("planned")), Path("no-store"), ("true",))
    assert carry_out(claim, desk.setting, planned, Orders(desk.setting.folder, desk.notice)) == "finished"
    assert (len(again), desk.trial().run, desk.trial().values) == (1, "run", (0.4,))
    shutil.rmtree(desk.run.path)
    with pytest.raises(GroundError, match="ended well and has not trained run run"):
        desk.carry_out("true")


def test_a_run_that_is_done_gives_its_score_without_training(desk: Desk) -> None:
    """The second trial makes the same run; its command would fail."""
    desk.carry_out("log 1 0.2; log 2 0.7; finish")
    assert desk.carry_out("exit 1") == "reused"
    second = desk.ledger.trials()[1]
    assert (second.state, second.values, second.reused) == ("finished", (0.7,), True)


def test_one_whose_worker_died_after_its_end_was_trained_by_it(desk: Desk) -> None:
    """Found done at the second attempt, the score is the trial's own."""
    desk.carry_out("exit 1")
    desk.run.path.mkdir(exist_ok=True)
    desk.run.record.write_text('{"id": "run", "state": "done"}')
    desk.run.history.write_text("epoch,step,val_miou\n1,10,0.5\n")
    assert desk.carry_out("exit 1") == "finished"
    assert desk.trial().reused is False


def test_three_failures_of_its_own_are_for_good(desk: Desk) -> None:
    """With the error; the sweep goes on with the next trial."""
    said = "echo 'kirie: A setting is wrong.' >&2; exit 2"
    assert [desk.carry_out(said) for _ in range(3)] == ["again", "again", "failed"]
    trial = desk.trial()
    assert (trial.state, trial.error, trial.kind, trial.attempts) == ("failed", "A setting is wrong.", "failed", 3)
    assert desk.claim().number == 1


def test_out_of_memory_is_recorded_as_such(make_desk: Callable[..., Desk]) -> None:
    """The companion file may give up at the first one."""
    desk = make_desk(companion="attempts: 1")
    assert desk.carry_out("echo 'torch.OutOfMemoryError: CUDA out of memory.' >&2; exit 1") == "failed"
    assert desk.trial().kind == "out of memory"


@pytest.mark.parametrize(
    ("order", "code"), [("signal", 140), ("now", 130)], ids=["the worker is told", "the sweep is stopped now"]
)
def test_told_to_end_the_training_saves_and_is_given_back(desk: Desk, order: str, code: int) -> None:
    """Not a failure; any worker takes the trial up, and its run goes on from there, each value reported once."""

    def give() -> None:
        if order == "signal":
            desk.notice.noted.append(signal.SIGTERM)
        else:
            ask_to_stop(desk.setting.folder, "now")

    watch = desk.until_logged(2, give)
    assert (
        desk.carry_out(f"log 1 0.3; log 2 0.4; for i in $(seq 400); do sleep 0.02; done; exit {code}") == "given back"
    )
    watch.join()
    desk.notice.noted.clear()
    desk.setting.folder.stop.unlink(missing_ok=True)
    trial = desk.trial()
    assert trial.state in {"interrupted", "waiting"}
    assert trial.error == ""
    assert desk.carry_out("log 3 0.5; finish") == "finished"
    trial = desk.trial()
    assert (trial.number, trial.values, trial.iterations, trial.attempts) == (0, (0.5,), 3, 2)


def test_a_pruned_training_saves_and_ends(make_desk: Callable[..., Desk]) -> None:
    """W&B's early_terminate: the second trial is worse at the first band; its run stays as an interrupted one."""
    desk = make_desk("early_terminate: {type: hyperband, min_iter: 1, eta: 3}")
    assert desk.carry_out("log 1 0.9; finish") == "finished"
    desk.run.record.unlink()
    desk.run.history.unlink()
    assert desk.carry_out("log 1 0.1; for i in $(seq 400); do sleep 0.02; done") == "pruned"
    second = desk.ledger.trials()[1]
    assert (second.state, second.values) == ("pruned", (0.1,))
    assert desk.run.read_record()["state"] == "interrupted"


def test_a_training_that_ends_before_it_hears_of_being_pruned_is_finished(make_desk: Callable[..., Desk]) -> None:
    """Its score is there, and worth more than a pruned one."""
    desk = make_desk("early_terminate: {type: hyperband, min_iter: 1, eta: 3}")
    desk.carry_out("log 1 0.9; finish")
    desk.run.record.unlink()
    desk.run.history.unlink()
    assert desk.carry_out("trap '' INT; log 1 0.1; sleep 1; finish") == "finished"


def test_a_metric_that_nobody_logs_is_told_with_what_is_logged(desk: Desk) -> None:
    """The trial is kept: with the metric's right name its run gives its score."""
    claim = desk.claim()
    with pytest.raises(NeverLoggedError, match=r"'val/miou' was not logged by run run.* it logged val/dice, val/loss"):
        desk.carry_out(
            "cd .; echo epoch,step,val_loss,val_dice > history.csv; echo 1,10,1,1 >> history.csv; finish", claim
        )
    claim.give_back()
    assert desk.trial().state in {"interrupted", "waiting"}


def test_a_metric_that_is_never_a_number_is_the_trials_failure(desk: Desk) -> None:
    """A diverged training is no reason to stop the sweep."""
    assert desk.carry_out("log 1 nan; finish") in {"again", "failed"}
    assert "never a number" in desk.trial().error


def test_a_run_that_another_process_trains_is_waited_for(desk: Desk) -> None:
    """By hand or for another sweep: nobody trains it twice, and its score is taken over."""
    desk.run.path.mkdir()
    other = Lease.take(desk.run, job=None, is_alive=lambda *_: None)

    def end() -> None:
        desk.run.history.write_text("epoch,step,val_miou\n1,10,0.5\n")
        desk.run.record.write_text(json.dumps({"id": "run", "state": "done"}))
        other.release()

    timer = threading.Timer(0.5, end)
    timer.start()
    assert desk.carry_out("echo trained > ../trained; exit 1") == "reused"
    timer.join()
    assert not (desk.run.path.parent / "trained").exists()


def test_killed_by_a_hand_is_no_failure(desk: Desk) -> None:
    """SIGKILL says nothing of the trial, however early and often it comes (the ledger bounds it)."""
    assert [desk.carry_out("kill -9 $$") for _ in range(5)] == ["killed"] * 5
    trial = desk.trial()
    assert (trial.kind, trial.attempts, trial.state) == ("killed", 5, "interrupted")
    assert desk.carry_out("log 1 0.5; finish") == "finished"


def test_a_worker_whose_trial_was_taken_over_writes_nothing(desk: Desk) -> None:
    """It slept through its own succession: its training ends, and the other worker's word counts."""
    claim = desk.claim()

    def take_over() -> None:
        holder = claim.lease.holder
        path = desk.setting.folder.trial(0).lease / f"{holder.number + 1:06}.json"
        path.write_text((path.parent / f"{holder.number:06}.json").read_text())
        claim.lease.renew()

    watch = desk.until_logged(1, take_over)
    assert desk.carry_out("log 1 0.3; for i in $(seq 400); do sleep 0.02; done", claim) == "lost"
    watch.join()
    assert desk.trial().state == "running"


def test_measured_objectives_come_from_the_run(make_desk: Callable[..., Desk]) -> None:
    """The number of parameters stands in the run's record."""
    desk = make_desk(companion="objectives: [{name: parameters, goal: minimize}]")
    assert desk.carry_out("log 1 0.2; finish") == "finished"
    assert desk.trial().values == (0.2, 1000.0)
