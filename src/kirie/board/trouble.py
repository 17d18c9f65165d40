"""What keeps a board from showing all that there is, in sentences, which boards over one cache tell each other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from kirie.board.cache import Cache
from kirie.runlog.reader.find import readable

_MOST_PATH = 200
"""Letters of a path that are told."""


class Trouble:
    """The trouble of the board that fills a cache, or as one that looks on hears of it.

    Args:
        folder: The folder that the board shows.
        cache: Its cache.

    Attributes:
        failure: Why this board's last look failed, or "".
        gone: Whether the folder is not there.
        logs: How many logs there are, and how many of them are shown.
        closed: Folders and logs that cannot be opened, and why.
    """

    def __init__(self, folder: Path, cache: Cache) -> None:
        self._folder, self._cache = folder, cache
        self.failure, self.gone, self.logs = "", False, (0, 0)
        self.closed: Mapping[str, str] = {}
        self._told: str | None = None
        self._heard = ""

    @property
    def sentence(self) -> str:
        """All of it; "" if there is none."""
        return " ".join(filter(None, (self.failure, self._heard or self._own())))

    def tell(self) -> None:
        """Puts it into the cache, for the boards that look on, where it is another than before."""
        self._heard = ""
        if (own := self._own()) != self._told:
            with self._cache.writing() as connection:
                connection.execute("REPLACE INTO meta VALUES ('trouble', ?)", (own,))
            self._told = own

    def hear(self) -> None:
        """Takes it from the cache, as the board that fills it has put it there."""
        with self._cache.reading() as connection:
            found = connection.execute("SELECT value FROM meta WHERE name = 'trouble'").fetchone()
        self._heard, self._told = str(found[0]) if found else "", None

    def forget(self) -> None:
        """After the cache was lost: it has to be told again."""
        self._told = None

    def _own(self) -> str:
        if self.gone:
            return f"The folder {self._folder} is not there any more; what was read before is shown."
        there, shown = self.logs
        older = f"Of {there:,} logs {shown:,} are shown, those of the newest runs; open a folder of fewer."
        return " ".join(filter(None, (self._left_out(), older if shown < there else "")))

    def _left_out(self) -> str:
        if not self.closed:
            return ""
        path, why = next(iter(self.closed.items()))
        others = len(self.closed) - 1
        more = f" and {others} more" if others else ""
        first = readable(self._folder / path)[:_MOST_PATH]
        return f"{first}{more} cannot be opened ({why}): what is new in there is left out."
