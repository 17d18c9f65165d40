"""Runs a sweep of small real trainings on SLURM while its workers, trials and jobs are killed, until it is over.

Expectation: exactly the sweep's trials end, none is lost and none is trained twice; the logged curve of every finished
trial has each step once, from the first to the last. Workers and trials get SIGKILL at random moments, tasks of the
array are cancelled (and workers submitted again when none is left), and once the whole array is cancelled and the
sweep started anew. Wants the two nodes of `make slurm-local`.

    eval "$(slurm/local/start)" && python benchmarks/sweepchaos.py --trials 20 --json
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

from kirie.cluster.scheduler import Slurm
from kirie.cluster.submissions import submissions
from kirie.core.run import RunFolder
from kirie.errors import ClusterError
from kirie.prepare.command import main as prepare
from kirie.runlog.reader.rows import read_rows
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.synth.command import main as synth

STEP = "trainer/global_step"
PATIENCE_S = 3600.0
"""The longest that all may take."""

QUIET_S = 150.0
"""Seconds without a kill after the last one, in which nothing may be needed but what is there."""


def main() -> None:
    """Prints one line a blow, and one JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=20)
    parser.add_argument("--workers", type=int, default=4)
    parser.add_argument("--blows", type=int, default=None, help="how many (default: one a trial)")
    parser.add_argument("--every", type=float, default=12.0, help="seconds between two blows, on average")
    parser.add_argument("--seed", type=int, default=None, help="of the moments and victims (default: the time)")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    seed = time.time_ns() % 2**32 if options.seed is None else options.seed
    with tempfile.TemporaryDirectory() as scratch:
        found = chaos(
            Path(scratch).resolve(),
            options.trials,
            workers=options.workers,
            blows=options.trials if options.blows is None else options.blows,
            every=options.every,
            seed=seed,
            quiet=options.json,
        )
    print(json.dumps(found))
    sys.exit(not found["exact"])


def chaos(
    scratch: Path, trials: int, *, workers: int, blows: int, every: float, seed: int, quiet: bool
) -> dict[str, Any]:
    """Runs a sweep under blows.

    Args:
        scratch: An empty folder that all nodes see.
        trials: How many trials the sweep has.
        workers: How many workers an array has.
        blows: How many kills and cancellations there are, the restart of everything among them.
        every: Seconds between two, on average.
        seed: Of the moments and victims.
        quiet: Print nothing.
    """
    scene = _Scene(scratch, trials, workers, quiet)
    began = time.monotonic()
    draw, dealt = random.Random(seed), Counter[str]()
    restart_at = blows // 2
    try:
        scene.start()
        for number in range(blows):
            scene.wait(draw.uniform(0.5, 1.5) * every)
            if scene.over():
                break
            kind = "restart" if number == restart_at else draw.choice(("worker", "trial", "trial", "task"))
            if scene.strike(kind, draw):
                dealt[kind] += 1
            if kind == "restart" or not scene.alive():
                scene.start()
        end = time.monotonic() + PATIENCE_S
        while not scene.over():
            if time.monotonic() > end:
                raise SystemExit(f"not over after {PATIENCE_S:.0f} s: {scene.counts()}")
            scene.wait(2.0)
            if not scene.alive():
                scene.start()
    finally:
        scene.cancel()
    return scene.verdict() | {
        "benchmark": "sweepchaos",
        "seed": seed,
        "workers": workers,
        "blows": dict(sorted(dealt.items())),
        "seconds": round(time.monotonic() - began, 1),
    }


