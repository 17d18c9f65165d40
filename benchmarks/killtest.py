"""Kills a training at random moments with random signals until it ends, and compares it with one never touched.

Expectation: after any number of kills the weights equal the uninterrupted run's to the bit (model, averaged weights,
optimizer, best checkpoint), each metric of the run log has the same value at the same steps and each step once, the
step count and the scores are the same, no kill leaves a traceback, and a training that is told to end does so with
that signal's exit code. Kills also hit the start of the program, where Python itself may be what ends; a cluster's
signals come twice now and then. What ended before its signal was sent is no kill.

    python benchmarks/killtest.py --kills 20 --json
"""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from kirie.core.resume import resume_points
from kirie.core.run import RunFolder
from kirie.core.signals import GRACE
from kirie.prepare.command import main as prepare
from kirie.runlog.logged import COMPANIONS, STEP
from kirie.runlog.reader.rows import read_rows
from kirie.synth.command import main as synth

SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT)
PATIENCE_S = 600
TWICE_S = 0.05
"""Seconds between two signals that say the same."""

NOT_COMPARED = frozenset(
    {"dirpath", "best_model_path", "best_k_models", "kth_best_model_path", "last_model_path", "rows"}
)
"""Keys of a checkpoint that differ by nature: paths (the score of `best_k_models` stands beside it too), and the log's
rows of the last minute, which are compared in the log itself."""


