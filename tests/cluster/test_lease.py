"""One process a run: real processes take, lose and give back leases, and read who holds them."""

from __future__ import annotations

import errno
import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from kirie.cluster import holder as holder_module
from kirie.cluster.holder import STALE_S, read_holder, sign_of_life
from kirie.cluster.lease import Lease
from kirie.cluster.process import Process
from kirie.core.run import RunFolder
from kirie.errors import RunError

HOLDING = """
import sys, time
from pathlib import Path
from kirie.cluster.lease import Lease
from kirie.core.run import RunFolder
lease = Lease.take(RunFolder(Path(sys.argv[1])), job="77", is_alive=lambda job, restarts: None)
print("holds", flush=True)
time.sleep(60)
"""


def _take(
    run: RunFolder, job: str | None = None, alive: bool | None = None, restarts: int = 0, cluster: str = "here"
) -> Lease:
    return Lease.take(run, job=job, is_alive=lambda *_: alive, restarts=restarts, cluster=cluster)


def _elsewhere(run: RunFolder, **changes: Any) -> Path:
    """Makes the newest lease one of a process on another machine."""
    path = max(run.lease.glob("*.json"))
    content = json.loads(path.read_text())
    content["process"] |= {"host": "node7", "pid": 4242}
    path.write_text(json.dumps(content | changes))
    return path


def test_the_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    """Host, process, job and since when; after a SIGKILL the lease is stale at once, for the process is gone."""
    run = RunFolder(tmp_path)
    holding = subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    try:
        assert holding.stdout is not None
        assert holding.stdout.readline() == "holds\n"
        holder = read_holder(run)
        assert holder is not None
        assert (holder.process.pid, holder.job) == (holding.pid, "77")
        with pytest.raises(RunError) as caught:
            _take(run)
        for word in (f"process {holding.pid}", f"on {os.uname().nodename}", "SLURM job 77", f"since {holder.since}"):
            assert word in str(caught.value)
    finally:
        holding.send_signal(signal.SIGKILL)
        holding.communicate()
    lease = _take(run)
    assert lease.holder.number == 2
    lease.release()


def test_a_lease_given_back_is_free(tmp_path: Path) -> None:
    """The next process takes it without waiting, also from another machine."""
    run = RunFolder(tmp_path)
    _take(run).release()
    _elsewhere(run)
    second = _take(run)
    assert second.holder.number == 2
    second.release()


def test_of_many_at_once_one_gets_it(tmp_path: Path) -> None:
    """Five processes that start together: one holds, four are told."""
    script = HOLDING.replace("time.sleep(60)", "sys.stdin.read()")
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", script, str(tmp_path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for _ in range(5)
    ]
    answers = []
    for process in processes:
        assert process.stdout is not None
        answers.append(process.stdout.readline())
    for process in processes:
        with process:
            process.communicate("")
    assert sorted(answers) == [""] * 4 + ["holds\n"]


@pytest.mark.parametrize(
    ("age", "job", "cluster", "alive", "restarts", "taken"),
    [
        (0, None, "here", None, 0, False),
        (STALE_S + 5, None, "here", None, 0, True),
        (STALE_S - 5, None, "here", None, 0, False),
        (0, "5", "here", True, 0, False),
        (STALE_S + 5, "5", "here", True, 0, False),
        (0, "5", "here", False, 0, True),  # SLURM says that it has ended
        (0, "5", "here", None, 0, False),  # SLURM does not know it
        (STALE_S + 5, "5", "here", None, 0, True),
        (0, "5", "there", False, 0, False),  # another cluster's number
        (STALE_S + 5, "5", "there", True, 0, True),
        (0, "9", "here", True, 1, True),  # our own job, queued again since
        (0, "9", "here", True, 0, False),
        (0, "9", "there", True, 1, False),  # another cluster's job of our number
    ],
)
def test_when_a_holder_elsewhere_counts_as_gone(
    tmp_path: Path, age: float, job: str | None, cluster: str, alive: bool | None, restarts: int, taken: bool
) -> None:
    """The word of the holder's own SLURM counts first; without it the age of the last touch."""
    run = RunFolder(tmp_path)
    first = _take(run)
    first._over.set()
    path = _elsewhere(run, job=job, cluster=cluster)
    now = path.stat().st_mtime
    os.utime(path, (now - age, now - age))
    if not taken:
        with pytest.raises(RunError, match="on node7"):
            _take(run, "9", alive, restarts)
        return
    second = _take(run, "9", alive, restarts)
    assert second.holder.number == 2
    second.release()


