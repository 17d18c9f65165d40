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
import os
import threading
from datetime import UTC, datetime

from kirie.cluster.holder import (
    STALE_S,
    Holder,
    IsAlive,
    Leased,
    age_of,
    create,
    file_of,
    highest,
    read,
    read_holder,
    text_of,
)
from kirie.cluster.process import Process
from kirie.core import files
from kirie.errors import RunError

HEARTBEAT_S = 15.0
"""Seconds between two touches of the holder's file."""


class HeldError(RunError):
    """Another process holds what was asked for."""


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
            number = highest(run)
            while True:
                # By name and not by listing: a cached listing may lack the newest file, which opening it would find
                while (found := read(run, number + 1)) is not None:
                    number += 1
                found = read(run, number)
                if found is not None and not found.stale(
                    age=age_of(run, number), job=job, restarts=restarts, is_alive=is_alive, cluster=cluster
                ):
                    raise HeldError(
                        f"The run {run.path} is being trained by {found}; wait for it, or end it. If it is gone, this "
                        f"command takes the run over {STALE_S:.0f} s after its last sign of life."
                    )
                since = datetime.now(UTC).isoformat(timespec="seconds")
                holder = Holder(number + 1, Process.own(), job, restarts, since, cluster=cluster)
                if create(run, holder):
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
            if file_of(self.run, self.holder.number + 1).exists() or not self._ours():
                self._lost.set()
            else:
                # No time given: the file server writes its own
                os.utime(file_of(self.run, self.holder.number))
        except FileNotFoundError:
            self._lost.set()
        except (OSError, RunError):
            # A file server that is away for a moment is no loss; the next touch tries again
            return

    def _ours(self) -> bool:
        """Whether the file is the one that we made: the folder may have been moved, and another taken its place."""
        return read(self.run, self.holder.number) == self.holder

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
            content = text_of(self.holder) | {"released": True}
            with contextlib.suppress(OSError):
                files.write_json(file_of(self.run, self.holder.number), content)

    def leave(self) -> None:
        """Stops touching the file, for a run that nobody will ask about any more."""
        self._over.set()
        self._thread.join()

    def _renewing(self) -> None:
        while not self._over.wait(HEARTBEAT_S) and not self.lost:
            self.renew()


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
    age = max(0.0, now - file_of(run, holder.number).stat().st_mtime)
    known = (
        holder.released
        or holder.process.alive() is not None
        or (job is not None and (holder.job, holder.cluster) == (job, cluster))
    )
    if not known and age < 2 * HEARTBEAT_S:
        return False
    return holder.stale(age=age, job=job, restarts=restarts, is_alive=is_alive, cluster=cluster)
