"""The words after `kirie train`, looked at before Hydra does, whose own complaints are about its insides."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override
from hydra.errors import HydraException
from omegaconf import DictConfig, OmegaConf

from kirie.errors import ConfigError

SUBMITTING = ("cluster", "nodes", "gpus", "time")
"""Words of `kirie submit`, which training itself does not know."""

_NO_GROUPS = (*SUBMITTING, "hydra", "sweep")
"""Folders beside train.yaml that hold no choices of a training."""

_WORD = re.compile(r"(?P<sign>~|\+*)(?P<key>[^=@]+)(?P<at>@[^=]*)?(?:=(?P<value>.*))?", re.DOTALL)


def checked(words: Sequence[str], folder: Path) -> list[str]:
    """The words that Hydra is to see.

    Args:
        words: Overrides as the user wrote them.
        folder: The folder of configuration.

    Raises:
        ConfigError: A word is no override, names several values, or chooses what is not there; the message names the
            valid choices.
    """
    return [readable(word) for word in words if not _says_nothing(word, folder)]


def readable(word: str) -> str:
    """The same override as Hydra can read it: text that its grammar has no room for (`data.store=名 (1)/b`) in quotes.

    What Hydra reads stays as it is; so do broken lists, mappings and quotes, of which Hydra shall complain.
    """
    key, _, value = word.partition("=")
    if not value or value[0] in "'\"[{" or _parsed(word) is not None:
        return word
    # In Hydra's quotes only those backslashes are doubled that stand before a quote, the last one included
    escaped = re.sub(r"(\\*)('|\Z)", lambda found: found[1] * 2 + ("\\'" if found[2] else ""), value)
    quoted = f"{key}='{escaped}'"
    return word if _parsed(quoted) is None else quoted


def groups(folder: Path) -> dict[str, list[str]]:
    """The groups of train.yaml with a choice of files, and their choices, those in sub-folders too."""
    return {
        place.name: found
        for place in sorted(folder.iterdir())
        if place.is_dir() and place.name not in _NO_GROUPS
        if (found := sorted(path.relative_to(place).with_suffix("").as_posix() for path in place.rglob("*.yaml")))
    }


def near(word: str, choices: Sequence[str]) -> str:
    """The choice that was perhaps meant, as a sentence, or nothing."""
    found = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean '{found[0]}'?" if found else ""


def _says_nothing(word: str, folder: Path) -> bool:
    """Whether a word repeats in words of ours what Hydra cannot read: that an optional group is left empty."""
    found = _WORD.fullmatch(word)
    if word.startswith("-") or found is None or (found["value"] is None and found["sign"] != "~"):
        raise ConfigError(
            f"'{word}' is neither an option nor an override; overrides look like model=fpn or train.epochs=5. "
            "See `kirie train --help`."
        )
    sign, key, value = found["sign"], found["key"], (found["value"] or "").strip("'\"")
    if (parsed := _parsed(word)) is not None and parsed.is_sweep_override():
        raise ConfigError(
            f"'{word}' names several values, and one `kirie train` is one training; repeat the command for each, or "
            f"run all with `python -m kirie.train.multirun -m {word}` (docs/cluster.md). A text with a comma is put in "
            f"quotes twice: \"{sign}{key}='{value}'\"."
        )
    if key.split(".")[0] in SUBMITTING:
        raise ConfigError(
            f"'{word}' asks for a cluster, and `kirie train` trains here; use "
            "`kirie submit train ... cluster=NAME`, or trainer.devices for several devices of this machine."
        )
    if key.startswith(("hydra.", "hydra/")):
        raise ConfigError(f"'{word}' is a setting of Hydra's own runs; `kirie train` takes those of conf/train.yaml.")
    choices, default = groups(folder).get(key), _defaults(folder)
    if choices is None or key not in default:
        return False
    named = f"Allowed are {', '.join(choices)}."
    if sign == "~":
        raise ConfigError(f"'{word}' would leave the configuration without its {key}; choose another one. {named}")
    if sign:
        raise ConfigError(f"'{key}' is among the defaults; write {key}={value} without the plus.")
    if found["at"]:
        raise ConfigError(f"'{word}' puts {key} elsewhere, where nothing reads it; write {key}={value}.")
    if value == "null" and default[key] is None:
        return True
    if value not in choices and "$" not in value:
        raise ConfigError(f"There is no {key} '{value}'.{near(value, choices)} {named}")
    return False


def _parsed(word: str) -> Override | None:
    """What Hydra reads in a word, or None where it cannot."""
    try:
        return OverridesParser.create().parse_override(word)
    except (HydraException, ValueError):
        # Python reads no number of more than 4300 digits
        return None


def _defaults(folder: Path) -> dict[str, str | None]:
    """The groups in train.yaml's defaults list, and what they are by default."""
    train = OmegaConf.load(folder / "train.yaml")
    entries = train.get("defaults", []) if isinstance(train, DictConfig) else []
    return {
        str(key).removeprefix("override").strip(" /"): value
        for entry in entries
        if isinstance(entry, DictConfig)
        for key, value in entry.items()
    }
