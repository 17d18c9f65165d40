"""A run as the page shows it, made of what its segments said: one flat row for the table, and the details."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from kirie.board.reading import Facts

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
    "skipped": "number",
}
"""The columns that each run has, and their kinds."""

_EPOCHS = ("train.epochs", "trainer.max_epochs", "max_epochs", "num_train_epochs", "num_epochs", "epochs")
_STEPS = ("train.steps", "trainer.max_steps", "max_steps", "total_steps", "num_steps")
_MOST_TEXT = 500


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
    found: Facts = {key: {} for key in ("run", "config", "summary", "environment", "git")}
    for facts in segments:
        for key, known in found.items():
            # None of what a resumed segment leaves out is taken back by it
            known.update(facts[key])
    steps = [facts["step"] for facts in segments if facts["step"] is not None]
    first = [facts["first"] for facts in segments if facts["first"] is not None]
    last = [facts["last"] for facts in segments if facts["last"] is not None]
    return found | {
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
    run, config = facts["run"], flat(plain(facts["config"]))
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
        "runtime": runtime_of(facts),
        "steps": facts["step"],
        "progress": _progress(facts, config, told.state),
        "exit_code": facts["exit"][0] if facts["exit"] else None,
        "host": run.get("host") or facts["environment"].get("host"),
        "data": _inside(told.record, "data", "dvc") or _inside(told.record, "data", "fingerprint"),
        "commit": _inside(told.record, "git", "commit") or facts["git"].get("commit"),
        "sweep": config.get("sweep") or run.get("sweep"),
        "folder": told.folder,
        "skipped": sum(facts["skipped"].values()) or None,
    }
    found = {key: value for key, value in columns.items() if value not in (None, "")}
    found |= {f"config.{key}": value for key, value in config.items()}
    return found | {key: value for key, value in flat(plain(facts["summary"])).items() if is_shown(key, value, columns)}


def plain(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A configuration or summary without what W&B keeps in it for itself."""
    return {key: value for key, value in nested.items() if not key.startswith("_")}


def is_shown(key: str, value: Any, columns: Mapping[str, Any]) -> bool:
    """Whether a summary's entry is a column: not one of media."""
    return "._" not in key and key not in columns and not isinstance(value, list)


def started_of(facts: Facts) -> float | None:
    """When a run started, seconds since 1970."""
    found = facts["run"].get("started") or facts["first"]
    return float(found) if found else None


def runtime_of(facts: Facts) -> float | None:
    """How long a run took, seconds: by its own count, which goes on over restarts."""
    own = facts["summary"].get("_runtime")
    if isinstance(own, int | float) and math.isfinite(own):
        return float(own)
    if facts["first"] is None:
        return float(facts["exit"][1]) if facts["exit"] else None
    return float(facts["last"] - facts["first"])


def flat(nested: Mapping[str, Any]) -> dict[str, Any]:
    """A nested mapping with dotted keys, and what is neither number nor word cut short as text."""
    found: dict[str, Any] = {}
    stack: list[tuple[str, Any]] = [("", nested)]
    while stack:
        prefix, value = stack.pop()
        if isinstance(value, Mapping) and (value or not prefix):
            stack += [(f"{prefix}.{key}" if prefix else str(key), part) for key, part in reversed(list(value.items()))]
        elif isinstance(value, float) and not math.isfinite(value):
            continue
        elif isinstance(value, str):
            found[prefix] = value[:_MOST_TEXT]
        elif isinstance(value, bool | int | float):
            # Beyond 64 bits JSON's readers differ
            found[prefix] = value if abs(value) < 2**63 else float(value)
        elif isinstance(value, list):
            found[prefix] = (
                value
                if len(value) <= 20 and not any(isinstance(v, list | dict) for v in value)
                else str(value)[:_MOST_TEXT]
            )
    return found


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
    return next((float(n) for n in found if isinstance(n, int | float) and not isinstance(n, bool) and n > 0), None)


def _inside(record: Mapping[str, Any], *keys: str) -> Any:
    found: Any = record
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    return found if isinstance(found, str) else None
