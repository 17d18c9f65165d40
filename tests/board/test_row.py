"""Rows of the table: which columns a run has, and that board and notebook say the same of a run of several segments."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from benchmarks import board_logs as logs
from tests.board.conftest import Board, Desk, append, steps, table, write_log

import kirie.runlog
from kirie.board.place import BoardPlace
from kirie.board.reading import empty
from kirie.board.row import RUN_COLUMNS, Told, merged, row_of
from kirie.board.table import Row
from kirie.core.run import RunFolder
from kirie.runlog.reader.messages import Environment, Record
from kirie.runlog.reader.values import spelled

HOUR = 3600.0
TOLD = Told("a", "a", "finished", 1.0)


def _row(**said: Any) -> dict[str, Any]:
    return row_of(merged([{**empty(), **said}]), TOLD)


def _hour(own: bool, started: float) -> list[dict[str, Any]]:
    rows = [{"loss": at, "_timestamp": started + 60 * at} for at in range(61)]
    return [{**row, "_runtime": 60 * at} if own else row for at, row in enumerate(rows)]


@pytest.mark.parametrize("own", [False, True])
def test_the_runtime_of_a_resumed_run_is_that_of_its_processes(tmp_path: Path, board: Board, own: bool) -> None:
    """Two hours of work a day apart are two hours, with W&B's own count and without, on the board and in Python."""
    for started in (logs.START, logs.START + 24 * HOUR):
        write_log(tmp_path, "one", _hour(own, started), started=started)
    with board(tmp_path) as client:
        row = table(client)["one"]
    assert (row["runtime"], row["device_hours"]) == (2 * HOUR, 2.0)
    (run,) = kirie.runlog.open(tmp_path)
    assert run.runtime == 2 * HOUR


def test_board_and_reader_agree_on_a_resumed_run(tmp_path: Path, board: Board) -> None:
    """One configuration and one summary: the later segment's word counts, key by key."""
    first: dict[str, Any] = {"only": 0, "data": {"k0": 0, "both": 0}}
    write_log(tmp_path, "one", [{"a": 1.0, "deep": {"x": 1, "y": 2}}], config=first)
    later: dict[str, Any] = {"data": {"k1": 1, "both": 1}}
    write_log(tmp_path, "one", [{"b": 2.0, "deep": {"x": 3}}], config=later, started=logs.START + HOUR)
    (run,) = kirie.runlog.open(tmp_path)
    assert run.config == {"only": 0, "data": {"k0": 0, "both": 1, "k1": 1}}
    with board(tmp_path) as client:
        assert client.get("/api/run/one").json()["config"] == run.config
        row = table(client)["one"]
    assert row["started"] == run.started == logs.START
    assert [row[f"config.{key}"] for key in ("only", "data.k0", "data.both", "data.k1")] == [0, 0, 1, 1]
    assert {key: row[key] for key in run.summary} == run.summary == {"a": 1.0, "b": 2.0, "deep.x": 3, "deep.y": 2}


def test_time_is_counted_from_the_first_segments_start(tmp_path: Path, desk: Desk) -> None:
    """So that no place of a resumed run's curve is negative, and the second segment comes after the pause."""
    for started in (logs.START, logs.START + 24 * HOUR):
        write_log(tmp_path / "runs", "one", [{f"loss{started}": 1.0, "_timestamp": started + 60}], started=started)
    desk.look()
    places = [desk.library.curve("one", f"loss{logs.START + day}", "time")[0].tolist() for day in (0, 24 * HOUR)]
    assert places == [[60.0], [24 * HOUR + 60.0]]


def test_a_later_curve_counts_more_than_an_earlier_summary() -> None:
    """Older versions of W&B write a summary at a run's end only, which the newest segment may not have reached."""
    earlier = {**empty(), "latest": {"loss": 1.0}, "summary": {"loss": 1.0, "best": 0.5}}
    later = {**empty(), "latest": {"loss": 0.25}}
    row = row_of(merged([earlier, later]), TOLD)
    assert (row["loss"], row["best"]) == (0.25, 0.5)


def test_a_log_writes_no_notes_and_no_settings() -> None:
    """A run that logs `hidden` hides nothing, and one that logs `config.lr` has the learning rate that it has."""
    logged = {"hidden": True, "pinned": True, "note": "x", "device_hours": 9.0, "config.lr": 99.0, "miou": 0.5}
    logged["config.seed"] = 7
    row = _row(summary=logged, config={"lr": 0.1})
    assert (row["config.lr"], row["miou"]) == (0.1, 0.5)
    assert not {"hidden", "pinned", "note", "device_hours", "config.seed"} & row.keys()


def test_media_are_no_columns() -> None:
    """What a picture, a histogram or a table says of itself is one value, which no table of runs shows."""
    media = {
        "val/pictures": {"_type": "images/separated", "count": 2, "format": "png", "all_masks": [{}], "width": 8},
        "nested": {"hist": {"_type": "histogram", "bins": [0, 1], "values": [3]}, "real": 1.5},
        "image": {"_type": "image-file", "sha256": "abc", "size": 99},
    }
    row = _row(summary={**media, "miou": 0.5}, config={"art": {"_type": "artifactVersion", "id": "x"}, "lr": 0.1})
    assert {key: row[key] for key in row.keys() - RUN_COLUMNS.keys()} == {
        "nested.real": 1.5, "miou": 0.5, "config.lr": 0.1
    }  # fmt: skip


