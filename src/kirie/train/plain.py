"""What any configuration is made of, whatever its keys mean: named values that can be written down and hashed."""

from __future__ import annotations

from collections.abc import Mapping

from kirie.errors import ConfigError

_LARGEST = 2**63 - 1
"""Beyond it neither torch nor a float takes a whole number."""


def check_plain(node: object, at: str = "") -> None:
    """Refuses what no reader of a configuration could take.

    Args:
        node: A resolved configuration, or a part of it.
        at: Its key, for messages.

    Raises:
        ConfigError: A key is no text, a text cannot be written as UTF-8 or holds NUL, or a whole number is absurd.
    """
    if isinstance(node, Mapping):
        for key, value in node.items():
            if not isinstance(key, str):
                raise ConfigError(
                    f"The configuration has the key {key!r} in `{at}`; keys are words, as in {at}.name=1."
                )
            check_plain(value, f"{at}.{key}".lstrip("."))
    elif isinstance(node, list):
        for value in node:
            check_plain(value, at)
    elif isinstance(node, str) and ("\0" in node or not _is_unicode(node)):
        raise ConfigError(
            f"{at} is {node!a}, which is no UTF-8 text and cannot be written down with the run; give the file or "
            "folder another name, or a link of one."
        )
    elif isinstance(node, int) and abs(node) > _LARGEST:
        raise ConfigError(f"{at} is a whole number of {node.bit_length()} bits; allowed are at most 63.")


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
