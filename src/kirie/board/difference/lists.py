"""DVC's lists of files: found by their hashes in the caches of a repository.

DVC is not asked, as it may not be installed. Its cache may lie anywhere, as one that a cluster shares does, and the
repository that names it may be a stranger's: of a folder that is named nothing is read but `HASH.dir`, and that only
where it is a JSON file of a bounded size.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

_LARGEST = 2**27
"""Bytes of a list of files; a million files have 100 MB."""

_LARGEST_CONFIG = 2**20
_LIST = re.compile(r"([0-9a-f]{2})([0-9a-f]{30})\.dir")
_WRITTEN = re.compile(r"""\s*(?:"([^"]*)"|'([^']*)'|([^#]*))""")
"""An entry of a configuration as DVC reads it: in quotes, or up to a remark."""


def listed(version: str, roots: Iterable[Path]) -> dict[str, str] | None:
    """The checksums of a version's files by their paths; None if its list is not here.

    Args:
        version: The hash that DVC gives a folder, ending in `.dir`.
        roots: Roots of repositories, to be tried in order.
    """
    if (found := _LIST.fullmatch(version)) is None:
        return None
    below = Path(found[1]) / f"{found[2]}.dir"
    for root in _with_dvc(roots):
        for cache in _caches(root):
            for path in (cache / "files" / "md5" / below, cache / below):
                entries = json_in(path)
                if isinstance(entries, list):
                    return {
                        str(one["relpath"]): str(one.get("md5"))
                        for one in entries
                        if isinstance(one, dict) and "relpath" in one
                    }
    return None


def why_missing(roots: Iterable[Path]) -> str:
    """Why a list is not to be had, without a full stop, and where it was looked for."""
    places = _with_dvc(roots)
    if not places:
        return "There is no repository with DVC around these runs"
    named = [cache for root in places if (cache := _named(root)) is not None]
    closed = next((cache for cache in named if not os.access(cache, os.R_OK | os.X_OK)), None)
    if closed is not None:
        return f"DVC's cache {closed}, which this repository's configuration names, cannot be opened"
    told = f" ({', '.join(map(str, named))})" if named else ""
    return f"The lists of files are not in this repository's DVC cache{told}"


def json_in(path: Path) -> Any:
    """A JSON file that is not too large; None if there is none."""
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST:
            return None
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _with_dvc(roots: Iterable[Path]) -> list[Path]:
    return [root for root in roots if (root / ".dvc").is_dir()]


def _caches(root: Path) -> Iterator[Path]:
    """The cache that the configuration names, DVC's own, and the remotes that are folders of the repository."""
    if (named := _named(root)) is not None:
        yield named
    yield root / ".dvc" / "cache"
    for path in (root / ".dvc" / "config", root / ".dvc" / "config.local"):
        parser = _config(path)
        for section in parser.sections():
            place = _folder(parser.get(section, "url", fallback=""), path)
            if place is not None and place.resolve().is_relative_to(root.resolve()):
                yield place


def _named(root: Path) -> Path | None:
    """The cache's folder as the nearest configuration names it: of this clone, the repository, the user, the system."""
    own = (folder / "config" for folder in _machine_folders())
    for path in (root / ".dvc" / "config.local", root / ".dvc" / "config", *own):
        if (place := _folder(_config(path).get("cache", "dir", fallback=""), path)) is not None:
            return place
    return None


def _machine_folders() -> Iterator[Path]:
    """Where DVC keeps the user's configuration, then the system's."""
    mac = Path("Library", "Application Support") if sys.platform == "darwin" else None
    user = (Path.home() / mac) if mac else Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    system = ("/" / mac) if mac else Path((os.environ.get("XDG_CONFIG_DIRS") or "/etc/xdg").partition(os.pathsep)[0])
    yield Path(os.environ.get("DVC_GLOBAL_CONFIG_DIR") or user / "dvc")
    yield Path(os.environ.get("DVC_SYSTEM_CONFIG_DIR") or system / "dvc")


def _config(path: Path) -> configparser.ConfigParser:
    """A file of configuration; an empty one where it is missing, too large or damaged."""
    parser = configparser.ConfigParser(interpolation=None, strict=False)
    try:
        if path.is_file() and path.stat().st_size < _LARGEST_CONFIG:
            parser.read_string(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, configparser.Error):
        pass
    return parser


def _folder(written: str, config: Path) -> Path | None:
    """The folder that an entry names, relative to its file; None if it names none of this machine."""
    found = _WRITTEN.match(written)
    text = "" if found is None else next((part for part in found.groups() if part is not None), "").strip()
    if not text or "\0" in text or "://" in text:
        return None
    try:
        return config.parent / Path(text).expanduser()
    except RuntimeError:
        # ~NAME of a user that is not there
        return None
