"""Folders of runs with logs of W&B's form, and boards over them."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from benchmarks import board_logs as logs
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kirie.board.app import make_board
from kirie.board.cache import Cache
from kirie.board.indexer import Indexer
from kirie.board.library import Library
from kirie.board.notes import Notes
from kirie.board.place import BoardPlace
from kirie.board.turn import Turn

ADDRESS = "http://127.0.0.1:7310"


Board = Callable[..., contextlib.AbstractContextManager[TestClient]]


def write_log(
    folder: Path,
    run_id: str,
    rows: Iterable[dict[str, Any]] = (),
    *,
    exit_code: int | None = 0,
    started: float = logs.START,
    config: dict[str, Any] | None = None,
    more: Iterable[bytes] = (),
    **said: Any,
) -> Path:
    """Writes a run's log as W&B places it, and gives its path."""
    path: Path = logs.place(folder, run_id, started)
    path.parent.mkdir(parents=True, exist_ok=True)
    records = [logs.begun(run_id, config or {}, started=started, **said)]
    for at, row in enumerate(rows):
        records += [logs.history(row, at), logs.summary(row)]
    records += more
    if exit_code is not None:
        records.append(logs.ended(exit_code))
    path.write_bytes(logs.log_of(records))
    return path


def append(path: Path, rows: Iterable[dict[str, Any]], first: int) -> None:
    """Adds rows to a log, as a training does."""
    records = [record for at, row in enumerate(rows, first) for record in (logs.history(row, at), logs.summary(row))]
    with path.open("ab") as stream:
        stream.write(logs.framed(records, path.stat().st_size))


def steps(values: Iterable[float], first: int = 0, key: str = "loss") -> list[dict[str, Any]]:
    """Rows of one metric."""
    begin = logs.START
    return [
        {key: value, "_step": at, "epoch": at // 10, "_timestamp": begin + at, "_runtime": float(at)}
        for at, value in enumerate(values, first)
    ]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three runs: one that is finished, one that failed, one of another program's folder."""
    folder = tmp_path / "runs"
    write_log(
        folder,
        "first",
        steps([1.0, 0.5, 0.25]),
        config={"model": {"name": "unet"}, "seed": 1, "batch_size": 8},
        name="the first",
        group="a",
        tags=["good"],
    )
    write_log(folder, "second", steps([2.0, 1.0]), exit_code=3, started=logs.START + 60, config={"seed": 2})
    write_log(folder / "elsewhere" / "deep", "third", steps([4.0]), started=logs.START + 120, name="<script>alert(1)")
    return folder


def whole(client: TestClient) -> None:
    """Has the board look at all folders, and at living runs, now."""
    index: Indexer = cast(Starlette, client.app).state.index
    index.look(everywhere=True)


@pytest.fixture
def place(tmp_path: Path) -> BoardPlace:
    """Where the boards of a test keep what is theirs."""
    return BoardPlace(tmp_path / "cache", tmp_path / "notes")


@pytest.fixture
def board(place: BoardPlace) -> Board:
    """Opens a board over a folder, with its logs read."""

    @contextlib.contextmanager
    def opened(folder: Path, **more: Any) -> Iterator[TestClient]:
        with TestClient(make_board(folder, more.pop("place", place), **more), base_url=ADDRESS) as client:
            whole(client)
            yield client

    return opened


class Desk:
    """A board without its server: index and library over a folder."""

    def __init__(self, folder: Path, place: BoardPlace) -> None:
        self.cache = Cache(place.cache)
        self.index = Indexer(folder, self.cache, Turn(place.cache / "index.lock"))
        self.library = Library(folder, self.cache, Notes(place.notes))

    def look(self) -> list[str]:
        """Looks at all folders; gives the runs."""
        self.index.look(everywhere=True)
        return self.library.ids()

    def close(self) -> None:
        """Lets all go."""
        self.index.stop()
        self.cache.close()


@pytest.fixture
def desk(tmp_path: Path, place: BoardPlace) -> Iterator[Desk]:
    """Over an empty folder."""
    (tmp_path / "runs").mkdir()
    found = Desk(tmp_path / "runs", place)
    yield found
    found.close()


def table(client: TestClient, since: int | None = None) -> dict[str, dict[str, Any]]:
    """The rows of /api/runs by run."""
    answer = client.get("/api/runs" + (f"?since={since}" if since is not None else "")).json()
    rows: dict[str, dict[str, Any]] = {run: {} for run in answer["ids"]}
    for column in answer["columns"]:
        words = column.get("words")
        values = column.get("values") or [None if at is None else words[at] for at in column["codes"]]
        for run, value in zip(answer["ids"], values, strict=True):
            rows[run][column["key"]] = value
    return rows


def silent(path: Path, seconds: float) -> None:
    """Makes a log look as if it had not grown for a while."""
    then = time.time() - seconds
    os.utime(path, (then, then))
