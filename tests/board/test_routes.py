"""The routes over logs of W&B's form: what the page relies on."""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from benchmarks import board_logs as logs
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.board.conftest import Board, append, steps, table, whole, write_log

import kirie.runlog
from kirie.board import keeper
from kirie.board.facts import table_of
from kirie.board.library import Library
from kirie.runlog.reader.tail import Tail


def curves(client: TestClient, **question: Any) -> list[tuple[dict[str, Any], list[float], list[float]]]:
    """Asks for curves: header, places and values of each."""
    answer = client.post("/api/curves", json=question)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/octet-stream"
    (length,) = struct.unpack_from("<I", answer.content)
    head = json.loads(answer.content[4 : 4 + length])
    data = answer.content[4 + length :]
    assert (4 + length) % 8 == 0
    found = []
    for series in head["series"]:
        assert series["x_at"] % 8 == series["y_at"] % 8 == 0
        x = np.frombuffer(data, "<f8", series["n"], series["x_at"])
        y = np.frombuffer(data, "<f8", series["n"], series["y_at"])
        found.append((series, x.tolist(), y.tolist()))
    return found


def test_the_board_tells_its_folder_and_progress(runs: Path, board: Board) -> None:
    """Folder, version, how many logs are read of how many."""
    with board(runs) as client:
        answer = client.get("/api/board").json()
        assert answer["folder"] == str(runs)
        assert answer["indexing"] == {"done": 3, "total": 3}
        assert answer["frozen"] is False
        assert answer["trouble"] is None


def test_runs_are_columns_newest_first(runs: Path, board: Board) -> None:
    """Runs of all folders below, with what run, configuration and summary say; null where a run lacks it."""
    with board(runs) as client:
        answer = client.get("/api/runs").json()
        assert answer["ids"] == ["third", "second", "first"]
        assert "gone" not in answer
        columns = {column["key"]: column for column in answer["columns"]}
        assert {column["from"] for column in columns.values()} == {"run", "config", "summary", "note"}
        assert columns["config.seed"]["kind"] == "number"
        assert columns["config.seed"]["values"] == [None, 2, 1]
        rows = table(client)
        assert rows["first"]["name"] == "the first"
        assert rows["first"]["state"] == "finished"
        assert rows["first"]["tags"] == ["good"]
        assert rows["first"]["config.model.name"] == "unet"
        assert rows["first"]["loss"] == 0.25
        assert rows["first"]["steps"] == 2
        assert (rows["second"]["state"], rows["second"]["exit_code"]) == ("failed", 3)
        assert rows["third"]["folder"].startswith("elsewhere/deep/")
        assert {entry["key"]: entry["runs"] for entry in answer["metrics"]} == {"loss": 3, "epoch": 3}


def test_markup_in_a_name_is_text_in_json(runs: Path, board: Board) -> None:
    """A name of a stranger goes through unchanged, as JSON, which no browser shows as a page."""
    with board(runs) as client:
        answer = client.get("/api/runs")
        assert answer.headers["content-type"] == "application/json"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert table(client)["third"]["name"] == "<script>alert(1)"


def test_since_gives_what_changed_and_what_went(runs: Path, board: Board) -> None:
    """After a version only rows that changed come, and the runs that are gone by name."""
    with board(runs) as client:
        version = client.get("/api/runs").json()["version"]
        nothing = client.get(f"/api/runs?since={version}").json()
        assert (nothing["ids"], nothing["gone"], nothing["version"]) == ([], [], version)
        write_log(runs, "fourth", steps([1.0]), started=logs.START + 500)
        (gone,) = runs.rglob("run-second.wandb")
        gone.unlink()
        whole(client)
        answer = client.get(f"/api/runs?since={version}").json()
        assert answer["ids"] == ["fourth"]
        assert answer["gone"] == ["second"]
        assert answer["version"] > version
        older = client.get("/api/runs?since=1").json()
        assert "gone" not in older, "a version of another cache gives all"
        assert older["ids"] == ["fourth", "third", "first"]


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ("step", [0.0, 1.0, 2.0]),
        ("time", [0.0, 1.0, 2.0]),
        ("wall", [logs.START, logs.START + 1, logs.START + 2]),
        ("epoch", [0.0, 0.0, 0.0]),
        ("images", [8.0, 16.0, 24.0]),
    ],
)
def test_curves_over_each_axis(runs: Path, board: Board, x: str, expected: list[float]) -> None:
    """The values of the log, at the places of the axis."""
    with board(runs) as client:
        ((head, places, values),) = curves(client, series=[{"run": "first", "metric": "loss"}], x=x)
        assert (head["n"], head["total"], head["sampled"]) == (3, 3, False)
        assert places == expected
        assert values == [1.0, 0.5, 0.25]


