"""Values as words of Hydra's override grammar, so that a configuration holds exactly the value that was swept."""

from __future__ import annotations

import re
from collections.abc import Mapping

from kirie.errors import SweepError
from kirie.sweep.values import Value

_BARE = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:-]*")
"""Text that needs no quotes, if it does not read as another type."""
_KEY = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_TYPED = {"null", "true", "false", "nan", "inf"}
_QUOTE = "'"


def override(name: str, value: Value) -> str:
    """The override that sets a name to a value.

    Raises:
        SweepError: Hydra's grammar has no form for the value.
    """
    return f"{name}={hydra_text(value, name)}"


def hydra_text(value: Value, name: str) -> str:
    """A value in Hydra's override grammar.

    Args:
        value: The value.
        name: What it is of, for messages.

    Raises:
        SweepError: Hydra's grammar has no form for it.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        return _of_text(value, name)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{_key(key, name)}:{hydra_text(one, name)}" for key, one in value.items()) + "}"
    return "[" + ",".join(hydra_text(one, name) for one in value) + "]"


def _of_text(value: str, name: str) -> str:
    if _BARE.fullmatch(value) and value.lower() not in _TYPED:
        return value
    if any(ord(sign) < 32 or 0xD800 <= ord(sign) < 0xE000 for sign in value):
        raise SweepError(f"{name} has the value {value!r}, and no override can hold its control signs; take them out.")
    # OmegaConf looks for interpolations in any text, and takes a backslash before them for its own
    literal = re.sub(r"(\\*)\$\{", lambda found: found[1] * 2 + r"\${", value)
    # Hydra takes backslashes for its own only where a quote follows
    quoted = re.sub(r"(\\*)'", lambda found: found[1] * 2 + r"\'", literal)
    end = len(quoted) - len(quoted.rstrip("\\"))
    return f"{_QUOTE}{quoted}{quoted[len(quoted) - end :]}{_QUOTE}"


def _key(key: str, name: str) -> str:
    if _KEY.fullmatch(key) and key.lower() not in _TYPED:
        return key
    raise SweepError(
        f"{name} has a value with the key {key!r}, which no override of Hydra can hold; allowed are letters, digits "
        "and _ . -, a letter or _ first."
    )
