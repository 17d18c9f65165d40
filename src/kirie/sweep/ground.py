"""What all trials of a sweep stand on beside its file: the data, the code, and the files of configuration.

A run's id counts all of these, so trials from before and after a change are not the same parameters any more, and their
scores no answer to one search.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from kirie.core.identity import digest
from kirie.errors import ConfigError, SweepError
from kirie.prepare.store import Store
from kirie.train.identify import Identity, current_code

_MACHINE = {"cluster", "hydra", "log", "sweep", "trainer"}
"""Folders of configuration that are no part of a run's id."""

_PACKAGE = "# @package"
_SHOWN = 3


class GroundError(SweepError):
    """A sweep goes on, on other data, with other code or another configuration than it was begun with."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sweep stands on.

    Attributes:
        stores: Fingerprints of the stores that its trials read, by their paths.
        code: Fingerprint of the code that training runs.
        files: Digests of the files of configuration, by their paths in their folder.
    """

    stores: Mapping[str, str]
    code: str
    files: Mapping[str, str]

    @classmethod
    def of(cls, stores: Iterable[str], conf: Path) -> Ground:
        """What it stands on now.

        Args:
            stores: Paths of the stores.
            conf: The folder of configuration.

        Raises:
            StoreError: A store is missing or damaged.
            ConfigError: A file of configuration is no YAML.
        """
        found = {path: Store.open(Path(path)).fingerprint for path in sorted(set(stores))}
        return cls(found, current_code(), _digests(conf))

    def differences(self, now: Ground) -> list[str]:
        """In what it was another, in words."""
        both = [path for path in self.stores if path in now.stores]
        changed = [path for path in both if self.stores[path] != now.stores[path]]
        found = [f"the data in {', '.join(changed)} were others"] if changed else []
        if self.code != now.code:
            found.append("the code that training runs was another")
        named = sorted({*self.files, *now.files})
        if told := [name for name in named if self.files.get(name) != now.files.get(name)]:
            more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            found.append(f"the configuration was another ({', '.join(told[:_SHOWN])}{more})")
        return found

    def check(self, identity: Identity, store: str, conf: Path, name: str) -> None:
        """Refuses a trial that stands on something else.

        Args:
            identity: The trial's.
            store: The path of its store.
            conf: The folder of configuration.
            name: The sweep's.

        Raises:
            GroundError: Its data, code or configuration are others.
        """
        self._refuse(Ground({store: identity.data}, identity.code, _digests(conf)), name)

    def check_files(self, conf: Path, name: str) -> None:
        """Refuses a folder of configuration in which no trial composes, if it is another one than it was.

        Raises:
            GroundError: A file says something else, or cannot be read any more.
        """
        try:
            now = _digests(conf)
        except ConfigError as error:
            raise GroundError(f"The sweep {name} was begun with another configuration: {error}") from None
        self._refuse(Ground({}, self.code, now), name)

    def _refuse(self, now: Ground, name: str) -> None:
        if told := self.differences(now):
            raise GroundError(
                f"The sweep {name} was begun otherwise: {'; '.join(told)}. Give back what was changed (or name the "
                "folder with --config-dir), or begin anew: `kirie sweep FILE --renew` keeps the old one aside."
            )


def read_ground(raw: Any) -> Ground | None:
    """What a record has; None for one without.

    Raises:
        ValueError: It is damaged.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or not isinstance(raw.get("code"), str):
        raise ValueError("ground")
    maps = [raw.get("stores"), raw.get("files")]
    for found in maps:
        if not isinstance(found, Mapping) or not all(isinstance(part, str) for pair in found.items() for part in pair):
            raise ValueError("ground")
    return Ground(dict(raw["stores"]), raw["code"], dict(raw["files"]))


def _digests(conf: Path) -> dict[str, str]:
    """A digest of what each file says, comments left out but for those that Hydra reads."""
    found = {}
    for path in sorted(conf.rglob("*.yaml")):
        place = path.relative_to(conf)
        if place.parts[0] in _MACHINE or (len(place.parts) == 1 and place.name != "train.yaml"):
            continue
        try:
            text = path.read_text(encoding="utf-8")
            packages = [line for line in text.splitlines() if line.startswith(_PACKAGE)]
            found[place.as_posix()] = digest([packages, yaml.safe_load(text)])[:16]
        except (OSError, UnicodeDecodeError, yaml.YAMLError, TypeError, ValueError) as error:
            raise ConfigError(f"{path} cannot be read ({' '.join(str(error).split())}).") from None
    return found
