"""Who holds a sweep's trials: leases in their folders. All times are the file server's, whatever our clock says."""

from __future__ import annotations

import time

from kirie.cluster.holder import file_of, server_time
from kirie.cluster.lease import HEARTBEAT_S, HeldError, Lease, is_free
from kirie.cluster.requeue import cluster_of, job_alive, job_of, restarts_of
from kirie.errors import SweepError
from kirie.sweep.attempts import read_attempts
from kirie.sweep.folder import SweepFolder


class Holders:
    """The leases of a sweep's trials.

    Args:
        folder: The sweep.
    """

    def __init__(self, folder: SweepFolder) -> None:
        self._folder = folder

    def now(self) -> float:
        """The file server's time, to be asked once for many trials."""
        try:
            return server_time(self._folder.path)
        except OSError:
            # Somebody else's sweep, looked at only
            return time.time()

    def free(self, number: int, now: float) -> bool:
        """Whether nobody holds a trial."""
        place = self._folder.trial(number)
        return is_free(place, now=now, job=job_of(), restarts=restarts_of(), cluster=cluster_of(), is_alive=job_alive)

    def take(self, number: int) -> Lease | None:
        """Takes a trial; None if another worker holds it.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        place = self._folder.trial(number)
        try:
            return Lease.take(place, job=job_of(), restarts=restarts_of(), cluster=cluster_of(), is_alive=job_alive)
        except HeldError:
            return None

    def lasts(self, number: int, now: float) -> float:
        """Seconds since the attempt that lasts began."""
        try:
            return max(0.0, now - self._folder.trial(number).record.stat().st_mtime)
        except OSError:
            # Taken this moment
            return 0.0

    def lasted(self, number: int) -> float:
        """Seconds of an attempt that ended without a word, else 0: to its last sign of life, and half a beat."""
        place = self._folder.trial(number)
        try:
            attempts = read_attempts(place)
            if not attempts or attempts[-1].exit is not None:
                return 0.0
            # By its own lease: somebody may have taken the trial since, and died before there was another attempt
            touched, began = file_of(place, attempts[-1].lease).stat().st_mtime, place.record.stat().st_mtime
        except (OSError, SweepError):
            return 0.0
        return max(0.0, touched - began) + HEARTBEAT_S / 2
