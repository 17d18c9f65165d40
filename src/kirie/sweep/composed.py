"""Which files of configuration a trial is composed from: train.yaml, the choices of its groups, and what these name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import yaml
from hydra import initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException

from kirie.errors import ConfigError
from kirie.train.overrides import checked


def files_of(overrides: Sequence[str], conf: Path) -> frozenset[str] | None:
    """The names of the files, in their folder.

    Args:
        overrides: What `kirie train` is told.
        conf: The folder of configuration.

    Returns:
        The names, those of Hydra's own files among them; None where that cannot be told, as a file is missing or no
        YAML, or a word is none.
    """
    try:
        with initialize_config_dir(str(conf), version_base="1.3"):
            loader = GlobalHydra.instance().config_loader()
            found = loader.compute_defaults_list("train", checked(overrides, conf), RunMode.RUN)
    except (ConfigError, HydraException, OmegaConfBaseException, yaml.YAMLError, UnicodeDecodeError):
        return None
    return frozenset(f"{one.config_path}.yaml" for one in found.defaults)
