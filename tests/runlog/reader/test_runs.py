"""Runs of a folder: found at any depth, their segments as one, their state from all that their files say."""

from __future__ import annotations

import itertools
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.runlog.reader import logs
from tests.runlog.reader.logs import STEP

import kirie.runlog
from kirie.errors import RunError
from kirie.runlog.reader import segment, tables
from kirie.runlog.reader.state import state_of
from kirie.runlog.reader.whose import Owner, began, keys_of


def _rows(steps: Sequence[int], value: float) -> list[bytes]:
    return [logs.history({STEP: step, "epoch": step // 2, "loss": value, "_timestamp": step + 0.5}) for step in steps]


def _old(path: Path) -> None:
    os.utime(path, (1, 1))


def test_segments_are_one_run(tmp_path: Path) -> None:
    """Steps that were repeated after a restart count once, and the later segment has them; so for all axes."""
    first = [logs.run(run_id="abc", project="p", started=100), *_rows(range(5), 1.0)]
    later = [logs.run(run_id="abc", project="p", entity="team"), *_rows(range(3, 8), 2.0), logs.exit_(0, 7)]
    logs.write(tmp_path / "deep" / "er", first, id_="abc", stamp="20260101_000000")
    logs.write(tmp_path / "deep" / "er", later, id_="abc", stamp="20260101_000100")
    runs = kirie.runlog.open(tmp_path)
    run = runs["abc"]
    series = run.history("loss")
    assert series.step.tolist() == list(range(8))
    assert series.value.tolist() == [1, 1, 1, 2, 2, 2, 2, 2]
    assert series.axis("time").tolist() == [step + 0.5 for step in range(8)]
    assert series.axis("epoch").tolist() == [step // 2 for step in range(8)]
    assert (run.state, run.entity, run.started, len(run.segments)) == ("finished", "team", 100, 2)
    assert run.summary == {"loss": 2.0, "epoch": 3}


def test_what_segments_say_is_one_configuration(tmp_path: Path) -> None:
    """Of each nested key what the newest segment says that has it; nothing is taken back by leaving it out."""
    parts: list[dict[str, Any]] = [
        {"lr": 1, "only": 0, "data": {"size": 8, "k": {"a": 1}}, "was": 3, "_wandb": {"a": 1}},
        {"lr": 2, "data": {"k": {"b": 2}}, "was": {"x": 1}},
        {},
    ]
    for at, part in enumerate(parts):
        logs.write(tmp_path, [logs.config(part)], stamp=f"2026010{at + 1}_000000")
    (run,) = kirie.runlog.open(tmp_path)
    assert run.config == {"lr": 2, "only": 0, "data": {"size": 8, "k": {"a": 1, "b": 2}}, "was": {"x": 1}}


def test_one_id_in_two_projects_is_two_runs(tmp_path: Path) -> None:
    """The id alone is not enough; each has a key of its own."""
    for project in ("p", "q"):
        logs.write(tmp_path / project, [logs.run(run_id="abc", project=project), *_rows([1], 1.0)], id_="abc")
    runs = kirie.runlog.open(tmp_path)
    assert sorted(run.key for run in runs) == ["abc~p~", "abc~q~"]
    assert runs["abc~q~"].project == "q"
    assert sorted(tables.runs(runs)["id"]) == ["abc~p~", "abc~q~"]
    with pytest.raises(RunError, match="2 runs have the id 'abc': abc~p~, abc~q~; name one of them"):
        runs["abc"]


@pytest.mark.parametrize(
    ("owners", "keys"),
    [
        (["p|", "p|e", "|"], ["abc", "abc", "abc"]),
        (["p|", "p|e", "q|"], ["abc~p~e", "abc~p~e", "abc~q~"]),
        (["p|a", "p|b", "p|", "|"], ["abc~p~a", "abc~p~b", "abc~p~", "abc~~"]),
        (["p|", "|e"], ["abc~p~", "abc~~e"]),
    ],
)
def test_whose_logs_are_does_not_depend_on_their_order(owners: list[str], keys: list[str]) -> None:
    """What leaves something out is of the one run that it agrees with, and of none where there are several."""
    logs_of = [Owner(*owner.split("|")) for owner in owners]
    for order in itertools.permutations(logs_of):
        assert [keys_of("abc", order)[owner] for owner in logs_of] == keys


def test_no_two_runs_are_called_the_same(tmp_path: Path) -> None:
    """Names may hold what stands between the parts of a key, and what stands for that."""
    owners = [Owner(*parts) for parts in itertools.product(("", "~", "~~", "^7E", "p~", "p"), repeat=2)]
    ids = ("x", "x~p~", "x^7Ep^7E", "x~", "^5E", "^", "~")
    keys = [key for id_ in ids for known in (owners, owners[:1]) for key in set(keys_of(id_, known).values())]
    assert len(set(keys)) == len(keys) > 100
    for at, (id_, project) in enumerate([("x", "p"), ("x", "q"), ("x~p~", "z")]):
        logs.write(tmp_path / project, [logs.run(run_id=id_, project=project), *_rows([1], at)], id_=id_)
    runs = kirie.runlog.open(tmp_path)
    found = {run.key: run.history("loss").value.tolist() for run in runs}
    assert found == {"x~p~": [0], "x~q~": [1], "x^7Ep^7E": [2]}
    with pytest.raises(RunError, match="2 runs have the id 'x'"):
        runs["x"]


def test_a_log_that_says_nothing_yet_is_of_the_run_that_there_is(tmp_path: Path) -> None:
    """The segment of a restart is empty at first; it takes nothing from its run."""
    logs.write(tmp_path, [logs.run(run_id="abc", project="p"), *_rows([1], 1.0)], id_="abc")
    logs.write(tmp_path, [], id_="abc", stamp="20260102_000000")
    (run,) = kirie.runlog.open(tmp_path)
    assert (run.key, run.project, len(run.segments)) == ("abc", "p", 2)


def test_segments_go_by_their_own_start(tmp_path: Path) -> None:
    """The folder's stamp is local time, which goes back at the end of summer; it counts only where a log says none."""
    first = [logs.run(run_id="abc", started=1000), *_rows(range(4), 1.0)]
    later = [logs.run(run_id="abc", started=3400), *_rows(range(2, 6), 2.0), logs.exit_(0)]
    logs.write(tmp_path, first, id_="abc", stamp="20261025_023000")
    logs.write(tmp_path, later, id_="abc", stamp="20261025_021000")
    (run,) = kirie.runlog.open(tmp_path)
    assert run.history("loss").value.tolist() == [1, 1, 2, 2, 2, 2]
    assert (run.started, run.state) == (1000, "finished")
    began_then = [began(said, "20261025_023000") for said in ({}, {"started": 0}, {"started": 5})]
    assert began_then == [time.mktime((2026, 10, 25, 2, 30, 0, 0, 0, -1))] * 2 + [5]
    assert [began({}, stamp) for stamp in ("", "20269999_999999")] == [0, 0]


def test_what_one_segment_logs_at_a_step_all_counts(tmp_path: Path) -> None:
    """Only a restart repeats: rows beside or after Lightning's step are kept in their order, of each kind."""
    histogram = {"_type": "histogram", "bins": [0, 1], "values": [1]}
    beside = [logs.history({"iou": at / 10, "hist": histogram, "word": str(at)}) for at in range(3)]
    logs.write(tmp_path, [*_rows(range(3), 1.0), *beside], id_="abc")
    logs.write(tmp_path, [*_rows([1, 2], 2.0), logs.history({"word": "new"})], id_="abc", stamp="20260102_000000")
    (run,) = kirie.runlog.open(tmp_path)
    assert (run.history("loss").step.tolist(), run.history("loss").value.tolist()) == ([0, 1, 2], [1, 2, 2])
    assert (run.history("iou").step.tolist(), run.history("iou").value.tolist()) == ([2, 2, 2], [0, 0.1, 0.2])
    assert len(run.histograms("hist")) == 3
    assert run.texts("word") == [(2, "new")]
    table = run.to_pandas(["loss", "iou"])
    assert table.index.tolist() == [0, 1, 2, 2, 2, 2]
    np.testing.assert_array_equal(table["iou"].tolist()[2:], [0, 0.1, 0.2, math.nan])
    assert table["loss"].notna().tolist() == [True, True, False, False, False, True]


def test_values_of_one_row_stay_in_one_row(tmp_path: Path) -> None:
    """Where a step has several values of a metric, a table has a row for each row of the log, and else one a step: an
    epoch that stands in each row has none of them apart."""
    trained = [
        {STEP: 1, "epoch": 0, "loss": 3.0},
        {STEP: 1, "epoch": 0, "val": 0.5},
        {STEP: 2, "epoch": 0, "loss": 2.0},
        {STEP: 2, "epoch": 1, "val": 0.6},
        {STEP: 3, "epoch": 1, "loss": 1.0},
    ]
    images = [{"iou": at / 10} | ({"dice": at / 10} if at % 2 else {}) for at in range(6)]
    logs.write(tmp_path, [logs.history(row) for row in [*trained, *images]])
    (run,) = kirie.runlog.open(tmp_path)
    table = run.to_pandas(["dice", "iou", "loss"])
    assert table.index.tolist() == [1, 2] + [3] * 7
    both = table.dropna(subset=["dice"])
    assert both["dice"].tolist() == both["iou"].tolist() == [0.1, 0.3, 0.5]
    assert table["loss"].dropna().tolist() == [3, 2, 1]
    table = run.to_pandas(["epoch", "loss", "val"])
    assert table.index.tolist() == [1, 2, 2, 3]
    np.testing.assert_array_equal(table["val"], [0.5, math.nan, 0.6, math.nan])
    assert table["epoch"].tolist() == [0, 0, 1, 1]
    assert run.to_polars([]).height == 0


def test_runs_are_found_newest_first_without_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Links are not followed, so that no log comes twice; a log that is not readable stands there, too."""
    for number in range(3):
        path = logs.write(tmp_path, _rows([number], 1.0), id_=f"run{number}", stamp=f"2026010{number + 1}_000000")
    (tmp_path / "wandb" / "latest-run").symlink_to(path.parent)
    path.write_bytes(b"not a log at all")
    runs = kirie.runlog.open(str(tmp_path))
    assert [run.id for run in runs] == ["run2", "run1", "run0"]
    assert [len(run.__dict__) for run in runs] == [2, 2, 2]
    assert (runs[0].metrics, runs[0].skipped["foreign"]) == ([], 1)
    assert runs[0].notices == [f"{path} is no log of W&B."]
    with pytest.raises(RunError, match="There is no run 'run9'"):
        runs["run9"]
    with pytest.raises(RunError, match="There is no folder"):
        kirie.runlog.open(tmp_path / "nowhere")


def test_a_log_beside_folders_hides_none_of_them(tmp_path: Path) -> None:
    """A file that only ends like a log says nothing of the folders beside it; below a run's own folder no run lies."""
    path = logs.write(tmp_path / "deep", _rows([1], 1.0), id_="sound")
    (tmp_path / "junk.wandb").touch()
    logs.write(path.parent / "files", _rows([1], 1.0), id_="inner")
    assert {run.id for run in kirie.runlog.open(tmp_path)} == {"sound", "junk"}
    assert [run.id for run in kirie.runlog.open(path.parent)] == ["sound"]


def test_a_file_that_says_nothing_does_not_run(tmp_path: Path) -> None:
    """An empty file and one that is no log have crashed at once; with W&B's first bytes, which it writes first, a run
    runs."""
    path = logs.write(tmp_path, [], id_="abc")
    states = []
    for content in (b"", b"no log", logs.HEADER[:3], logs.HEADER):
        path.write_bytes(content)
        states.append(kirie.runlog.open(tmp_path)["abc"].state)
    assert states == ["crashed", "crashed", "running", "running"]


def test_names_that_are_no_text(tmp_path: Path) -> None:
    """Bytes of a log's name that are no UTF-8 are written out in the run's id."""
    path = logs.write(tmp_path, _rows([1], 1.0), id_="abc")
    path.rename(os.fsdecode(os.fsencode(path.parent) + b"/run-o\xffd.wandb"))
    assert kirie.runlog.open(tmp_path)["o\\xffd"].history("loss").value.tolist() == [1.0]


def test_a_run_that_grows_is_read_on(tmp_path: Path) -> None:
    """`refresh` says which runs are new, gone or have grown; what was torn is read when it is whole."""
    path = logs.write(tmp_path, [], id_="abc")
    whole = logs.frame(_rows(range(100), 1.0))
    path.write_bytes(whole[: len(whole) // 2])
    runs = kirie.runlog.open(tmp_path)
    half = len(runs["abc"].history("loss"))
    assert 40 < half < 60
    assert runs["abc"].skipped["torn"] == 1
    assert runs.refresh() == set()
    path.write_bytes(whole)
    logs.write(tmp_path, _rows([1], 1.0), id_="new", stamp="20260102_000000")
    assert runs.refresh() == {"abc", "new"}
    assert len(runs["abc"].history("loss")) == 100
    assert not any(runs["abc"].skipped.values())
    path.unlink()
    path.parent.rmdir()
    assert runs.refresh() == {"abc"}
    assert [run.id for run in runs] == ["new"]


def test_a_changed_bit_in_a_short_log_costs_one_row(tmp_path: Path) -> None:
    """The last block of a log is never full: behind the damage all is read, also how the run ended."""
    path = logs.write(tmp_path, [*_rows(range(100), 1.0), logs.exit_(0, 7)])
    content = bytearray(path.read_bytes())
    content[len(content) // 4] ^= 1
    path.write_bytes(content)
    (run,) = kirie.runlog.open(tmp_path)
    assert (len(run.history("loss")), run.state, run.exit_code) == (99, "finished", 0)
    assert (run.skipped["torn"], run.skipped["records"]) == (0, 1)


def test_a_log_that_vanishes_or_is_closed_is_told(tmp_path: Path) -> None:
    """Its run has nothing, and a sentence says why."""
    path = logs.write(tmp_path, _rows([1], 1.0))
    (run,) = kirie.runlog.open(tmp_path)
    path.unlink()
    path.mkdir()
    assert run.metrics == []
    assert run.notices == [f"{path} cannot be read (Is a directory)."]
    with pytest.raises(RunError, match="has no metric 'loss'"):
        run.history("loss")


def test_the_state_is_told_from_the_end_of_the_log(tmp_path: Path) -> None:
    """The newest segment's first exit counts; without one a log that grew lately is running, else the run crashed."""
    first = logs.write(tmp_path, [logs.exit_(0), logs.exit_(1)])
    assert kirie.runlog.open(first)[0].state == "finished"
    later = logs.write(tmp_path, _rows([1], 1.0), stamp="20260102_000000")
    assert kirie.runlog.open(tmp_path)[0].state == "running"
    _old(first)
    _old(later)
    assert kirie.runlog.open(tmp_path)[0].state == "crashed"


@pytest.mark.parametrize(
    ("code", "said", "state"),
    [
        (0, {}, "finished"),
        (1, {}, "failed"),
        (143, {}, "interrupted"),
        (1, {"preempting": True}, "interrupted"),
        (None, {"preempting": True}, "interrupted"),
        (None, {}, "crashed"),
        (None, {"silent_s": 1.0}, "running"),
        (1, {"recorded": "done", "held": True}, "finished"),
        (None, {"recorded": "running"}, "crashed"),
        (143, {"recorded": "running", "held": True}, "running"),
        (0, {"recorded": "failed"}, "failed"),
    ],
)
def test_kiries_own_word_goes_before_the_logs(code: int | None, said: dict[str, Any], state: str) -> None:
    """Its record says how a run ended, its lease that it goes on, whatever its W&B run came to."""
    told: dict[str, Any] = {"preempting": False, "silent_s": 1e6, **said}
    assert state_of(code, **told) == state


def test_a_run_of_kirie_is_known(tmp_path: Path) -> None:
    """Its folder has the record: state, data version, batch size for the images seen, and who holds it."""
    folder = tmp_path / "abc"
    logs.write(folder, [*_rows([0, 1, 2], 1.0)], id_="abc")
    record = {"id": "abc", "state": "running", "data": {"fingerprint": "f", "dvc": None}, "git": {"commit": "c"}}
    (folder / "run.json").write_text(json.dumps(record))
    (folder / "config.yaml").write_text("data: {batch_size: 4}\ntrain: {accumulate: 2}\n")
    (folder / "lease").mkdir()
    (folder / "lease" / "000001.json").write_text('{"released": false}')
    (run,) = kirie.runlog.open(tmp_path)
    _old(run.logs[0].path)
    assert (run.folder, run.state) == (folder, "running")
    assert (run.data_version, run.git["commit"]) == ({"fingerprint": "f", "dvc": None}, "c")
    assert run.history("loss").axis("images").tolist() == [8, 16, 24]
    (folder / "lease" / "000001.json").write_text('{"released": true}')
    assert run.state == "crashed"
    (folder / "config.yaml").write_text("data: &a\n  again: *a\n")
    with pytest.raises(RunError, match="batch_size"):
        run.history("loss").axis("images")


def test_paths_out_of_the_folder_are_not_given(tmp_path: Path) -> None:
    """A log that names a file elsewhere names none; a table whose file is gone or damaged is a sentence."""
    outside = ["../../secret.png", "/etc/passwd", "media/../../x.png", 7, None]
    value = {"_type": "images/separated", "filenames": [*outside, "media/ok.png"], "captions": "none", "width": True}
    masks = {"_type": "image-file", "path": "a.png", "masks": {"m": {"path": "../m.png"}, "n": {"path": "n.png"}}}
    table = {"_type": "table-file", "path": "t.json"}
    rows = [{"p": value, "q": masks, "t": table, "u": {"_type": "table-file", "path": "/etc/passwd"}}]
    path = logs.write(tmp_path, [logs.history({STEP: 1, **row}) for row in rows])
    (run,) = kirie.runlog.open(tmp_path)
    assert [found.image.path for found in run.pictures("p")] == ["media/ok.png"]
    assert [list(found.masks) for found in run.pictures("q")] == [["n"]]
    assert run.tables("u") == []
    with pytest.raises(RunError, match="is not there"):
        run.tables("t")[0].read()
    (path.parent / "files").mkdir()
    (path.parent / "files" / "t.json").write_text('{"columns": 1, "data": [[]]}')
    with pytest.raises(RunError, match="is damaged"):
        run.tables("t")[0].read()


def test_links_out_of_the_folder_are_not_read(tmp_path: Path) -> None:
    """What was printed, about the machine, kirie's own logs and configuration, the folder of files itself."""
    secret = {"host": "SECRET", "id": "SECRET", "batch_size": 8, "columns": ["SECRET"], "data": [["SECRET"]]}
    (tmp_path / "secret.json").write_text(json.dumps(secret))
    folder = tmp_path / "runs" / "one"
    rows = [logs.history({STEP: 1, "loss": 1, "t": {"_type": "table-file", "path": "secret.json"}})]
    files = logs.write(folder, rows).parent / "files"
    files.mkdir()
    (folder / "logs").mkdir()
    (folder / "run.json").write_text('{"id": "one"}')
    names = [files / "output.log", files / "wandb-metadata.json", folder / "logs" / "1.log", folder / "config.yaml"]
    for name in names:
        name.symlink_to(tmp_path / "secret.json")
    (run,) = kirie.runlog.open(tmp_path / "runs")
    assert (run.console(), run.environment, run.record) == ("", {}, {"id": "one"})
    with pytest.raises(RunError, match="batch_size"):
        run.history("loss").axis("images")
    for name in names:
        name.unlink()
    files.rmdir()
    files.symlink_to(tmp_path)
    (folder / "run.json").unlink()
    (folder / "run.json").symlink_to(tmp_path / "secret.json")
    (run,) = kirie.runlog.open(tmp_path / "runs")
    assert (run.folder, run.tables("t")) == (None, [])


def test_histograms_of_both_kinds(tmp_path: Path) -> None:
    """With edges, and packed; what does not fit is none."""
    packed = {"_type": "histogram", "values": [1, 2], "packedBins": {"min": 1, "size": 0.5, "count": 2}}
    wrong = {"_type": "histogram", "values": [1, 2], "bins": [0, 1]}
    far = {**packed, "packedBins": {"min": 1e308, "size": 1e308}}
    logs.write(tmp_path, [logs.history({"_step": at, "h": value}) for at, value in enumerate([packed, wrong, far])])
    (found,) = kirie.runlog.open(tmp_path)[0].histograms("h")
    assert (found.edges.tolist(), found.counts.tolist()) == ([1, 1.5, 2], [1, 2])


def test_of_a_long_output_the_end_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ends a run is printed last; a line says how much is left out."""
    monkeypatch.setattr(segment, "MOST_PIECES", 2)
    path = logs.write(tmp_path, [logs.output(f"{at}\n") for at in range(4)])
    runs = kirie.runlog.open(tmp_path)
    assert runs[0].console() == "[left out before this: 2 pieces of output]\n2\n3\n"
    content = path.read_bytes()
    path.write_bytes(content + logs.frame([logs.output("4\n")])[len(logs.frame([])) :])
    runs.refresh()
    assert runs[0].console() == "[left out before this: 3 pieces of output]\n3\n4\n"


def test_what_was_printed_over_shows_as_it_was_last(tmp_path: Path) -> None:
    """A progress bar is one line; without records the file that wandb keeps is read."""
    path = logs.write(tmp_path, [logs.output("a\r"), logs.output("b\rc\nd\n")])
    assert kirie.runlog.open(tmp_path)[0].console() == "c\nd\n"
    path.write_bytes(logs.frame([]))
    (path.parent / "files").mkdir()
    (path.parent / "files" / "output.log").write_bytes(b"kept\r\n\xff\n")
    assert kirie.runlog.open(tmp_path)[0].console() == "kept\n\N{REPLACEMENT CHARACTER}\n"


def test_tables_for_notebooks(tmp_path: Path) -> None:
    """Runs and histories as pandas and polars have them; what a run lacks is empty, mixed values are texts."""
    logs.write(tmp_path, [logs.config({"m": {"x": 1}, "y": 2}), *_rows([0, 2], 1.5)], id_="a", stamp="20260101_000000")
    logs.write(tmp_path, [logs.config({"y": "z"}), logs.history({STEP: 1, "val": 2})], id_="b", stamp="20260102_000000")
    runs = kirie.runlog.open(tmp_path)
    frame = runs.to_pandas()
    assert frame["id"].tolist() == ["b", "a"]
    assert math.isnan(frame["config.m.x"][0])
    assert runs.to_polars()["config.y"].to_list() == ["z", "2"]
    assert runs.to_polars()["summary.loss"].to_list() == [None, 1.5]
    history = runs["a"].to_pandas()
    assert history["loss"].to_dict() == {0: 1.5, 2: 1.5}
    np.testing.assert_array_equal(runs["a"].to_polars(["epoch"])["step"], [0, 2])


def test_whole_numbers_without_end_are_no_error(tmp_path: Path) -> None:
    """A number of 400 digits is beyond all numbers of a table, in a configuration as in a summary."""
    logs.write(tmp_path, [logs.config({"big": b"-" + b"9" * 400, "far": 2**70}), logs.summary({"s": b"9" * 400})])
    frame = kirie.runlog.open(tmp_path).to_pandas()
    found = [frame[name][0] for name in ("config.big", "config.far", "summary.s")]
    assert found == [-math.inf, 2.0**70, math.inf]


def test_the_reader_is_light() -> None:
    """It opens without wandb and torch, in the time that a command may take to begin."""
    code = "import sys, kirie.runlog; kirie.runlog.open; print({'wandb', 'torch', 'pandas', 'yaml'} & set(sys.modules))"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
    assert time.monotonic() - began < 60
