"""Looks up again what became of runs of which no log tells: some end without another word, some are queued again."""

from __future__ import annotations

import time

from kirie.board.cache import Cache
from kirie.board.keeper import Keeper, run_folder
from kirie.board.states import ALIVE, Asked

ASK_S = 15.0
"""Seconds between two questions to SLURM, at least."""
_SHARE = 0.05
"""Share of the time that looking at all runs that are not over may take: where there are very many it is rarer."""


class Judge:
    """Keeps the states of runs true that no log tells.

    Args:
        cache: The board's cache.
        keeper: Writes into it.
        asked: SLURM.
    """

    def __init__(self, cache: Cache, keeper: Keeper, asked: Asked) -> None:
        self._cache, self._keeper, self._asked = cache, keeper, asked
        self._next = 0.0

    def look(self) -> None:
        """Looks at living runs; when it is time, also at all others of kirie that may live again, and asks SLURM.

        Raises:
            CacheLostError: The cache is begun anew; look again.
        """
        begin = time.monotonic()
        due = begin >= self._next
        with self._cache.reading() as connection:
            # Finished is by their record who can never be anything else
            found = connection.execute("SELECT key, id, state FROM run WHERE state != 'finished'").fetchall()
            before = [(key, run_id, state) for key, run_id, state in found if due or state in ALIVE]
            logs = self._keeper.logs(connection, [key for key, _, _ in before])
        # A file server and SLURM may take their time, in which others can read and write
        folders = {key: folder for key, log in logs.items() if (folder := run_folder(log)) is not None}
        ours = list(folders.values())
        told = self._asked.ask(ours) if due else self._asked.states(ours)
        if due:
            now = time.monotonic()
            self._next = now + max(ASK_S, (now - begin) / _SHARE)
        changed = {
            run_id
            for key, run_id, state in before
            if state in ALIVE or key in folders and told.get(folders[key].path, state) != state
        }
        if changed:
            with self._cache.writing() as connection:
                # Of an id there may be other runs, which nobody has looked at
                self._keeper.make(
                    connection,
                    changed,
                    lambda folders: told | self._asked.states([each for each in folders if each.path not in told]),
                )
