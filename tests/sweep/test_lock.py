"""The lock: one holder at a time, and none that is gone."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from kirie.sweep import lock as lock_module
from kirie.sweep.lock import FileLock

COUNTING = """
import sys
from pathlib import Path
from kirie.sweep.lock import FileLock
path = Path(sys.argv[1])
lock = FileLock(path)
for _ in range(100):
    lock.acquire()
    path.write_text(str(int(path.read_text()) + 1))
    lock.release()
"""


def test_one_at_a_time(tmp_path: Path) -> None:
    """Four processes count to a hundred each in one file: 400."""
    path = tmp_path / "count"
    path.write_text("0")
    workers = [subprocess.Popen([sys.executable, "-c", COUNTING, str(path)]) for _ in range(4)]
    assert [worker.wait() for worker in workers] == [0] * 4
    assert path.read_text() == "400"
    assert [found.name for found in tmp_path.iterdir()] == ["count"]


@pytest.mark.parametrize("text", ["elsewhere", "journal"])
def test_a_holder_elsewhere_is_gone_when_nothing_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Not before the time is up; what the link says may be anything."""
    monkeypatch.setattr(lock_module, "GRACE_S", 0.3)
    process = {"host": "node7", "pid": 1, "started": "1", "world": "1", "time": "x"}
    (tmp_path / "file.lock").symlink_to(json.dumps(process) if text == "elsewhere" else text)
    lock = FileLock(tmp_path / "file")
    began = time.monotonic()
    lock.acquire()
    assert time.monotonic() - began >= 0.3
    lock.release()
    assert not list(tmp_path.iterdir())


def test_what_was_taken_away_is_not_given_back_twice(tmp_path: Path) -> None:
    """A holder that slept through it leaves the next one's lock alone."""
    first, second = FileLock(tmp_path / "file"), FileLock(tmp_path / "file")
    first.acquire()
    (tmp_path / "file.lock").unlink()
    second.acquire()
    first.release()
    assert (tmp_path / "file.lock").is_symlink()
    second.release()
    assert not (tmp_path / "file.lock").is_symlink()


def test_a_signal_while_the_lock_is_made_leaves_none_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made, but cut short before it was ours: the same process takes it at once; another thread's stays."""
    cut, lock = FileLock(tmp_path / "file"), FileLock(tmp_path / "file")
    made = Path.symlink_to

    def interrupted(self: Path, target: str) -> None:
        made(self, target)
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "symlink_to", interrupted)
    with pytest.raises(KeyboardInterrupt):
        cut.acquire()
    monkeypatch.undo()
    assert (tmp_path / "file.lock").is_symlink()
    began = time.monotonic()
    lock.acquire()
    assert time.monotonic() - began < 1
    waiting = threading.Thread(target=FileLock(tmp_path / "file").acquire)
    waiting.start()
    waiting.join(0.2)
    assert waiting.is_alive()
    lock.release()
    waiting.join(5)
    assert not waiting.is_alive()
