"""The run folder: its names, its records, and publishing it whole."""

import errno
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kirie.core import files
from kirie.core.resume import resume_points, write_resume_point
from kirie.core.run import RunFolder, check_copy
from kirie.core.scores import COLUMNS, CountTable
from kirie.errors import DeviceError, RunError


def _finished(path: Path, score: float = 0.5) -> RunFolder:
    run = RunFolder(path)
    files.write_text(run.config, "seed: 1\n")
    files.write_json(run.record, {"id": "abc", "state": "finished"})
    files.write_json(run.metrics, {"val": {"miou": score}})
    files.write_bytes(run.best, b"weights")
    write_resume_point(run, 7, memoryview(b"optimizer too"))
    files.write_text(run.path / "wandb" / "run.wandb", "log")
    CountTable(("a",), ("x",), np.ones((1, 1, len(COLUMNS)), np.int64)).write(run.per_image("val"))
    return run


def _listing(path: Path) -> list[str]:
    return sorted(entry.relative_to(path).as_posix() for entry in path.rglob("*") if entry.is_file())


def test_making_the_object_makes_nothing(tmp_path: Path) -> None:
    """Naming a run folder touches no disk."""
    run = RunFolder(tmp_path / "run")
    assert run.best.parent == run.checkpoints
    assert not run.path.exists()


def test_records_are_read_back(tmp_path: Path) -> None:
    """The record, the scores and the per-image table come back as written."""
    run = _finished(tmp_path / "run")
    assert run.read_record() == {"id": "abc", "state": "finished"}
    assert run.read_metrics() == {"val": {"miou": 0.5}}
    assert run.read_table("val").images == ("a",)


def test_publish_copies_what_later_stages_need(tmp_path: Path) -> None:
    """The published folder is a run folder without log and resume checkpoint, and nothing is left beside it."""
    run = _finished(tmp_path / "run")
    out = run.publish(tmp_path / "out" / "train" / "unet")
    assert _listing(out.path) == [
        "checkpoints/best.ckpt",
        "config.yaml",
        "metrics.json",
        "per_image_val.csv",
        "run.json",
    ]
    assert out.read_metrics() == run.read_metrics()
    assert out.best.read_bytes() == b"weights"
    assert [entry.name for entry in out.path.parent.iterdir()] == ["unet"]
    assert resume_points(run)


def test_publish_replaces_the_whole_folder(tmp_path: Path) -> None:
    """What an earlier run had published does not stay among the new files."""
    out = tmp_path / "out"
    _finished(tmp_path / "one").publish(out)
    files.write_text(out / "per_image_test.csv", "stale")
    _finished(tmp_path / "two", score=0.75).publish(out)
    assert RunFolder(out).read_metrics() == {"val": {"miou": 0.75}}
    assert "per_image_test.csv" not in _listing(out)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "out", "two"]


def test_publish_that_fails_keeps_the_old_folder(tmp_path: Path) -> None:
    """If a file cannot be copied, what was published before stays whole and nothing is left beside it."""
    out = tmp_path / "out"
    _finished(tmp_path / "one").publish(out)
    run = _finished(tmp_path / "two", score=0.75)
    run.diff.symlink_to("/proc/self/mem")  # reading it is an error of the disk
    with pytest.raises(DeviceError, match="failed"):
        run.publish(out)
    assert RunFolder(out).read_metrics() == {"val": {"miou": 0.5}}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "out", "two"]


def test_publish_puts_the_old_folder_back_if_the_last_step_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the system refuses the final rename, the folder that had been set aside has its name again."""
    out = tmp_path / "out"
    _finished(tmp_path / "one").publish(out)
    rename = Path.replace

    def refuse(path: Path, to: Path) -> Path:
        if path.name.endswith(".part"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(path, to)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(DeviceError, match="full"):
        _finished(tmp_path / "two", score=0.75).publish(out)
    assert RunFolder(out).read_metrics() == {"val": {"miou": 0.5}}
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["one", "out", "two"]


def test_publish_over_leftovers_of_a_killed_one(tmp_path: Path) -> None:
    """What a killed publish left beside the folder is cleared by the next; what somebody else has there stays."""
    files.write_text(tmp_path / ".out.kirie-old" / "junk.txt", "x")
    files.write_text(tmp_path / ".out.old" / "mine.txt", "x")
    _finished(tmp_path / "one").publish(tmp_path / "out")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == [".out.old", "one", "out"]
    assert "junk.txt" not in _listing(tmp_path / "out")


def test_publish_over_a_file_is_refused(tmp_path: Path) -> None:
    """A file in the folder's place is not removed, but told."""
    (tmp_path / "out").write_text("precious")
    with pytest.raises(RunError, match="holds other files"):
        _finished(tmp_path / "one").publish(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "precious"


def test_unfinished_run_is_not_published(tmp_path: Path) -> None:
    """A run without scores or a best checkpoint says which are missing."""
    run = _finished(tmp_path / "one")
    run.best.unlink()
    with pytest.raises(RunError, match=r"not finished: .*best\.ckpt missing"):
        run.publish(tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("content", [None, [], {"state": "finished"}, "x"])
def test_what_is_no_run_folder_is_told(tmp_path: Path, content: Any) -> None:
    """A folder without a record, or with one that has no id, is refused."""
    run = RunFolder(tmp_path)
    if content is not None:
        files.write_json(run.record, content)
    with pytest.raises(RunError, match="is not a run folder" if content is None else "has no id"):
        run.read_record()


def test_scores_that_are_none_are_told(tmp_path: Path) -> None:
    """A score file that is not there or not a mapping is refused."""
    run = RunFolder(tmp_path)
    with pytest.raises(RunError, match="score file"):
        run.read_metrics()
    files.write_json(run.metrics, [1])
    with pytest.raises(RunError, match="is damaged"):
        run.read_metrics()


def test_other_peoples_files_are_not_replaced(tmp_path: Path) -> None:
    """Only a new or empty folder, or a copy of a run and nothing more, may be replaced."""
    check_copy(tmp_path / "new")
    (tmp_path / "data").mkdir()
    check_copy(tmp_path / "data")
    (tmp_path / "data" / "drawing.png").touch()
    with pytest.raises(RunError, match=r"holds other files \('drawing\.png'\), which would be lost"):
        check_copy(tmp_path / "data")
    (tmp_path / "data" / "drawing.png").unlink()
    (tmp_path / "data" / "run.json").write_text('{"scripts": 1}')
    with pytest.raises(RunError, match="has no id"):
        check_copy(tmp_path / "data")
    (tmp_path / "data" / "run.json").write_text('{"id": "0123456789ab"}')
    check_copy(tmp_path / "data")
    (tmp_path / "data" / "lease").mkdir()
    (tmp_path / "data" / "lease" / "000001.json").touch()
    with pytest.raises(RunError, match=r"lease/000001\.json"):
        check_copy(tmp_path / "data")
