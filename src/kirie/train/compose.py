"""Hydra's configuration from the words of a command line, with mistakes turned into sentences.

The compose API is used instead of `hydra.main`: a command keeps its own options beside the overrides, the working
folder stays where it is, and a typo ends in one sentence that names the valid choices.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from hydra import compose, initialize_config_dir
from hydra.core.config_loader import ConfigLoader
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import ConfigCompositionException, HydraException, MissingConfigException, OverrideParseException
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException

from kirie.core.task import is_detector
from kirie.errors import ConfigError, UnknownSettingError, first_line
from kirie.train.overrides import checked, groups, near

PACKAGED = Path(__file__).resolve().parents[1] / "conf"
CLONE = Path(__file__).resolve().parents[3] / "conf"

BROKEN = (
    *(HydraException, OmegaConfBaseException),
    *(ArithmeticError, AssertionError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError),
)
"""What Hydra raises about files that nobody has thought of: defaults that are no list, files that name themselves."""


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
    with opened(folder):
        config = compose("train", overrides=checked(overrides, folder))
        plain = OmegaConf.to_container(config, resolve=True, throw_on_missing=True)
    if not isinstance(plain, dict):
        raise ConfigError(f"{folder / 'train.yaml'} is not a mapping.")
    return without_loss({str(key): value for key, value in plain.items()}, overrides)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[ConfigLoader]:
    """Opens a folder of configuration for Hydra. Whatever Hydra raises inside the block becomes a sentence.

    Args:
        folder: The folder of configuration.

    Raises:
        ConfigError: An override or a file of the folder is broken.
    """
    try:
        try:
            with initialize_config_dir(str(folder), version_base="1.3"):
                yield GlobalHydra.instance().config_loader()
        except (HydraException, OmegaConfBaseException) as error:
            raise explained(error, folder) from None
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"A file of the configuration in {folder} is no YAML: {' '.join(str(error).split())}."
        ) from None
    except BROKEN as error:
        # To explain Hydra's complaint the folder is read again, and may be broken for that as well
        raise ConfigError(
            f"The configuration in {folder} cannot be composed ({type(error).__name__}: {first_line(error)}). Each of "
            "its files is a mapping, and `defaults` in it a list of other files; mend the one that was edited last."
        ) from None


def without_loss(config: dict[str, Any], overrides: Sequence[str]) -> dict[str, Any]:
    """The same configuration; that of a model that finds instances without `loss`, because its losses are its own.

    A recipe may choose a loss for the models that need one; a person who writes one expects something of it.

    Args:
        config: The resolved configuration.
        overrides: What was written on the command line.

    Raises:
        ConfigError: A loss was written there all the same.
    """
    model = config.get("model")
    if not isinstance(model, Mapping) or not is_detector(model.get("name")):
        return config
    for word in overrides:
        key = word.lstrip("+~").partition("=")[0].partition("@")[0]
        if key.split(".")[0] == "loss":
            raise ConfigError(
                f"'{word}' does not go with model={model['name']}: a model that finds instances brings its losses; "
                "leave it out, and weigh them with model.options.loss_weights."
            )
    return {key: value for key, value in config.items() if key != "loss"}


def explained(error: HydraException | OmegaConfBaseException, folder: Path) -> ConfigError:
    """Hydra's complaint about train.yaml and its overrides as a sentence that names the valid choices."""
    if isinstance(error, OverrideParseException):
        return ConfigError(
            f"The override '{error.override}' cannot be read; write key=value, a list as key=[1,2], and text with "
            f"brackets or quotes in quotes twice, as \"key='[a] b'\"."
        )
    if isinstance(error, MissingConfigException):
        return ConfigError(_missing(error, folder))
    if isinstance(error, ConfigCompositionException):
        return _composition(error, folder)
    return ConfigError(f"The configuration cannot be composed: {first_line(error)}")


def _missing(error: MissingConfigException, folder: Path) -> str:
    name = error.missing_cfg_file or ""
    group, _, choice = name.rpartition("/")
    choices = groups(folder).get(group)
    if choices is None:
        return f"There is no configuration '{name}': {first_line(error)}"
    return f"There is no {group} '{choice}'.{near(choice, choices)} Allowed are {', '.join(choices)}."


def _composition(error: ConfigCompositionException, folder: Path) -> ConfigError:
    text = str(error)
    if found := re.search(r"resolving interpolation '([^']*)', possible interpolation keys: (.*)", text):
        return ConfigError(
            f"'{found[1]}' does not tell what is chosen; a choice of a group may refer to {found[2]} alone."
        )
    if found := re.search(r"Could not (?:override|append|delete)[^']*'([^']+)'", text):
        # Hydra names groups as `experiment` and, with a package, as `experiment@pkg`
        key = found[1].split("@")[0].split("=")[0]
        with initialize_config_dir(str(folder), version_base="1.3"):
            with_defaults = compose("train")
        if "append" in text and "already at" in text:
            return ConfigError(f"'{key}' is there already; override it without the leading +.")
        if key in groups(folder) and "No match in the defaults list" in text:
            allowed = "|".join(groups(folder)[key])
            return ConfigError(f"'{key}' is not among the defaults; add it with a plus: +{key}={allowed}.")
        parent, _, last = key.rpartition(".")
        node = OmegaConf.select(with_defaults, parent) if parent else with_defaults
        if not isinstance(node, DictConfig):
            top = sorted({*map(str, with_defaults), *groups(folder)})
            head = key.split(".")[0]
            hint = near(key, _paths(with_defaults)) or near(head, top)
            return UnknownSettingError(f"There is no setting '{key}'.{hint} Allowed are {', '.join(top)}.")
        choices = sorted({*map(str, node), *(groups(folder) if not parent else ())})
        where = f"`{parent}`" if parent else "the configuration"
        return UnknownSettingError(
            f"There is no setting '{key}'.{near(last, choices)} In {where} allowed are {', '.join(choices)}."
        )
    return ConfigError(f"The configuration cannot be composed: {first_line(error)}")


def _paths(config: DictConfig, prefix: str = "") -> list[str]:
    """The dotted names of all settings."""
    found: list[str] = []
    for key in map(str, config):
        name = f"{prefix}{key}"
        # A value may refer to what only a whole configuration has
        below = config._get_node(key)
        found += _paths(below, f"{name}.") if isinstance(below, DictConfig) else [name]
    return found


def as_yaml(config: Mapping[str, Any]) -> str:
    """A resolved configuration as YAML text, keys in their order."""
    return OmegaConf.to_yaml(OmegaConf.create(dict(config)))
