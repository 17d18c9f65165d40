"""`sweep.json`: what a sweep is, so that it is not taken for another one of the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from kirie.core import files
from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.conditions import Clause
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground, read_ground
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec

_MOST_TOLD = 4


@dataclass(frozen=True, slots=True)
class SweepRecord:
    """What a sweep is.

    Attributes:
        name: Its name.
        space: Digest of its search space.
        method: "grid", "random" or "bayes".
        objectives: Names and goals, the metric first.
        total: How many trials it has without repeats; None: as many as its budget pays.
        budget_s: Its budget of device time in seconds; None: without limit.
        seed: What its draws come from.
        engine: Who searches ("local").
        command: The words that train a trial; None: kirie's own.
        created: When, ISO 8601.
        excluded: Combinations that make no model, each as parameters and values: found once, at the beginning, so that
            all workers number the others alike.
        ground: The data, code and configuration that it stands on; None where that is not known.
        config_dir: The folder of configuration, where one was given (`--config-dir`), absolute.
    """

    name: str
    space: str
    method: str
    objectives: tuple[tuple[str, str], ...]
    total: int | None
    budget_s: float | None
    seed: int
    engine: str
    command: tuple[str, ...] | None
    created: str
    excluded: tuple[Clause, ...] = ()
    ground: Ground | None = None
    config_dir: str | None = None

    @classmethod
    def new(
        cls,
        name: str,
        spec: SweepSpec,
        companion: Companion,
        space: Space,
        total: int | None,
        seed: int,
        budget_s: float | None,
        ground: Ground | None,
        config_dir: Path | None,
    ) -> SweepRecord:
        """The record of a sweep that begins now; what is asked for on the command line counts before its files."""
        return cls(
            name=name,
            space=space.digest(),
            method=spec.method,
            objectives=tuple((one.name, one.goal) for one in companion.objectives),
            total=total,
            budget_s=companion.budget_s if budget_s is None else budget_s,
            seed=seed,
            engine="local",
            command=spec.command,
            created=datetime.now(UTC).isoformat(timespec="seconds"),
            excluded=space.excluded,
            ground=ground,
            config_dir=None if config_dir is None else str(config_dir.resolve()),
        )

    def conf(self, given: Path | None) -> Path | None:
        """The folder of configuration that its trials are composed from: the given, else that of its beginning."""
        return given if given is not None or self.config_dir is None else Path(self.config_dir)

    @classmethod
    def read(cls, folder: SweepFolder) -> SweepRecord:
        """The record of a sweep.

        Raises:
            SweepError: This is no sweep's folder, or the record is damaged.
        """
        if not folder.record.is_file():
            raise SweepError(
                f"{folder.path} is not a sweep's folder: it has no {folder.record.name}. Start the sweep with `kirie "
                "sweep FILE`, or name one that `kirie sweep list` shows."
            )
        found: Any = files.read_json(folder.record, SweepError, "The sweep's record")
        try:
            command = found.pop("command")
            objectives = tuple((str(name), str(goal)) for name, goal in found.pop("objectives"))
            excluded = tuple(
                {str(name): tuple(values) for name, values in clause.items()} for clause in found.pop("excluded")
            )
            words = None if command is None else tuple(command)
            ground = read_ground(found.pop("ground", None))
            return cls(objectives=objectives, command=words, excluded=excluded, ground=ground, **found)
        except (AttributeError, KeyError, TypeError, ValueError):
            raise SweepError(
                f"The sweep's record {folder.record} is damaged; start the sweep under another name (--name), which "
                "takes over what was trained already."
            ) from None

    def write(self, folder: SweepFolder) -> None:
        """Writes it.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        files.write_json(folder.record, asdict(self))


def differences(old: SweepRecord, new: SweepRecord, old_text: str, new_text: str) -> list[str]:
    """In what two sweeps are not the same one, in words; empty if they are.

    How many trials, early stopping, attempts, budget and resources may differ: a sweep may be gone on with otherwise.

    Args:
        old: The sweep that is there.
        new: The other one.
        old_text: The sweep file of the one, with its companion's conditions behind it.
        new_text: That of the other.
    """
    found = []
    if old.space != new.space:
        found += _parameters(old_text, new_text) or ["its conditions between parameters are others"]
    if old.method != new.method:
        found.append(f"its method is {old.method}, not {new.method}")
    if old.objectives != new.objectives:
        found.append(f"its objective is {_words(old.objectives)}, not {_words(new.objectives)}")
    if old.command != new.command:
        found.append(f"its command is {_command(old)}, not {_command(new)}")
    if old.seed != new.seed:
        found.append(f"its seed is {old.seed}, not {new.seed}")
    if new.ground is not None:
        unknown = ["nobody knows what data and code it was begun on"]
        told = unknown if old.ground is None else old.ground.differences(new.ground)
        if told and old.config_dir is not None and old.config_dir != new.config_dir:
            told.append(f"it was begun with --config-dir {old.config_dir}")
        found += told
    return found


def _parameters(old_text: str, new_text: str) -> list[str]:
    old, new = _flat(_yaml(old_text).get("parameters")), _flat(_yaml(new_text).get("parameters"))
    told = [f"it has {name}" for name in old if name not in new]
    told += [f"it has no {name}" for name in new if name not in old]
    told += [f"its {name} is {old[name]}, not {new[name]}" for name in old if name in new and old[name] != new[name]]
    more = len(told) - _MOST_TOLD
    return told if more <= 0 else [*told[:_MOST_TOLD], f"{more} more parameters differ"]


def _yaml(text: str) -> Mapping[str, Any]:
    found = yaml.safe_load(text)
    return found if isinstance(found, Mapping) else {}


def _flat(parameters: Any, above: str = "") -> dict[str, str]:
    """Parameters by their names, nested ones joined by dots, each with its distribution in words."""
    if not isinstance(parameters, Mapping):
        return {}
    found: dict[str, str] = {}
    for name, entry in parameters.items():
        inner = entry.get("parameters") if isinstance(entry, Mapping) else None
        if inner is None:
            found[f"{above}{name}"] = yaml.safe_dump(entry, default_flow_style=True, width=1000).strip()
        else:
            found |= _flat(inner, f"{above}{name}.")
    return found


def _words(objectives: Sequence[tuple[str, str]]) -> str:
    return " and ".join(f"to {goal} {name}" for name, goal in objectives) or "none"


def _command(record: SweepRecord) -> str:
    return "kirie's own" if record.command is None else f"`{' '.join(record.command)}`"