def test_a_missing_curve_has_no_points(runs: Path, board: Board) -> None:
    """A run or a metric that is not there leaves the others alone."""
    asked = [{"run": "none", "metric": "loss"}, {"run": "first", "metric": "none"}, {"run": "second", "metric": "loss"}]
    with board(runs) as client:
        assert [len(values) for _, _, values in curves(client, series=asked)] == [0, 0, 2]


def test_a_long_curve_keeps_its_spike(tmp_path: Path, board: Board) -> None:
    """Of 5,000 points 100 come, and the one that stands out is among them; a zoom has all of its stretch."""
    values = [0.001 * at for at in range(5000)]
    values[3210] = 99.0
    write_log(tmp_path / "runs", "long", steps(values))
    with board(tmp_path / "runs") as client:
        asked = [{"run": "long", "metric": "loss"}]
        ((head, _, shown),) = curves(client, series=asked, points=100)
        assert head["n"] <= 100
        assert head["sampled"] is True
        assert head["total"] == 5000
        assert max(shown) == 99.0
        ((head, places, _),) = curves(client, series=asked, points=100, **{"from": 3200, "to": 3220})
        assert head["sampled"] is False
        assert places == list(range(3199, 3222)), "with one point beyond each edge"


def test_curves_have_all_digits(tmp_path: Path, board: Board) -> None:
    """64 bits from the log to the page: very large, very small, and large ones a little apart, live or at once."""
    values = [1e307, 5e-324, 0.1, 2.0**53 - 1, 2.0**53]
    path = write_log(tmp_path / "runs", "one", steps(values), exit_code=None)
    with board(tmp_path / "runs") as client:
        append(path, steps(values, first=5), 5)
        whole(client)
        ((_, _, shown),) = curves(client, series=[{"run": "one", "metric": "loss"}])
    assert shown == values * 2


def test_a_repeated_step_counts_once(tmp_path: Path, board: Board) -> None:
    """Two segments of one run are one run; where the second repeats steps, its values count."""
    write_log(tmp_path / "runs", "again", steps([9.0, 8.0, 7.0]), exit_code=None)
    write_log(tmp_path / "runs", "again", steps([1.0, 0.5], first=1), started=logs.START + 1000)
    with board(tmp_path / "runs") as client:
        assert client.get("/api/runs").json()["ids"] == ["again"]
        ((_, places, values),) = curves(client, series=[{"run": "again", "metric": "loss"}])
        assert (places, values) == ([0.0, 1.0, 2.0], [9.0, 1.0, 0.5])
        assert len(client.get("/api/run/again").json()["segments"]) == 2


