"""Changes of a configuration or a summary: what a log says of either are updates and removals, one after the other."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple


class Change(NamedTuple):
    """One update or removal.

    Attributes:
        path: The key, in parts where it is nested.
        value: The new value; None of a removal.
        removed: Whether it is a removal.
    """

    path: tuple[str, ...]
    value: Any
    removed: bool = False


def apply(changes: Iterable[Change], content: dict[str, Any]) -> None:
    """Applies changes to a nested dict, in order.

    What is no dict gives way to a change below it. A removal of what is not there does nothing.
    """
    for change in changes:
        below = content
        for part in change.path[:-1]:
            inner = below.get(part)
            if not isinstance(inner, dict):
                if change.removed:
                    break
                inner = below[part] = {}
            below = inner
        else:
            if change.removed:
                below.pop(change.path[-1], None)
            else:
                below[change.path[-1]] = change.value
