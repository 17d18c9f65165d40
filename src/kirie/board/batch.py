"""How many images a step of a training takes, by its configuration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from kirie.core.run import RunFolder
from kirie.errors import KirieError, RunError
from kirie.core.files import read_text

_NAMES = ("data.batch_size", "train.batch_size", "batch_size", "global_batch_size")
_ADDED = ("train.accumulate", "accumulate", "accumulate_grad_batches", "gradient_accumulation_steps")
_MOST_BYTES = 2**20


def images_a_step(row: Mapping[str, Any], folder: RunFolder | None) -> float | None:
    """The images of a step; None if nobody tells.

    Args:
        row: The run's row, with its `config.` columns.
        folder: kirie's run folder: what W&B is told of the data there leaves the batch size out.
    """
    found = _first(row, _NAMES)
    if found is None and folder is not None:
        found = _of_folder(folder)
    return None if found is None else found * (_first(row, _ADDED) or 1.0)


def _of_folder(folder: RunFolder) -> float | None:
    try:
        content = yaml.safe_load(read_text(folder.config, RunError, "The configuration", _MOST_BYTES))
        return _positive(content["data"]["batch_size"])
    except (KirieError, yaml.YAMLError, KeyError, TypeError, RecursionError):
        return None


def _first(row: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    return next((found for name in names if (found := _positive(row.get(f"config.{name}"))) is not None), None)


def _positive(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) and value > 0 else None
