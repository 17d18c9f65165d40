"""A sweep's ledger read without Optuna, against the sweep engine's own reading of the same file."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sweep.small_sweeps import small_sweep

from kirie.board.sweeps.journal import read_journal


def test_the_trials_are_those_that_the_engine_tells(tmp_path: Path) -> None:
    """States, parameters, runs, values and seconds of finished, pruned, failed, running and waiting trials agree."""
    ledger = small_sweep(tmp_path, total=6)
    claims = [claim for _ in range(5) if (claim := ledger.claim("w")) is not None]
    for claim in claims:
        claim.begin(f"run-{claim.number}")
        claim.report(0.25 + claim.number / 100)
    claims[0].finish([0.5])
    claims[1].prune(0.26)
    claims[2].finish([float("nan")])
    claims[3].finish([0.75], reused=True)
    theirs, ours = ledger.trials(), read_journal(ledger.folder.journal)
    assert len(ours) == len(theirs) == 6
    for one, other in zip(ours, theirs, strict=True):
        assert one.number == other.number
        assert one.state == other.state
        assert one.params == other.params
        assert one.run == other.run
        assert tuple(one.values) == other.values
        assert (one.steps[max(one.steps)] if one.steps else None) == other.latest
        assert one.seconds == (other.seconds if other.ended else None)
    assert [one.state for one in ours] == ["finished", "pruned", "failed", "finished", "running", "waiting"]
    assert ours[0].began is not None
    assert ours[0].ended is not None
    assert ours[0].ended >= ours[0].began
    claims[4].lease.release()


def test_what_is_torn_or_strange_is_left_out(tmp_path: Path) -> None:
    """Half lines, lines that are no JSON, and operations on nothing do not spoil the others."""
    ledger = small_sweep(tmp_path, total=2)
    path = ledger.folder.journal
    strange = [
        b"nonsense",
        b"[1]",
        b'{"op_code": 6}',
        b'{"op_code": 6, "trial_id": 99, "state": 1}',
        b'{"op_code": 6, "trial_id": -1, "state": 1}',
        b'{"op_code": 6, "trial_id": 0, "state": 17}',
        b'{"op_code": 8, "trial_id": 0, "user_attr": 5}',
        b'{"op_code": 7, "trial_id": 0, "step": 1, "intermediate_value": "x"}',
        b'{"op_code": {}, "trial_id": 0}',
    ]
    path.write_bytes(path.read_bytes() + b"\n".join(strange) + b"\n" + b'{"op_code": 6, "trial_id": 0, "state"')
    assert [one.state for one in read_journal(path)] == ["waiting", "waiting"]


@pytest.mark.parametrize("content", [None, b"", b"\x00" * 100, b"\n\n"])
def test_no_journal_has_no_trials(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty or foreign file is a ledger without trials."""
    if content is not None:
        (tmp_path / "journal.log").write_bytes(content)
    assert read_journal(tmp_path / "journal.log") == []
    assert read_journal(tmp_path) == []