def test_what_one_segment_logs_at_a_step_all_counts(tmp_path: Path, board: Board) -> None:
    """Only a restart repeats: rows beside or after Lightning's step are kept in their order, of each kind."""

    def row(step: int | None, at: int, **more: Any) -> dict[str, Any]:
        own = {} if step is None else {"trainer/global_step": step}
        return {**own, **more, "_step": at, "_timestamp": logs.START + at}

    histogram = {"_type": "histogram", "bins": [0, 1], "values": [1]}
    picture = {"_type": "images/separated", "filenames": ["media/x.png"]}
    beside = [row(None, 9 + at, iou=float(at), hist=histogram, pic=picture) for at in range(3)]
    write_log(tmp_path / "runs", "tests", [*(row(at, at, loss=1.0) for at in range(3)), *beside])
    again = [row(at, at, loss=2.0) for at in (1, 2)]
    write_log(tmp_path / "runs", "tests", again, started=logs.START + 1000)
    with board(tmp_path / "runs") as client:
        asked = [{"run": "tests", "metric": metric} for metric in ("loss", "iou")]
        (_, *loss), (_, *iou) = curves(client, series=asked)
        assert (loss, iou) == ([[0, 1, 2], [1, 2, 2]], [[2, 2, 2], [0, 1, 2]])
        assert client.get("/api/run/tests/histogram?key=hist").json()["steps"] == [2, 2, 2]
        samples = client.get("/api/pictures?runs=tests&key=pic").json()["samples"]
        assert [sample["name"] for sample in samples] == ["picture 0", "picture 0 (2)", "picture 0 (3)"]
        # Fewer points of equal places, and a range that begins among them
        ((head, *_),) = curves(client, series=asked[1:], points=4, **{"from": 2, "to": 2})
        assert head["n"] == 3


def test_segments_go_by_their_own_start(tmp_path: Path, board: Board) -> None:
    """The folder's stamp is local time, which goes back at the end of summer; it counts only where a log says none."""
    first = write_log(tmp_path / "runs", "again", steps([1.0] * 4), config={"lr": 1}, exit_code=None)
    later = write_log(
        tmp_path / "runs", "again", steps([2.0] * 4, first=2), config={"lr": 2}, started=logs.START + 2400
    )
    # Now the later one has the earlier stamp
    spare = first.parent.with_name("spare")
    first.parent.rename(spare)
    later.parent.rename(first.parent)
    spare.rename(later.parent)
    with board(tmp_path / "runs") as client:
        row = table(client)["again"]
        assert (row["config.lr"], row["state"], row["started"]) == (2, "finished", logs.START)
        ((_, _, values),) = curves(client, series=[{"run": "again", "metric": "loss"}])
        assert values == [1, 1, 2, 2, 2, 2]


def test_two_projects_may_have_runs_of_one_id(tmp_path: Path, board: Board) -> None:
    """They are two runs with keys and curves of their own, found in whatever order; the id alone is told to be of both,
    and is enough again when it is of one."""
    one = write_log(tmp_path / "runs" / "a", "same", steps([1.0]), project="one")
    with board(tmp_path / "runs") as client:
        assert client.get("/api/runs").json()["ids"] == ["same"]
        two = write_log(tmp_path / "runs" / "b", "same", steps([2.0]), project="two", started=logs.START + 5)
        version = client.get("/api/runs").json()["version"]
        whole(client)
        changes = client.get(f"/api/runs?since={version}").json()
        assert (changes["ids"], changes["gone"]) == (["same~two~", "same~one~"], ["same"])
        assert [run.key for run in kirie.runlog.open(tmp_path / "runs")] == changes["ids"]
        asked = [{"run": run, "metric": "loss"} for run in changes["ids"]]
        assert [values for _, _, values in curves(client, series=asked)] == [[2.0], [1.0]]
        answer = client.get("/api/run/same")
        assert answer.status_code == 404
        assert "2 runs have the id 'same': same~one~, same~two~" in answer.json()["error"]
        # A restart's log that says nothing yet is on its own, until it says
        third = write_log(tmp_path / "runs" / "c", "same", project="one", started=logs.START + 9, exit_code=None)
        content = third.read_bytes()
        third.write_bytes(logs.HEADER)
        whole(client)
        assert set(client.get("/api/runs").json()["ids"]) == {"same~~", "same~two~", "same~one~"}
        third.write_bytes(content)
        whole(client)
        assert set(client.get("/api/runs").json()["ids"]) == {"same~two~", "same~one~"}
        assert len(client.get("/api/run/same~one~").json()["segments"]) == 2
        two.unlink()
        whole(client)
        assert client.get("/api/runs").json()["ids"] == ["same"]
    assert one.is_file()