class _Scene:
    """A working folder with a sweep, and SLURM's jobs that work for it."""

    def __init__(self, folder: Path, trials: int, workers: int, quiet: bool) -> None:
        self.folder, self.trials, self.workers, self.quiet = folder, trials, workers, quiet
        for stage, words in (
            (synth, ["--out", str(folder / "data"), "--count", "32", "--characters", "16", "--size", "64"]),
            (prepare, [str(folder / "data"), "--out", str(folder / "store"), "--size", "64", "--workers", "1"]),
        ):
            with contextlib.redirect_stdout(io.StringIO()):
                assert stage(words) == 0
        words = [
            *("kirie", "train", "model.encoder=tu-mobilenetv3_small_050", "trainer=cpu", "trainer.threads=1"),
            *("trainer.log_every=1", "trainer.checkpoint_steps=3", "data.batch_size=2", "train.epochs=2"),
            *("log.mode=offline", "log.pictures=0", f"data.store={folder / 'store'}", "${args_no_hyphens}"),
        ]
        spec = {
            "method": "grid",
            "metric": {"name": "val/miou", "goal": "maximize"},
            "command": words,
            "parameters": {"seed": {"values": list(range(1, trials + 1))}},
        }
        # JSON is YAML
        (folder / "chaos.yaml").write_text(json.dumps(spec), encoding="utf-8")
        self.sweep = SweepFolder(folder / "sweeps" / "chaos")
        self.slurm = Slurm()

    def start(self) -> None:
        """Starts the sweep, or goes on with it: the same command."""
        words = ["sweep", "chaos.yaml", "--launcher", "slurm", "cluster=local", f"workers={self.workers}", "--json"]
        done = subprocess.run(
            [sys.executable, "-m", "kirie", *words],
            cwd=self.folder,
            capture_output=True,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "WANDB_SILENT": "true"},
        )
        if done.returncode:
            raise SystemExit(f"kirie sweep ended with {done.returncode}: {done.stdout}{done.stderr}")
        self.say(f"started: {done.stdout.strip()[:200]}")

    def strike(self, kind: str, draw: random.Random) -> bool:
        """Deals a blow; False if there was nobody to hit."""
        if kind == "restart":
            self.cancel()
            self.say("all jobs cancelled")
            return True
        if kind == "task":
            tasks = [job for job, state in self.jobs().items() if state == "RUNNING"]
            if tasks:
                self.slurm.cancel(victim := draw.choice(tasks))
                self.say(f"task {victim} cancelled")
            return bool(tasks)
        mark = f"kirie sweep work {self.sweep.path}" if kind == "worker" else f"data.store={self.folder / 'store'}"
        pids = _processes(mark)
        if pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(victim_pid := draw.choice(pids), signal.SIGKILL)
                self.say(f"{kind} {victim_pid} killed")
        return bool(pids)

    def wait(self, seconds: float) -> None:
        """Waits; jobs that were queued again are spared SLURM's pause."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(min(2.0, max(0.0, end - time.monotonic())))
            for job, state in self.jobs().items():
                if state == "PENDING":
                    with contextlib.suppress(ClusterError):
                        self.slurm.start_now(job)

    def jobs(self) -> dict[str, str]:
        """The tasks of all arrays so far that are not over, with their states."""
        arrays = [made.job for made in submissions(self.sweep)] if self.sweep.jobs.is_file() else []
        tasks = [f"{array}_{task}" for array in arrays for task in range(self.workers)]
        return {name: job.state for name, job in self.slurm.jobs(tasks).items() if job.alive}

    def alive(self) -> bool:
        """Whether any job works or waits."""
        return bool(self.jobs())

    def cancel(self) -> None:
        """Cancels all jobs, and waits until they are gone."""
        for job in self.jobs():
            with contextlib.suppress(ClusterError):
                self.slurm.cancel(job)
        end = time.monotonic() + QUIET_S
        while self.alive() and time.monotonic() < end:
            time.sleep(0.5)

    def over(self) -> bool:
        """Whether all trials have ended."""
        return all(trial.ended for trial in Ledger.open(self.sweep).trials())

    def counts(self) -> Counter[str]:
        """How many trials are in which state."""
        return Counter[str](trial.state for trial in Ledger.open(self.sweep).trials())

    def say(self, line: str) -> None:
        """Prints a line, with how the sweep stands."""
        if not self.quiet:
            print(f"{time.strftime('%T')}  {line}  {dict(self.counts())}", file=sys.stderr, flush=True)

    def verdict(self) -> dict[str, Any]:
        """Counts what there is in the end."""
        trials = Ledger.open(self.sweep).trials()
        runs = Counter(trial.run for trial in trials if trial.run is not None)
        torn = [trial.number for trial in trials if trial.state == "finished" and not self._continuous(str(trial.run))]
        ended = sum(trial.ended for trial in trials)
        found = {
            "trials": self.trials,
            "ended": ended,
            "lost": self.trials - ended,
            "doubled": len(trials) - self.trials + sum(count - 1 for count in runs.values()),
            "continuous": not torn,
            "torn": torn,
            "states": dict(Counter[str](trial.state for trial in trials)),
            "attempts": sum(trial.attempts for trial in trials),
            "reused": sum(trial.reused for trial in trials),
            "errors": sorted({trial.error for trial in trials if trial.error})[:5],
        }
        exact = ended == self.trials and not found["doubled"] and not torn and not found["reused"]
        return {"exact": exact, **found}

    def _continuous(self, run: str) -> bool:
        """Whether a run's log has the loss of each step once, from the first to the last."""
        folder = RunFolder(self.folder / "runs" / run)
        steps = sorted(
            row[STEP]
            for path in folder.path.glob("wandb/*run-*/run-*.wandb")
            for row in read_rows(path)
            if "train/loss" in row
        )
        epochs = [line.split(",")[:2] for line in folder.history.read_text(encoding="utf-8").splitlines()[1:]]
        whole = bool(epochs) and [int(epoch) for epoch, _ in epochs] == list(range(1, len(epochs) + 1))
        return whole and steps == list(range(int(epochs[-1][1])))


def _processes(mark: str) -> list[int]:
    """Our processes whose command line holds some words."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if mark in words and "bash" not in words.split(" ")[0]:
                found.append(int(path.parent.name))
    return found


if __name__ == "__main__":
    main()
