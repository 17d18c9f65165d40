"""Reading a YAML file that a person wrote: bounded, safe, each key once, nothing but JSON's values."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from kirie.core import files
from kirie.errors import SweepError

MAX_BYTES = 1_000_000
MAX_VALUES = 100_000
"""All values together, those of an alias counted each time: nested aliases grow without bound."""


def read_text(path: Path, what: str) -> str:
    """A file's text.

    Args:
        path: The file.
        what: What it is, for messages ("The sweep file").

    Raises:
        SweepError: It is not there, cannot be read, is too large or not UTF-8.
    """
    return files.read_text(path, SweepError, what, MAX_BYTES)


def parse_mapping(text: str, where: str) -> dict[str, Any]:
    """The mapping that a YAML text holds.

    Args:
        text: The text.
        where: What and which file it is, for messages.

    Raises:
        SweepError: It is no YAML, no mapping, has a key twice, or holds what JSON has no form for.
    """
    try:
        loader = _Loader(text)
        try:
            raw = loader.get_single_data()
        finally:
            loader.dispose()
    except (yaml.YAMLError, AttributeError, LookupError, RecursionError, ValueError) as error:
        # Words after a tag that are none of its kind, as `!!bool maybe`, are any of these
        said = " ".join(str(error).replace('in "<unicode string>", ', "at ").split())
        raise SweepError(f"{where} is not YAML: {said}") from None
    if not isinstance(raw, dict):
        raise SweepError(f"{where} is not a mapping of keys to values.")
    try:
        plain: dict[str, Any] = _Plain(where).of(raw, "")
    except RecursionError:
        raise SweepError(f"{where} is nested too deeply.") from None
    return plain


class _Loader(yaml.SafeLoader):
    """Safe YAML that refuses a key that stands twice in one mapping, of which PyYAML would keep the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if isinstance(key, yaml.ScalarNode) and key.tag != "tag:yaml.org,2002:merge":
                if (key.tag, key.value) in seen:
                    raise yaml.YAMLError(f"line {key.start_mark.line + 1} has the key '{key.value}' a second time")
                seen.add((key.tag, key.value))
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found


class _Plain:
    """Copies what YAML read, and refuses what is not one of JSON's values."""

    def __init__(self, where: str) -> None:
        self.where, self.left = where, MAX_VALUES

    def of(self, node: object, at: str) -> Any:
        self.left -= 1
        if self.left < 0:
            raise SweepError(f"{self.where} holds more than {MAX_VALUES:,} values.")
        if isinstance(node, Mapping):
            return {self._key(key, at): self.of(value, f"{at}.{key}".lstrip(".")) for key, value in node.items()}
        if isinstance(node, list):
            return [self.of(value, at) for value in node]
        if isinstance(node, float) and not math.isfinite(node):
            raise SweepError(f"{self.where}: {at or 'it'} holds {node}; allowed are finite numbers.")
        if node is None or isinstance(node, bool | int | float | str):
            return node
        raise SweepError(
            f"{self.where}: {at or 'it'} holds {node}, which YAML reads as a {type(node).__name__}; put it in quotes "
            "to have it as text."
        )

    def _key(self, key: object, at: str) -> str:
        if isinstance(key, str):
            return key
        raise SweepError(f"{self.where}: {at or 'it'} has the key {key}, which is not text; put it in quotes.")
