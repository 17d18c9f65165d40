"""What a parameter can be, and which values are one and the same."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

Value = bool | int | float | str | None | Sequence["Value"] | Mapping[str, "Value"]
"""What a parameter can be: a JSON value."""

MOST_LISTED = 1_000_000
"""The largest number of values that a grid lists for one parameter."""


def same(value: Value) -> str:
    """Equal for values that W&B's grid takes for one: 1.0 and 1 are, true and 1 are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def distinct(values: Sequence[Value]) -> dict[str, Value]:
    """The values, each once, in their order; of those that are one the last is kept, as W&B does."""
    return {same(value): value for value in values}
