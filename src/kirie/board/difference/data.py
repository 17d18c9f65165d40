"""In what the data of two runs differs: which files came, went or changed.

DVC keeps a list of each version's files, by the hash that the run recorded. Where the lists are missing, the stores
that the runs were trained on say which pictures they hold, if they are still there.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.board.difference.lists import json_in, listed, why_missing
from kirie.core import files
from kirie.errors import SourceError

MOST_NAMES = 2000
"""Names that are told of each kind; the numbers are told in full."""

_STORE_FOLDER = re.compile(r"data-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Data:
    """The data of one run.

    Attributes:
        version: The hash that DVC gives the annotations; None if the run names none.
        fingerprint: That of the store; None if the run names none.
        store: Where the store was, as the configuration has it.
    """

    version: str | None
    fingerprint: str | None
    store: str | None

    @property
    def name(self) -> str | None:
        """What tells this data from other data."""
        return self.version or self.fingerprint


def data_of(record: Mapping[str, Any], config: Mapping[str, Any]) -> Data:
    """The data of a run.

    Args:
        record: Its run record; empty for a run of another program.
        config: Its configuration.
    """
    noted, named = record.get("data"), config.get("data")
    told = noted if isinstance(noted, Mapping) else {}
    store = named.get("store") if isinstance(named, Mapping) else None
    return Data(_word(told.get("dvc")), _word(told.get("fingerprint")), _word(store))


def data_difference(a: Data, b: Data, roots: Sequence[Path]) -> dict[str, Any]:
    """In what the data of two runs differs, for an answer.

    Args:
        a: The one run's.
        b: The other's.
        roots: Roots of repositories, to be tried in order.

    Returns:
        `same` tells equal data, `prepared` one version that was prepared or split in two ways; what came, went and
        changed `of` files or pictures with the `counts`, or the `reason` why nobody can tell.
    """
    prepared = a.version is not None and a.version == b.version
    same = a.name is not None and a.version == b.version and a.fingerprint == b.fingerprint
    # Of one version the stores' fingerprints are what differs
    names = {"a": a.fingerprint, "b": b.fingerprint} if prepared and not same else {"a": a.name, "b": b.name}
    content: dict[str, Any] = {**names, "same": same, "prepared": prepared and not same}
    if a.name is None or b.name is None:
        lacking = "Neither run names" if a.name is b.name else "One of the runs does not name"
        return content | _nothing(f"{lacking} a version of its data.")
    if same:
        # How many files they share nobody looks up
        return content | _lists({}, {}) | {"counts": {"came": 0, "went": 0, "changed": 0, "same": None}}
    if not prepared and a.version is not None and b.version is not None:
        lists = [listed(version, roots) for version in (a.version, b.version)]
        if lists[0] is not None and lists[1] is not None:
            return content | {"of": "files"} | _lists(lists[0], lists[1])
    stores = [_pictures(data, roots) for data in (a, b)]
    if stores[0] is not None and stores[1] is not None:
        return content | {"of": "pictures"} | _lists(stores[0], stores[1])
    if prepared:
        return content | _nothing("The stores are not both there any more to say which pictures they hold.")
    if a.version is None or b.version is None:
        return content | _nothing(
            "The runs do not both name a DVC version, and their stores are not both there any more."
        )
    return content | _nothing(
        f"{why_missing(roots)}, nor are both stores still there; `dvc fetch --all-commits` brings the lists."
    )


def _lists(a: Mapping[str, str], b: Mapping[str, str]) -> dict[str, Any]:
    came = sorted(b.keys() - a.keys())
    went = sorted(a.keys() - b.keys())
    changed = sorted(name for name in a.keys() & b.keys() if a[name] != b[name])
    told = {"came": came, "went": went, "changed": changed}
    counts = {kind: len(names) for kind, names in told.items()} | {"same": len(a.keys() & b.keys()) - len(changed)}
    return {kind: names[:MOST_NAMES] for kind, names in told.items()} | {"counts": counts}


def _nothing(reason: str) -> dict[str, Any]:
    return {"came": [], "went": [], "changed": [], "reason": reason}


def _pictures(data: Data, roots: Iterable[Path]) -> dict[str, str] | None:
    """The pictures of the store that a run was trained on, with split and checksum; None if it is no longer there."""
    if data.store is None or data.fingerprint is None:
        return None
    for root in roots:
        try:
            store = files.inside(root, data.store)
        except SourceError:
            return None
        pointer = json_in(store / "store.json")
        if not isinstance(pointer, dict) or pointer.get("fingerprint") != data.fingerprint:
            continue
        folder = pointer.get("folder")
        if not isinstance(folder, str) or not _STORE_FOLDER.fullmatch(folder):
            continue
        index = json_in(store / folder / "index.json")
        entries = index.get("pictures") if isinstance(index, dict) else None
        if isinstance(entries, list):
            return {
                str(one["name"]): f"{one.get('split')} {one.get('digest')}"
                for one in entries
                if isinstance(one, dict) and "name" in one
            }
    return None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