def test_an_id_that_reads_like_a_key_is_a_run_of_its_own(tmp_path: Path, board: Board) -> None:
    """No curve is mixed of two runs, and none of them is missing."""
    for at, (run, project) in enumerate((("x", "p"), ("x", "q"), ("x~p~", "z"))):
        write_log(tmp_path / "runs" / project, run, steps([at]), project=project, started=logs.START + at)
    with board(tmp_path / "runs") as client:
        ids = client.get("/api/runs").json()["ids"]
        assert ids == ["x^7Ep^7E", "x~q~", "x~p~"]
        asked = [{"run": run, "metric": "loss"} for run in ids]
        assert [values for _, _, values in curves(client, series=asked)] == [[2], [1], [0]]
        assert client.get("/api/run/x^7Ep^7E").json()["project"] == "z"
    with board(tmp_path / "odd") as client:
        write_log(tmp_path / "odd", "a~b", steps([1.0]), project="p")
        whole(client)
        assert client.get("/api/run/a~b").json()["error"] == "The run of the id 'a~b' is called a^7Eb; name it so."


def test_numbers_that_are_none(tmp_path: Path, board: Board) -> None:
    """NaN and infinities of a log are texts in the table, and no JSON that breaks."""
    write_log(tmp_path / "runs", "odd", steps([1.0, math.nan, math.inf]))
    with board(tmp_path / "runs") as client:
        assert table(client)["odd"]["loss"] == "Infinity"
        ((head, _, values),) = curves(client, series=[{"run": "odd", "metric": "loss"}])
        assert head["n"] == 3
        assert math.isnan(values[1])


def test_system_metrics_are_curves_over_time(tmp_path: Path, board: Board) -> None:
    """They begin with `system/`, and have times instead of steps."""
    more = [logs.stats({"cpu": 10.0 * at}, logs.START + 15 * at) for at in range(1, 4)]
    write_log(tmp_path / "runs", "one", steps([1.0]), more=more)
    with board(tmp_path / "runs") as client:
        assert client.get("/api/runs").json()["system"] == [{"key": "cpu", "runs": 1}]
        ((_, places, values),) = curves(client, series=[{"run": "one", "metric": "system/cpu"}], x="time")
        assert (places, values) == ([15.0, 30.0, 45.0], [10.0, 20.0, 30.0])


def test_a_run_is_told_whole(runs: Path, board: Board) -> None:
    """Nested configuration, summary, segments with their bytes, metrics; 404 with a sentence for another."""
    with board(runs) as client:
        found = client.get("/api/run/first").json()
        assert found["config"] == {"model": {"name": "unet"}, "seed": 1, "batch_size": 8}
        assert found["summary"]["loss"] == 0.25
        assert found["metrics"] == ["epoch", "loss"]
        assert found["segments"][0]["exit"] == 0
        assert found["segments"][0]["bytes"] == (runs / found["segments"][0]["path"]).stat().st_size
        answer = client.get("/api/run/none")
        assert answer.status_code == 404
        assert "There is no run 'none'" in answer.json()["error"]


def test_console_lines_come_in_pages(tmp_path: Path, board: Board) -> None:
    """Lines from a number on; a progress bar shows as it was last."""
    printed = [logs.output(f"line {at}\n") for at in range(5)] + [logs.output("1 %\r2 %\r3 %\n")]
    write_log(tmp_path / "runs", "talks", more=printed)
    with board(tmp_path / "runs") as client:
        found = client.get("/api/run/talks/console?from=4").json()
        assert found == {"lines": ["line 4", "3 %"], "next": 6, "total": 6, "left_out": 0}
        assert client.get("/api/run/talks/console?from=x").status_code == 400


def test_of_a_long_output_the_end_is_kept(tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch) -> None:
    """In one look and in several, of each log of a run; how much is left out is a line where it was, and counted."""
    monkeypatch.setattr(keeper, "MOST_PIECES", 3)
    folder = tmp_path / "runs"
    write_log(folder, "talks", more=[logs.output(f"first {at}\n") for at in range(4)])
    path = write_log(
        folder, "talks", more=[logs.output(f"line {at}\n") for at in range(5)], started=logs.START + 60, exit_code=None
    )
    with board(folder) as client:
        for last in (4, 5, 9):
            with path.open("ab") as stream:
                more = [logs.output(f"line {at}\n") for at in range({4: 5, 5: 5, 9: 6}[last], last + 1)]
                stream.write(logs.framed(more, path.stat().st_size))
            whole(client)
            assert client.get("/api/run/talks/console").json() == {
                "lines": [
                    "[left out before this: 1 piece of output]",
                    *(f"first {at}" for at in (1, 2, 3)),
                    f"[left out before this: {last - 2} pieces of output]",
                    *(f"line {at}" for at in range(last - 2, last + 1)),
                ],
                "next": 8,
                "total": 8,
                "left_out": 1 + last - 2,
            }


