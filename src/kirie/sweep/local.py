"""Workers on this machine: started beside each other, watched over, told to end."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from kirie.cluster.log_tail import last_error
from kirie.core import files, programs
from kirie.sweep.devices import Share
from kirie.sweep.folder import SweepFolder

_POLL_S = 0.25
_SHOW_S = 2.0


@dataclass(frozen=True, slots=True)
class Left:
    """How a worker ended.

    Attributes:
        code: Its exit code, 128 and the signal's number for one that a signal ended.
        log: What it printed.
    """

    code: int
    log: Path

    @property
    def words(self) -> str:
        """Its last line, for a person."""
        return last_error(self.log) or f"exit code {self.code}"


def work_here(
    folder: SweepFolder,
    shares: Sequence[Share],
    words: Sequence[str],
    *,
    show: Callable[[], None],
    action: str = "work",
) -> tuple[list[Left], signal.Signals | None]:
    """Runs workers until all have ended.

    The first SIGINT, SIGTERM or SIGHUP is handed on to them: their trials save, and are given back. A second SIGINT
    kills them and their trials.

    Args:
        folder: The sweep.
        shares: One worker's devices each.
        words: Further words of the workers' command.
        show: Called every few seconds, to show how things are.
        action: What they run: `kirie sweep work`, or for W&B `kirie sweep agent`.

    Returns:
        How each ended, and the signal that ended them, if one did.

    Raises:
        DeviceError: The folder cannot be written.
    """
    with files.disk_errors(folder.workers):
        folder.workers.mkdir(parents=True, exist_ok=True)
        logs = [folder.log(f"here-{os.getpid()}-{number}") for number in range(1, len(shares) + 1)]
        workers: list[subprocess.Popen[bytes]] = []
        with _handed_on(workers) as told:
            try:
                for share, log in zip(shares, logs, strict=True):
                    workers.append(_start([action, str(folder.path), *words], share, log))
                shown = 0.0
                while any(worker.poll() is None for worker in workers):
                    if time.monotonic() - shown >= _SHOW_S:
                        show()
                        shown = time.monotonic()
                    time.sleep(_POLL_S)
            except BaseException:
                for worker in workers:
                    _kill(worker)
                raise
        show()
    codes = [worker.wait() for worker in workers]
    left = [Left(128 - code if code < 0 else code, log) for code, log in zip(codes, logs, strict=True)]
    return left, told[0] if told else None


def _start(words: Sequence[str], share: Share, log: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kirie", "sweep", *words]
    # Without us nobody would see what they do; they save and give their trials back
    if shutil.which("setpriv") is not None:
        command = ["setpriv", "--pdeathsig", "TERM", "--", *command]
    with log.open("ab") as stream:
        return programs.start(
            command,
            environ=os.environ | share.environ(),
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            # So that Ctrl+C reaches them through us, once, and that the second one can kill their trials too
            process_group=0,
        )


@contextlib.contextmanager
def _handed_on(workers: Sequence[subprocess.Popen[bytes]]) -> Iterator[list[signal.Signals]]:
    """Inside the block signals go on to the workers; gives those that came."""
    told: list[signal.Signals] = []

    def hand_on(signum: int, _frame: FrameType | None) -> None:
        again = signum == signal.SIGINT and signum in told
        told.append(signal.Signals(signum))
        if not again and told.count(signal.Signals(signum)) == 1:
            print(
                "kirie: The workers save their trials and end; Ctrl+C again kills them.",
                file=sys.stderr,
                flush=True,
            )
        for worker in workers:
            if again:
                _kill(worker)
            elif worker.poll() is None:
                # SIGHUP they do not know: it ends a shell's own processes
                worker.send_signal(signal.SIGTERM if signum == signal.SIGHUP else signum)

    wanted = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
    before = {each: signal.signal(each, hand_on) for each in wanted if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        yield told
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _kill(worker: subprocess.Popen[bytes]) -> None:
    """Kills a worker and its trial, which is in its group."""
    if worker.poll() is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(worker.pid, signal.SIGKILL)
