"""`kirie runs --format`: all that is known of runs, for other programs."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from tests.runlog.reader import logs

from kirie.board.runs_command import main
from kirie.errors import RunError, UsageError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two runs of W&B, one with words that could break a table, and one of kirie without a log."""
    words = {"name": 'a "quoted", word\nand a line', "formula": "=1+1", "list": [1, "x"], "model": {"name": "unet"}}
    words["less"] = "-1+cmd|' /C calc'!A0"
    logs.write(tmp_path / "x", [logs.config(words), logs.history({"a": float("nan")}), logs.exit_(0)], id_="one")
    logs.write(tmp_path / "y", [logs.history({"b": 0.5}), logs.exit_(1)], id_="two", stamp="20260102_000000")
    (tmp_path / "bare").mkdir()
    (tmp_path / "bare" / "run.json").write_text(json.dumps({"id": "bare", "name": "n", "state": "failed"}))
    return tmp_path


def test_json_is_an_array_of_flat_objects(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Facts, configuration and summary of each, the newest first; kirie's own without a log too; NaN is a text."""
    assert main([str(folder), "--format", "json"]) == 0
    two, one, bare = json.loads(capsys.readouterr().out)
    assert two == {"id": "two", "name": "two", "state": "failed", "summary.b": 0.5}
    assert (one["state"], one["config.model.name"], one["summary.a"]) == ("finished", "unet", "NaN")
    assert bare == {"id": "bare", "name": "n", "state": "failed"}


def test_ids_tell_runs_apart(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Where two projects have a run of one id, neither has the id alone."""
    for project in ("p", "q"):
        logs.write(tmp_path / project, [logs.run(project=project)], id_="one")
    assert main([str(tmp_path), "--format", "json"]) == 0
    assert {row["id"] for row in json.loads(capsys.readouterr().out)} == {"one~p~", "one~q~"}


def test_csv_keeps_words_whole(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Quotes, commas and lines come back as they were; what a spreadsheet would compute is marked as a text."""
    assert main([str(folder), "--format", "csv"]) == 0
    two, one, bare = csv.DictReader(capsys.readouterr().out.splitlines(keepends=True))
    assert one["config.name"] == 'a "quoted", word\nand a line'
    assert one["config.formula"] == "'=1+1"
    assert one["config.less"] == "'-1+cmd|' /C calc'!A0"
    assert json.loads(one["config.list"]) == [1, "x"]
    assert (two["summary.b"], two["config.name"], bare["id"]) == ("0.5", "", "bare")


def test_the_table_is_as_it_was(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without --format the states of kirie's runs are listed, and --json gives them as one object."""
    assert main([str(folder)]) == 0
    assert "bare" in capsys.readouterr().out
    assert main([str(folder), "--json"]) == 0
    assert [run["run"] for run in json.loads(capsys.readouterr().out)["runs"]] == ["bare"]


def test_what_cannot_be_is_a_sentence(folder: Path) -> None:
    """Two formats at once, a format that there is not, a folder that is not there."""
    with pytest.raises(UsageError, match="--json and --format"):
        main([str(folder), "--json", "--format", "csv"])
    with pytest.raises(UsageError, match="invalid choice"):
        main([str(folder), "--format", "xml"])
    with pytest.raises(RunError, match="There is no folder"):
        main([str(folder / "nowhere"), "--format", "csv"])
