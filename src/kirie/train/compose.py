"""Hydra's configuration from the words of a command line, with mistakes turned into sentences.

The compose API is used instead of `hydra.main`: a command keeps its own options beside the overrides, the working
folder stays where it is, and a typo ends in one sentence that names the valid choices.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kirie.errors import ConfigError

PACKAGED = Path(__file__).resolve().parents[1] / "conf"
CLONE = Path(__file__).resolve().parents[3] / "conf"


def config_folder(given: Path | None = None) -> Path:
    """The folder of configuration: the given one, else `conf/` here, in the clone, or in the installed package.

    Raises:
        ConfigError: There is none, or it has no train.yaml.
    """
    places = [given] if given is not None else [Path("conf"), CLONE, PACKAGED]
    for place in places:
        if (place / "train.yaml").is_file():
            return place.resolve()
    raise ConfigError(
        f"No configuration: {', '.join(map(str, places))} has no train.yaml. Run inside a kirie project, or name "
        "the folder with --config-dir."
    )


def compose_config(overrides: Sequence[str], folder: Path) -> dict[str, Any]:
    """Composes train.yaml with overrides and resolves it to plain values.

    Args:
        overrides: Hydra overrides (`model=fpn`, `train.epochs=5`, `experiment=starter`).
        folder: The folder of configuration.

    Raises:
        ConfigError: An override has a typo or cannot be read; the message names the valid choices.
    """
    for word in overrides:
        if word.startswith("-") or "=" not in word and not word.startswith("~"):
            raise ConfigError(
                f"'{word}' is neither an option nor an override; overrides look like model=fpn or train.epochs=5. "
                "See `kirie train --help`."
            )
        _check_choice(word, folder)
    with initialize_config_dir(str(folder), version_base="1.3"):
        try:
            config = compose("train", overrides=list(overrides))
            plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
        except OverrideParseException as error:
            raise ConfigError(f"The override '{error.override}' cannot be read; write key=value.") from None
        except MissingConfigException as error:
            raise ConfigError(_missing(error, folder)) from None
        except ConfigCompositionException as error:
            raise ConfigError(_composition(error, folder)) from None
        except (HydraException, OmegaConfBaseException) as error:
            raise ConfigError(f"The configuration cannot be composed: {_first_line(error)}") from None
    if not isinstance(plain, dict):
        raise ConfigError(f"{folder / 'train.yaml'} is not a mapping.")
    return {str(key): value for key, value in plain.items()}


def groups(folder: Path) -> dict[str, list[str]]:
    """The groups with a choice of files, and their choices."""
    return {
        place.name: sorted(path.stem for path in place.glob("*.yaml"))
        for place in sorted(folder.iterdir())
        if place.is_dir() and any(place.glob("*.yaml"))
    }


def _check_choice(word: str, folder: Path) -> None:
    """Looks at an override of a group before Hydra does, whose words are about its own insides."""
    key, _, value = word.partition("=")
    bare = key.removeprefix("+")
    if bare.startswith(("hydra.", "hydra/")):
        raise ConfigError(f"'{word}' is a setting of Hydra's own runs; `kirie train` takes those of conf/train.yaml.")
    group, at, _ = bare.partition("@")
    choices = groups(folder).get(group)
    if choices is not None and at:
        raise ConfigError(f"'{word}' puts {group} elsewhere, where nothing reads it; write {group}={value}.")
    if choices is None:
        return
    if key != bare and bare in _default_groups(folder):
        raise ConfigError(f"'{bare}' is among the defaults; write {bare}={value} without the plus.")
    value = value.strip("'\"")
    if value in choices or "$" in value:
        return
    raise ConfigError(f"There is no {bare} '{value}'.{_near(value, choices)} Allowed are {', '.join(choices)}.")


def _default_groups(folder: Path) -> set[str]:
    train = OmegaConf.load(folder / "train.yaml")
    defaults = train.get("defaults", []) if isinstance(train, DictConfig) else []
    return {str(key) for entry in defaults if isinstance(entry, DictConfig) for key in entry}


def _missing(error: MissingConfigException, folder: Path) -> str:
    name = error.missing_cfg_file or ""
    group, _, choice = name.rpartition("/")
    choices = groups(folder).get(group)
    if choices is None:
        return f"There is no configuration '{name}': {_first_line(error)}"
    return f"There is no {group} '{choice}'.{_near(choice, choices)} Allowed are {', '.join(choices)}."


def _composition(error: ConfigCompositionException, folder: Path) -> str:
    text = str(error)
    if found := re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text):
        # Hydra names groups as `experiment` and, with a package, as `experiment@pkg`
        key = found[1].split("@")[0].split("=")[0]
        with_defaults = compose("train")
        if "append" in text and "already at" in text:
            return f"'{key}' is there already; override it without the leading +."
        if key in groups(folder) and "No match in the defaults list" in text:
            return f"'{key}' is not among the defaults; add it with a plus: +{key}={'|'.join(groups(folder)[key])}."
        parent, _, last = key.rpartition(".")
        node = OmegaConf.select(with_defaults, parent) if parent else with_defaults
        if not isinstance(node, DictConfig):
            top = sorted({*map(str, with_defaults), *groups(folder)})
            head = key.split(".")[0]
            return f"There is no setting '{key}'.{_near(head, top)} Allowed are {', '.join(top)}."
        choices = sorted({*map(str, node), *(groups(folder) if not parent else ())})
        where = f"`{parent}`" if parent else "the configuration"
        return f"There is no setting '{key}'.{_near(last, choices)} In {where} allowed are {', '.join(choices)}."
    return f"The configuration cannot be composed: {_first_line(error)}"


def _near(word: str, choices: Sequence[str]) -> str:
    found = difflib.get_close_matches(word, choices, n=1)
    return f" Did you mean '{found[0]}'?" if found else ""


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def as_yaml(config: Mapping[str, Any]) -> str:
    """A resolved configuration as YAML text, keys in their order."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))
