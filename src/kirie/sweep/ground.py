"""What all trials of a sweep stand on beside its file: the data, the code, and the files of configuration.

A run's id counts all of these, so trials from before and after a change are not the same parameters any more, and their
scores no answer to one search. A file that no trial is composed from changes no id, and does not count.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile
from pathlib import Path
from typing import Any

import yaml
from omegaconf import OmegaConf

from kirie.core.identity import digest
from kirie.errors import SweepError
from kirie.prepare.store import Store
from kirie.train.compose import BROKEN
from kirie.train.identify import Identity, current_code
from kirie.train.overrides import groups
from kirie.train.settings import MACHINE_KEYS

_MACHINE = {"hydra", *MACHINE_KEYS}
"""Folders of configuration that are no part of a run's id."""

_HEADER = re.compile(r"#\s*@|$")
"""Comments that Hydra reads, as `# @package`: those before anything else, among empty lines."""

_SHOWN = 3


class GroundError(SweepError):
    """A sweep goes on, on other data, with other code or another configuration than it was begun with."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sweep stands on.

    Attributes:
        stores: Fingerprints of the stores that its trials read, by their paths.
        code: Fingerprint of the code that training runs.
        files: Digests of the files of configuration that may be chosen, or are named otherwise, by their names there.
        used: Names of those that the trials which were tried are composed from.
        sound: Overrides that made a configuration when it was begun; none where that is not known.
    """

    stores: Mapping[str, str]
    code: str
    files: Mapping[str, str]
    used: tuple[str, ...] = ()
    sound: tuple[str, ...] = ()

    @classmethod
    def of(cls, stores: Iterable[str], conf: Path, used: Collection[str] = (), sound: Sequence[str] = ()) -> Ground:
        """What it stands on now.

        Args:
            stores: Paths of the stores.
            conf: The folder of configuration.
            used: Names of the files there that trials are composed from; those of Hydra itself do not count.
            sound: Overrides that make a configuration.

        Raises:
            StoreError: A store is missing or damaged.
        """
        found = {path: Store.open(Path(path)).fingerprint for path in sorted(set(stores))}
        choices = {f"{group}/{choice}.yaml" for group, among in groups(conf).items() for choice in among}
        files = digests(conf, choices.union(used))
        return cls(found, current_code(), files, tuple(sorted(files.keys() & set(used))), tuple(sound))

    def differences(self, now: Ground, *, composing: bool = False) -> list[str]:
        """In what it was another for the trials that are composed now, in words.

        Args:
            now: What these stand on.
            composing: Whether files of the machine's settings count as well: they change no run, but may break it.
        """
        both = [path for path in self.stores if path in now.stores]
        changed = [path for path in both if self.stores[path] != now.stores[path]]
        found = [f"the data in {', '.join(changed)} were others"] if changed else []
        if self.code != now.code:
            found.append("the code that training runs was another")
        counted = [name for name in now.used if composing or name.partition("/")[0] not in _MACHINE]
        if told := [name for name in counted if self.files.get(name) != now.files.get(name)]:
            more = f" and {len(told) - _SHOWN} more" if len(told) > _SHOWN else ""
            found.append(f"the configuration was another ({', '.join(told[:_SHOWN])}{more})")
        return found

    def check(self, identity: Identity, store: str, name: str) -> None:
        """Refuses a trial on other data or with other code.

        Args:
            identity: The trial's.
            store: The path of its store.
            name: The sweep's.

        Raises:
            GroundError: Its data or code are others.
        """
        self._refuse(self.differences(Ground({store: identity.data}, identity.code, {})), name)

    def check_files(self, conf: Path, used: Collection[str] | None, name: str, *, composing: bool = False) -> None:
        """Refuses a trial with another configuration.

        Args:
            conf: The folder of configuration.
            used: Names of the files there that it is composed from; None where that cannot be told: those of the trials
                that were tried.
            name: The sweep's.
            composing: Whether the trial cannot be composed, so that files of the machine's settings count as well.

        Raises:
            GroundError: A file says something else, or is gone.
        """
        names = self.used if used is None else tuple(sorted(used))
        self._refuse(self.differences(Ground({}, self.code, digests(conf, names), names), composing=composing), name)

    def _refuse(self, told: list[str], name: str) -> None:
        if told:
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
    lists = [raw.get("used", []), raw.get("sound", [])]
    if not all(isinstance(found, list) and all(isinstance(part, str) for part in found) for found in lists):
        raise ValueError("ground")
    return Ground(dict(raw["stores"]), raw["code"], dict(raw["files"]), *map(tuple, lists))


def digests(conf: Path, names: Iterable[str]) -> dict[str, str]:
    """A digest of what each file says; those that nobody can read, as Hydra's own, are left out."""
    found = {}
    for name in sorted(names):
        with contextlib.suppress(OSError):
            found[name] = _digest((conf / name).read_bytes())
    return found


def _digest(content: bytes) -> str:
    try:
        text = content.decode()
        lines = takewhile(_HEADER.match, map(str.strip, text.splitlines()))
        header = [" ".join(line.split()) for line in lines if line]
        # As Hydra reads it: dates are text, and a key stands there once
        said = digest([header, OmegaConf.to_container(OmegaConf.create(text))])
    except (yaml.YAMLError, *BROKEN):
        # No UTF-8, no YAML, or none that has a meaning as JSON: then all that it says counts
        said = digest(content.decode("utf-8", "backslashreplace"))
    return said[:16]
