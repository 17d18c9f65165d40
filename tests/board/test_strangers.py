"""What lies in a stranger's folder: whatever it is, it keeps nothing else back, and what is left out is told."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from pathlib import Path
from typing import Any

import pytest
from benchmarks import board_logs as logs
from tests.board.conftest import Board, Desk, append, silent, steps, table, write_log

from kirie.board import events_routes, keeper, readers, reading, states
from kirie.board.place import BoardPlace
from kirie.cluster import status
from kirie.core.run import RunFolder
from kirie.runlog.reader.environment import environment

ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    10**400,
    float("inf"),
    float("nan"),
    "",
    "x",
    "\ud800",
    [],
    [1, [{}]],
    {},
    {"a": {"b": [None]}},
    {"commit": 1, "dvc": [], "name": {}, "": 10**400},
)
"""Values of all kinds that JSON has."""


def _kirie_run(runs: Path, run_id: str, record: Any, files: dict[str, Any] | None = None) -> None:
    folder = RunFolder(runs / run_id)
    log = write_log(folder.path, run_id, steps([1.0]), started=logs.START - 9)
    folder.record.write_text(json.dumps(record), encoding="utf-8")
    for name, content in (files or {}).items():
        path = log.parent / "files" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(content), encoding="utf-8")


def test_names_that_are_no_text(tmp_path: Path, place: BoardPlace, desk: Desk) -> None:
    """Bytes of a file's or folder's name that are no UTF-8 are written out; such runs are read, kept, and go."""
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    odd = write_log(tmp_path / "runs", "odd", steps([1.0, 2.0]), started=logs.START + 1)
    odd.rename(os.fsdecode(os.fsencode(odd.parent) + b"/run-o\xffd.wandb"))
    deep = write_log(tmp_path / "runs", "deep", steps([3.0]), started=logs.START + 2, exit_code=None)
    moved = Path(os.fsdecode(os.fsencode(deep.parent) + b"\xfe"))
    deep.parent.rename(moved)
    assert desk.look() == ["deep", "o\\xffd", "sound"]
    assert desk.library.row("deep")["folder"].endswith("deep\\xfe")
    assert desk.library.curve("o\\xffd", "loss")[1].tolist() == [1.0, 2.0]
    append(moved / deep.name, steps([4.0], first=1), 1)
    desk.index.look()
    assert desk.library.curve("deep", "loss")[1].tolist() == [3.0, 4.0]
    desk.close()
    again = Desk(tmp_path / "runs", place)
    (moved / deep.name).unlink()
    assert again.look() == ["o\\xffd", "sound"]
    again.close()


def test_the_page_gets_names_that_are_no_text(tmp_path: Path, board: Board) -> None:
    """Such a run has an address of its own."""
    odd = write_log(tmp_path / "runs", "odd", steps([1.0]))
    odd.rename(os.fsdecode(os.fsencode(odd.parent) + b"/run-o\xffd.wandb"))
    with board(tmp_path / "runs") as client:
        assert list(table(client)) == ["o\\xffd"]
        assert client.get("/api/run/o%5Cxffd").json()["segments"][0]["path"].endswith("run-o\\xffd.wandb")


@pytest.mark.parametrize(
    "part", ["git", "versions", "data", "hardware", "made_of", "seconds", "state", "name", "jobs", "labels", "id", ""]
)
def test_any_record_is_taken(tmp_path: Path, desk: Desk, capsys: pytest.CaptureFixture[str], part: str) -> None:
    """A run.json with anything in any part of it costs at most that part: its run shows whole, and so do the others."""
    for at, odd in enumerate(ODD):
        record = {"id": "k", "state": "done", part: odd} if part else odd
        _kirie_run(tmp_path / "runs", f"k{at}", record)
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    assert len(desk.look()) == len(ODD) + 1
    assert capsys.readouterr().err == ""
    assert not any("skipped" in row for row in desk.library.rows())
    assert all(desk.library.detail(run)["git"] is not None for run in desk.library.ids())


def test_anything_that_w_and_b_says_is_taken(tmp_path: Path, desk: Desk) -> None:
    """Configurations, summaries and files about the machine with anything in them show, and keep nobody back."""
    for at, odd in enumerate(ODD):
        told = dict.fromkeys(("cpu", "gpu_nvidia", "memory", "host", "cpu_count", "gpu_count"), odd)
        _kirie_run(tmp_path / "runs", f"k{at}", {"id": "k"}, {"wandb-metadata.json": told})
        config = {
            "odd": odd,
            "trainer": {"devices": odd, "nodes": odd},
            "epochs": odd,
            "_wandb": odd,
            "batch_size": odd,
        }
        more = [logs.summary({"odd": odd, "_runtime": odd}), logs.history({"loss": odd, "epoch": odd, "_step": 1}, 1)]
        write_log(tmp_path / "runs", f"w{at}", steps([1.0]), config=config, more=more)
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    assert len(desk.look()) == 2 * len(ODD) + 1
    assert desk.library.progress() == {"done": 2 * len(ODD) + 1, "total": 2 * len(ODD) + 1}
    assert desk.library.curve("sound", "loss")[1].tolist() == [1.0]


@pytest.mark.parametrize("kept", ["log", "run"])
def test_what_we_fail_at_keeps_no_other_back(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], kept: str
) -> None:
    """A log that cannot be kept, or no run be made of, is told once and costs itself alone; as it grows, it is read."""
    hard = write_log(tmp_path / "runs", "hard", steps([1.0]), exit_code=None)
    write_log(tmp_path / "runs", "sound", steps([1.0]))
    real = reading.read

    def read(path: Path, state: Any, facts: Any) -> Any:
        found = real(path, state, facts)
        if "hard" in path.name and kept == "log":
            found.values.append(("loss", 0, 2**70, "{}"))
        elif "hard" in path.name:
            found.facts["run"]["started"] = 10**400
        return found

    monkeypatch.setattr(readers, "read", read)
    for _ in range(2):
        assert set(desk.look()) == {"hard", "sound"}
        assert desk.library.row("hard")["skipped"] == 1
        assert "skipped" not in desk.library.row("sound")
        assert len(desk.library.curve("sound", "loss")[1]) == 1
    assert capsys.readouterr().err.count("OverflowError") == 1
    if kept == "log":
        with desk.cache.reading() as connection:
            assert connection.execute("SELECT count(DISTINCT segment) FROM chunk").fetchone() == (1,)
    monkeypatch.setattr(readers, "read", real)
    append(hard, steps([2.0], first=1), 1)
    desk.look()
    assert desk.library.curve("hard", "loss")[1].tolist() == [1.0, 2.0]
    write_log(tmp_path / "runs", "hard", steps([3.0]), exit_code=None)
    desk.look()
    assert "skipped" not in desk.library.row("hard")


def test_a_file_that_we_fail_at_keeps_no_other_back(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not even where the run is shown as one with something skipped: no file of its is looked at for that."""
    for run in ("hard", "sound"):
        write_log(tmp_path / "runs", run, steps([1.0]))

    def failing(logged: Any, config: Any, files: Path) -> dict[str, Any]:
        if "hard" in files.parent.name:
            raise ZeroDivisionError("ours")
        return environment(logged, config, files)

    monkeypatch.setattr(keeper, "environment", failing)
    assert {run: desk.library.row(run).get("skipped") for run in desk.look()} == {"hard": 1, "sound": None}
    assert capsys.readouterr().err.count("Traceback") == 1


