"""What all trials of a sweep stand on beside its file: the data, the code, and the files of configuration.

A run's id counts all of these, so trials from before and after a change are not the same parameters any more, and their
scores no answer to one search. A file that no trial is composed from changes no id, and does not count.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import yaml

from kirie.core.identity import digest
from kirie.errors import SweepError
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
        used: Paths of those that the trials which were tried are composed from.
    """

    stores: Mapping[str, str]
    code: str
    files: Mapping[str, str]
    used: tuple[str, ...] = ()

    @classmethod
    def of(cls, stores: Iterable[str], conf: Path, used: Iterable[str] = ()) -> Ground:
        """What it stands on now.

        Args:
            stores: Paths of the stores.
            conf: The folder of configuration.
            used: Paths of the files there that trials are composed from; those of Hydra itself do not count.

        Raises:
            StoreError: A store is missing or damaged.
        """
        found = {path: Store.open(Path(path)).fingerprint for path in sorted(set(stores))}
        files = _digests(conf)
        return cls(found, current_code(), files, tuple(sorted(files.keys() & set(used))))

    def differences(self, now: Ground) -> list[str]:
        """In what it was another for the trials that are composed now, in words."""
        both = [path for path in self.stores if path in now.stores]
        changed = [path for path in both if self.stores[path] != now.stores[path]]
        found = [f"the data in {', '.join(changed)} were others"] if changed else []
        if self.code != now.code:
            found.append("the code that training runs was another")
        if told := [name for name in now.used if self.files.get(name) != now.files.get(name)]:
            more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            found.append(f"the configuration was another ({', '.join(told[:_SHOWN])}{more})")
        return found

    def check(self, identity: Identity, store: str, conf: Path, used: Collection[str] | None, name: str) -> None:
        """Refuses a trial that stands on something else.

        Args:
            identity: The trial's.
            store: The path of its store.
            conf: The folder of configuration.
            used: Paths of the files there that it is composed from; None: all that were there at the beginning.
            name: The sweep's.

        Raises:
            GroundError: Its data, code or configuration are others.
        """
        self._refuse(Ground({store: identity.data}, identity.code, *self._files(conf, used)), name)

    def check_files(self, conf: Path, used: Collection[str] | None, name: str) -> None:
        """Refuses the files of a trial that cannot be worked out, if they are others than they were; as `check`.

        Raises:
            GroundError: A file says something else, or is gone.
        """
        self._refuse(Ground({}, self.code, *self._files(conf, used)), name)

    def _files(self, conf: Path, used: Collection[str] | None) -> tuple[Mapping[str, str], tuple[str, ...]]:
        return _digests(conf), tuple(sorted(self.files if used is None else used))

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
    used = raw.get("used", [])
    if not isinstance(used, list) or not all(isinstance(part, str) for part in used):
        raise ValueError("ground")
    return Ground(dict(raw["stores"]), raw["code"], dict(raw["files"]), tuple(used))


def _digests(conf: Path) -> dict[str, str]:
    """A digest of what each file says, comments left out but for those that Hydra reads."""
    found = {}
    for path in sorted(conf.rglob("*.yaml")):
        place = path.relative_to(conf)
        if place.parts[0] in _MACHINE or (len(place.parts) == 1 and place.name != "train.yaml"):
            continue
        # Editors keep locks and drafts beside what is edited, under hidden names
        if any(part.startswith(".") for part in place.parts):
            continue
        try:
            found[place.as_posix()] = _digest(path.read_bytes())
        except OSError:
            # Nobody can read it, so that no trial is composed from it
            continue
    return found


def _digest(content: bytes) -> str:
    text = content.decode("utf-8", "backslashreplace")
    packages = [line for line in text.splitlines() if line.startswith(_PACKAGE)]
    try:
        said = digest([packages, _plain(yaml.safe_load(text))])
    except (yaml.YAMLError, TypeError, ValueError, RecursionError):
        # No YAML, or none that has a meaning as JSON: then all that it says counts
        said = digest(text)
    return said[:16]


def _plain(node: object) -> object:
    """The same with text for dates, which JSON has not."""
    if isinstance(node, Mapping):
        return {_plain(key): _plain(value) for key, value in node.items()}
    if isinstance(node, list):
        return [_plain(value) for value in node]
    return str(node) if isinstance(node, date) else node