def main() -> None:
    """Prints one line a kill, and one JSON object at the end."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seed", type=int, default=None, help="of the moments and signals (default: the time)")
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    seed = time.time_ns() % 2**32 if options.seed is None else options.seed
    # A shell lets what it starts in the background ignore SIGINT, and that is handed on to the training
    signal.signal(signal.SIGINT, signal.default_int_handler)
    with tempfile.TemporaryDirectory() as scratch:
        found = kill_test(Path(scratch), options.kills, options.epochs, seed, quiet=options.json)
    print(json.dumps(found))
    sys.exit(not found["equal"])


def kill_test(scratch: Path, kills: int, epochs: int, seed: int, *, quiet: bool) -> dict[str, Any]:
    """Trains twice on drawn pictures, once undisturbed, and compares.

    Args:
        scratch: An empty folder.
        kills: How many signals to send.
        epochs: Length of the training.
        seed: Of the moments and signals.
        quiet: Print nothing.
    """
    for stage, words in (
        (synth, ["--out", str(scratch / "data"), "--count", "32", "--characters", "16", "--size", "64"]),
        (prepare, [str(scratch / "data"), "--out", str(scratch / "store"), "--size", "64", "--workers", "1"]),
    ):
        with contextlib.redirect_stdout(io.StringIO()):
            assert stage(words) == 0
    words = [
        *("model.encoder=tu-mobilenetv3_small_050", "trainer=cpu", "trainer.threads=1", "trainer.log_every=1"),
        *("train.accumulate=2", "train.ema_decay=0.9", "data.batch_size=2", f"train.epochs={epochs}"),
        *("trainer.checkpoint_steps=3", "log.mode=offline", f"data.store={scratch / 'store'}"),
    ]
    calm = _attempt(words, scratch / "whole", None, 0.0)
    if calm.code != 0:
        raise SystemExit(calm.said)
    draw, ends, noise, wrong = random.Random(seed), Counter[str](), list[str](), list[str]()
    # All attempts together are shorter than the training, so that each kill finds something to kill
    share = 0.9 * calm.train_s / max(1, kills)
    while (number := sum(ends.values())) < kills:
        sign = SIGNALS[number] if number < len(SIGNALS) else draw.choice(SIGNALS)
        early = draw.random() < 0.2
        delay = draw.uniform(0, calm.start_s if early else share)
        twice = sign in GRACE and draw.random() < 0.5
        done = _attempt(words, scratch / "killed", sign, delay, early=early, twice=twice)
        if done.code == 0:
            # The machine is quicker than it was: once more from the beginning, with earlier moments
            if share < 0.1 * calm.train_s / max(1, kills):
                raise SystemExit("The training ends well again and again before its signals do anything.")
            shutil.rmtree(scratch / "killed")
            share /= 2
            ends.clear()
            continue
        if not done.sent:
            raise SystemExit(f"The training ended by itself, with code {done.code}: {done.said}")
        kind = f"{sign.name}{' twice' if twice else ''}{' early' if early else ''} {done.code}"
        ends[kind] += 1
        noise += [done.said] if "Traceback" in done.said else []
        wrong += [] if ended_well(sign, done.code, early=early) else [kind]
        if not quiet:
            when = f"{delay:5.1f} s after the {'command' if early else 'training'} began"
            name = f"{sign.name}{' x2' if twice else ''}"
            print(f"{number + 1:>3}  {name:<11} {when}  exit code {done.code}", file=sys.stderr)
    last = _attempt(words, scratch / "killed", None, 0.0)
    if last.code != 0:
        raise SystemExit(last.said)
    whole, killed = (RunFolder(next((scratch / name).iterdir())) for name in ("whole", "killed"))
    verdict = {
        "weights": not (differing := differing_parts(whole, killed)),
        "curve": not (curves := _differing_curves(_curve(whole), _curve(killed))),
        "steps": resume_points(whole)[0].step == resume_points(killed)[0].step,
        "history": whole.history.read_text() == killed.history.read_text(),
        "scores": whole.read_metrics() == killed.read_metrics(),
        "no_traceback": not noise,
        "exit_codes": not wrong,
    }
    return {
        "benchmark": "killtest",
        "kills": sum(ends.values()),
        "seed": seed,
        "equal": all(verdict.values()) and whole.path.name == killed.path.name,
        **verdict,
        "steps_trained": resume_points(whole)[0].step,
        "metrics_compared": len(_curve(whole)),
        "resumed": killed.read_record()["resumed"],
        "ends": dict(sorted(ends.items())),
        "seconds_whole": round(calm.train_s, 1),
        "differing": [*differing, *curves][:5],
        "noise": noise[:1],
        "wrong": wrong[:5],
    }


@dataclass(frozen=True, slots=True)
class Attempt:
    """How one attempt at the training went.

    Attributes:
        code: Its exit code.
        said: What it said.
        start_s: The seconds before its first line, with which the training begins.
        train_s: The seconds after it.
        sent: Whether the signal was sent to it while it lived.
    """

    code: int
    said: str
    start_s: float
    train_s: float
    sent: bool


def ended_well(sign: signal.Signals, code: int, *, early: bool) -> bool:
    """Whether an exit code is the one that a signal must lead to.

    A training ends with 128 and the signal's number; while the program starts, the signal itself may end Python.
    SIGKILL nobody catches.
    """
    killed, caught = -sign, 128 + sign
    return code in ({killed} if sign == signal.SIGKILL else {killed, caught} if early else {caught})


def _attempt(
    words: list[str],
    runs: Path,
    sign: signal.Signals | None,
    delay: float,
    *,
    early: bool = False,
    twice: bool = False,
) -> Attempt:
    """One attempt at the training."""
    since = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "kirie", "train", *words, f"runs={runs}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1", "WANDB_SILENT": "true"},
    )
    assert process.stderr is not None
    first = "" if early else process.stderr.readline()
    began = time.monotonic()
    sent = False
    if sign is not None:
        try:
            process.wait(delay)
        except subprocess.TimeoutExpired:
            sent = True
            process.send_signal(sign)
            if twice:
                time.sleep(TWICE_S)
                process.send_signal(sign)
    try:
        _, said = process.communicate(timeout=PATIENCE_S)
    except subprocess.TimeoutExpired:
        process.kill()
        raise
    return Attempt(process.returncode, first + said, began - since, time.monotonic() - began, sent)


def differing_parts(one: RunFolder, other: RunFolder) -> list[str]:
    """Tensors and values of the last resume point and of the best checkpoint that are not equal to the bit."""
    names = []
    for paths in ((resume_points(one)[0].path, resume_points(other)[0].path), (one.best, other.best)):
        first, second = (_leaves(torch.load(path, weights_only=True)) for path in paths)
        names += sorted(first.keys() ^ second.keys())
        names += [name for name in first.keys() & second.keys() if not _same(first[name], second[name])]
    return names


def _leaves(node: Any, at: str = "") -> dict[str, Any]:
    """All that a checkpoint holds, flat, but for NOT_COMPARED."""
    if isinstance(node, dict):
        parts = [(key, part) for key, part in node.items() if key not in NOT_COMPARED]
    elif isinstance(node, list | tuple):
        parts = list(enumerate(node))
    else:
        return {at: node}
    # That it is there counts too, of an empty one
    return {at: type(node).__name__} | {
        name: leaf for key, part in parts for name, leaf in _leaves(part, f"{at}/{key}").items()
    }


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, torch.Tensor) and isinstance(other, torch.Tensor):
        return one.dtype == other.dtype and torch.equal(one, other)
    # By its words: NaN equals itself, and 1 is not 1.0
    return type(one) is type(other) and repr(one) == repr(other)


def _curve(run: RunFolder) -> dict[str, list[tuple[int, Any]]]:
    """Each metric's (step, value) pairs, in order of steps; speeds and times differ by nature."""
    found: dict[str, list[tuple[int, Any]]] = {}
    for path in run.path.glob("wandb/*run-*/run-*.wandb"):
        for row in read_rows(path):
            for key, value in row.items():
                if key not in COMPANIONS and not key.startswith(("_", "perf/")):
                    # Of pictures the step counts: their file names hold a number of W&B's own
                    found.setdefault(key, []).append((row[STEP], value if isinstance(value, float) else None))
    return {key: sorted(pairs, key=str) for key, pairs in found.items()}


def _differing_curves(one: dict[str, list[Any]], other: dict[str, list[Any]]) -> list[str]:
    """Metrics that do not have the same values at the same steps, each step once, with what only one of them has."""
    return [
        f"{key}: {_only_one(one.get(key, []), other.get(key, []))[:4]}"
        for key in sorted(one.keys() | other.keys())
        if one.get(key) != other.get(key)
    ]


def _only_one(one: list[Any], other: list[Any]) -> list[str]:
    first, second = Counter(map(str, one)), Counter(map(str, other))
    return sorted(((first - second) + (second - first)).elements())


if __name__ == "__main__":
    main()
