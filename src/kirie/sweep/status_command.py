"""`kirie sweep status`: how a sweep stands; on a terminal it stays and follows."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.live import Live

from kirie.core import command
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep.status import Status, status_of
from kirie.sweep.status_table import as_renderable
from kirie.sweep.sweeps import add_place, find_sweep

_WIDTH = 160
_EVERY_S = 2.0

_DESCRIPTION = """Shows a sweep: its trials, the best so far, those that run with their progress and worker, the
estimated end, and how much each parameter matters (PED-ANOVA, from 8 finished trials on).

On a terminal the table stays and follows until the sweep is over; Ctrl+C leaves it, and not the sweep."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep status`."""
    parser = command.Parser("sweep status", _DESCRIPTION)
    parser.add_argument("name", help="the sweep's name or folder")
    parser.add_argument("--once", action="store_true", help="print the table and leave, also on a terminal")
    add_place(parser)
    options = parser.parse_args(argv)
    folder = find_sweep(options.name, options.sweeps)
    if sys.stdout.isatty() and not options.json and not options.once:
        _follow(folder)
        return 0
    status = status_of(folder)
    command.result(as_content(status), "" if options.json else as_text(status), as_json=options.json)
    return 0


def as_content(status: Status) -> dict[str, Any]:
    """The status as plain values."""
    return {
        "sweep": status.name,
        "method": status.record.method,
        "objectives": [list(objective) for objective in status.record.objectives],
        "total": status.total,
        "over": status.over,
        "stop": status.stop,
        "counts": dict(status.counts),
        "seconds_left": status.seconds_left,
        "importance": dict(status.importance),
        "best": [
            {
                "trial": ranked.trial.number,
                "run": ranked.trial.run,
                "values": list(ranked.values),
                "mean": ranked.mean,
                "interval": None if math.isnan(ranked.low) else [ranked.low, ranked.high],
            }
            for ranked in status.best
        ],
        "pareto": [trial.number for trial in status.pareto],
        "trials": [asdict(trial) | {"progress": status.progress(trial)} for trial in status.trials],
    }


def as_text(status: Status) -> str:
    """The status as it stands on paper."""
    console = Console(width=command.width(_WIDTH))
    with console.capture() as captured:
        console.print(as_renderable(status))
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines())


def _follow(folder: SweepFolder) -> None:
    ledger = Ledger.open(folder)
    status = status_of(folder, ledger)
    with Live(as_renderable(status), auto_refresh=False) as live:
        while not status.over:
            time.sleep(_EVERY_S)
            status = status_of(folder, ledger)
            live.update(as_renderable(status), refresh=True)