def test_a_state_that_we_fail_at_keeps_no_other_back(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder whose state cannot be told has that of its log."""
    for run in ("hard", "sound"):
        _kirie_run(tmp_path / "runs", run, {"id": run, "state": "interrupted"})

    def statuses_of(folders: Any, *words: Any) -> Any:
        folders = list(folders)
        if any(folder.path.name == "hard" for folder in folders):
            raise ZeroDivisionError("ours")
        return status.statuses_of(folders, *words)

    monkeypatch.setattr(states, "statuses_of", statuses_of)
    assert set(desk.look()) == {"hard", "sound"}
    assert desk.library.row("sound")["state"] == "interrupted"
    assert desk.library.row("hard")["state"] == "finished"


def test_a_log_beside_folders_hides_none_of_them(tmp_path: Path, desk: Desk) -> None:
    """A file that only ends like a log says nothing of the folders beside it; below a run's own folder no run lies."""
    path = write_log(tmp_path / "runs", "sound", steps([1.0]))
    (tmp_path / "runs" / "junk.wandb").touch()
    (path.parents[1] / "old.wandb").touch()
    write_log(path.parent / "files", "inner", steps([1.0]))
    assert set(desk.look()) == {"junk", "old", "sound"}


def test_what_cannot_be_opened_is_told(
    tmp_path: Path, place: BoardPlace, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Logs and folders without permission: how many, the first one's name and why; what was read of them stays.

    A log of which nothing was read has a row by its name, with one thing skipped, in the next board, too.
    """
    write_log(tmp_path / "runs" / "shut", "kept", steps([1.0]))
    write_log(tmp_path / "runs", "grows", steps([1.0]), exit_code=None)
    assert desk.look() == ["grows", "kept"]
    assert desk.index.trouble == ""
    late = write_log(tmp_path / "runs", "late", steps([1.0]), started=logs.START + 5)
    real, scandir = reading.read, os.scandir

    def denied(path: Any) -> PermissionError:
        return PermissionError(errno.EACCES, "Permission denied", str(path))

    def read(path: Path, state: Any, facts: Any) -> Any:
        if path == late:
            raise denied(path)
        return real(path, state, facts)

    def listed(path: Any) -> Any:
        if str(path).endswith("shut"):
            raise denied(path)
        return scandir(path)

    # Root may open all, so other users' refusals are played
    monkeypatch.setattr(readers, "read", read)
    monkeypatch.setattr(os, "scandir", listed)
    assert set(desk.look()) == {"grows", "kept", "late"}
    assert (desk.library.row("late")["skipped"], desk.library.row("late")["state"]) == (1, "running")
    assert "skipped" not in desk.library.row("kept")
    assert desk.library.progress() == {"done": 2, "total": 2}
    shut = tmp_path / "runs" / "shut"
    assert desk.index.trouble == (
        f"{shut} and 1 more cannot be opened (Permission denied): what is new in there is left out."
    )
    silent(late, 3600)
    assert desk.look()
    assert desk.library.row("late")["state"] == "crashed"
    desk.close()
    monkeypatch.undo()
    again = Desk(tmp_path / "runs", place)
    assert set(again.look()) == {"grows", "kept", "late"}
    assert again.index.trouble == ""
    assert again.library.row("late")["state"] == "finished"
    assert "skipped" not in again.library.row("late")
    again.close()


def test_a_log_that_goes_while_it_cannot_be_opened_takes_its_row_with_it(
    tmp_path: Path, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any log that goes; nothing of it stays in the table."""
    late = write_log(tmp_path / "runs", "late", steps([1.0]))

    def read(path: Path, state: Any, facts: Any) -> Any:
        raise PermissionError(errno.EACCES, "Permission denied", str(path))

    monkeypatch.setattr(readers, "read", read)
    assert desk.look() == ["late"]
    late.unlink()
    assert desk.look() == []
    assert desk.index.trouble == ""


def test_a_folder_that_is_gone_is_told(tmp_path: Path, desk: Desk) -> None:
    """The board shows what it had, and says so; when the folder is back, all is well."""
    write_log(tmp_path / "runs", "one", steps([1.0]))
    desk.look()
    (tmp_path / "runs").rename(tmp_path / "away")
    assert desk.look() == ["one"]
    assert desk.index.trouble == f"The folder {tmp_path / 'runs'} is not there any more; what was read before is shown."
    (tmp_path / "away").rename(tmp_path / "runs")
    assert desk.look() == ["one"]
    assert desk.index.trouble == ""


def test_open_pages_hear_of_trouble(desk: Desk) -> None:
    """It comes as an event when it comes, and when it is over."""
    told = ["", "The disk is full.", ""]

    async def heard() -> list[str]:
        # Once it has been asked for the last time, the stream ends
        events = events_routes._told(desk.library, lambda: told.pop(0), lambda: not told)
        return [event async for event in events]

    assert [event for event in asyncio.run(heard()) if "trouble" in event] == [
        f'event: trouble\ndata: "{text}"\n\n' for text in ("", "The disk is full.", "")
    ]
