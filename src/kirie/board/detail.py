"""What is known of a run beside its row in the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from kirie.board.reading import Facts, failed_facts
from kirie.board.row import plain
from kirie.runlog.reader.find import readable
from kirie.runlog.reader.merge import git_of
from kirie.runlog.reader.values import spelled


class Segment(NamedTuple):
    """A log as the cache has it.

    Attributes:
        path: Below the folder that the board shows.
        size: Bytes; -1 while it is being read.
        mtime: When it was last written, ns since 1970.
        facts: What it has said.
    """

    path: str
    size: int
    mtime: int
    facts: Facts

    @property
    def says_nothing(self) -> bool:
        """Whether it is empty, or no log at all. W&B writes a log's first bytes when it makes it."""
        return self.size == 0 or bool(self.facts["skipped"].get("foreign"))

    def failed(self) -> Segment:
        """The same as one that we cannot take."""
        return self._replace(facts=failed_facts())


def detail_of(
    facts: Facts,
    segments: Sequence[Segment],
    record: dict[str, Any],
    where: dict[str, Any],
) -> dict[str, Any]:
    """What /api/run/ID tells beside the row."""
    kinds: dict[str, str] = facts["media"]
    return {
        "entity": facts["run"].get("entity"),
        "config": spelled(plain(facts["config"])),
        "summary": spelled(plain(facts["summary"])),
        "git": git_of([facts["git"]], record),
        "environment": where,
        "versions": {"wandb": facts["version"], **(record.get("versions") or {})},
        "data_version": record.get("data"),
        "segments": [
            {
                "path": readable(each.path),
                "bytes": max(0, each.size),
                "started": each.facts["run"].get("started") or each.facts["first"],
                "exit": each.facts["exit"][0] if each.facts["exit"] else None,
            }
            for each in segments
        ],
        "metrics": facts["metrics"],
        "system": facts["system"],
        "media": _of(kinds, "images"),
        "tables": _of(kinds, "table"),
        "histograms": _of(kinds, "histogram"),
        "texts": _of(kinds, "text"),
        "skipped": facts["skipped"],
    }


def _of(kinds: dict[str, str], wanted: str) -> list[str]:
    return sorted(key for key, kind in kinds.items() if kind == wanted)