def test_the_age_is_told_by_the_file_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock of ours that runs a day ahead makes nobody stale."""
    import time

    run = RunFolder(tmp_path)
    first = _take(run)
    _elsewhere(run)
    monkeypatch.setattr(time, "time", lambda: run.lease.stat().st_mtime + 86400)
    assert (sign_of_life(run) or 0) < 60
    with pytest.raises(RunError):
        _take(run)
    first._over.set()


def test_a_holder_that_was_succeeded_notices(tmp_path: Path) -> None:
    """It counts as lost, names the heir, and giving back changes nothing of the heir's."""
    run = RunFolder(tmp_path)
    first = _take(run)
    path = _elsewhere(run)
    os.utime(path, (1, 1))
    second = _take(run)
    first.renew()
    assert first.lost
    assert f"process {os.getpid()}" in first.heir()
    first.release()
    assert read_holder(run) == second.holder
    assert not second.lost
    second.release()


def test_a_removed_folder_is_a_lost_lease(tmp_path: Path) -> None:
    """Whoever removed the run's folder ended the run."""
    run = RunFolder(tmp_path)
    lease = _take(run)
    for path in run.lease.iterdir():
        path.unlink()
    lease.renew()
    assert lease.lost
    lease.release()
    assert list(run.lease.iterdir()) == []


def test_a_folder_that_another_took_the_place_of_is_a_lost_lease(tmp_path: Path) -> None:
    """The number is there, and another process made it: neither touched nor given back by the first."""
    run = RunFolder(tmp_path / "run")
    first = _take(run)
    run.path.rename(tmp_path / "aside")
    shutil.copytree(tmp_path / "aside", run.path)
    path = _elsewhere(run)
    os.utime(path, (1, 1))
    first.renew()
    assert first.lost
    first.release()
    assert path.stat().st_mtime == 1
    assert not json.loads(path.read_text())["released"]


def test_without_hard_links_still_one_gets_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have none; the number is then made by an exclusive open."""

    def no_links(*_: object) -> None:
        raise OSError(errno.EPERM, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    run = RunFolder(tmp_path)
    lease = _take(run)
    assert read_holder(run) == lease.holder
    with pytest.raises(RunError, match=f"process {os.getpid()}"):
        _take(run)
    assert not holder_module.create(run, lease.holder)
    lease.release()


@pytest.mark.parametrize(("field", "value"), [("pid", "abc"), ("pid", None), ("started", 7)])
def test_a_lease_of_wrong_types_is_damaged(tmp_path: Path, field: str, value: object) -> None:
    """A sentence, on the holder's own machine, too."""
    run = RunFolder(tmp_path)
    _take(run).release()
    (path,) = run.lease.glob("*.json")
    content = json.loads(path.read_text()) | {"released": False}
    content["process"] |= {field: value}
    path.write_text(json.dumps(content))
    with pytest.raises(RunError, match="is damaged"):
        _take(run)


def test_a_damaged_lease_is_named(tmp_path: Path) -> None:
    """It is neither believed nor overwritten."""
    run = RunFolder(tmp_path)
    run.lease.mkdir()
    (run.lease / "000003.json").write_text('{"host": "x"}')
    with pytest.raises(RunError, match=r"000003\.json is damaged"):
        _take(run)


def test_a_process_is_told_apart_from_a_later_one_of_its_number() -> None:
    """Number and start time count, and the start of the machine."""
    own = Process.own()
    assert own.alive() is True
    assert Process(own.host, own.pid, "1", own.world).alive() is False
    # The same name and another start: this machine before, or another one that is alive
    assert Process(own.host, own.pid, own.started, "another-boot pid:[1]").alive() is None
    assert Process(own.host, own.pid, own.started, own.world.split()[0] + " pid:[1]").alive() is None
    assert Process("elsewhere", own.pid, own.started, own.world).alive() is None
