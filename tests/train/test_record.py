"""The run record says what became of a run."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.core.run import RunFolder
from kirie.train.record import Record


def test_a_record_counts_resumptions_and_time(tmp_path: Path) -> None:
    """A second start keeps the first start's time and counts one resumption."""
    run = RunFolder(tmp_path / "abc")
    first = Record(run, {"id": "abc"})
    assert not run.record.exists()
    first.begin()
    assert run.read_record()["state"] == "running"
    first.change("interrupted", error="stopped by SIGTERM")
    started = run.read_record()["started"]
    assert run.read_record()["resumed"] == 0
    Record(run, {"id": "abc"}).change("done")
    found = run.read_record()
    assert (found["state"], found["resumed"], found["started"]) == ("done", 1, started)
    assert "error" not in found


def test_an_unknown_state_is_refused(tmp_path: Path) -> None:
    """States are a closed list."""
    with pytest.raises(ValueError, match="finished"):
        Record(RunFolder(tmp_path), {"id": "abc"}).change("finished")
