"""What `kirie prepare --strict` refuses: pictures of which something had to be mended."""

from __future__ import annotations

from collections.abc import Sequence

from kirie.core.instances import CRUMBS, HIDDEN
from kirie.errors import SourceError
from kirie.prepare.record import Record

_LINES = 20

LAWFUL = frozenset({CRUMBS, HIDDEN})
"""Notes that tell of nothing wrong: paint order hides and cuts regions."""


def refuse_mended(records: Sequence[Record]) -> None:
    """Refuses pictures whose annotations are used otherwise than they are written.

    Raises:
        SourceError: There are some: what was mended in each.
    """
    mended = {
        record.name: [f"{what}: {count}" for what, count in sorted(record.notes.items()) if what not in LAWFUL]
        for record in records
    }
    lines = [f"  {name}: {'; '.join(found)}" for name, found in mended.items() if found]
    if not lines:
        return
    more = [f"  ... and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    raise SourceError(
        "\n".join(
            [
                f"{len(lines)} of {len(records)} pictures had to be mended, which --strict refuses:",
                *lines[:_LINES],
                *more,
                "Nothing was changed; correct the annotations, or leave --strict out to take them mended.",
            ]
        )
    )
