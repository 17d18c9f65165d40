"""Whether what W&B's agent writes on a command line is what Hydra reads there.

An agent writes `name=value` as Python prints the value, without quotes. For numbers and plain words that is Hydra's
grammar, too; a `null` (which arrives as the text None), a text that looks like a number, or a nested parameter is not.
"""

from __future__ import annotations

from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from kirie.errors import SweepError
from kirie.sweep.spec import SweepSpec

MACROS = ("${args_no_hyphens}", "${args_append_hydra}", "${args_override_hydra}")
"""The macros that become overrides."""


def check_agent_words(spec: SweepSpec) -> None:
    """Checks that a training under W&B's agent gets the values that the sweep file names.

    Raises:
        SweepError: The file has no command for kirie, or a value would reach Hydra as another one.
    """
    if spec.command is None:
        raise SweepError(
            f"{spec.path} has no `command`, and without one W&B's agent runs `python {spec.program or 'PROGRAM'} "
            "--name=value`; write command: [kirie, train, '${args_no_hyphens}']."
        )
    if not any(macro in spec.command for macro in MACROS):
        # Not a training of kirie, or one that gets its values another way
        return
    for parameter in spec.parameters:
        if parameter.nested:
            first, _, rest = parameter.name.partition(".")
            raise SweepError(
                f"{spec.path}: W&B's agent hands nested parameters over as {first}={{'{rest}': ...}}, which Hydra "
                f"cannot read; write the name in one, as `{parameter.name}:`."
            )
        for value in parameter.distribution.grid() or ():
            if not _read_alike(parameter.name, value):
                raise SweepError(
                    f"{spec.path}: W&B's agent would write {parameter.name}={value}, which Hydra does not read as "
                    f"{value!r}; choose another value, or run the sweep with --engine local, which quotes it."
                )


def _read_alike(name: str, value: Any) -> bool:
    try:
        found = OverridesParser.create().parse_override(f"{name}={value}").value()
    except HydraException:
        return False
    # With its type: 1, 1.0 and True are equal to Python
    return repr(found) == repr(value)
