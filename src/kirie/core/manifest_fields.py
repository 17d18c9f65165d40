"""Taking a manifest's fields by name, type and bounds; what is wrong with one is told in a sentence."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, TypeVar

from kirie.errors import BundleError

_LARGEST_SIDE = 1 << 15

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Fields:
    """A mapping whose fields are taken by name and type; each method raises a BundleError where one is wrong.

    Attributes:
        content: The mapping.
        origin: Where it stands, for messages.
    """

    content: Any
    origin: str

    def __post_init__(self) -> None:
        if not isinstance(self.content, dict):
            raise BundleError(f"{self.origin} is not a mapping but {shown(self.content)}. Export the run again.")

    def take(self, name: str, kind: type[T]) -> T:
        """A field of a type."""
        value = self.content.get(name)
        # bool is an int to Python, but `height: true` is no height
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            raise self.wrong(name, f"be of type {kind.__name__}")
        return value

    def number(self, name: str, low: int, high: int) -> int:
        """A whole number between two bounds."""
        value = self.take(name, int)
        if not low <= value <= high:
            raise self.wrong(name, f"lie between {low} and {high}")
        return value

    def side(self, name: str, multiple_of: int) -> int:
        """A side in pixels that is a multiple of so many."""
        value = self.number(name, 1, _LARGEST_SIDE)
        if value % multiple_of:
            raise self.wrong(name, f"be a multiple of {multiple_of} (`multiple_of`)")
        return value

    def share(self, name: str, high: float) -> float:
        """A number from 0 to a bound."""
        value = self.content.get(name)
        if not isinstance(value, int | float) or isinstance(value, bool) or not math.isfinite(value):
            raise self.wrong(name, "be a number")
        if not 0 <= value <= high:
            raise self.wrong(name, f"lie between 0 and {high}")
        return float(value)

    def one_of(self, name: str, allowed: tuple[str, ...]) -> str:
        """One of some words."""
        value = self.take(name, str)
        if value not in allowed:
            raise self.wrong(name, f"be one of {', '.join(allowed)}")
        return value

    def matching(self, name: str, pattern: re.Pattern[str], words: str) -> str:
        """Text that a pattern matches whole; `words` say of what kind."""
        value = self.take(name, str)
        if not pattern.fullmatch(value):
            raise self.wrong(name, f"be {words}")
        return value

    def wrong(self, name: str, must: str) -> BundleError:
        """The error of a field that is missing, or that must be otherwise."""
        if name not in self.content:
            return BundleError(f"{self.origin} has no `{name}`. Export the run again.")
        return BundleError(
            f"{self.origin}: `{name}` is {shown(self.content[name])}, but must {must}. Export the run again."
        )


def shown(value: object) -> str:
    """A value for a message, cut where it is long."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}…"
