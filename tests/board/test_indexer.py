"""The index: what it reads, what it does not read again, and what cannot stop it."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sqlite3
import time
from pathlib import Path
from typing import Any

import pytest
from benchmarks import board_logs as logs
from tests.board import deadly
from tests.board.conftest import Board, Desk, append, silent, steps, table, whole, write_log

from kirie.board import events_routes, indexer, readers, reading, scan
from kirie.board.cache import Cache, CacheLostError
from kirie.board.indexer import Indexer
from kirie.board.keeper import Keeper
from kirie.board.library import Library
from kirie.board.notes import Notes
from kirie.board.place import BoardPlace
from kirie.board.scan import Scan
from kirie.board.turn import Turn
from kirie.core.run import RunFolder
from kirie.runlog.reader.find import find_logs
from kirie.runlog.reader.state import SILENT_S


class Counted:
    """Counts the bytes of logs that are read, by the state that each reading begins and ends with."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.bytes = self.looks = 0
        real = reading.read

        def read(path: Path, state: Any, facts: Any) -> Any:
            found = real(path, state, facts)
            self.looks += 1
            self.bytes += found.state["frames"]["offset"] - (state["frames"]["offset"] if state else 0)
            return found

        monkeypatch.setattr(readers, "read", read)


def test_only_new_bytes_are_read(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A look costs what one run has grown by, whatever is there; with nothing new nothing is read."""
    path = write_log(tmp_path / "runs", "grows", steps([1.0] * 2000), exit_code=None)
    for at in range(5):
        write_log(tmp_path / "runs", f"done{at}", steps([1.0] * 500), started=logs.START + at)
    counted = Counted(monkeypatch)
    desk.look()
    assert counted.looks == 6
    counted.bytes = counted.looks = 0
    desk.look()
    assert counted.looks == 0
    before = path.stat().st_size
    append(path, steps([0.5], first=2000), 2000)
    desk.look()
    assert counted.looks == 1
    assert counted.bytes == path.stat().st_size - before
    assert len(desk.library.curve("grows", "loss")[1]) == 2001


def test_a_long_log_is_read_once_though_living_runs_are_looked_at_meanwhile(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While a living run's log is read in many bites, the looks in between leave it alone; the others' rows come."""
    path = write_log(tmp_path / "runs", "long", steps([1.0] * 3000), exit_code=None)
    monkeypatch.setattr(indexer, "LOOK_S", 0.0)
    real = reading.read
    monkeypatch.setattr(readers, "read", lambda path, state, facts: reading.read(path, state, facts, 40_000))
    desk.look()
    monkeypatch.setattr(readers, "read", real)
    assert desk.library.curve("long", "loss")[0].tolist() == list(range(3000))
    with desk.cache.reading() as connection:
        (rows,) = connection.execute(
            "SELECT sum(count) FROM chunk JOIN name ON name.id = chunk.name WHERE text = 'm:loss'"
        ).fetchone()
    assert rows == 3000
    append(path, steps([0.5], first=3000), 3000)
    desk.look()
    assert len(desk.library.curve("long", "loss")[0]) == 3001


def test_what_two_read_counts_once(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """Where files cannot be locked, two boards may read the same bytes: the second's are left out."""
    path = write_log(tmp_path / "runs", "one", steps([1.0, 2.0]), exit_code=None)
    desk.look()
    (log,) = Scan(tmp_path / "runs").look().values()
    with desk.cache.reading() as connection:
        state, facts = map(json.loads, connection.execute("SELECT state, facts FROM segment").fetchone())
    append(path, steps([3.0], first=2), 2)
    twice = [reading.read(path, state, json.loads(json.dumps(facts))) for _ in range(2)]
    keeper = Keeper(tmp_path / "runs")
    for found in twice:
        with desk.cache.writing() as connection:
            keeper.take(connection, log, found)
    with desk.cache.reading() as connection:
        (rows,) = connection.execute(
            "SELECT sum(count) FROM chunk JOIN name ON name.id = chunk.name WHERE text = 'm:loss'"
        ).fetchone()
    assert rows == 3


def test_many_small_looks_leave_few_chunks(tmp_path: Path, desk: Desk) -> None:
    """A run that is looked at a hundred times has its whole curve, in a handful of pieces."""
    path = write_log(tmp_path / "runs", "grows", steps([0.0]), exit_code=None)
    desk.look()
    for at in range(1, 100):
        append(path, steps([float(at)], first=at), at)
        desk.look()
    assert desk.library.curve("grows", "loss")[1].tolist() == list(range(100))
    with desk.cache.reading() as connection:
        (chunks,) = connection.execute(
            "SELECT max(n) FROM (SELECT count(*) AS n FROM chunk GROUP BY segment, name)"
        ).fetchone()
    assert chunks <= 8


def test_a_new_run_and_new_rows_show_within_seconds(tmp_path: Path, board: Board) -> None:
    """In the board as it runs, whose page asks half a second after it hears of news: 5 s in all, on a busy machine."""
    write_log(tmp_path, "old", steps([1.0]))
    with board(tmp_path) as client:
        begin = time.monotonic()
        path = write_log(tmp_path, "new", steps([1.0]), started=logs.START + 9, exit_code=None)
        while "new" not in table(client):
            assert time.monotonic() - begin < 5 - events_routes.LOOK_S
            time.sleep(0.05)
        begin = time.monotonic()
        append(path, steps([2.0], first=1), 1)
        while table(client)["new"]["steps"] != 1:
            assert time.monotonic() - begin < 5 - events_routes.LOOK_S
            time.sleep(0.05)


def test_a_second_start_reads_nothing(tmp_path: Path, place: BoardPlace, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache is kept; what was read is there at once."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    first = Desk(tmp_path / "runs", place)
    first.look()
    first.close()
    counted = Counted(monkeypatch)
    second = Desk(tmp_path / "runs", place)
    assert second.library.ids() == ["one"]
    second.look()
    assert counted.looks == 0
    second.close()


def test_logs_that_are_none(tmp_path: Path, desk: Desk) -> None:
    """Of 0 bytes, of other bytes, torn in a record: none stops the others, and each is shown as what it is."""
    whole_log = write_log(tmp_path / "runs", "sound", steps([1.0]))
    for name, content in (("empty", b""), ("other", b"not a log" * 9999), ("torn", whole_log.read_bytes()[:-20])):
        path = logs.place(tmp_path / "runs", name, logs.START + 5)
        path.parent.mkdir(parents=True)
        path.write_bytes(content)
    assert set(desk.look()) == {"sound", "empty", "other", "torn"}
    assert desk.library.row("sound")["state"] == "finished"
    assert desk.library.row("torn")["state"] == "running"
    assert desk.library.row("empty")["state"] == desk.library.row("other")["state"] == "crashed"
    assert desk.library.row("other")["skipped"] >= 1
    assert desk.library.curve("torn", "loss")[1].tolist() == [1.0]
    # W&B's first bytes come before its first rows
    logs.place(tmp_path / "runs", "empty", logs.START + 5).write_bytes(logs.HEADER)
    desk.look()
    assert desk.library.row("empty")["state"] == "running"


def test_a_log_that_we_fail_at_stops_nothing(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A mistake of ours at one log is told on the terminal; the run shows with something skipped, the others whole."""
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    write_log(tmp_path / "runs", "hard", steps([1.0]), started=logs.START + 5)
    real = reading.read

    def read(path: Path, state: Any, facts: Any) -> Any:
        if "hard" in path.name:
            raise ZeroDivisionError("ours")
        return real(path, state, facts)

    monkeypatch.setattr(readers, "read", read)
    assert desk.look() == ["hard", "sound"]
    assert desk.library.row("hard")["skipped"] == 1
    assert len(desk.library.curve("sound", "loss")[1]) == 1
    assert "ZeroDivisionError" in capsys.readouterr().err


def test_a_board_in_memory_waits_for_no_other(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """Its cache is its own, so it reads itself whoever fills the one on the disk."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    desk.look()
    (tmp_path / "file").write_text("", encoding="utf-8")
    cache = Cache(tmp_path / "file" / "cache")
    index = Indexer(tmp_path / "runs", cache, Turn(place.cache / "index.lock"))
    index.look(everywhere=True)
    assert Library(tmp_path / "runs", cache, Notes(place.notes)).ids() == ["one"]


def test_what_cannot_be_opened_stops_nothing(tmp_path: Path, desk: Desk) -> None:
    """A link that leads nowhere, a pipe nobody writes into, a folder by a log's name."""
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    for name in ("link", "pipe", "folder"):
        logs.place(tmp_path / "runs", name).parent.mkdir(parents=True)
    logs.place(tmp_path / "runs", "link").symlink_to(tmp_path / "nowhere")
    os.mkfifo(logs.place(tmp_path / "runs", "pipe"))
    logs.place(tmp_path / "runs", "folder").mkdir()
    assert desk.look() == ["sound"]


def test_a_log_that_vanishes_takes_its_run_with_it(tmp_path: Path, desk: Desk) -> None:
    """Its columns go from the cache; a folder of all runs that is away for a moment takes nothing."""
    path = write_log(tmp_path / "runs", "goes", steps([1.0]))
    write_log(tmp_path / "runs", "stays", steps([1.0]), started=logs.START + 9)
    assert len(desk.look()) == 2
    shutil.rmtree(path.parent)
    assert desk.look() == ["stays"]
    with desk.cache.reading() as connection:
        assert connection.execute("SELECT count(DISTINCT segment) FROM chunk").fetchone() == (1,)
    (tmp_path / "runs").rename(tmp_path / "away")
    assert desk.look() == ["stays"]


def test_a_log_that_is_replaced_is_read_anew(tmp_path: Path, desk: Desk) -> None:
    """A shorter file by the same name is another log."""
    write_log(tmp_path / "runs", "one", steps([1.0, 2.0, 3.0]))
    desk.look()
    write_log(tmp_path / "runs", "one", steps([7.0]))
    desk.look()
    assert desk.library.curve("one", "loss")[1].tolist() == [7.0]


def test_silence_is_a_crash(tmp_path: Path, desk: Desk) -> None:
    """A log without an end runs as long as it grows, and has crashed when it is silent; nothing new need be written."""
    path = write_log(tmp_path / "runs", "one", steps([1.0]), exit_code=None)
    desk.look()
    assert desk.library.row("one")["state"] == "running"
    silent(path, 3600)
    desk.look()
    assert desk.library.row("one")["state"] == "crashed"


def test_kiries_own_record_tells_the_state(tmp_path: Path, desk: Desk) -> None:
    """run.json counts, not W&B's silence; commit and data version are its, too, and nothing is written there."""
    folder = RunFolder(tmp_path / "runs" / "abc")
    silent(write_log(folder.path, "abc", steps([1.0]), exit_code=None), 3600)
    record = {
        "id": "abc",
        "name": "unet",
        "state": "interrupted",
        "resumed": 0,
        "started": "2026-01-01T00:00:00+00:00",
        "ended": "2026-01-01T00:01:00+00:00",
        "git": {"commit": "c0ffee", "dirty": False},
        "data": {"fingerprint": "f", "dvc": "d.dir"},
    }
    folder.record.write_text(json.dumps(record), encoding="utf-8")
    before = sorted(folder.path.rglob("*"))
    desk.look()
    row = desk.library.row("abc")
    assert (row["state"], row["commit"], row["data"], row["folder"]) == ("interrupted", "c0ffee", "d.dir", "abc")
    assert desk.library.run_folder("abc") == folder
    assert sorted(folder.path.rglob("*")) == before


def test_other_processes_read_the_same(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is much is read by other processes, with the same result."""
    for at in range(3):
        write_log(tmp_path / "runs", f"r{at}", steps([float(at)] * 50), started=logs.START + at)
    monkeypatch.setattr(readers, "FEW_BYTES", 0)
    assert desk.look() == ["r2", "r1", "r0"]
    assert desk.library.curve("r1", "loss")[1].tolist() == [1.0] * 50
    assert desk.library.progress() == {"done": 3, "total": 3}


def test_a_log_that_kills_its_reader_keeps_no_other_back(
    tmp_path: Path, place: BoardPlace, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is found, told and shown as one in which something was skipped; never is it read by the board itself."""
    for at, name in enumerate(["r0", "deadly1", "r1", "deadly2", "r2"]):
        path = write_log(tmp_path / "runs", name, steps([1.0]), started=logs.START + at, exit_code=None)
    monkeypatch.setattr(readers, "FEW_BYTES", 0)
    monkeypatch.setattr(readers, "_tried", deadly.tried)
    assert {run: desk.library.row(run).get("skipped") for run in desk.look()} == {
        "r0": None, "r1": None, "r2": None, "deadly1": 1, "deadly2": 1
    }  # fmt: skip
    assert capsys.readouterr().err.count("was killed") == 2
    monkeypatch.setattr(readers, "FEW_BYTES", 2**30)
    append(path, steps([2.0], first=1), 1)
    append(next((tmp_path / "runs").rglob("*deadly2.wandb")), steps([2.0], first=1), 1)
    desk.look()
    assert len(desk.library.curve("r2", "loss")[1]) == 2
    assert desk.library.row("deadly2")["skipped"] == 1


def test_damage_in_a_log_is_judged_when_it_is_silent(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """Though the file does not change any more; also by a board that was started since."""
    path = write_log(tmp_path / "runs", "one", steps([1.0, 2.0, 3.0]))
    content = bytearray(path.read_bytes())
    content[len(logs.HEADER) + 5] = 0xFF
    path.write_bytes(content)
    silent(path, SILENT_S - 1.5)
    desk.look()
    assert desk.library.row("one").get("steps") is None
    desk.close()
    time.sleep(1.5)
    again = Desk(tmp_path / "runs", place)
    again.look()
    assert again.library.row("one")["steps"] == 2
    again.close()


def test_two_boards_share_a_cache(
    tmp_path: Path, place: BoardPlace, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One reads, the other looks on; when the first goes, the second takes over."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    other = Desk(tmp_path / "runs", place)
    desk.look()
    counted = Counted(monkeypatch)
    assert other.look() == ["one"]
    assert counted.looks == 0
    desk.index.stop()
    write_log(tmp_path / "runs", "two", steps([1.0]), started=logs.START + 5)
    assert other.look() == ["two", "one"]
    assert desk.library.ids() == ["two", "one"]
    other.close()


def test_boards_over_one_cache_tell_the_same_trouble(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """The one that looks on hears what keeps the other from its work, and when that is over."""
    other = Desk(tmp_path / "runs", place)
    desk.look()
    (tmp_path / "runs").rename(tmp_path / "away")
    desk.look()
    other.look()
    assert other.index.trouble == desk.index.trouble != ""
    (tmp_path / "away").rename(tmp_path / "runs")
    desk.index.stop()
    other.look()
    assert other.index.trouble == ""
    other.close()


def test_a_cache_may_be_deleted_at_any_time(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """The board makes a new one, and pages that saw the old one get all rows."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    desk.look()
    version = desk.library.version
    shutil.rmtree(place.cache)
    with pytest.raises(CacheLostError):
        desk.look()
    assert desk.look() == ["one"]
    assert desk.library.version > version
    assert "gone" not in desk.library.table(version)


def test_who_reads_while_a_cache_is_begun_anew_or_closed_hears_that_it_is_lost(place: BoardPlace) -> None:
    """Not that it is closed, which is no news to a page, nor does the cache go to memory for it."""
    cache = Cache(place.cache)

    def read() -> None:
        with cache.reading() as connection:
            shutil.rmtree(place.cache)
            with contextlib.suppress(CacheLostError):
                cache.look()
            connection.execute("SELECT 1 FROM meta")

    with pytest.raises(CacheLostError):
        read()
    assert (cache.trouble, cache.in_memory) == ("", False)
    cache.version()
    cache.close()
    with pytest.raises(CacheLostError), cache.reading():
        pass
    with pytest.raises(CacheLostError), cache.writing():
        pass


def test_a_damaged_cache_is_made_anew(tmp_path: Path, place: BoardPlace) -> None:
    """Other bytes in the cache's place cost a new reading, and no more."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    place.cache.mkdir(parents=True)
    (place.cache / "columns.sqlite").write_bytes(b"no database at all" * 1000)
    desk = Desk(tmp_path / "runs", place)
    assert desk.look() == ["one"]
    assert desk.cache.trouble == ""
    desk.close()


def test_a_full_disk_leaves_a_board_in_memory(tmp_path: Path, place: BoardPlace) -> None:
    """A cache that takes no more is left: the board says so in a sentence, and goes on with all runs."""
    write_log(tmp_path / "runs", "one", steps([1.0] * 3000))
    desk = Desk(tmp_path / "runs", place)
    # SQLite's own limit gives the very error of a full disk
    with desk.cache.writing() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    desk.cache._writer.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CacheLostError):
        desk.look()
    assert "full" in desk.cache.trouble
    assert "XDG_CACHE_HOME" in desk.cache.trouble
    assert not list(place.cache.glob("columns*"))
    assert desk.look() == ["one"]
    assert len(desk.library.curve("one", "loss")[1]) == 3000
    desk.close()


def test_a_board_that_goes_to_memory_leaves_the_cache_to_the_others(tmp_path: Path, place: BoardPlace) -> None:
    """It may be another's disk quota that is full: who has the cache open has it still, and fills it from now on."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    desk, other = Desk(tmp_path / "runs", place), Desk(tmp_path / "runs", place)
    desk.look()
    desk.cache._writer.execute("PRAGMA max_page_count = 1")
    write_log(tmp_path / "runs", "two", steps([1.0] * 3000), started=logs.START + 5)
    with pytest.raises(CacheLostError):
        desk.look()
    assert desk.look() == ["two", "one"]
    assert other.look() == ["two", "one"]
    assert (desk.cache.in_memory, other.cache.in_memory) == (True, False)
    desk.close()
    other.close()


def test_a_place_that_is_no_folder_leaves_a_board_in_memory(tmp_path: Path, board: Board) -> None:
    """A file in the place of the cache's folder is told, and the board works."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    (tmp_path / "file").write_text("", encoding="utf-8")
    with board(tmp_path / "runs", place=BoardPlace(tmp_path / "file" / "cache", tmp_path / "notes")) as client:
        whole(client)
        assert "cannot be written" in client.get("/api/board").json()["trouble"]
        assert list(table(client)) == ["one"]


def test_links_to_folders_of_runs_are_followed(tmp_path: Path) -> None:
    """`wandb`, one of its folders, or a run's whole folder may lie elsewhere; each log is found once, in no circle."""
    for at, id_ in enumerate(("here", "there", "whole", "other")):
        write_log(tmp_path / id_, id_, started=logs.START + at)
    root = tmp_path / "here"
    (there,) = (tmp_path / "there" / "wandb").iterdir()
    (other,) = (tmp_path / "other" / "wandb").iterdir()
    targets = {
        "a/wandb": there.parent,
        "b/wandb": there.parent,
        "c/x": tmp_path / "whole",
        "c/y": other.parent,
        f"d/{other.name}": other,
        "e/wandb": root,
        "f/wandb": tmp_path / "gone",
        "wandb/latest-run": next((root / "wandb").iterdir()),
    }
    for place, target in targets.items():
        (root / place).parent.mkdir(exist_ok=True)
        (root / place).symlink_to(target)
    (there.parent / "wandb").symlink_to(root)
    found = [log.path for log in find_logs(root)]
    assert [path.relative_to(root).parts[0] for path in found] == ["wandb", "a", "c", "d"]
    assert set(Scan(root).look()) == {str(path.relative_to(root)) for path in found}


def test_a_link_that_leads_to_runs_later_is_followed_then(tmp_path: Path) -> None:
    """The folder that the link lies in does not change when runs begin behind it, where nothing was, or no runs."""
    root = tmp_path / "runs"
    root.mkdir()
    (tmp_path / "project").mkdir()
    (tmp_path / "file").write_text("")
    for name in ("project", "later", "file"):
        (root / name).symlink_to(tmp_path / name)
    os.utime(root, (logs.START, logs.START))
    looking = Scan(root)
    assert looking.look() == {}
    for name in ("project", "later"):
        write_log(tmp_path / name, name)
    assert root.stat().st_mtime == logs.START
    assert {log.id for log in looking.look().values()} == {"project", "later"}


def test_very_many_tiny_runs(tmp_path: Path, desk: Desk) -> None:
    """Runs of one row are read in changes of many each; the newest stand first."""
    for at in range(200):
        write_log(tmp_path / "runs", f"r{at:04}", steps([1.0]), started=logs.START + at)
    assert desk.look() == [f"r{at:04}" for at in reversed(range(200))]
    with desk.cache.reading() as connection:
        (versions,) = connection.execute("SELECT count(DISTINCT changed) FROM run").fetchone()
    assert versions < 50


def test_of_too_many_logs_the_newest_are_shown(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A new run takes the place of the oldest; how many there are is told, and no more once they are fewer."""
    monkeypatch.setattr(indexer, "MOST_LOGS", 3)
    paths = [write_log(tmp_path / "runs", f"r{at}", steps([1.0]), started=logs.START + at) for at in range(5)]
    assert desk.look() == ["r4", "r3", "r2"]
    assert desk.index.trouble == "Of 5 logs 3 are shown, those of the newest runs; open a folder of fewer."
    write_log(tmp_path / "runs", "new", steps([1.0]), started=logs.START + 9)
    assert desk.look() == ["new", "r4", "r3"]
    for path in paths[2:]:
        shutil.rmtree(path.parent)
    assert desk.look() == ["new", "r1", "r0"]
    assert desk.index.trouble == ""


def test_of_too_many_logs_whole_runs_are_shown(tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A resumed run is as new as its last log and has all or none; a log in no run folder is as old as its file."""
    monkeypatch.setattr(indexer, "MOST_LOGS", 3)
    monkeypatch.setattr(scan, "SILENT_S", 0)
    write_log(tmp_path / "runs", "often", steps([1.0]))
    for at in range(2):
        write_log(tmp_path / "runs", f"r{at}", steps([1.0]), started=logs.START + 9 + at)
    write_log(tmp_path / "runs", "often", steps([2.0], first=1), started=logs.START + 20)
    assert set(desk.look()) == {"often", "r1"}
    assert desk.library.curve("often", "loss")[1].tolist() == [1.0, 2.0]
    loose = write_log(tmp_path / "elsewhere", "loose", steps([1.0])).rename(tmp_path / "runs" / "loose.wandb")
    os.utime(loose, (logs.START + 15, logs.START + 15))
    assert set(desk.look()) == {"often", "loose"}
    write_log(tmp_path / "runs", "often", steps([3.0], first=2), started=logs.START + 30)
    assert desk.look() == ["often"]
    write_log(tmp_path / "runs", "often", steps([4.0], first=3), started=logs.START + 40)
    assert desk.look() == ["often"]
    assert desk.library.curve("often", "loss")[1].tolist() == [2.0, 3.0, 4.0]
    assert desk.index.trouble == "Of 7 logs 3 are shown, those of the newest runs; open a folder of fewer."


def test_sqlite_is_new_enough() -> None:
    """DELETE and UPDATE give what they changed since 3.35."""
    assert sqlite3.sqlite_version_info >= (3, 35)
