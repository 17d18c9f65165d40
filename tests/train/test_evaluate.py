"""Scoring a run again from its files: the same scores, on any store with its labels."""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import DeviceError, RunError
from kirie.train.evaluate import main
from kirie.train.fit import fit


@pytest.fixture(scope="module")
def run(tiny: Callable[..., dict[str, Any]], tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished tiny run."""
    return fit(tiny(f"runs={tmp_path_factory.mktemp('runs')}", "seed=11"), quiet=True)


def test_scores_come_out_again(
    run: RunFolder, shapes_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recorded scores and tables are reproduced, with speed beside them, in a folder of their own."""
    assert main([str(run.path), "--store", str(shapes_store), "--out", str(tmp_path / "out"), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    out = RunFolder(tmp_path / "out")
    assert out.read_record()["id"] == found["run"] == run.read_record()["id"]
    assert found["scores"] == out.read_metrics() == run.read_metrics()
    for split in ("val", "test"):
        again, recorded = out.read_table(split), run.read_table(split)
        assert np.array_equal(again.counts_NLK, recorded.counts_NLK)
    speed = json.loads(out.speed.read_text())
    assert speed == found["speed"]
    assert speed["parameters"] == run.read_record()["parameters"]
    assert speed["latency_ms"] > 0
    assert speed["images_per_s"] > 0


def test_the_table_for_a_person_has_every_label(
    run: RunFolder, shapes_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without --json the scores are a table with a row a label."""
    words = [str(run.path), "--store", str(shapes_store), "--out", str(tmp_path), "--split", "test"]
    assert main(words) == 0
    text = capsys.readouterr().out
    for word in ("mean", "background", "disc", "box", "test IoU", "images/s"):
        assert word in text
    assert "val IoU" not in text


def test_a_full_disk_leaves_the_runs_own_files(
    run: RunFolder, shapes_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scoring into the run's folder replaces nothing before all of it is written, and leaves nothing of its own."""
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    before = {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()}

    def full(_path: Path, _content: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    # speed.json is the first JSON file, after the tables
    monkeypatch.setattr(files, "write_json", full)
    with pytest.raises(DeviceError, match="is full"):
        main([str(copy), "--store", str(shapes_store)])
    assert {path.name: path.read_bytes() for path in copy.iterdir() if path.is_file()} == before
    assert not (copy / ".evaluation.part").exists()
    monkeypatch.undo()
    assert main([str(copy), "--store", str(shapes_store)]) == 0
    assert RunFolder(copy).speed.is_file()


def test_changed_weights_are_noticed(run: RunFolder, shapes_store: Path, tmp_path: Path) -> None:
    """If the recorded scores do not come out again, the command says so and fails."""
    copy = tmp_path / "copy"
    shutil.copytree(run.path, copy)
    metrics = json.loads((copy / "metrics.json").read_text())
    metrics["val"]["miou"] += 0.05
    (copy / "metrics.json").write_text(json.dumps(metrics))
    with pytest.raises(RunError, match=r"do not come out again: val mIoU"):
        main([str(copy), "--store", str(shapes_store)])


def test_a_folder_that_is_no_run_is_named(tmp_path: Path) -> None:
    """A wrong folder ends in a sentence."""
    with pytest.raises(RunError, match="is not a run folder"):
        main([str(tmp_path)])


def test_a_place_that_cannot_be_written_is_named(run: RunFolder, shapes_store: Path, tmp_path: Path) -> None:
    """A file where the folder should be ends in a sentence, and stays as it was."""
    (tmp_path / "file").write_text("mine", encoding="utf-8")
    with pytest.raises(RunError, match=r"file is a file, so there can be no folder .*; name another place with --out"):
        main([str(run.path), "--store", str(shapes_store), "--out", str(tmp_path / "file" / "out")])
    assert (tmp_path / "file").read_text(encoding="utf-8") == "mine"


def test_another_runs_evaluation_is_replaced_whole(run: RunFolder, shapes_store: Path, tmp_path: Path) -> None:
    """What lay in the folder of another run is gone; of the same run, other splits stay."""
    out = RunFolder(tmp_path / "out")
    assert main([str(run.path), "--store", str(shapes_store), "--out", str(out.path), "--split", "val"]) == 0
    assert main([str(run.path), "--store", str(shapes_store), "--out", str(out.path), "--split", "test"]) == 0
    assert set(out.read_metrics()) == {"val", "test"}
    out.record.write_text(json.dumps({"id": "another"}), encoding="utf-8")
    assert main([str(run.path), "--store", str(shapes_store), "--out", str(out.path), "--split", "test"]) == 0
    assert set(out.read_metrics()) == {"test"}
    assert not out.per_image("val").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
    out.record.unlink()
    with pytest.raises(RunError, match="is not a run folder"):
        main([str(run.path), "--store", str(shapes_store), "--out", str(out.path), "--split", "test"])
