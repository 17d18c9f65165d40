"""The command of a trial: W&B's macros filled in, and the overrides of `kirie train` that it comes to."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from kirie.errors import SweepError
from kirie.sweep.hydra_words import override
from kirie.sweep.values import Value

DEFAULT = ("kirie", "train", "${args_no_hyphens}")
"""What a trial of a sweep without a `command` runs here. W&B's own default runs a `program`."""

_VARIABLE = re.compile(r"\$\{envvar:([A-Z0-9_]*)\}")
_MACRO = re.compile(r"\$\{(\w+)\}")
_PYTHON = re.compile(r"python(3(\.\d+)?)?")
_ASSIGNED = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=.*")
_KNOWN = (
    "env",
    "interpreter",
    "program",
    "args",
    "args_no_equals",
    "args_no_hyphens",
    "args_no_boolean_flags",
    "args_json",
    "args_json_file",
    "args_append_hydra",
    "args_override_hydra",
)


def words(
    command: Sequence[str] | None,
    params: Mapping[str, Value],
    env: Mapping[str, str],
    *,
    program: str | None = None,
    json_file: Path | None = None,
) -> list[str]:
    """The words of a trial's process, macros filled in as W&B's agent does.

    In one thing they differ from the agent's: those that Hydra reads (`${args_no_hyphens}`, `${args_append_hydra}`,
    `${args_override_hydra}`) are written so that Hydra reads the very value, where the agent writes Python's text of it
    (`as_agent_writes`): None for null, a comma as it is.

    Args:
        command: The sweep file's `command`; None for DEFAULT.
        params: The parameters of the trial.
        env: The environment, for `${envvar:NAME}`; a variable that is not set leaves its name.
        program: The sweep file's `program`.
        json_file: What `${args_json_file}` stands for.

    Raises:
        SweepError: A macro is not one of W&B's or has nothing to stand for, or a value cannot be a word.
    """
    found: list[str] = []
    for word in DEFAULT if command is None else command:
        filled = _VARIABLE.sub(lambda match: env.get(match[1], match[1]), word)
        macro = _MACRO.fullmatch(filled)
        if macro is None:
            found.append(filled)
            continue
        if macro[1] not in _KNOWN:
            raise SweepError(
                f"The sweep's command has the macro {filled}, which W&B does not know; allowed are "
                f"{', '.join(f'${{{name}}}' for name in _KNOWN)} and ${{envvar:NAME}}."
            )
        found += _filled(macro[1], params, program, json_file)
    return found


def _filled(macro: str, params: Mapping[str, Value], program: str | None, json_file: Path | None) -> list[str]:
    given = _given(params)
    match macro:
        case "env":
            return ["/usr/bin/env"]
        case "interpreter":
            return ["python"]
        case "program" if program is not None:
            return [program]
        case "args_json_file" if json_file is not None:
            return [str(json_file)]
        case "program" | "args_json_file":
            raise SweepError(f"The sweep's command has ${{{macro}}}, and there is none; write the words out.")
        case "args":
            return [f"--{name}={value}" for name, value in given.items()]
        case "args_no_equals":
            return [word for name, value in given.items() for word in (f"--{name}", str(value))]
        case "args_no_boolean_flags":
            flags = ((name, value) for name, value in given.items() if value is not False)
            return [f"--{name}" if value is True else f"--{name}={value}" for name, value in flags]
        case "args_json":
            return [json.dumps(given)]
    sign = {"args_no_hyphens": "", "args_append_hydra": "+", "args_override_hydra": "++"}[macro]
    return [f"{sign}{override(name, value)}" for name, value in params.items()]


def as_agent_writes(name: str, value: Value) -> str:
    """The override as W&B's agent writes it; where `override` writes another, Hydra may read another value."""
    return f"{name}={value}"


def overrides_of(words: Sequence[str]) -> list[str]:
    """The overrides of `kirie train` in a trial's command.

    Args:
        words: The command, macros filled in: `kirie train ...`, or `python -m kirie train ...`, with `/usr/bin/env`
            and variables before it where wanted.

    Raises:
        SweepError: The command is no training of kirie, or holds options beside overrides.
    """
    left = list(words)
    if left and left[0] in {"/usr/bin/env", "env"}:
        left = left[1:]
        while left and _ASSIGNED.fullmatch(left[0]):
            left = left[1:]
    if left[1:3] == ["-m", "kirie"] and _PYTHON.fullmatch(Path(left[0]).name):
        left = left[2:]
    if len(left) < 2 or Path(left[0]).name != "kirie" or left[1] != "train":
        raise SweepError(
            f"The sweep's command is `{' '.join(words)}`, and sweeps without W&B run kirie's trainings only; write "
            "command: [kirie, train, '${args_no_hyphens}'], or use --engine wandb."
        )
    for word in left[2:]:
        if word.startswith("-"):
            hint = " (use ${args_no_hyphens} instead of ${args})" if "=" in word else ""
            raise SweepError(
                f"The sweep's command has the option '{word}', and a trial takes overrides of conf/train.yaml only, "
                f"as model=unet{hint}."
            )
    return left[2:]


def _given(params: Mapping[str, Value]) -> dict[str, Value]:
    """Lists and mappings as Python's own, whose text the agent writes."""
    return {name: _plain(value) for name, value in params.items()}


def _plain(value: Value) -> Value:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_plain(one) for one in value]
    return value
