"""In which entries two configurations, or two environments, differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from kirie.runlog.reader.values import spelled

Entry = dict[str, Any]
"""`key`, and the values `a` and `b`; `only` is "a" or "b" where the other one lacks the entry."""

_DEEPEST = 24
"""Levels below which a configuration is compared as a whole."""

_ITS_OWN = frozenset({"run_id", "_wandb"})
"""What is another in every run, or W&B's own."""


def differing(a: Mapping[str, Any], b: Mapping[str, Any]) -> list[Entry]:
    """The entries that differ, by their dotted keys in order.

    Args:
        a: The one run's, nested or flat.
        b: The other's.
    """
    one, other = flat(spelled(a)), flat(spelled(b))
    found: list[Entry] = []
    for key in sorted(one.keys() | other.keys()):
        if key in one and key in other:
            if not _same(one[key], other[key]):
                found.append({"key": key, "a": one[key], "b": other[key]})
        else:
            found.append({"key": key, "a": one.get(key), "b": other.get(key), "only": "a" if key in one else "b"})
    return found


def flat(config: Mapping[str, Any]) -> dict[str, Any]:
    """A nested configuration as one level of dotted keys; lists stay whole, empty mappings too."""
    return dict(_entries(config, "", 0))


def _entries(node: Mapping[str, Any], above: str, depth: int) -> Iterator[tuple[str, Any]]:
    for name, value in node.items():
        key = f"{above}{name}"
        if key in _ITS_OWN:
            continue
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            yield from _entries(value, f"{key}.", depth + 1)
        else:
            yield key, value


def _same(a: Any, b: Any) -> bool:
    # 1 and 1.0 are one value to a training, 1 and True are not
    if isinstance(a, bool) != isinstance(b, bool):
        return False
    return bool(a == b)
