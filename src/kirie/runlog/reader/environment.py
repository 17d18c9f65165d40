"""Where a run ran, said in one way: newer logs have records of it, older runs a file, kirie its own record."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from kirie.runlog.reader.own import saved_file

_MOST = 1 << 20
"""Size of a metadata file that is read."""


def environment(logged: Mapping[str, Any], config: Mapping[str, Any], files: Path) -> dict[str, Any]:
    """What is known of where a run ran.

    Args:
        logged: What the log's own records say.
        config: The configuration, with wandb's own `_wandb`.
        files: The segment's folder of files.

    Returns:
        Of python, wandb, os, host, program, args, cpu, cores, threads, gpu, gpus, memory (bytes), cuda those that are
        known.
    """
    found = {**_metadata(saved_file(files, "wandb-metadata.json")), **logged}
    own = config.get("_wandb")
    own = own.get("value", own) if isinstance(own, Mapping) else {}
    own = own if isinstance(own, Mapping) else {}
    cpu, cards = found.get("cpu"), found.get("gpu_nvidia") or found.get("gpu_devices")
    cards = cards if isinstance(cards, list) else []
    names = [card["name"] for card in cards if isinstance(card, Mapping) and "name" in card]
    said = {
        "python": found.get("python") or own.get("python_version"),
        "wandb": own.get("cli_version"),
        "os": found.get("os"),
        "host": found.get("host"),
        "program": found.get("program"),
        "args": found.get("args"),
        "cpu": cpu.get("model") if isinstance(cpu, Mapping) else None,
        "cores": found.get("cpu_count"),
        "threads": found.get("cpu_count_logical"),
        "gpu": names[0] if names else found.get("gpu_type") or found.get("gpu"),
        "gpus": len(names) or found.get("gpu_count"),
        "memory": _bytes(found.get("memory")),
        "cuda": found.get("cuda_version") or found.get("cuda"),
    }
    return {name: value for name, value in said.items() if value not in (None, "", [], 0)}


def _bytes(memory: Any) -> int | None:
    total = memory.get("total") if isinstance(memory, Mapping) else None
    if isinstance(total, str) and total.isdecimal() and len(total) < 20:
        return int(total)
    # wandb before 0.19 wrote GiB
    return int(total * 2**30) if isinstance(total, int | float) and 0 < total < 1e6 else None


def _metadata(path: Path | None) -> dict[str, Any]:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _MOST:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
