"""A training's run id: what it is made of, and the folder it names.

Nothing here needs torch, so that a run that is done already answers at once.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import kirie
from kirie.core import files
from kirie.core.identity import code_fingerprint, digest, imported_files, run_id, without
from kirie.core.run import RunFolder
from kirie.core.task import is_detector
from kirie.errors import ConfigError, RunError
from kirie.train.settings import MACHINE_KEYS

CODE_ROOTS = ("kirie.train.loop",)
"""Modules whose imports are the code that training runs."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A run's id and the hashes it was made of."""

    id: str
    config: str
    data: str
    code: str
    seed: int

    def folder(self, runs: Path) -> RunFolder:
        """The run's folder under the folder of runs."""
        return RunFolder(runs / self.id)

    def to_dict(self) -> dict[str, Any]:
        """What the id was made of, for the run record."""
        return {"config": self.config, "data": self.data, "code": self.code, "seed": self.seed}


def identify(config: Mapping[str, Any], data: str) -> Identity:
    """The identity of a resolved configuration on a store.

    Files that the configuration names (`model.weights`, `init_from`) count by their content, not by their path.

    Args:
        config: The resolved configuration.
        data: The store's fingerprint.

    Raises:
        ConfigError: A named file is not there, or a number is not finite.
    """
    counted = copy.deepcopy(without(config, MACHINE_KEYS))
    seed = int(counted.pop("seed"))
    model = counted["model"]
    sets = {None, "none", "coco" if is_detector(model.get("name")) else "imagenet", "imagenet"}
    if model.get("weights") not in sets:
        model["weights"] = _content("model.weights", model["weights"])
    if counted.get("init_from") is not None:
        counted["init_from"] = _content("init_from", counted["init_from"])
    code = current_code()
    try:
        return Identity(run_id(counted, data, code, seed), digest(counted), data, code, seed)
    except ValueError:
        raise ConfigError(
            f"The configuration holds a number that is not finite ({', '.join(_not_finite(counted))}); "
            "allowed are finite numbers."
        ) from None


def is_done(run: RunFolder) -> bool:
    """Whether a run's folder holds a finished training.

    Raises:
        RunError: Its record is damaged, or another run's.
    """
    if not run.record.is_file():
        return False
    record = run.read_record()
    if record["id"] != run.path.name:
        raise RunError(
            f"{run.path} holds the run {record['id']} and not {run.path.name}; folders of runs are named by their id. "
            "Move it away, and repeat the command."
        )
    return bool(record.get("state") == "done")


def current_code() -> str:
    """Fingerprint of the code that training runs, as it lies on disk."""
    package = Path(kirie.__file__).parent
    return code_fingerprint(imported_files(package, CODE_ROOTS), package.parent)


def _not_finite(node: object, at: str = "") -> list[str]:
    if isinstance(node, Mapping):
        return [key for name, value in node.items() for key in _not_finite(value, f"{at}.{name}".lstrip("."))]
    if isinstance(node, list):
        return [key for value in node for key in _not_finite(value, at)]
    return [f"{at}={node}"] if isinstance(node, float) and not math.isfinite(node) else []


def _content(key: str, value: str) -> str:
    path = Path(value)
    if path.is_dir():
        path = RunFolder(path).best
    if not path.is_file():
        raise ConfigError(f"{key} names {path}, which is not there; name a checkpoint file or a finished run's folder.")
    return files.sha256_of(path)
