"""`dvc repro` on a cluster: trainings as jobs beside each other, outside DVC's lock; all else here.

DVC runs one stage after the other. So the trainings are run beside it: first what comes before them, then all of them
as jobs, and when they are through, `dvc repro` finds each train stage "already done" by the run's id and only publishes
it. Nothing is remembered but what the runs and their jobs say themselves, so a repeat takes up the same jobs.
"""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kirie.cluster import log_tail
from kirie.cluster.pending import Pending, Training
from kirie.cluster.scheduler import Scheduler
from kirie.core import command, programs
from kirie.core.run import RunFolder
from kirie.errors import ClusterError, RunError
from kirie.train.identify import is_done
from kirie.train.stages import TrainStage, has_changed, must_run, train_stages
from kirie.train.submit_train import plan_training, submit_training
from kirie.train.target import Target


class Repro:
    """One `dvc repro` with its trainings on a cluster.

    Args:
        target: Where the trainings go.
        scheduler: The batch system.
        folder: Where what is waited for is written down.

    Attributes:
        left: How many trainings were not through at the last look.
        trainings: Those submitted or found so far.
    """

    def __init__(self, target: Target, scheduler: Scheduler, folder: RunFolder) -> None:
        self.target = target
        self.scheduler = scheduler
        self.folder = folder
        self.left = 0
        self.trainings: list[Training] = []

    def run(self) -> None:
        """Runs all to its end.

        Raises:
            RunError: A stage or a training failed.
            ClusterError: SLURM refuses a training.
        """
        waiting = train_stages()
        self._note("running")
        through: set[str] = set()
        while waiting:
            ready = [stage for stage in waiting if stage.trainings <= through]
            waiting = [stage for stage in waiting if stage not in ready]
            # What the ready ones need, so that their ids can be known
            if before := has_changed(sorted({name for stage in ready for name in stage.others})):
                self._dvc(before)
            names = must_run([stage.name for stage in ready])
            self._train([stage for stage in ready if stage.name in names])
            through |= {stage.name for stage in ready}
            if waiting:
                # Later trainings read what these publish
                self._dvc([stage.name for stage in ready])
        self._dvc([])
        self._note("done")

    def stopped(self) -> None:
        """Writes down that the wait ended before the trainings did."""
        self._note("pending")

    def failed(self, why: str) -> None:
        """Writes down what went wrong."""
        self._note("failed", why)

    def _train(self, stages: Sequence[TrainStage]) -> None:
        """Submits trainings and waits until none is queued or running.

        Raises:
            RunError: Some have failed; those that have not are published first.
        """
        ours = [self._submit(stage) for stage in stages]
        self._wait(ours)
        failed = [training for training in ours if not is_done(RunFolder(Path(training.run)))]
        if not failed:
            return
        if fine := [training.stage for training in ours if training not in failed]:
            self._dvc(fine)
        reasons = "; ".join(f"{training.stage} ({self._why(training)})" for training in failed)
        raise RunError(
            f"{len(failed)} of {len(ours)} trainings did not come to their end: {reasons}. Mend that and repeat "
            "`kirie submit repro`: what is done is not done again."
        )

    def _submit(self, stage: TrainStage) -> Training:
        parser = command.Parser("train", "")
        parser.add_argument("overrides", nargs="*")
        parser.add_argument("--config-dir", type=Path)
        parser.add_argument("--out")
        options = parser.parse_intermixed_args(list(stage.words))
        with contextlib.chdir(stage.folder):
            # Without --out: what a stage leaves, DVC's own run of it writes
            training = plan_training(options.overrides, self.target, config_dir=options.config_dir)
            content: dict[str, Any] = submit_training(training, self.scheduler)
        found = Training(stage.name, str(training.run.path), content.get("job"))
        job = f", job {found.job}, log {content['log']}" if found.job is not None else ""
        _say(f"{stage.name}: run {training.id} {content['state']}{job}")
        self.trainings.append(found)
        self.left += found.job is not None
        self._note("running")
        return found

    def _wait(self, trainings: Sequence[Training]) -> None:
        """Looks again and again until none of the jobs is queued or running."""
        jobs = {training.job: training for training in trainings if training.job is not None}
        # Gone at two looks in a row: a job between its end and its return to the queue is neither, and a shared disk
        # may show a run's end a moment late
        gone: set[str] = set()
        silent = False
        while jobs:
            try:
                alive = {number for number, job in self.scheduler.jobs(list(jobs)).items() if job.alive}
                silent = False
            except ClusterError as error:
                if not silent:
                    _say(f"{error} Waiting on.")
                silent = True
                alive = set(jobs)
            for number in list(jobs):
                done = is_done(RunFolder(Path(jobs[number].run)))
                if number in alive or not (done or number in gone):
                    gone = gone - {number} if number in alive else gone | {number}
                    continue
                _say(f"{jobs[number].stage}: {'done' if done else self._why(jobs[number])}")
                del jobs[number]
                self.left -= 1
            if jobs:
                time.sleep(self.target.settings.repro.poll)

    def _why(self, training: Training) -> str:
        run = RunFolder(Path(training.run))
        record = run.read_record() if run.record.is_file() else {}
        said = str(record.get("error") or "").strip().splitlines()
        if not said and training.job is not None:
            said = [log_tail.last_error(run.log(training.job))]
        return said[-1] if said and said[-1] else "ended without a word"

    def _dvc(self, stages: Sequence[str]) -> None:
        """Runs `dvc repro`, what it prints on standard error.

        Raises:
            RunError: A stage failed.
        """
        process = programs.start([sys.executable, "-m", "dvc", "repro", *stages], stdout=2)
        try:
            code = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        if code:
            raise RunError(
                f"`dvc repro{''.join(f' {name}' for name in stages)}` ended with code {code}; its last lines above say "
                "why. Mend that and repeat `kirie submit repro`."
            )

    def _note(self, state: str, error: str = "") -> None:
        Pending(state, tuple(self.trainings), error).write(self.folder)


def _say(text: str) -> None:
    print(f"kirie: {text}", file=sys.stderr, flush=True)
