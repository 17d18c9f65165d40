"""The files of a lease: who holds a run, by the highest number, and how long ago the file was touched.

How the files make one process the holder is told in `lease`.
"""

from __future__ import annotations

import contextlib
import errno
import json
import os
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

from kirie.cluster.checked import checked
from kirie.cluster.process import Process
from kirie.core import files
from kirie.errors import RunError

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


def read_holder(run: Leased) -> Holder | None:
    """Who holds a run or held it last; None if nobody ever did."""
    number = highest(run)
    while file_of(run, number + 1).exists():
        number += 1
    return read(run, number)


def sign_of_life(run: Leased) -> float | None:
    """Seconds since the holder's last touch, by the file server's clock; None if nobody ever held the run."""
    holder = read_holder(run)
    return None if holder is None else age_of(run, holder.number)


def sign_of_life_unasked(run: Leased) -> float | None:
    """The same by this machine's clock, for who may write nothing; wrong by what two clocks differ."""
    touched = last_touch(run)
    return None if touched is None else max(0.0, time.time() - touched)


def server_time(folder: Path) -> float:
    """What the file server's clock says, in seconds since 1970: the time that it writes for a new file in a folder."""
    # What it holds does not count, so it is not waited for
    with _temporary(folder, "", flush=False) as probe:
        return probe.stat().st_mtime


def last_touch(run: Leased) -> float | None:
    """When the holder last touched its file, by the file server's clock; None if nobody ever held the run."""
    holder = read_holder(run)
    return None if holder is None else file_of(run, holder.number).stat().st_mtime


def file_of(run: Leased, number: int) -> Path:
    """The file of a lease's number."""
    return run.lease / f"{number:06}.json"


def highest(run: Leased) -> int:
    """The highest number that a listing shows; 0 without one."""
    if not run.lease.is_dir():
        return 0
    return max((int(path.stem) for path in run.lease.glob("[0-9]*.json") if path.stem.isdecimal()), default=0)


def read(run: Leased, number: int) -> Holder | None:
    """What a number's file says; None if there is none.

    Raises:
        RunError: It is damaged.
    """
    path = file_of(run, number)
    if number < 1 or not path.exists():
        return None
    content = files.read_json(path, RunError, "The lease")
    try:
        return checked(Holder, {**content, "number": number, "process": checked(Process, content["process"])})
    except (KeyError, TypeError):
        raise RunError(
            f"The lease {path} is damaged; make sure that no process trains this run, then remove {run.lease}."
        ) from None


def create(run: Leased, holder: Holder) -> bool:
    """Makes the holder's file if no other process has made that number; True if it is ours."""
    with _temporary(run.lease, json.dumps(text_of(holder), indent=2)) as whole:
        try:
            os.link(whole, file_of(run, holder.number))
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
        with file_of(run, holder.number).open("x", encoding="utf-8") as stream:
            json.dump(text_of(holder), stream, indent=2)
    except FileExistsError:
        return False
    return True


def text_of(holder: Holder) -> dict[str, Any]:
    """A holder as its file has it."""
    content = asdict(holder)
    del content["number"]
    return content


def age_of(run: Leased, number: int) -> float:
    """Seconds since the last touch: what the file server now writes as its time, less what it wrote then."""
    return max(0.0, server_time(run.lease) - file_of(run, number).stat().st_mtime)


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
