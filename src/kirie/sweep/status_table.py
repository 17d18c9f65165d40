"""A sweep's status for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from kirie.sweep.entry import Trial
from kirie.sweep.status import STATES, Status

_MOST_ROWS = 24
_MOST_PARAMETERS = 6
_ORDER = {"running": 0, "interrupted": 1, "finished": 2, "failed": 3, "pruned": 4, "waiting": 5}


def as_renderable(status: Status, *, rows: int = _MOST_ROWS) -> RenderableType:
    """The status: a line of counts, the trials that matter most, the importance of parameters.

    Args:
        status: How the sweep stands.
        rows: How many trials are shown at most.
    """
    shown = _shown(status, rows)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for head, right in (("trial", True), ("state", False), (_metric(status), True), ("progress", True)):
        table.add_column(head, justify="right" if right else "left", no_wrap=True)
    for head in ("run", "parameters", "worker", "note"):
        table.add_column(head, overflow="fold")
    for trial in shown:
        table.add_row(*map(escape, _row(status, trial)))
    parts: list[RenderableType] = [Text(headline(status)), table]
    if (hidden := len(status.trials) - len(shown)) > 0:
        parts.append(Text(f"{hidden} more trials (--json has all)"))
    if status.importance:
        shares = ", ".join(f"{name} {share:.0%}" for name, share in list(status.importance.items())[:_MOST_PARAMETERS])
        parts.append(Text(f"importance: {shares}"))
    return Group(*parts)


def headline(status: Status) -> str:
    """One line on the whole sweep."""
    ended = sum(status.counts[state] for state in ("finished", "pruned", "failed"))
    counts = ", ".join(f"{status.counts[state]} {state}" for state in STATES if status.counts[state])
    words = f"sweep {status.name}: {ended} of {status.total} trials ended ({counts or 'none'})"
    if status.best:
        words += f"; best {_metric(status)} {status.best[0].mean:.4f} (trial {status.best[0].trial.number})"
    if status.over:
        words += "; over" if status.why is None else f"; over: {status.why}"
    elif status.stop is not None:
        words += "; asked to stop" + (" now" if status.stop == "now" else "")
    elif status.seconds_left is not None:
        words += f"; about {duration(status.seconds_left)} to go"
    return words


def duration(seconds: float) -> str:
    """A time for people: "40 s", "12 min", "3.5 h", "2.1 d"."""
    for unit, length in (("d", 86400.0), ("h", 3600.0)):
        if seconds >= 2 * length:
            return f"{seconds / length:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{max(0.0, seconds):.0f} s"


def parameters(params: Mapping[str, Any]) -> str:
    """Parameters in a row, numbers short."""
    return " ".join(f"{name}={f'{value:.4g}' if isinstance(value, float) else value}" for name, value in params.items())


def _shown(status: Status, rows: int) -> list[Trial]:
    """The running ones, then the best, then the rest; those that wait are only counted."""
    place = {ranked.trial.number: at for at, ranked in enumerate(status.best)}
    told = [trial for trial in status.trials if trial.state != "waiting"]
    told.sort(key=lambda trial: (_ORDER[trial.state], place.get(trial.number, len(place)), -trial.number))
    return told[:rows]


def _row(status: Status, trial: Trial) -> tuple[str, ...]:
    note = trial.error.splitlines()[-1] if trial.error else ""
    if trial.kind and trial.kind not in {"failed", ""}:
        note = f"{trial.kind}: {note}"
    again = trial.attempts - 1
    notes = [
        *(["reused"] if trial.reused else []),
        *([f"repeats {trial.repeat_of}"] if trial.repeat_of is not None else []),
        *([f"taken up {again}x"] if again > 0 else []),
        *([note] if note else []),
    ]
    value = trial.value if trial.value is not None else trial.latest
    share = status.progress(trial) if trial.state in {"running", "interrupted"} else None
    done = f"{share:.0%}" if share is not None else str(trial.iterations) if trial.state == "running" else ""
    return (
        str(trial.number),
        trial.state,
        "" if value is None else f"{value:.4f}",
        done,
        trial.run or "",
        parameters(trial.params),
        (trial.worker or "") if trial.state in {"running", "interrupted"} else "",
        "; ".join(notes),
    )


def _metric(status: Status) -> str:
    return status.record.objectives[0][0] if status.record.objectives else "metric"
