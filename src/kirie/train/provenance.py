"""Where a run comes from: git, data version, machine, versions of what matters."""

from __future__ import annotations

import os
import platform
import re
import socket
from importlib import metadata
from pathlib import Path
from typing import Any

import torch

from kirie.core import programs

_DIFF_LIMIT = 4 * 2**20
_PACKAGES = ("torch", "pytorch-lightning", "segmentation-models-pytorch", "kornia", "timm", "numpy", "wandb")


def git_state() -> tuple[dict[str, Any], str]:
    """The commit and whether the working tree differs from it, with the difference as text.

    Returns:
        {"commit": ..., "dirty": ...} (None where this is no git repository or there is no git), and the diff.
    """
    commit = _git("rev-parse", "HEAD")
    if commit is None:
        return {"commit": None, "dirty": None}, ""
    status = _git("status", "--porcelain", "--untracked-files=no") or ""
    diff = (_git("diff", "HEAD") or "") if status.strip() else ""
    if len(diff) > _DIFF_LIMIT:
        diff = diff[:_DIFF_LIMIT] + "\n(cut: the difference is larger than 4 MiB)\n"
    return {"commit": commit.strip(), "dirty": bool(status.strip())}, diff


def data_version(pointer: Path = Path("data.dvc")) -> str | None:
    """The hash that DVC's pointer file gives the annotations, or None without one."""
    try:
        found = re.search(r"^- md5: ([0-9a-f]{32}(?:\.dir)?)$", pointer.read_text(encoding="utf-8"), re.MULTILINE)
    except OSError:
        return None
    return found[1] if found else None


def hardware() -> dict[str, Any]:
    """The machine and its devices."""
    return {
        "host": socket.gethostname(),
        "system": platform.platform(),
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "gpus": [torch.cuda.get_device_name(at) for at in range(torch.cuda.device_count())],
    }


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide a result."""
    return {"python": platform.python_version()} | {name: metadata.version(name) for name in _PACKAGES}


def _git(*words: str) -> str | None:
    done = programs.ask(["git", *words], patience_s=30)
    return done.out if done is not None and done.code == 0 else None
