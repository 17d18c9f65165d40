"""What the engine of a sweep costs a trial: many workers on one journal, with trainings that only sleep.

Run: python benchmarks/sweep_ledger.py [--trials 1000] [--workers 64] [--ended 0] [--reports 10] [--seconds 10]
     [--method random] [--folder DIR]

Overhead is the wall time of all calls into the ledger for a trial: claim, begin, reports with their pruning checks,
finish; waiting for the journal's lock is in it. `--ended 9000` begins with a ledger in which so many trials have ended.
Simulated trainings last between half and one and a half of `--seconds`. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import Counter
from multiprocessing.queues import Queue
from pathlib import Path

from kirie.sweep.companion import Companion
from kirie.sweep.folder import SweepFolder
from kirie.sweep.journal import Draft, Journal
from kirie.sweep.ledger import Ledger
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec

SPEC = """
method: {method}
metric: {{name: val/miou, goal: maximize}}
early_terminate: {{type: hyperband, min_iter: 3, eta: 3, strict: false}}
parameters:
  optimizer.lr: {{distribution: log_uniform_values, min: 1.0e-5, max: 1.0e-1}}
  optimizer.weight_decay: {{distribution: log_uniform_values, min: 1.0e-6, max: 1.0e-1}}
  model: {{values: [unet, fpn, deeplabv3plus, segformer]}}
  data.batch: {{values: [4, 8, 16]}}
  augment.scale: {{min: 0.0, max: 0.5}}
"""

Figures = tuple[float, list[tuple[str, float]], list[int]]
"""Seconds of opening the ledger, each call's name and seconds, and the numbers of the trials that were ended."""


def work(folder: Path, name: str, seconds: float, reports: int, found: Queue[Figures]) -> None:
    """One worker, until nothing is left."""
    began = time.perf_counter()
    ledger = Ledger.open(SweepFolder(folder))
    opening = time.perf_counter() - began
    calls: list[tuple[str, float]] = []
    ended = []

    def timed(what: str, since: float) -> float:
        calls.append((what, time.perf_counter() - since))
        return time.perf_counter()

    while True:
        at = time.perf_counter()
        claim = ledger.claim(name)
        if claim is None:
            break
        at = timed("claim", at)
        claim.begin(f"run-{claim.number}")
        timed("begin", at)
        draw = random.Random(claim.number)
        top, pause, pruned = draw.random(), seconds * draw.uniform(0.5, 1.5) / reports, False
        for step in range(reports):
            time.sleep(pause)
            at = time.perf_counter()
            claim.report(top * (step + 1) / reports)
            at = timed("report", at)
            pruned = claim.should_prune()
            timed("prune check", at)
            if pruned:
                break
        at = time.perf_counter()
        claim.prune(top) if pruned else claim.finish([top])
        timed("end", at)
        ended.append(claim.number)
    found.put((opening, calls, ended))


def pretend_ended(ledger: Ledger, count: int, reports: int) -> None:
    """Ends the first trials in the journal, in one write, as workers would have."""
    journal = Journal(ledger.folder.journal)
    before = list(journal.read_logs(0))
    draft = Draft(before)
    draw = random.Random(0)
    for number in range(count):
        of = {"trial_id": number, "worker_id": "none"}
        top = draw.random()
        draft.append_logs([{"op_code": 6, **of, "state": 0, "values": None, "datetime_start": "2026-01-01T00:00:00"}])
        draft.append_logs([{"op_code": 8, **of, "user_attr": {"run": {"id": "r", "worker": "w", "attempt": 1}}}])
        for step in range(1, reports + 1):
            draft.append_logs([{"op_code": 7, **of, "step": step, "intermediate_value": top * step / reports}])
        draft.append_logs([{"op_code": 8, **of, "user_attr": {"account": {"attempts": 1, "seconds": 600.0}}}])
        end = {"state": 1, "values": [top], "datetime_complete": "2026-01-01T00:10:00"}
        draft.append_logs([{"op_code": 6, **of, **end}])
    journal.append_logs(draft.records[len(before) :])


def main() -> None:
    """Runs the workers and prints what their calls took."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--trials", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=64)
    parser.add_argument("--ended", type=int, default=0)
    parser.add_argument("--reports", type=int, default=10)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--method", choices=("random", "bayes"), default="random")
    parser.add_argument("--folder", type=Path, help="where to work (default: a temporary folder)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.folder) as place:
        print(json.dumps(measured(options, Path(place))))


def measured(options: argparse.Namespace, place: Path) -> dict[str, object]:
    """Makes a sweep in a folder, lets the workers end it, and sums up."""
    (place / "sweep.yaml").write_text(SPEC.format(method=options.method))
    spec = SweepSpec.read(place / "sweep.yaml")
    companion = Companion.read(None, spec)
    folder = SweepFolder(place / "sweeps" / "bench")
    began = time.perf_counter()
    ledger = Ledger.create(folder, spec, companion, Space(spec, companion), options.trials, 0)
    creating = time.perf_counter() - began
    pretend_ended(ledger, options.ended, options.reports)
    # Started, and not forked from one that has read the ledger already
    context = multiprocessing.get_context("fork")
    found: Queue[Figures] = context.Queue()
    workers = [
        context.Process(target=work, args=(folder.path, f"w{at}", options.seconds, options.reports, found))
        for at in range(options.workers)
    ]
    began = time.perf_counter()
    for worker in workers:
        worker.start()
    figures = [found.get() for _ in workers]
    for worker in workers:
        worker.join()
    wall = time.perf_counter() - began
    by_call: dict[str, list[float]] = {}
    for _, calls, _ in figures:
        for name, seconds in calls:
            by_call.setdefault(name, []).append(seconds)
    ended = Counter(number for _, _, numbers in figures for number in numbers)
    states = Counter(trial.state for trial in Ledger.open(folder).trials())
    here = sum(ended.values())
    overhead = sum(map(sum, by_call.values())) / here
    return {
        "benchmark": "sweep_ledger",
        **{name: getattr(options, name) for name in ("trials", "workers", "ended", "reports", "seconds", "method")},
        "overhead_ms": round(1000 * overhead, 1),
        "call_ms": {
            name: {
                "mean": round(1000 * statistics.fmean(values), 2),
                "p95": round(1000 * sorted(values)[int(0.95 * len(values))], 2),
            }
            for name, values in by_call.items()
        },
        "creating_s": round(creating, 2),
        "opening_s": round(statistics.fmean(opening for opening, _, _ in figures), 2),
        "wall_s": round(wall, 1),
        "journal_mb": round(folder.journal.stat().st_size / 1e6, 1),
        "states": dict(states),
        "ended_here": here,
        "ended_twice": sum(count > 1 for count in ended.values()),
    }


if __name__ == "__main__":
    main()
