"""One trial's process: started, told to end, and how it ended.

It stays in the worker's process group: what SLURM or a terminal sends to all, it gets by itself. The worker therefore
hands a signal on as another kind (SIGUSR2), because a second one of the same kind ends a training at once.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from kirie.cluster.log_tail import last_error
from kirie.cluster.requeue import EX_TEMPFAIL, PARENT_ASKS
from kirie.core import files, programs
from kirie.errors import SweepError

HANDED_ON = signal.SIGUSR2
"""What the worker sends when it is told to end itself: save, and end."""

ENOUGH = signal.SIGINT
"""What it sends to a trial that is pruned or stopped by a person: save, and end as interrupted."""

OUT_OF_MEMORY = "out of memory"
KILLED = "killed"
FAILED = "failed"

_TOLD = frozenset({signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2})
_FOREIGN = ("WANDB_SWEEP_ID", "WANDB_SWEEP_PARAM_PATH", "WANDB_RUN_ID", "WANDB_RUN_GROUP")
"""An agent's variables would make the trial another sweep's run."""

_MEMORY_WORDS = ("out of memory", "OutOfMemoryError", "MemoryError", "oom-kill", "oom_kill", "Cannot allocate memory")
_TAIL = 2**16


@dataclass(frozen=True, slots=True)
class Ending:
    """How a trial's process ended.

    Attributes:
        code: Its exit code as shells count: 128 and the signal's number for one that a signal ended.
        kind: `done`; `told`: it was told to end and saved; `failed`, `out of memory`, `killed`: for its own reasons.
        error: The line that says what went wrong; "" if nothing did.
    """

    code: int
    kind: str
    error: str


class Child:
    """A trial's process. Make one with `start`.

    Attributes:
        told: Whether it was told to end, by us.
    """

    def __init__(self, process: subprocess.Popen[bytes], log: Path, killed_before: int) -> None:
        self._process, self._log, self._killed_before = process, log, killed_before
        self._sent: set[signal.Signals] = set()

    @classmethod
    def start(cls, words: Sequence[str], log: Path, environ: Mapping[str, str]) -> Child:
        """Starts a trial.

        Args:
            words: Its command.
            log: The file that it prints into.
            environ: Variables beside those of this process.

        Raises:
            SweepError: There is no such program.
            DeviceError: The log cannot be written.
        """
        ours = {name: value for name, value in os.environ.items() if name not in _FOREIGN} | dict(environ)
        with files.disk_errors(log):
            log.parent.mkdir(parents=True, exist_ok=True)
            with log.open("ab") as stream:
                return cls(_start(words, stream, ours), log, _killed_for_memory())

    @property
    def told(self) -> bool:
        """Whether it was told to end, by us."""
        return bool(self._sent)

    def tell(self, signum: signal.Signals) -> None:
        """Tells it to end; of each kind it gets one signal, as the second would not let it save."""
        if signum not in self._sent and self._process.poll() is None:
            self._sent.add(signum)
            self._process.send_signal(signum)

    def runs(self) -> bool:
        """Whether it still runs."""
        return self._process.poll() is None

    def wait(self, seconds: float) -> None:
        """Waits until it has ended, at most so long."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)

    def ending(self) -> Ending:
        """How it ended; waits for it."""
        code = self._process.wait()
        code = 128 - code if code < 0 else code
        if code == 0:
            return Ending(0, "done", "")
        # In a container's shell or under srun a signal is a code as well
        if code == EX_TEMPFAIL or (self.told and code - 128 in _TOLD):
            return Ending(code, "told", "")
        said = _end_of(self._log)
        if any(word in said for word in _MEMORY_WORDS) or (
            code == 128 + signal.SIGKILL and _killed_for_memory() > self._killed_before
        ):
            return Ending(code, OUT_OF_MEMORY, last_error(self._log) or "the kernel killed it for want of memory")
        if code - 128 in _TOLD:
            # By somebody else: the cluster, or a person who meant this process alone
            return Ending(code, "told", "")
        if code == 128 + signal.SIGKILL:
            return Ending(code, KILLED, "killed by SIGKILL")
        return Ending(code, FAILED, last_error(self._log) or f"exit code {code}")


def _start(words: Sequence[str], log: BinaryIO, environ: Mapping[str, str]) -> subprocess.Popen[bytes]:
    if shutil.which(words[0], path=environ.get("PATH", os.defpath)) is None:
        raise SweepError(f"The sweep's command cannot be started: there is no program '{words[0]}' on the PATH.")
    # It must not go on without its worker, which would take the run from whoever takes the trial up. Without setpriv
    # (util-linux) it does, and the trial waits for it
    tied = ["setpriv", "--pdeathsig", "TERM", "--"] if shutil.which("setpriv", path=environ.get("PATH")) else []
    try:
        return programs.start(
            [*tied, *words],
            environ={**environ, PARENT_ASKS: "1"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    except OSError as error:
        raise SweepError(f"The sweep's command cannot be started: {words[0]} ({error.strerror or error}).") from None


def _end_of(log: Path) -> str:
    try:
        with log.open("rb") as stream:
            stream.seek(max(0, stream.seek(0, os.SEEK_END) - _TAIL))
            return stream.read().decode(errors="replace")
    except OSError:
        return ""


def _killed_for_memory() -> int:
    """How many processes of this control group the kernel has killed for want of memory; 0 where it does not say."""
    try:
        # Version 2: one line "0::/path"
        for line in Path("/proc/self/cgroup").read_text(encoding="utf-8").splitlines():
            number, _, place = line.split(":", 2)
            if number == "0":
                events = Path("/sys/fs/cgroup", place.lstrip("/"), "memory.events").read_text(encoding="utf-8")
                counts = dict(entry.split() for entry in events.splitlines())
                return int(counts.get("oom_kill", 0))
    except (OSError, ValueError):
        pass
    return 0
