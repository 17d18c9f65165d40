"""Small records read back from JSON: every value is of the type that its field says, or the record is refused."""

from __future__ import annotations

from typing import Any, TypeVar, get_args, get_type_hints

Record = TypeVar("Record")


def checked(kind: type[Record], content: Any) -> Record:
    """A dataclass of plain fields from what JSON held.

    Args:
        kind: The dataclass.
        content: What was read; values that are records themselves are made already.

    Raises:
        TypeError: It is no mapping, a field is missing or unknown, or a value is of another type.
    """
    if not isinstance(content, dict):
        raise TypeError(f"{kind.__name__} is no mapping")
    made = kind(**content)
    for name, wanted in get_type_hints(kind).items():
        value = getattr(made, name)
        # To Python a bool is an int, too
        if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in (wanted, *get_args(wanted))):
            raise TypeError(f"{kind.__name__}.{name} is not of its type")
    return made
