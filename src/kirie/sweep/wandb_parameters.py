"""A trial's parameters in the file that W&B's client reads under an agent.

With it the run's configuration has them by the sweep's own names, as an agent's trial has, also offline. So a run that
is attached to a sweep at W&B later (`kirie sync --sweep`) is one that its search can learn from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from kirie.core import files
from kirie.runlog.agent import PARAMETERS
from kirie.sweep.parameters import Parameter


def write_parameters(path: Path, params: Mapping[str, Any], swept: Sequence[Parameter]) -> dict[str, str]:
    """Writes the file.

    Args:
        path: Where.
        params: The trial's parameters, nested names joined by dots.
        swept: What the sweep file says of them; those it writes as nested are nested here.

    Returns:
        The variable that names the file to the client.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    nested = {parameter.name for parameter in swept if parameter.nested}
    found: dict[str, Any] = {}
    for name, value in params.items():
        first, *rest = name.split(".") if name in nested else [name]
        at, key = found, first
        for part in rest:
            at, key = at.setdefault(key, {}), part
        at[key] = value
    content = {name: {"value": value} for name, value in found.items()}
    files.write_text(path, "wandb_version: 1\n" + yaml.safe_dump(content, sort_keys=False, allow_unicode=True))
    return {PARAMETERS: str(path.absolute())}
