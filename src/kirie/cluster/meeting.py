"""Where the processes of a training meet: a host that all can resolve, and a port that all can work out.

The only port that a training on several processes needs is this one, and those that torch opens from there.
"""

from __future__ import annotations

import os
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass

from kirie.cluster.place import Place
from kirie.errors import DeviceError

_FIRST_PORT, _PORTS = 15000, 15000
"""Below 32768, where Linux begins to hand out ports by itself."""


@dataclass(frozen=True, slots=True)
class Meeting:
    """A host and a port.

    Attributes:
        host: The host's name.
        port: The port.
        named_by: The variable that the host's name comes from.
    """

    host: str
    port: int
    named_by: str


def meeting_of(place: Place, environ: Mapping[str, str] | None = None) -> Meeting:
    """Where a process started by a launcher meets the others.

    MASTER_ADDR and MASTER_PORT decide; under `srun` the step's first node and a port made of job and step do without.

    Args:
        place: The process's place.
        environ: The environment; the process's own by default.

    Raises:
        DeviceError: The host's name does not resolve, no variable names it, or the port is no port.
    """
    environ = os.environ if environ is None else environ
    host, named_by = environ.get("MASTER_ADDR", ""), "MASTER_ADDR"
    if not host and place.launcher == "slurm":
        named_by = "SLURM_STEP_NODELIST" if environ.get("SLURM_STEP_NODELIST") else "SLURM_JOB_NODELIST"
        host = first_node(environ.get(named_by, ""))
    if not host:
        raise DeviceError(
            f"This is process {place.rank} of {place.world}, and {named_by} does not say where they meet; set "
            "MASTER_ADDR to the name of the first process's host."
        )
    try:
        socket.getaddrinfo(host, None)
    except OSError as error:
        advice = "set it to" if named_by == "MASTER_ADDR" else "set MASTER_ADDR to"
        raise DeviceError(
            f"The host name '{host}' from {named_by} does not resolve on {socket.gethostname()} "
            f"({error.strerror or error}); {advice} a name of the first process's host that every node knows."
        ) from None
    return Meeting(host, _port(environ), named_by)


def first_node(nodes: str) -> str:
    """The first name of SLURM's short form of a list of nodes: "gpu[07-09,12],cpu1" is gpu07."""
    first = re.match(r"[^,\[\s]*(?:\[[^\]]*\][^,\[\s]*)*", nodes)
    return re.sub(r"\[([^\],-]*)[^\]]*\]", r"\1", first[0]) if first else ""


def _port(environ: Mapping[str, str]) -> int:
    given = environ.get("MASTER_PORT", "")
    if given:
        if not given.isdecimal() or not 0 < int(given) < 2**16:
            raise DeviceError(f"MASTER_PORT is '{given}'; allowed is a port from 1 to 65535.")
        return int(given)
    job, step = (int(environ[name]) if environ.get(name, "").isdecimal() else 0 for name in _STEP)
    # Steps of one job, and jobs that share a node, are to have ports of their own
    return _FIRST_PORT + (job * 31 + step) % _PORTS


_STEP = ("SLURM_JOB_ID", "SLURM_STEP_ID")
