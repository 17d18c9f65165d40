"""A bound on a number of a run, as the command line writes it: `parameters<5e6`, `latency_ms<=40`, `iou/eye>0.6`."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from kirie.errors import UsageError

MEASURED = ("parameters", "latency_ms", "images_per_s")
"""What `kirie evaluate` measures beside the scores: number of weights; median milliseconds of a batch of one; rate."""

_WRITTEN = re.compile(r"\s*(?P<name>[^<>=\s]+)\s*(?P<sign><=|>=|<|>)\s*(?P<bound>\S+)\s*")
_SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


@dataclass(frozen=True, slots=True)
class Constraint:
    """One bound.

    Attributes:
        name: One of MEASURED, or a metric.
        sign: `<`, `<=`, `>` or `>=`.
        bound: The number.
    """

    name: str
    sign: str
    bound: float

    def __str__(self) -> str:
        return f"{self.name}{self.sign}{self.bound:g}"

    @classmethod
    def parse(cls, text: str) -> Constraint:
        """Reads one bound.

        Raises:
            UsageError: It is not a name, a sign and a number.
        """
        found = _WRITTEN.fullmatch(text)
        try:
            bound = float(found["bound"]) if found else math.nan
        except ValueError:
            bound = math.nan
        if found is None or not math.isfinite(bound):
            raise UsageError(
                f"The constraint '{text}' cannot be read; write a name, one of < <= > >=, and a number, in quotes: "
                f"--where 'parameters<5e6'. Names are {', '.join(MEASURED)} and the metrics."
            )
        return cls(found["name"], found["sign"], bound)

    def holds(self, value: float | None) -> bool:
        """Whether a number keeps to the bound; one that was not measured does not."""
        return value is not None and _SIGNS[self.sign](value, self.bound)

    def excess(self, value: float | None) -> float:
        """How far a number is beyond the bound, as a share of the bound; 0 if it keeps to it, infinite if unknown."""
        if value is None:
            return math.inf
        return 0.0 if self.holds(value) else abs(value - self.bound) / max(abs(self.bound), 1e-12)
