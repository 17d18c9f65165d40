"""Who trains a run: one process at a time, agreed on through files that any shared file system orders.

A lease is a row of numbered files, `lease/000001.json` and so on. The file with the highest number says who holds the
run; taking a run over is creating the next number. A file appears whole under its name or not at all (a hard link to a
file written before, which exactly one process gets), so no lock is asked for that NFS lacks. Numbers are never used
again, so a process that slept through its own succession finds a higher number and stops.

The holder touches its file every few seconds. How long ago that was is read from the file server's clock, not ours:
the age is the difference of two times that the server wrote.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from kirie.cluster.checked import checked
from kirie.cluster.process import Process
from kirie.core import files
from kirie.errors import RunError

HEARTBEAT_S = 15.0
"""Seconds between two touches of the holder's file."""

STALE_S = 120.0
"""Age of the last touch from which a holder of which nothing else is known counts as gone."""


_NO_LINKS = {errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}
"""What file systems without hard links answer (FAT and some in user space)."""

IsAlive = Callable[[str, int], bool | None]
"""Asks the scheduler about a job's start, the one after so many restarts: True alive, False ended by its own word, None
if it does not know."""


class Leased(Protocol):
    """What can be held: a run's folder, or a folder of a sweep."""

    @property
    def path(self) -> Path:
        """The folder, for messages."""
        ...

    @property
    def lease(self) -> Path:
        """Where its lease lies."""
        ...


class HeldError(RunError):
    """Another process holds what was asked for."""


@dataclass(frozen=True, slots=True)
class Holder:
    """Who holds a run, or held it last.

    Attributes:
        number: The lease's number.
        process: The process, with its host.
        job: SLURM's job, or None.
        restarts: How often SLURM had queued that job again.
        since: When the lease was taken, ISO 8601.
        released: Whether it was given back.
        cluster: The name of SLURM's cluster, as which no other gives the job's number; "" outside SLURM.
    """

    number: int
    process: Process
    job: str | None
    restarts: int
    since: str
    released: bool = False
    cluster: str = ""

    def __str__(self) -> str:
        job = f", SLURM job {self.job}" if self.job is not None else ""
        return f"process {self.process.pid} on {self.process.host}{job}, since {self.since}"

    def stale(
        self, *, age: float, job: str | None, restarts: int, is_alive: IsAlive, cluster: str | None = None
    ) -> bool:
        """Whether the holder is gone: for certain, or by the age of its last touch.

        Args:
            age: Seconds since the last touch, by the file server's clock.
            job: The job of the process that asks.
            restarts: How often that job was queued again.
            is_alive: Asks the scheduler about a job of the cluster of the process that asks.
            cluster: That cluster's name; None takes all numbers for those of one cluster.
        """
        if self.released:
            return True
        if (alive := self.process.alive()) is not None:
            return not alive
        if self.job is not None and cluster in {None, self.cluster}:
            if self.job == job:
                # SLURM starts a job again only when its processes are gone
                return self.restarts < restarts or age > STALE_S
            if (known := is_alive(self.job, self.restarts)) is not None:
                return not known
        return age > STALE_S


class Lease:
    """A run that this process may write to, until `lost` says otherwise. Make one with `take`."""

    def __init__(self, run: Leased, holder: Holder) -> None:
        self.run, self.holder = run, holder
        self._over = threading.Event()
        self._lost = threading.Event()
        self._thread = threading.Thread(target=self._renewing, name="kirie-lease", daemon=True)

    @classmethod
    def take(cls, run: Leased, *, job: str | None, is_alive: IsAlive, restarts: int = 0, cluster: str = "") -> Lease:
        """Takes a run, over from a holder that is gone if need be, and begins to touch the file.

        Args:
            run: The run.
            job: SLURM's job of this process, or None.
            is_alive: Asks the scheduler about another job of this cluster.
            restarts: How often SLURM has queued this job again (SLURM_RESTART_COUNT).
            cluster: The name of SLURM's cluster (SLURM_CLUSTER_NAME).

        Raises:
            HeldError: Another process holds the run; the message says which, where and since when.
            RunError: A lease is damaged.
            DeviceError: The folder cannot be written.
        """
        with files.disk_errors(run.lease):
            run.lease.mkdir(parents=True, exist_ok=True)
            number = _highest(run)
            while True:
                # By name and not by listing: a cached listing may lack the newest file, which opening it would find
                while (found := _read(run, number + 1)) is not None:
                    number += 1
                found = _read(run, number)
                if found is not None and not found.stale(
                    age=_age(run, number), job=job, restarts=restarts, is_alive=is_alive, cluster=cluster
                ):
                    raise HeldError(
                        f"The run {run.path} is being trained by {found}; wait for it, or end it. If it is gone, this "
                        f"command takes the run over {STALE_S:.0f} s after its last sign of life."
                    )
                since = datetime.now(UTC).isoformat(timespec="seconds")
                holder = Holder(number + 1, Process.own(), job, restarts, since, cluster=cluster)
                if _create(run, holder):
                    lease = cls(run, holder)
                    lease._thread.start()
                    return lease

    @property
    def lost(self) -> bool:
        """Whether another process has taken the run over: write nothing more."""
        return self._lost.is_set()

    def renew(self) -> None:
        """Looks for a successor and touches the file, once; the thread calls this."""
        try:
            if _file(self.run, self.holder.number + 1).exists():
                self._lost.set()
            else:
                # No time given: the file server writes its own
                os.utime(_file(self.run, self.holder.number))
        except FileNotFoundError:
            self._lost.set()
        except OSError:
            # A file server that is away for a moment is no loss; the next touch tries again
            return

    def heir(self) -> str:
        """A sentence on who has taken the run over."""
        heir = read_holder(self.run)
        return (
            f"The run {self.run.path} was taken over by {heir or 'another process'}; this process stops and writes "
            "nothing more into it."
        )

    def release(self) -> None:
        """Gives the run back, so that the next process need not wait; does nothing to a lease that was lost."""
        self._over.set()
        self._thread.join()
        self.renew()
        if not self.lost:
            content = _text(self.holder) | {"released": True}
            with contextlib.suppress(OSError):
                files.write_json(_file(self.run, self.holder.number), content)

    def leave(self) -> None:
        """Stops touching the file, for a run that nobody will ask about any more."""
        self._over.set()
        self._thread.join()

    def _renewing(self) -> None:
        while not self._over.wait(HEARTBEAT_S) and not self.lost:
            self.renew()


