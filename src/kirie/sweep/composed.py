"""Which files of configuration a trial is composed from: train.yaml, the choices of its groups, and what these name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hydra.types import RunMode

from kirie.errors import ConfigError
from kirie.train.compose import opened
from kirie.train.overrides import checked


def files_of(overrides: Sequence[str], conf: Path) -> frozenset[str] | None:
    """The names of the files, in their folder.

    Args:
        overrides: What `kirie train` is told.
        conf: The folder of configuration.

    Returns:
        The names, those of Hydra's own files among them; None where that cannot be told, as a file is missing or
        broken, or a word is none.
    """
    try:
        with opened(conf) as loader:
            found = loader.compute_defaults_list("train", checked(overrides, conf), RunMode.RUN)
    except ConfigError:
        return None
    return frozenset(f"{str(one.config_path).removesuffix('.yaml')}.yaml" for one in found.defaults)