def test_of_very_many_histograms_first_and_last_are_shown(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps are left out in between, evenly, and not at the end; what is left out is not read."""
    rows = [{"hist": {"_type": "histogram", "values": [at], "bins": [0, 1]}, "_step": at} for at in range(1100)]
    write_log(tmp_path / "runs", "media", rows)
    with board(tmp_path / "runs") as client:
        parsed: list[str] = []
        real = json.loads

        def loads(text: Any, **more: Any) -> Any:
            parsed.append(str(text))
            return real(text, **more)

        with monkeypatch.context() as patch:
            patch.setattr(json, "loads", loads)
            answer = client.get("/api/run/media/histogram?key=hist")
        found = answer.json()
    assert sum('"histogram"' in text for text in parsed) == 500
    assert (found["steps"][0], found["steps"][-1], len(found["steps"])) == (0, 1099, 500)
    assert max(np.diff(found["steps"])) <= 3
    assert [count for (count,) in found["counts"]] == found["steps"]


def test_pictures_and_tables_of_a_living_run_cost_no_reading(
    tmp_path: Path, board: Board, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are in the cache, however long the log; only what is new of it is read, by the index."""

    def rows(step: int) -> list[dict[str, Any]]:
        picture = {"_type": "images/separated", "filenames": [f"media/{step}.png"], "captions": ["x"]}
        table_file = {"_type": "table-file", "path": "media/scores.table.json"}
        return [{"val/pictures": picture, "val/scores": table_file, "_step": step}]

    path = write_log(tmp_path / "runs", "lives", rows(0), exit_code=None)
    file = path.parent / "files" / "media" / "scores.table.json"
    file.parent.mkdir(parents=True)
    scores = [[f"p{at}", 0.5] for at in range(30)]
    file.write_text(json.dumps({"columns": ["image", "f1"], "data": scores}), encoding="utf-8")
    with board(tmp_path / "runs") as client:
        append(path, rows(1), 1)
        whole(client)
        monkeypatch.setattr(Tail, "read", None)
        (sample,) = client.get("/api/pictures?runs=lives").json()["samples"]
        assert [cell["step"] for cell in sample["cells"]["lives"]] == [0, 1]
        library: Library = cast(Starlette, client.app).state.library
        assert table_of(library, "lives", "val").whole("f1") == 0.5


def test_histograms_and_tables(tmp_path: Path, board: Board) -> None:
    """Histograms by step with their edges; a table from its file; a sentence for a file that is gone."""
    rows = [
        {"hist": {"_type": "histogram", "values": [1, 2], "bins": [0, 1, 2]}, "_step": 3},
        {"rows": {"_type": "table-file", "path": "media/table/rows.table.json"}, "_step": 4},
        {"lost": {"_type": "table-file", "path": "media/table/lost.table.json"}, "_step": 4},
    ]
    path = write_log(tmp_path / "runs", "media", rows)
    file = path.parent / "files" / "media" / "table" / "rows.table.json"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps({"columns": ["a"], "data": [[1], ["<b>"]]}), encoding="utf-8")
    with board(tmp_path / "runs") as client:
        found = client.get("/api/run/media/histogram?key=hist").json()
        assert found == {"steps": [3], "bins": [[0, 1, 2]], "counts": [[1, 2]]}
        assert client.get("/api/run/media/table?key=rows").json() == {
            "step": 4,
            "columns": ["a"],
            "rows": [[1], ["<b>"]],
        }
        assert client.get("/api/run/media/table?key=lost").status_code == 400
        assert client.get("/api/run/media/table?key=none").status_code == 404
        assert client.get("/api/run/media/histogram").status_code == 400


