"""One id from content: what a run is made of, hashed.

The same inputs give the same id on every machine; what only the machine decides (devices, workers, paths, logging
mode) is left out before hashing. Code counts by its syntax tree without docstrings, so that a comment or a
reformatting does not make a new run.
"""

from __future__ import annotations

import ast
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

ID_LENGTH = 12
"""Hexadecimal digits of a run id: 48 bits; a million runs collide with probability 0.2 %."""


def digest(content: object) -> str:
    """SHA-256 of canonical JSON (sorted keys, no spaces), hexadecimal.

    Raises:
        TypeError: The content is not made of JSON's types.
        ValueError: It holds NaN or infinity.
    """
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def without(config: Mapping[str, Any], machine_keys: Iterable[str]) -> dict[str, Any]:
    """A copy of a nested mapping without dotted keys (`trainer.devices`, or a whole group `log`)."""
    dropped = {tuple(key.split(".")) for key in machine_keys}

    def walk(node: Mapping[str, Any], at: tuple[str, ...]) -> dict[str, Any]:
        return {
            key: walk(value, (*at, key)) if isinstance(value, Mapping) else value
            for key, value in node.items()
            if (*at, key) not in dropped
        }

    return walk(config, ())


def code_fingerprint(files: Iterable[Path], root: Path) -> str:
    """Hash of Python files by name (relative to root) and meaning: their syntax trees without docstrings."""
    found = {path.relative_to(root).as_posix(): _tree(path.read_text(encoding="utf-8")) for path in files}
    return digest(found)


def imported_files(package: Path, modules: Iterable[str]) -> list[Path]:
    """The files of a package that modules import, directly or not, themselves included, in order of their paths.

    Args:
        package: The package's folder (`.../kirie`).
        modules: Dotted names inside it, the package's own name first (`kirie.tasks.semantic`).
    """
    found: dict[Path, None] = {}
    waiting = [name.split(".")[1:] for name in modules]
    while waiting:
        parts = waiting.pop()
        # Importing a.b.c runs a and a.b too
        for depth in range(len(parts) + 1):
            path = _file_of(package, parts[:depth])
            if path is not None and path not in found:
                found[path] = None
                waiting += _imports(path, package.name)
    return sorted(found)


def run_id(config: Mapping[str, Any], data: str, code: str, seed: int) -> str:
    """The run's id.

    Args:
        config: The resolved configuration, machine keys taken out.
        data: The store's fingerprint.
        code: The fingerprint of the code that training runs.
        seed: The seed.
    """
    return digest({"config": config, "data": data, "code": code, "seed": seed})[:ID_LENGTH]


def _file_of(package: Path, parts: list[str]) -> Path | None:
    place = package.joinpath(*parts)
    for path in (place.with_suffix(".py"), place / "__init__.py"):
        if path.is_file() and path != package.with_suffix(".py"):
            return path
    return None


def _imports(path: Path, package: str) -> list[list[str]]:
    names: list[str] = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            # `from a import b` may import the module a.b
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
    return [name.split(".")[1:] for name in names if name.split(".")[0] == package]


def _tree(source: str) -> str:
    return hashlib.sha256(repr(_meaning(ast.parse(source))).encode()).hexdigest()


def _meaning(node: object) -> object:
    """A syntax tree as nested tuples that every supported Python builds alike (empty fields differ by version)."""
    if isinstance(node, ast.JoinedStr):
        return ("JoinedStr", *_joined(node.values))
    if isinstance(node, ast.AST):
        fields = ((name, _meaning(value)) for name, value in ast.iter_fields(node) if name not in {"kind", "ctx"})
        return (type(node).__name__, *((name, value) for name, value in fields if value not in ((), None)))
    if isinstance(node, list):
        return tuple(_meaning(item) for item in node if not _is_bare_string(item))
    # With its type, or 1.0 and "1.0" would be one
    return node if isinstance(node, str) else (type(node).__name__, repr(node))


def _joined(values: Iterable[ast.expr]) -> Iterator[object]:
    """The pieces of an f-string with neighbouring texts made one and empty ones left out: 3.12 cuts otherwise."""
    text = ""
    for value in values:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            text += value.value
        else:
            if text:
                yield text
            text = ""
            yield _meaning(value)
    if text:
        yield text


def _is_bare_string(node: object) -> bool:
    """A docstring, or a comment in another dress."""
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
