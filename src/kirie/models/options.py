"""The options of an architecture: what may be set, what each may be, and one sentence for what may not.

Numbers are bounded, so that a slip of a key (`channels: 25600`) is a message and not a machine out of memory.
"""

from __future__ import annotations

import difflib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kirie.errors import ConfigError


class Option(Protocol):
    """One setting: its default, and how a value is read."""

    @property
    def default(self) -> Any:
        """The value where none is given."""
        ...

    @property
    def allowed(self) -> str:
        """What it may be, in words."""
        ...

    def accepts(self, value: object) -> bool:
        """Whether the value may be used."""
        ...


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few values."""

    default: Any
    choices: tuple[Any, ...]

    @property
    def allowed(self) -> str:
        """The choices."""
        return " or ".join(str(choice).lower() if isinstance(choice, bool) else str(choice) for choice in self.choices)

    def accepts(self, value: object) -> bool:
        """Equal, and of the same type: 1 is not true."""
        return any(type(value) is type(choice) and value == choice for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole number within bounds, and a multiple of `step`."""

    default: int
    low: int = 1
    high: int = 4096
    step: int = 1

    @property
    def allowed(self) -> str:
        """The bounds."""
        kind = "a whole number" if self.step == 1 else f"a multiple of {self.step}"
        return f"{kind} from {self.low} to {self.high}"

    def accepts(self, value: object) -> bool:
        """Within the bounds; true and false are not numbers."""
        return (
            isinstance(value, int)
            and not isinstance(value, bool)
            and self.low <= value <= self.high
            and value % self.step == 0
        )


@dataclass(frozen=True, slots=True)
class Share:
    """A number from 0 up to, not including, 1: a dropout rate."""

    default: float

    @property
    def allowed(self) -> str:
        """The bounds."""
        return "a number from 0 to below 1"

    def accepts(self, value: object) -> bool:
        """Within the bounds; true and false are not numbers."""
        return isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 1


@dataclass(frozen=True, slots=True)
class Wholes:
    """A fixed count of whole numbers within bounds, perhaps none smaller than the one before."""

    default: tuple[int, ...]
    low: int = 1
    high: int = 4096
    rising: bool = False

    @property
    def allowed(self) -> str:
        """The count and the bounds."""
        return f"a list of {len(self.default)} whole numbers from {self.low} to {self.high}{_order(self.rising)}"

    def accepts(self, value: object) -> bool:
        """As many as the default has, each within the bounds."""
        each = Whole(self.low, self.low, self.high)
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and len(value) == len(self.default)
            and all(each.accepts(item) for item in value)
            and (not self.rising or _rises(value))
        )


@dataclass(frozen=True, slots=True)
class Numbers:
    """A list of numbers within bounds, perhaps none smaller than the one before; as many as the default has, or from
    one to `most`."""

    default: tuple[float, ...]
    low: float
    high: float
    most: int | None = None
    rising: bool = False

    @property
    def allowed(self) -> str:
        """The count and the bounds."""
        count = str(len(self.default)) if self.most is None else f"1 to {self.most}"
        return f"a list of {count} numbers from {self.low:g} to {self.high:g}{_order(self.rising)}"

    def accepts(self, value: object) -> bool:
        """A list of an allowed length, each within the bounds; true and false are not numbers."""
        return (
            isinstance(value, Sequence)
            and not isinstance(value, str)
            and (len(value) == len(self.default) if self.most is None else 1 <= len(value) <= self.most)
            and all(isinstance(item, int | float) and not isinstance(item, bool) for item in value)
            and all(self.low <= item <= self.high for item in value)
            and (not self.rising or _rises(value))
        )


def _order(rising: bool) -> str:
    return " in rising order" if rising else ""


def _rises(values: Sequence[float]) -> bool:
    return all(one <= other for one, other in itertools.pairwise(values))


def read_options(given: Mapping[str, Any], known: Mapping[str, Option], where: str) -> dict[str, Any]:
    """Fills in defaults and checks what is given.

    Args:
        given: Settings by name.
        known: The options there are.
        where: The file they are written in, for messages.

    Returns:
        Every known option with its value; lists as tuples.

    Raises:
        ConfigError: A name is unknown, or a value is not allowed.
    """
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ConfigError(f"{where} has no option '{name}'.{hint} Its options are {', '.join(known)}.")
    for name, value in given.items():
        if not known[name].accepts(value):
            raise ConfigError(f"{where}: options.{name} is {value!r}; it must be {known[name].allowed}.")
    found = {name: given.get(name, option.default) for name, option in known.items()}
    return {
        name: tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else value
        for name, value in found.items()
    }
