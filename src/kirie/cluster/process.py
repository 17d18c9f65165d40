"""One process of one machine, told apart from a later one with the same number."""

from __future__ import annotations

import contextlib
import os
import socket
from dataclasses import dataclass
from pathlib import Path

_BOOT = Path("/proc/sys/kernel/random/boot_id")
_PIDS = Path("/proc/self/ns/pid")


@dataclass(frozen=True, slots=True)
class Process:
    """A process as it is written down for others.

    Attributes:
        host: The machine's name.
        pid: The process's number.
        started: When it started, in clock ticks since the machine did; "" where the system does not say (macOS).
        world: Which numbers `pid` counts among: this start of the machine and this container. "" as above.
    """

    host: str
    pid: int
    started: str
    world: str

    @classmethod
    def own(cls) -> Process:
        """This process."""
        return cls(socket.gethostname(), os.getpid(), _started(os.getpid()), _world())

    def alive(self) -> bool | None:
        """Whether it still runs; None if that cannot be told from here."""
        if self.host != socket.gethostname():
            return None
        if self.world != _world():
            # The machine was started again, or it is another one of its name, or a container: we cannot look into those
            return None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        except PermissionError:
            pass
        return _started(self.pid) == self.started


def _started(pid: int) -> str:
    """The 22nd field of stat; the name before it may hold anything, a closing bracket too."""
    with contextlib.suppress(OSError, IndexError):
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
        # A process that has ended and waits for its parent to notice works no more
        return "ended" if fields[0] in {"Z", "X"} else fields[19]
    return ""


def _world() -> str:
    try:
        return f"{_BOOT.read_text(encoding='ascii').strip()} {_PIDS.readlink()}"
    except OSError:
        return ""
