"""A run as the page shows it, made of what its segments said: one flat row for the table, and the details."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kirie.board.reading import Facts
from kirie.runlog.reader.merge import git_of, latest, together
from kirie.runlog.reader.runtime import seconds
from kirie.runlog.reader.values import flat, narrow, spelled, summarized

RUN_COLUMNS: dict[str, str] = {
    "id": "text",
    "name": "text",
    "project": "text",
    "group": "text",
    "job_type": "text",
    "tags": "list",
    "notes": "text",
    "state": "text",
    "started": "time",
    "updated": "time",
    "runtime": "number",
    "steps": "number",
    "progress": "number",
    "exit_code": "number",
    "host": "text",
    "data": "text",
    "commit": "text",
    "sweep": "text",
    "folder": "text",
    "device_hours": "number",
    "skipped": "number",
}
"""The columns that each run has, and their kinds."""

NOTE_COLUMNS = {"note": "text", "pinned": "bool", "hidden": "bool"}
"""Those of what people add."""

_EPOCHS = ("train.epochs", "trainer.max_epochs", "max_epochs", "num_train_epochs", "num_epochs", "epochs")
_STEPS = ("train.steps", "trainer.max_steps", "max_steps", "total_steps", "num_steps")
_MOST_TEXT, _MOST_ENTRIES = 500, 20
_CONFIG = "config."


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of a run beside its log.

    Attributes:
        key: Its name on this board.
        folder: Its folder, as shown.
        state: Its state.
        updated: When its newest log grew, seconds since 1970.
        record: Its run.json, or empty.
    """

    key: str
    folder: str
    state: str
    updated: float
    record: Mapping[str, Any] = field(default_factory=dict)


def merged(segments: Sequence[Facts]) -> Facts:
    """The facts of a run: those of its segments, in which the later ones count."""
    found: Facts = {key: latest(facts[key] for facts in segments) for key in ("run", "environment", "git")}
    if started := next((at for facts in segments if (at := facts["run"].get("started"))), None):
        found["run"]["started"] = started
    steps = [facts["step"] for facts in segments if facts["step"] is not None]
    first = [facts["first"] for facts in segments if facts["first"] is not None]
    last = [facts["last"] for facts in segments if facts["last"] is not None]
    ran = [taken for facts in segments if (taken := _seconds(facts)) is not None]
    return found | {
        "config": together(facts["config"] for facts in segments),
        "summary": together(facts["summary"] for facts in segments),
        # Older versions of W&B write the summary at the end only, so the last value of each metric stands in
        "shown": together({**facts["latest"], **cells(summarized(facts["summary"]))} for facts in segments),
        "runtime": sum(ran) if ran else None,
        "exit": segments[-1]["exit"],
        "preempting": segments[-1]["preempting"],
        "version": segments[-1]["version"],
        "rows": sum(facts["rows"] for facts in segments),
        "step": max(steps, default=None),
        "epoch": next((facts["epoch"] for facts in reversed(segments) if facts["epoch"] is not None), None),
        "first": min(first, default=None),
        "last": max(last, default=None),
        "metrics": sorted({key for facts in segments for key in facts["metrics"]}),
        "system": sorted({key for facts in segments for key in facts["system"]}),
        "media": {key: kind for facts in segments for key, kind in facts["media"].items()},
        "skipped": {
            kind: sum(facts["skipped"].get(kind, 0) for facts in segments)
            for kind in sorted({kind for facts in segments for kind in facts["skipped"]})
        },
    }


def row_of(facts: Facts, told: Told) -> dict[str, Any]:
    """The row of a run: columns of the run, `config.` columns and summary columns; those that it lacks are left out."""
    run, config = facts["run"], cells(plain(facts["config"]))
    started = started_of(facts)
    columns = {
        "id": told.key,
        "name": run.get("name") or run.get("id") or told.key,
        "project": run.get("project"),
        "group": run.get("group"),
        "job_type": run.get("job_type"),
        "tags": list(run.get("tags") or ()),
        "notes": run.get("notes"),
        "state": told.state,
        "started": started,
        "updated": told.updated,
        "runtime": facts["runtime"],
        "steps": facts["step"],
        "progress": _progress(facts, config, told.state),
        "exit_code": facts["exit"][0] if facts["exit"] else None,
        "host": run.get("host") or facts["environment"].get("host"),
        "data": _inside(told.record, "data", "dvc") or _inside(told.record, "data", "fingerprint"),
        "commit": git_of([facts["git"]], told.record).get("commit"),
        "sweep": config.get("sweep") or run.get("sweep"),
        "folder": told.folder,
        "skipped": sum(facts["skipped"].values()) or None,
    }
    found = {key: value for key, value in columns.items() if value not in (None, "")}
    found |= {f"{_CONFIG}{key}": value for key, value in config.items()}
    # What a log says is no note of a person's, and no setting
    ours = RUN_COLUMNS.keys() | NOTE_COLUMNS.keys()
    said = {key: v for key, v in facts["shown"].items() if key not in ours and not isinstance(v, list)}
    return found | {key: value for key, value in said.items() if not key.startswith(_CONFIG)}


def plain(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration or summary without what W&B keeps in it for itself."""
    return {key: value for key, value in nested.items() if not key.startswith("_")}


def started_of(facts: Facts) -> float | None:
    """When a run started, seconds since 1970."""
    found = facts["run"].get("started") or facts["first"]
    return float(found) if found else None


def cells(nested: dict[str, Any]) -> dict[str, Any]:
    """A nested configuration or summary with dotted keys, as a table shows it: numbers, words and short lists."""
    return {key: cell for key, value in flat(nested) if (cell := _cell(value)) is not None}


def _cell(value: Any) -> Any:
    """A value in a table; None of what has no place in one, such as a picture."""
    if isinstance(value, str):
        return value[:_MOST_TEXT]
    if isinstance(value, int | float):
        return narrow(value)
    if isinstance(value, list):
        short = len(value) <= _MOST_ENTRIES and not any(isinstance(entry, list | dict) for entry in value)
        return [spelled(_cell(entry)) for entry in value] if short else str(value)[:_MOST_TEXT]
    return None


def _seconds(facts: Facts) -> float | None:
    return seconds(facts["run"].get("started"), facts["first"], facts["last"], facts["exit"], facts["summary"])


def _progress(facts: Facts, config: Mapping[str, Any], state: str) -> float | None:
    """How much of a training is done, 0 to 1, where its configuration tells how long it is."""
    if state == "finished":
        return 1.0
    epochs, steps = _number(config, _EPOCHS), _number(config, _STEPS)
    if epochs and facts["epoch"] is not None:
        return _share(facts["epoch"] / epochs)
    if steps and facts["step"] is not None:
        return _share(facts["step"] / steps)
    return None


def _share(done: float) -> float:
    return min(1.0, max(0.0, done))


def _number(config: Mapping[str, Any], keys: Sequence[str]) -> float | None:
    found = (config.get(key) for key in keys)
    return next(
        (float(n) for n in found if isinstance(n, int | float) and not isinstance(n, bool) and 0 < n < math.inf), None
    )


def _inside(record: Mapping[str, Any], *keys: str) -> Any:
    found: Any = record
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
