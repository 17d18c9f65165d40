"""Resume points: whole or passed over, the newest two kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.core import files
from kirie.core.resume import newest_whole, remove_leftovers, resume_points, write_resume_point
from kirie.core.run import RunFolder


def _write(run: RunFolder, *steps: int) -> list[Path]:
    return [write_resume_point(run, step, memoryview(b"at %d" % step)).path for step in steps]


def test_the_newest_two_are_kept(tmp_path: Path) -> None:
    """Names hold step and content; older ones go only when a newer one has its name."""
    run = RunFolder(tmp_path)
    _write(run, 5, 10, 100_000_000)
    assert [point.step for point in resume_points(run)] == [100_000_000, 10]
    assert all(point.whole() for point in resume_points(run))
    assert [path.name for path in run.checkpoints.iterdir() if path.name.startswith(".")] == []


def test_one_step_has_one_point(tmp_path: Path) -> None:
    """A point written again at the same step (an epoch's end after its last step) replaces it, not the fallback."""
    run = RunFolder(tmp_path)
    _write(run, 5, 10)
    again = write_resume_point(run, 10, memoryview(b"another"))
    assert resume_points(run)[0].path == again.path
    assert [point.step for point in resume_points(run)] == [10, 5]


@pytest.mark.parametrize("damage", ["cut", "changed", "empty", "a folder"])
def test_a_torn_one_is_passed_over(tmp_path: Path, damage: str) -> None:
    """The one before is used, with one sentence that names the file."""
    run = RunFolder(tmp_path)
    older, newest = _write(run, 5, 10)
    content = newest.read_bytes()
    newest.unlink()
    if damage == "a folder":
        newest.mkdir()
    else:
        newest.write_bytes({"cut": content[:-1], "changed": b"x" + content[1:], "empty": b""}[damage])
    found, warnings = newest_whole(run)
    assert found is not None
    assert found.path == older
    assert len(warnings) == 1
    assert str(newest) in warnings[0]


def test_a_torn_one_later_than_a_new_one_goes(tmp_path: Path) -> None:
    """Going on from before a torn point writes earlier steps: the torn one must not stay the newest."""
    run = RunFolder(tmp_path)
    _, newest = _write(run, 5, 10)
    newest.write_bytes(b"torn")
    _write(run, 7)
    assert [point.step for point in resume_points(run)] == [7, 5]
    assert newest_whole(run)[1] == []


def test_nothing_whole_begins_anew(tmp_path: Path) -> None:
    """Without any, silently; with torn ones only, it is said."""
    run = RunFolder(tmp_path)
    assert newest_whole(run) == (None, [])
    (path,) = _write(run, 5)
    path.write_bytes(b"torn")
    found, warnings = newest_whole(run)
    assert found is None
    assert "begins anew" in warnings[-1]


def test_leftovers_of_kills_go(tmp_path: Path) -> None:
    """What a killed process had begun to write is removed; whole files stay."""
    run = RunFolder(tmp_path)
    (path,) = _write(run, 5)
    files.write_bytes(run.best, b"best")
    (run.checkpoints / f".{path.name}.123.part").write_bytes(b"half")
    (run.checkpoints / ".best.ckpt.123.part").write_bytes(b"half")
    remove_leftovers(run)
    assert sorted(run.checkpoints.iterdir()) == sorted([path, run.best])
