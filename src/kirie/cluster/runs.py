"""The table of all runs and what became of them, on a cluster or without one."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.cluster.status import Status, statuses
from kirie.core import command
from kirie.errors import ClusterError, RunError

_WIDTH = 140

_DESCRIPTION = """Lists runs, the newest first, with their state:
  queued       in SLURM's queue, not begun       interrupted  stopped on purpose; a repeat goes on
  running      being trained                     failed       with its last error line
  preempted    in the queue again                died         ended without a word: killed, or its node lost
  pending      `dvc repro` that is to be repeated when its trainings are through
  done         finished"""


def parser() -> command.Parser:
    """The command's words; the command itself lies above this room, where the run log can be read, too."""
    made = command.Parser("runs", _DESCRIPTION)
    made.add_argument("folder", nargs="?", type=Path, default=Path("runs"), help="the runs' folder (default: runs)")
    return made


def show(options: argparse.Namespace, scheduler: Scheduler | None) -> int:
    """Prints the states.

    Args:
        options: What `parser` read.
        scheduler: The batch system; by default SLURM, where there is one.

    Raises:
        RunError: There is no such folder.
    """
    if not options.folder.is_dir():
        raise RunError(f"There is no folder {options.folder}; `kirie train` makes it, or name the one that runs= set.")
    known, silence = found(options.folder, scheduler)
    content = {
        "runs": [asdict(status) | {"age_s": status.age_s()} for status in known],
        **({"warning": silence} if silence else {}),
    }
    command.result(content, _as_text(known, options.folder, silence), as_json=options.json)
    return 0


def found(folder: Path, scheduler: Scheduler | None) -> tuple[list[Status], str]:
    """The states of a folder's runs, and why the batch system could not be asked, or "".

    Args:
        folder: The folder of runs.
        scheduler: The batch system; by default SLURM, where there is one.
    """
    slurm = Slurm()
    if scheduler is None and slurm.available():
        scheduler = slurm
    try:
        return statuses(folder, scheduler), ""
    except ClusterError as error:
        return statuses(folder, None), str(error)


def _as_text(found: Sequence[Status], folder: Path, silence: str) -> str:
    if not found:
        return f"no runs in {folder}"
    console = Console(file=command.Page(), width=command.width(_WIDTH))
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head in ("run", "name", "state", "job", "node", "age", "note"):
        table.add_column(head, overflow="fold", no_wrap=head in {"run", "state", "job", "age"})
    for status in found:
        state = status.state + (f", resumed {status.resumed}x" if status.resumed else "")
        name = " ".join(status.name.split())
        row = (status.run, name, state, status.job or "", status.node, _age(status.age_s()), status.note)
        table.add_row(*map(escape, row))
    with console.capture() as captured:
        console.print(table)
    return "\n".join(line.rstrip() for line in captured.get().rstrip().splitlines()) + (
        f"\n\nWithout SLURM's word: {silence}" if silence else ""
    )


def _age(seconds: float | None) -> str:
    if seconds is None:
        return ""
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0.0, seconds):.0f} s"
