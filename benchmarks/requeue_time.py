"""Seconds from a signal to the first new step after SLURM has queued a training again, on the cluster of SLURM_CONF.

The pause that SLURM makes before a job that was queued again (two minutes, unless the cluster says otherwise) is not
kirie's: it is ended by setting the job's start time, as `scontrol update JobId=N StartTime=now` does, and not counted.

    eval "$(slurm/local/start)"; python benchmarks/requeue_time.py [--rounds 3] [--cluster local] [--json]

saving: from the signal until the processes are gone with all saved and the job asked for again.
clearing: until SLURM has cleared the job away and may start it anew.
starting: from the start time until the job runs.
resuming: from there until the program has loaded the newest resume point.
stepping: from there until the first new step is done and saved.
requeue_to_step: starting, resuming and stepping together.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

from kirie.cluster.scheduler import Job, Slurm
from kirie.core.resume import resume_points
from kirie.core.run import RunFolder

PATIENCE_S = 300.0
PHASES = ("saving", "clearing", "starting", "resuming", "stepping")


def main() -> None:
    """Prints one line a round, and one JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--cluster", default="local")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        sent = submit(Path(scratch), options.cluster)
        job, run, log = sent["job"], RunFolder(Path(sent["folder"])), Path(sent["log"])
        try:
            until(lambda: newest_step(run) > 0)
            rounds = []
            for number in range(options.rounds):
                rounds.append(requeue(job, run, log))
                if not options.json:
                    told = "  ".join(f"{phase} {rounds[-1][phase]:.2f}" for phase in PHASES)
                    print(f"{number + 1:>2}  {told}", file=sys.stderr)
        finally:
            Slurm().cancel(job)
            until(lambda: (found := look(job)) is None or not found.alive)
    medians = {phase: round(statistics.median(found[phase] for found in rounds), 2) for phase in PHASES}
    whole = [sum(found[phase] for phase in PHASES[2:]) for found in rounds]
    print(
        json.dumps(
            {
                "benchmark": "requeue_time",
                "rounds": options.rounds,
                "unit": "s",
                "median": medians,
                "requeue_to_step": round(statistics.median(whole), 2),
                "requeue_to_step_all": [round(value, 2) for value in whole],
            }
        )
    )


def submit(scratch: Path, cluster: str) -> dict[str, Any]:
    """Draws characters and submits a long training on them, with a resume point after each step."""
    kirie(scratch, "synth", "--out", "data", "--count", "32", "--characters", "16", "--size", "64")
    kirie(scratch, "prepare", "data", "--out", "store", "--size", "64", "--workers", "1")
    words = [
        *("model.encoder=tu-mobilenetv3_small_050", "trainer.accelerator=cpu", "trainer.threads=1"),
        *("data.batch_size=8", f"data.store={scratch / 'store'}", "train.epochs=10000", "trainer.checkpoint_steps=1"),
        *("log.mode=offline", f"cluster={cluster}"),
    ]
    return kirie(scratch, "submit", "train", *words)


def requeue(job: str, run: RunFolder, log: Path) -> dict[str, float]:
    """One signal, one requeue; the seconds of each phase."""
    before = look(job)
    if before is None or before.state != "RUNNING":
        raise SystemExit(f"the training's job should be running, and is {before}; see {log}")
    said = resumes(log)
    at = [time.monotonic()]

    def passed() -> None:
        at.append(time.monotonic())

    subprocess.run(["scancel", "--signal=USR1", job], check=True)
    until(lambda: (found := look(job)) is not None and found.restarts > before.restarts)
    passed()
    step = newest_step(run)
    until(lambda: (found := look(job)) is not None and found.waits)
    passed()
    Slurm().start_now(job)
    until(lambda: (found := look(job)) is not None and found.state == "RUNNING")
    passed()
    until(lambda: resumes(log) > said)
    passed()
    until(lambda: newest_step(run) > step)
    passed()
    return {phase: end - begin for phase, (begin, end) in zip(PHASES, pairwise(at), strict=True)}


def look(job: str) -> Job | None:
    """The job as SLURM sees it."""
    return Slurm().jobs([job]).get(job)


def newest_step(run: RunFolder) -> int:
    """The step of the newest resume point, 0 without one."""
    return max((point.step for point in resume_points(run)), default=0)


def resumes(log: Path) -> int:
    """How often the job has said that it goes on."""
    return log.read_text(encoding="utf-8").count("resumed at step") if log.is_file() else 0


def until(happened: Callable[[], object]) -> None:
    """Waits for something, looking twenty times a second."""
    end = time.monotonic() + PATIENCE_S
    while not happened():
        if time.monotonic() > end:
            raise SystemExit(f"nothing happened for {PATIENCE_S:.0f} s; see the job's log and squeue")
        time.sleep(0.05)


def kirie(folder: Path, *words: str) -> dict[str, Any]:
    """Runs a command of kirie in a folder; gives its JSON."""
    done = subprocess.run(
        [sys.executable, "-m", "kirie", *words, "--json"], cwd=folder, stdout=subprocess.PIPE, text=True
    )
    if done.returncode:
        raise SystemExit(done.returncode)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


if __name__ == "__main__":
    main()
