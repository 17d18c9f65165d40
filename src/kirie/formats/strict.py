"""What `--strict` of `kirie import` and `kirie prepare` refuses: pictures of which something had to be mended."""

from __future__ import annotations

from collections.abc import Mapping

from kirie.core.instances import CRUMBS, HIDDEN
from kirie.errors import SourceError

_LINES = 20

LAWFUL = frozenset({CRUMBS, HIDDEN})
"""Notes that tell of nothing wrong: paint order hides and cuts regions."""


def refuse_mended(notes: Mapping[str, Mapping[str, int]]) -> None:
    """Refuses pictures whose annotations are used otherwise than they are written.

    Args:
        notes: For each picture's name what reading it counted, nothing for most.

    Raises:
        SourceError: There are some: what was mended in each.
    """
    mended = {
        name: [f"{what}: {count}" for what, count in sorted(found.items()) if what not in LAWFUL]
        for name, found in notes.items()
    }
    lines = [f"  {name}: {'; '.join(found)}" for name, found in mended.items() if found]
    if not lines:
        return
    more = [f"  ... and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    raise SourceError(
        "\n".join(
            [
                f"{len(lines)} of {len(notes)} pictures had to be mended, which --strict refuses:",
                *lines[:_LINES],
                *more,
                "Nothing was changed; correct the annotations, or leave --strict out to take them mended.",
            ]
        )
    )
