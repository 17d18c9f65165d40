"""The journal: lines that a kill tears, a lock whose holder died, a disk that is full."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from kirie.errors import DeviceError, SweepError
from kirie.sweep.journal import Draft, Journal

WRITING = """
import os, sys
from pathlib import Path
from kirie.sweep.journal import Journal
journal = Journal(Path(sys.argv[1]))
with journal.alone():
    os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND), b'{"op_code":8,"half')
    print("holds", flush=True)
    sys.stdin.read()
"""


def _journal(place: Path, records: int = 2) -> Journal:
    path = place / "journal.log"
    draft = Draft()
    draft.append_logs([{"op_code": 8, "at": at} for at in range(records)])
    draft.write(path)
    return Journal(path)


def _read(journal: Journal, since: int = 0) -> list[int]:
    return [record["at"] for record in journal.read_logs(since)]


def test_a_torn_last_line_is_no_record_and_is_cut_off(tmp_path: Path) -> None:
    """Readers pass it over, also those that read on from before it; the next writer begins a line of its own."""
    journal = _journal(tmp_path)
    path = tmp_path / "journal.log"
    assert _read(journal) == [0, 1]
    with path.open("ab") as stream:
        stream.write(b'{"op_code":8,"at":99,"te' + b"x" * 10_000)
    assert _read(journal, 2) == []
    assert _read(Journal(path)) == [0, 1]
    Journal(path).append_logs([{"op_code": 8, "at": 2}])
    assert _read(journal, 2) == [2]
    assert _read(Journal(path)) == [0, 1, 2]
    assert b"99" not in path.read_bytes()


def test_a_writer_that_was_killed_holds_up_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its half line goes and its lock is taken away at once, also where the folder has another, relative name."""
    journal = _journal(tmp_path)
    killed = subprocess.Popen(
        [sys.executable, "-c", WRITING, str(tmp_path / "journal.log")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "holds\n"
        killed.send_signal(signal.SIGKILL)
    assert (tmp_path / "journal.log.lock").is_symlink()
    monkeypatch.chdir(tmp_path)
    journal = Journal(Path("journal.log"))
    journal.append_logs([{"op_code": 8, "at": 2}])
    assert _read(journal) == [0, 1, 2]
    assert not (tmp_path / "journal.log.lock").is_symlink()


def test_a_full_disk_leaves_whole_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of a record was written when the space ended: nothing of it stays, and the sentence says so."""
    journal = _journal(tmp_path)
    real = os.write

    def full(handle: int, text: bytes) -> int:
        real(handle, text[:9])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(DeviceError, match="is full"):
        journal.append_logs([{"op_code": 8, "at": 2}])
    monkeypatch.undo()
    journal.append_logs([{"op_code": 8, "at": 3}])
    assert _read(journal) == [0, 1, 3]


def test_what_is_written_together_appears_together(tmp_path: Path) -> None:
    """Nothing of it if the block fails."""
    journal = _journal(tmp_path)
    with journal.together():
        journal.append_logs([{"op_code": 8, "at": 2}])
        journal.append_logs([{"op_code": 8, "at": 3}])
        assert _read(journal) == [0, 1]
    assert _read(journal) == [0, 1, 2, 3]
    with contextlib.suppress(KeyError), journal.together():
        journal.append_logs([{"op_code": 8, "at": 4}])
        raise KeyError
    assert _read(journal) == [0, 1, 2, 3]


@pytest.mark.parametrize("line", ["nonsense", "[1]", '{"at": 1}', '{"op_code": "8"}', "[" * 100_000])
def test_damage_in_the_middle_is_named_by_its_line(tmp_path: Path, line: str) -> None:
    """One sentence with the file and the line, never a traceback of Optuna's."""
    path = tmp_path / "journal.log"
    path.write_text(json.dumps({"op_code": 8, "at": 0}) + f"\n{line}\n" + json.dumps({"op_code": 8, "at": 1}) + "\n")
    with pytest.raises(SweepError, match="damaged in line 2"):
        _read(Journal(path))


def test_a_journal_that_is_gone(tmp_path: Path) -> None:
    """One sentence."""
    with pytest.raises(SweepError, match="cannot be read"):
        _read(Journal(tmp_path / "journal.log"))
