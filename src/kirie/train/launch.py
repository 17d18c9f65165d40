"""Starting the processes of a training: joining those that a launcher has started, or starting them on this node.

Lightning's own launcher is not used: it starts processes once the fit has begun, when the run's folder is written
already, runs whatever `sys.argv` holds, and answers the death of one by killing the first, which then leaves neither a
sentence nor a record. Here they start before anything is written, with the same words.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kirie.cluster.meeting import Meeting, meeting_of
from kirie.cluster.place import Place
from kirie.errors import DeviceError
from kirie.train.crew import MEETING_S, Crew
from kirie.train.notes import part, tcp_store

_LOOPBACK = "127.0.0.1"


def join(place: Place, environ: Mapping[str, str] | None = None) -> Crew:
    """Joins the processes that `srun`, `torchrun` or `start` has started.

    Raises:
        DeviceError: The meeting place's name does not resolve, its port is taken, or the first process is not there.
    """
    environ = os.environ if environ is None else environ
    meeting = meeting_of(place, environ)
    # torchrun serves the store itself, the same for every restart of its processes
    serves = place.first and environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
    store, _ = _served_or_reached(meeting, serves, place)
    return Crew(place, part(store, f"kirie/{environ.get('TORCHELASTIC_RESTART_COUNT', '0')}"))


def start(words: Sequence[str], processes: int) -> Crew:
    """Starts further processes on this node that run the same command, and makes this one the first.

    Args:
        words: The words after `kirie`.
        processes: How many there are to be, this one included.
    """
    place = Place(0, processes, 0, "lightning", processes)
    store, port = _served_or_reached(Meeting(_LOOPBACK, 0, "MASTER_ADDR"), True, place)
    # The variables that Lightning's own launcher sets, so that every library reads the place alike
    os.environ |= {
        "MASTER_ADDR": _LOOPBACK,
        "MASTER_PORT": str(port),
        "NODE_RANK": "0",
        "LOCAL_RANK": "0",
        "WORLD_SIZE": str(processes),
    }
    command = [sys.executable, "-m", "kirie", *words]
    children = [subprocess.Popen(command, env=os.environ | {"LOCAL_RANK": str(rank)}) for rank in range(1, processes)]
    return Crew(place, part(store, "kirie/0"), children)


def _served_or_reached(meeting: Meeting, serves: bool, place: Place) -> tuple[Any, int]:
    try:
        return tcp_store(meeting.host, meeting.port, place.world, serves, MEETING_S)
    except RuntimeError as error:
        what = "served at" if serves else "reached at"
        raise DeviceError(
            f"Process {place.rank} of {place.world}: the meeting of the processes cannot be {what} {meeting.host}:"
            f"{meeting.port} ({str(error).splitlines()[0]}); {meeting.named_by} names the host, set MASTER_PORT for "
            "another port."
        ) from None