def read_holder(run: Leased) -> Holder | None:
    """Who holds a run or held it last; None if nobody ever did."""
    number = _highest(run)
    while _file(run, number + 1).exists():
        number += 1
    return _read(run, number)


def sign_of_life(run: Leased) -> float | None:
    """Seconds since the holder's last touch, by the file server's clock; None if nobody ever held the run."""
    holder = read_holder(run)
    return None if holder is None else _age(run, holder.number)


def server_time(folder: Path) -> float:
    """What the file server's clock says, in seconds since 1970: the time that it writes for a new file in a folder."""
    # What it holds does not count, so it is not waited for
    with _temporary(folder, "", flush=False) as probe:
        return probe.stat().st_mtime


def last_touch(run: Leased) -> float | None:
    """When the holder last touched its file, by the file server's clock; None if nobody ever held the run."""
    holder = read_holder(run)
    return None if holder is None else _file(run, holder.number).stat().st_mtime


def is_free(
    run: Leased, *, now: float, job: str | None, is_alive: IsAlive, restarts: int = 0, cluster: str = ""
) -> bool:
    """Whether `take` is worth a try, found out by reading alone; for looking at many.

    The scheduler is asked only about a holder that has missed a beat, lest a look at a hundred trials be as many
    questions.

    Args:
        run: The run.
        now: The file server's time (`server_time`), asked once for all.
        job: SLURM's job of this process, or None.
        is_alive: Asks the scheduler about another job of this cluster.
        restarts: How often SLURM has queued this job again.
        cluster: The name of SLURM's cluster.
    """
    holder = read_holder(run)
    if holder is None:
        return True
    age = max(0.0, now - _file(run, holder.number).stat().st_mtime)
    known = (
        holder.released
        or holder.process.alive() is not None
        or (job is not None and (holder.job, holder.cluster) == (job, cluster))
    )
    if not known and age < 2 * HEARTBEAT_S:
        return False
    return holder.stale(age=age, job=job, restarts=restarts, is_alive=is_alive, cluster=cluster)


def _file(run: Leased, number: int) -> Path:
    return run.lease / f"{number:06}.json"


def _highest(run: Leased) -> int:
    if not run.lease.is_dir():
        return 0
    return max((int(path.stem) for path in run.lease.glob("[0-9]*.json") if path.stem.isdecimal()), default=0)


def _read(run: Leased, number: int) -> Holder | None:
    path = _file(run, number)
    if number < 1 or not path.exists():
        return None
    content = files.read_json(path, RunError, "The lease")
    try:
        return checked(Holder, {**content, "number": number, "process": checked(Process, content["process"])})
    except (KeyError, TypeError):
        raise RunError(
            f"The lease {path} is damaged; make sure that no process trains this run, then remove {run.lease}."
        ) from None


def _create(run: Leased, holder: Holder) -> bool:
    """Makes the holder's file if no other process has made that number; True if it is ours."""
    with _temporary(run.lease, json.dumps(_text(holder), indent=2)) as whole:
        try:
            os.link(whole, _file(run, holder.number))
        except FileExistsError:
            # The answer to a link may get lost on NFS and be asked for again: then the second name is there, and ours
            return whole.stat().st_nlink == 2
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            return _create_without_links(run, holder)
    return True


def _create_without_links(run: Leased, holder: Holder) -> bool:
    """The same on a file system without hard links: still one process gets it, but whoever reads in the moment before
    it is written finds an empty file, takes it for a damaged one, and stops."""
    try:
        with _file(run, holder.number).open("x", encoding="utf-8") as stream:
            json.dump(_text(holder), stream, indent=2)
    except FileExistsError:
        return False
    return True


def _text(holder: Holder) -> dict[str, Any]:
    content = asdict(holder)
    del content["number"]
    return content


def _age(run: Leased, number: int) -> float:
    """Seconds since the last touch: what the file server now writes as its time, less what it wrote then."""
    return max(0.0, server_time(run.lease) - _file(run, number).stat().st_mtime)


@contextlib.contextmanager
def _temporary(folder: Path, text: str, *, flush: bool = True) -> Iterator[Path]:
    path = folder / f".{uuid.uuid4().hex}.part"
    try:
        with path.open("x", encoding="utf-8") as stream:
            stream.write(text)
            if flush:
                stream.flush()
                os.fsync(stream.fileno())
        yield path
    finally:
        path.unlink(missing_ok=True)