def test_a_persons_dict_that_says_a_type_is_a_dict(tmp_path: Path, desk: Desk) -> None:
    """Only W&B's own kinds are one value: a setting called `_type` is one as any other, on the board and in Python."""
    optimizer = {"_type": "adam", "lr": 0.1}
    row = _row(config={"optimizer": optimizer, "deep": {"of": {"_type": 3, "k": 1}}}, summary={"best": optimizer})
    assert {key: row[key] for key in row.keys() - RUN_COLUMNS.keys()} == {
        "config.optimizer._type": "adam", "config.optimizer.lr": 0.1, "config.deep.of._type": 3, "config.deep.of.k": 1,
        "best._type": "adam", "best.lr": 0.1,
    }  # fmt: skip
    write_log(tmp_path / "runs", "one", config={"optimizer": optimizer, "image": {"_type": "image-file", "a": 1}})
    later = {"optimizer": {"lr": 0.2}, "image": {"_type": "image-file", "b": 2}}
    write_log(tmp_path / "runs", "one", config=later, started=logs.START + HOUR)
    (run,) = kirie.runlog.open(tmp_path / "runs")
    assert run.config == {"optimizer": {"_type": "adam", "lr": 0.2}, "image": {"_type": "image-file", "b": 2}}
    assert desk.look() == ["one"]
    assert desk.library.detail("one")["config"] == run.config


def test_board_and_reader_agree_on_where_a_resumed_run_comes_from(tmp_path: Path, desk: Desk) -> None:
    """Commit, remote and machine: each as the newest segment says that says it; and kirie's own record before W&B."""
    folder = RunFolder(tmp_path / "runs" / "one")
    for at, git in enumerate(({"commit": "old", "remote": "place"}, {"commit": "new"}, {})):
        said = Environment(cpu_count=4, **{"os": "linux"} if at == 0 else {}, git=git)
        more = [Record(environment=said.SerializeToString()).SerializeToString()]
        write_log(folder.path, "one", started=logs.START + HOUR * at, more=more)
    (run,) = kirie.runlog.open(tmp_path / "runs")
    desk.look()
    assert run.git == desk.library.detail("one")["git"] == {"commit": "new", "remote": "place"}
    assert desk.library.row("one")["commit"] == "new"
    assert run.environment == desk.library.detail("one")["environment"] == {"os": "linux", "cores": 4}
    folder.record.write_text(json.dumps({"id": "one", "git": {"commit": "own", "dirty": True, "remote": None}}))
    (run,) = kirie.runlog.open(tmp_path / "runs")
    with (next(folder.path.rglob("*.wandb"))).open("ab") as stream:
        stream.write(bytes(8))
    desk.look()
    assert run.git == desk.library.detail("one")["git"] == {"commit": "own", "dirty": True, "remote": "place"}
    assert desk.library.row("one")["commit"] == "own"


def test_the_last_value_shows_finite_or_not(tmp_path: Path, desk: Desk) -> None:
    """A run that diverged shows no older loss: looked at as it grew, read at once and in Python; with its settings."""
    path = write_log(tmp_path / "runs", "one", steps([0.5, 0.25]), exit_code=None, config={"clip": math.inf})
    write_log(tmp_path / "runs", "other", steps([1.0]), config={"clip": 2.0}, started=logs.START - 9)
    desk.look()
    append(path, [{"loss": "NaN", "best": "-Infinity", "word": "none"}], 2)
    desk.look()
    with path.open("ab") as stream:
        stream.write(logs.framed([logs.history({"late": math.inf, "_step": 3}, 3)], path.stat().st_size))
    desk.look()
    live = desk.library.row("one")
    cold = Desk(tmp_path / "runs", BoardPlace(tmp_path / "cold", tmp_path / "notes"))
    cold.look()
    (run, _) = kirie.runlog.open(tmp_path / "runs")
    said = {key: spelled(value) for key, value in run.summary.items() if key in live}
    assert {key: live[key] for key in said} == {key: cold.library.row("one")[key] for key in said} == said
    assert (said["loss"], said["best"], said["late"], said["word"]) == ("NaN", "-Infinity", "Infinity", "none")
    assert math.isnan(run.summary["loss"])
    columns = {column["key"]: column for column in cold.library.table(None)["columns"]}
    assert (columns["loss"]["kind"], columns["loss"]["values"]) == ("number", ("NaN", 1.0))
    assert (columns["config.clip"]["kind"], columns["config.clip"]["values"]) == ("number", ("Infinity", 2.0))
    assert cold.library.detail("one")["config"] == {"clip": "Infinity"}
    cold.close()


def test_numbers_that_json_has_not_are_numbers_of_a_row() -> None:
    """Whole numbers without end are infinite; those beyond 64 bits are floats; in a list they are texts."""
    big: dict[str, Any] = {"a": 10**400, "b": -(10**400), "c": 2**70, "d": float("nan"), "e": 2**62, "epochs": 10**400}
    facts = {**empty(), "summary": big, "config": {**big, "list": [10**400, 1, "x"]}, "epoch": 3.0}
    row = row_of(merged([facts]), Told("a", "a", "running", 1.0))
    found = {"a": "Infinity", "b": "-Infinity", "c": 2.0**70, "d": "NaN", "e": 2**62, "epochs": "Infinity"}
    assert {key: spelled(row[key]) for key in row.keys() - RUN_COLUMNS.keys()} == {
        **found, **{f"config.{key}": value for key, value in found.items()}, "config.list": ["Infinity", 1, "x"]
    }  # fmt: skip
    assert "progress" not in row
    json.dumps(json.loads(Row(row, (), (), 0.0, 0).packed()), allow_nan=False)
