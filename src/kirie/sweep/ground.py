"""What all trials of a sweep stand on beside its file: the data, the code, and the configuration that they change.

A run's id counts all of these, so trials from before and after a change are not the same parameters any more, and their
scores no answer to one search.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.errors import SweepError
from kirie.prepare.store import Store
from kirie.train.compose import compose_config
from kirie.train.identify import Identity, identify
from kirie.train.settings import Settings

_SHOWN = 8


class GroundError(SweepError):
    """A sweep goes on, on other data or with other code than it was begun with."""


@dataclass(frozen=True, slots=True)
class Ground:
    """What a sweep stands on.

    Attributes:
        data: The store's fingerprint; "" where the sweep itself chooses among stores.
        code: Fingerprint of the code that training runs.
        config: Digest of the first trial's configuration.
    """

    data: str
    code: str
    config: str

    @classmethod
    def of(cls, overrides: Sequence[str], conf: Path, *, one_store: bool) -> Ground:
        """What it stands on now.

        Args:
            overrides: Those of the first trial.
            conf: The folder of configuration.
            one_store: Whether all trials read the same store.

        Raises:
            ConfigError: They cannot be composed.
            StoreError: The store is missing or damaged.
        """
        config = compose_config(overrides, conf)
        found = identify(config, Store.open(Path(Settings.of(config).data.store)).fingerprint)
        return cls(found.data if one_store else "", found.code, found.config)

    def differences(self, now: Ground) -> list[str]:
        """In what it was another, in words."""
        found = []
        if self.data != now.data:
            found.append(f"its data were others (store {_short(self.data)}, now {_short(now.data)})")
        if self.code != now.code:
            found.append("the code that training runs was another")
        if self.config != now.config:
            found.append("the configuration that its trials change (conf/) was another")
        return found

    def check(self, identity: Identity, name: str) -> None:
        """Refuses a trial that stands on something else.

        Args:
            identity: The trial's.
            name: The sweep's.

        Raises:
            GroundError: Its data or code are others.
        """
        now = Ground(identity.data if self.data else "", identity.code, self.config)
        if told := self.differences(now):
            raise GroundError(
                f"The sweep {name} was begun otherwise: {' and '.join(told)}. Give back what was changed, or begin "
                "anew: `kirie sweep FILE --renew` keeps the old one aside."
            )


def read_ground(raw: Any) -> Ground | None:
    """What a record has; None for one that was written before it was kept.

    Raises:
        ValueError: It is damaged.
    """
    if raw is None:
        return None
    if not isinstance(raw, Mapping) or not all(isinstance(raw.get(key), str) for key in ("data", "code", "config")):
        raise ValueError("ground")
    return Ground(raw["data"], raw["code"], raw["config"])


def _short(fingerprint: str) -> str:
    return fingerprint[:_SHOWN] or "chosen by the sweep"
