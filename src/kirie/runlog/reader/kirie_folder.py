"""What kirie's own run folder says of a run besides its log: the record, the configuration, who trains it."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import KirieError, RunError
from kirie.runlog.reader.own import own

_LEASE_S = 90.0
"""A lease that was touched within this time is held; its holder touches it every 15 s."""

_NESTED = frozenset({"made_of", "git", "data", "hardware", "versions"})
"""Parts of a record that have parts."""

_MOST = 1 << 20
"""Size of a configuration that is read."""


def of(log: Path) -> Path | None:
    """The run folder of kirie that a log lies in (RUN/wandb/SEGMENT/run-ID.wandb), or None if it is not kirie's."""
    wandb = log.parent.parent
    found = own(wandb.parent, RunFolder(wandb.parent).record.name) if wandb.name == "wandb" else None
    try:
        return wandb.parent if found is not None and found.is_file() else None
    except OSError:
        # Somebody else's, that may not be looked at
        return None


def record(folder: Path) -> dict[str, Any]:
    """kirie's run record; empty if it is damaged, or another program's, and without parts of another kind than ours."""
    if own(folder, RunFolder(folder).record.name) is None:
        return {}
    try:
        found = RunFolder(folder).read_record()
    except (RunError, OSError):
        return {}
    return {key: value for key, value in found.items() if key not in _NESTED or isinstance(value, dict)}


def config(folder: Path) -> dict[str, Any]:
    """The resolved configuration of a run of kirie; empty if it is not there or damaged."""
    import yaml

    path = own(folder, RunFolder(folder).config.name)
    if path is None:
        return {}
    try:
        text = files.read_text(path, RunError, "The configuration", _MOST)
        # A name for what stands elsewhere may stand within itself
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            return {}
        found = yaml.safe_load(text)
    except (KirieError, yaml.YAMLError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def is_held(folder: Path) -> bool:
    """Whether a process holds kirie's lease of a run: its newest file was touched lately and is not given back."""
    try:
        lease = RunFolder(folder).lease
        last = max(lease.glob("[0-9]*.json"), default=None)
        newest = None if last is None else own(folder, lease.name, last.name)
        if newest is None or time.time() - newest.stat().st_mtime > _LEASE_S:
            return False
        content = files.read_json(newest, RunError, "The lease")
    except (OSError, KirieError):
        return False
    return isinstance(content, Mapping) and not content.get("released")