def test_metrics_of_some_runs_are_theirs_alone(tmp_path: Path, board: Board) -> None:
    """Each metric tells how many of the asked runs have it, and how often they logged it; a run that went is none."""
    write_log(tmp_path / "runs", "mine", [*steps([1, 2, 3]), {"score": 1.0, "_step": 3}])
    write_log(tmp_path / "runs", "also", steps([1, 2]))
    write_log(tmp_path / "runs", "other", steps([1], key="val/miou"))
    with board(tmp_path / "runs") as client:
        found = client.get("/api/metrics", params={"runs": "mine,also,gone"}).json()
        assert {one["key"]: (one["runs"], one["points"]) for one in found["metrics"]} == {
            "epoch": (2, 5),
            "loss": (2, 5),
            "score": (1, 1),
        }
        assert found["system"] == []
        assert client.get("/api/metrics").status_code == 400


def test_notes_are_kept_and_seen(runs: Path, board: Board, tmp_path: Path) -> None:
    """A note survives the cache, is told by `since`, and nothing is written into the runs."""
    before = sorted(runs.rglob("*"))
    with board(runs) as client:
        version = client.get("/api/runs").json()["version"]
        note = {"run": "first", "tags": ["best"], "note": "切り絵 <b>", "pinned": True}
        answer = client.post("/api/notes", json={"notes": [note]})
        assert answer.json() == {"notes": [{"hidden": False, **note}]}
        changed = table(client, version)
        assert list(changed) == ["first"]
        assert (changed["first"]["tags"], changed["first"]["pinned"]) == (["best"], True)
    for path in (tmp_path / "cache").iterdir():
        path.unlink()
    with board(runs) as client:
        assert table(client)["first"]["note"] == "切り絵 <b>"
    assert sorted(runs.rglob("*")) == before


@pytest.mark.parametrize(
    ("question", "word"),
    [
        ({"series": "all"}, "series"),
        ({"series": [{"run": 1, "metric": "loss"}]}, "metric"),
        ({"series": [], "x": "weeks"}, "step, epoch, time, wall, images"),
        ({"series": [], "points": 1}, "points"),
        ({"series": [], "from": "here"}, "from"),
        ({"series": [], "from": 10**400}, "from"),
        ({"series": [{"run": "first", "metric": "\ud800"}]}, "half a letter"),
    ],
)
def test_a_wrong_question_is_told(runs: Path, board: Board, question: dict[str, Any], word: str) -> None:
    """400 and a sentence that names what is allowed."""
    with board(runs) as client:
        kind = {"Content-Type": "application/json"}
        answer = client.post("/api/curves", content=json.dumps(question), headers=kind)
        assert answer.status_code == 400
        assert word in answer.json()["error"]


@pytest.mark.parametrize(
    "body", [b'{"series": [{"run": "first", "metric": "\xed\xa0\x80"}]}', '{"series": []}'.encode("utf-16")]
)
def test_what_is_no_utf8_is_told(runs: Path, board: Board, body: bytes) -> None:
    """JSON is UTF-8, without halves of letters."""
    with board(runs) as client:
        answer = client.post("/api/curves", content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["error"]) == (400, "What was sent is not JSON.")


def test_what_is_not_there(runs: Path, board: Board) -> None:
    """Another address below /api/ is 404 in JSON, also where the page is not built."""
    with board(runs) as client:
        assert client.get("/api/nothing").json() == {"error": "There is nothing at /api/nothing."}
        assert client.get("/api/curves").status_code in {404, 405}


def test_new_rows_of_a_living_run_come(tmp_path: Path, board: Board) -> None:
    """A run without an end is running; its rows come as they are written."""
    path = write_log(tmp_path / "runs", "lives", steps([1.0]), exit_code=None)
    with board(tmp_path / "runs") as client:
        assert table(client)["lives"]["state"] == "running"
        append(path, steps([0.5, 0.25], first=1), 1)
        whole(client)
        ((_, places, _),) = curves(client, series=[{"run": "lives", "metric": "loss"}])
        assert places == [0.0, 1.0, 2.0]
