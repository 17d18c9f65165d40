"""Where work is sent: the words `cluster=`, `nodes=`, `gpus=`, `time=` and `cluster.KEY=` of a command line."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from kirie.cluster.settings import ClusterSettings, clusters, load_cluster
from kirie.cluster.shape import Shape
from kirie.cluster.template import Lines, Value, Words
from kirie.errors import UsageError

DEFAULT = "KIRIE_CLUSTER"
"""Names the cluster where the command line does not."""


@dataclass(frozen=True, slots=True)
class Target:
    """A cluster and what is asked of it.

    Attributes:
        name: The cluster's name.
        settings: Its settings.
        shape: Nodes, processes and GPUs of one training.
        words: The words of the command line that led here.
    """

    name: str
    settings: ClusterSettings
    shape: Shape
    words: tuple[str, ...]

    def values(self) -> dict[str, Value]:
        """The words of a template that every job has: where it runs, and how Python is started there."""
        ours = self.settings
        python = ours.python or ("python3" if ours.container else sys.executable)
        return {
            "folder": str(Path.cwd()),
            "partition": ours.partition,
            "account": ours.account,
            "qos": ours.qos,
            "constraint": ours.constraint,
            "extra": Lines(ours.extra),
            "signal_lead": ours.signal_lead,
            "max_restarts": ours.max_restarts,
            "modules": Lines(ours.modules),
            "environment": Lines(f"{name}={value}" for name, value in ours.environment.items()),
            # So that `kirie` and `dvc` are found, too
            "bin": str(Path(python).parent) if Path(python).is_absolute() and not ours.container else None,
            "container": Words(ours.container),
            "python": python,
        }


def take_target(words: Sequence[str], conf: Path, environ: Mapping[str, str] | None = None) -> tuple[Target, list[str]]:
    """Takes what belongs to the cluster out of a command line.

    Args:
        words: All its words but the options.
        conf: The folder of configuration.
        environ: The environment; the process's own by default.

    Returns:
        The target, and the words that remain.

    Raises:
        UsageError: No cluster is named, or a number is none.
        ClusterError: The cluster's settings are wrong.
    """
    ours: dict[str, str] = {}
    settings: list[str] = []
    rest: list[str] = []
    taken: list[str] = []
    for word in words:
        key, _, value = word.partition("=")
        if key in {"cluster", "nodes", "gpus", "time"}:
            ours[key] = value
        elif key.startswith("cluster."):
            settings.append(word)
        else:
            rest.append(word)
            continue
        taken.append(word)
    name = ours.get("cluster") or (os.environ if environ is None else environ).get(DEFAULT, "")
    if not name:
        asked = next((word for word in taken if not word.startswith("cluster=")), None)
        why = f"'{asked}' asks a cluster for something, and no cluster is named" if asked else "No cluster is named"
        raise UsageError(
            f"{why}; add cluster=NAME, or set {DEFAULT}. In {conf / 'cluster'} there are "
            f"{', '.join(clusters(conf)) or 'none yet'}."
        )
    if "time" in ours:
        settings.append(f"cluster.time='{ours['time']}'")
    found = load_cluster(name, settings, conf)
    shape = Shape.of(found, _number(ours, "nodes", 1), _number(ours, "gpus", 0))
    return Target(
        name, found, shape, (f"cluster={name}", *(word for word in taken if not word.startswith("cluster=")))
    ), rest


def _number(words: Mapping[str, str], key: str, least: int) -> int | None:
    if key not in words:
        return None
    value = words[key]
    if not (value.isascii() and value.isdecimal() and len(value) < 7) or int(value) < least:
        raise UsageError(f"{key} is '{value}'; allowed is a whole number from {least}.")
    return int(value)
