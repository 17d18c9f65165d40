"""A cache in memory that is full: the newest runs and those that live are shown, and go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benchmarks import board_logs as logs
from tests.board.conftest import Desk, append, silent, steps, write_log

from kirie.board import cache, readers, reading, room
from kirie.board.cache import CacheFullError
from kirie.board.place import BoardPlace


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """In a MiB of memory, over an empty folder."""
    monkeypatch.setattr(cache, "_MEMORY_BYTES", 2**20)
    (tmp_path / "runs").mkdir()
    (tmp_path / "file").write_text("")
    found = Desk(tmp_path / "runs", BoardPlace(tmp_path / "file" / "cache", tmp_path / "notes"))
    yield found
    found.close()


def printed(pages: int) -> list[bytes]:
    """Records of output, of 8 KiB each."""
    return [logs.output("x" * 2**13)] * pages


def looked(desk: Desk) -> list[str]:
    """Looks as a board does, until all that fits is there; gives the runs."""
    for _ in range(20):
        try:
            return desk.look()
        except CacheFullError:
            continue
    raise AssertionError("it comes to no end")


def test_the_newest_runs_and_those_that_live_are_shown_and_go_on(tmp_path: Path, desk: Desk) -> None:
    """The oldest give way to what is new: to a run that grows, though it is the oldest of all, and to a new one."""
    runs = tmp_path / "runs"
    living = write_log(runs, "living", steps([1.0]), exit_code=None)
    for at in range(60):
        silent(write_log(runs, f"r{at:02}", steps([1.0]), started=logs.START + 60 + at, more=printed(4)), 3600)
    found = looked(desk)
    assert 10 < len(found) < 60
    assert found == [*(f"r{at:02}" for at in reversed(range(61 - len(found), 60))), "living"]
    assert "memory is full" in desk.cache.trouble
    assert desk.index.trouble == f"Of 61 logs {len(found)} are shown, those of the newest runs; open a folder of fewer."
    with living.open("ab") as stream:
        stream.write(logs.framed(printed(20), living.stat().st_size))
    append(living, steps([2.0], first=1), 1)
    write_log(runs, "new", steps([1.0]), started=logs.START + 999, more=printed(4))
    found = looked(desk)
    assert (found[0], found[-1]) == ("new", "living")
    assert desk.library.row("living")["steps"] == 1
    with living.open("ab") as stream:
        stream.write(logs.framed([logs.ended(3)], living.stat().st_size))
    desk.look()
    assert desk.library.row("living")["state"] == "failed"
    progress = desk.library.progress()
    assert progress["done"] == progress["total"] == len(found)


def test_more_at_once_than_fits_is_shown_as_far_as_it_fits(tmp_path: Path, desk: Desk) -> None:
    """Fifty runs are one change of the cache; of too many at once the newest stay."""
    for at in range(50):
        path = write_log(tmp_path / "runs", f"r{at:02}", steps([1.0]), started=logs.START + at, more=printed(8))
        silent(path, 3600)
    found = looked(desk)
    assert 5 < len(found) < 50
    assert found == [f"r{at:02}" for at in reversed(range(50 - len(found), 50))]


def test_a_run_that_does_not_fit_alone_is_shown_as_far_as_it_fits(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its first columns are there, and what became of it; it is not read again and again."""
    looks = []

    def read(path: Path, state: Any, facts: Any) -> reading.Reading:
        looks.append(path)
        return real(path, state, facts, 100_000)

    real = reading.read
    monkeypatch.setattr(readers, "read", read)
    path = write_log(tmp_path / "runs", "long", steps([1.0]), more=printed(200), exit_code=None)
    append(path, steps([2.0], first=1), 1)
    assert looked(desk) == ["long"]
    assert len(looks) > 15
    looks.clear()
    assert desk.look() == ["long"]
    assert looks == []
    assert desk.library.curve("long", "loss")[1].tolist() == [1.0]
    assert desk.library.row("long")["steps"] == 1
    silent(path, 3600)
    desk.look()
    assert desk.library.row("long")["state"] == "crashed"
    write_log(tmp_path / "runs", "new", steps([1.0]), started=logs.START + 9)
    assert looked(desk) == ["new", "long"]


def test_a_run_that_is_longer_than_the_memory_takes_no_other_away(tmp_path: Path, desk: Desk) -> None:
    """It alone is cut, at a part of the memory: all others, the living, and what begins later go on."""
    runs = tmp_path / "runs"
    for at in range(10):
        silent(write_log(runs, f"r{at}", steps([1.0]), started=logs.START + at, more=printed(2)), 3600)
    living = write_log(runs, "living", steps([1.0]), started=logs.START + 60, exit_code=None)
    silent(write_log(runs, "long", steps([1.0]), started=logs.START + 99, more=printed(200)), 60)
    old = [f"r{at}" for at in reversed(range(10))]
    assert looked(desk) == ["long", "living", *old]
    assert desk.library.row("long")["steps"] == 0
    append(living, steps([2.0], first=1), 1)
    write_log(runs, "new", steps([1.0]), started=logs.START + 999, more=printed(10))
    assert looked(desk) == ["new", "long", "living", *old]
    assert desk.library.row("living")["steps"] == 1


def test_a_run_whose_facts_do_not_fit_takes_no_other_away(tmp_path: Path, desk: Desk) -> None:
    """One of which not even the configuration fits shows as one with one thing skipped."""
    write_log(tmp_path / "runs", "old", steps([1.0]))
    write_log(tmp_path / "runs", "huge", config={"text": "x" * 2**20}, started=logs.START + 9)
    assert looked(desk) == ["huge", "old"]
    assert desk.library.row("huge")["skipped"] == 1


def test_more_runs_are_shown_again_when_there_is_room(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a few long runs, for which many gave way, were deleted; though not at once, as to try it costs reading."""
    now = 100.0
    monkeypatch.setattr(room, "time", SimpleNamespace(monotonic=lambda: now))
    runs = tmp_path / "runs"
    for at in range(20):
        silent(write_log(runs, f"r{at:02}", steps([1.0]), started=logs.START + at, more=printed(2)), 3600)
    long = [
        write_log(runs, f"long{at}", steps([1.0]), started=logs.START + 99 + at, more=printed(26)) for at in range(5)
    ]
    for path in long:
        silent(path, 3600)
    assert len(shown := looked(desk)) < 6
    for path in long:
        path.unlink()
    assert len(desk.look()) == len(shown)
    for _ in range(5):
        now += 60
        found = desk.look()
    assert len(found) == 20
