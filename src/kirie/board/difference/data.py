"""In what the data of two runs differs: which files came, went or changed.

DVC keeps a list of each version's files, by the hash that the run recorded; they are looked for in the repository's
own cache and in its remotes that are folders inside it. Where they are missing, the stores that the runs were trained
on say which pictures they hold, if they are still there.
"""

from __future__ import annotations

import configparser
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.core import files
from kirie.errors import SourceError

MOST_NAMES = 2000
"""Names that are told of each kind; the numbers are told in full."""

_LARGEST = 2**27
"""Bytes of a list of files; a million files have 100 MB."""

_LIST = re.compile(r"([0-9a-f]{2})([0-9a-f]{30})\.dir")
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
    """
    content: dict[str, Any] = {"a": a.name, "b": b.name}
    if a.name is None or b.name is None:
        lacking = "Neither run names" if a.name is b.name else "One of the runs does not name"
        return content | _nothing(f"{lacking} a version of its data.")
    if a.version == b.version and a.fingerprint == b.fingerprint:
        return content | _lists({}, {})
    prepared = a.version is not None and a.version == b.version
    if not prepared and a.version is not None and b.version is not None:
        lists = [_listed(version, roots) for version in (a.version, b.version)]
        if lists[0] is not None and lists[1] is not None:
            return content | {"of": "files"} | _lists(lists[0], lists[1])
    stores = [_pictures(data, roots) for data in (a, b)]
    if stores[0] is not None and stores[1] is not None:
        return content | {"of": "pictures"} | _lists(stores[0], stores[1])
    if prepared:
        return content | _nothing("The annotations are the same, and were prepared or split differently.")
    return content | _nothing(
        "The lists of files are not in this repository's DVC cache, nor are both stores still there; `dvc fetch "
        "--all-commits` brings the lists."
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


def _listed(version: str, roots: Iterable[Path]) -> dict[str, str] | None:
    """The checksums of a version's files by their paths; None if its list is not here."""
    if (found := _LIST.fullmatch(version)) is None:
        return None
    below = Path(found[1]) / f"{found[2]}.dir"
    for root in roots:
        if not (root / ".dvc").is_dir():
            continue
        for cache in _caches(root):
            for path in (cache / "files" / "md5" / below, cache / below):
                entries = _json(path)
                if isinstance(entries, list):
                    return {
                        str(one["relpath"]): str(one.get("md5"))
                        for one in entries
                        if isinstance(one, dict) and "relpath" in one
                    }
    return None


def _caches(root: Path) -> Iterator[Path]:
    """DVC's own cache, and the remotes that are folders of the repository."""
    yield root / ".dvc" / "cache"
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    for name in ("config", "config.local"):
        try:
            path = root / ".dvc" / name
            if path.is_file() and path.stat().st_size < 2**20:
                parser.read_string(path.read_text(encoding="utf-8"))
        except (OSError, ValueError, configparser.Error):
            continue
    for section in parser.sections():
        for key in ("url", "dir"):
            url = parser.get(section, key, fallback="")
            if not url or "://" in url:
                continue
            # Relative to the file that names it
            place = (root / ".dvc" / url).resolve()
            if place.is_relative_to(root.resolve()):
                yield place


def _pictures(data: Data, roots: Iterable[Path]) -> dict[str, str] | None:
    """The pictures of the store that a run was trained on, with split and checksum; None if it is no longer there."""
    if data.store is None or data.fingerprint is None:
        return None
    for root in roots:
        try:
            store = files.inside(root, data.store)
        except SourceError:
            return None
        pointer = _json(store / "store.json")
        if not isinstance(pointer, dict) or pointer.get("fingerprint") != data.fingerprint:
            continue
        folder = pointer.get("folder")
        if not isinstance(folder, str) or not _STORE_FOLDER.fullmatch(folder):
            continue
        index = _json(store / folder / "index.json")
        entries = index.get("pictures") if isinstance(index, dict) else None
        if isinstance(entries, list):
            return {
                str(one["name"]): f"{one.get('split')} {one.get('digest')}"
                for one in entries
                if isinstance(one, dict) and "name" in one
            }
    return None


def _json(path: Path) -> Any:
    """A JSON file that is not too large; None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _word(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
