"""SIGTERM ends a block with an exception, and a second one ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from kirie.core.signals import Terminated, terminable


def test_sigterm_raises_inside_the_block_and_is_given_back() -> None:
    """The signal becomes an exception; afterwards the handler before it is in force."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_a_second_sigterm_ends_the_process() -> None:
    """Where the first one's tidying hangs, the second is not caught."""
    done = _python(
        "import signal\nfrom kirie.core.signals import Terminated, terminable\n"
        "with terminable():\n try:\n  signal.raise_signal(signal.SIGTERM)\n"
        " except Terminated:\n  signal.raise_signal(signal.SIGTERM)\n"
    )
    assert done.returncode == -signal.SIGTERM


def test_a_forked_process_simply_ends() -> None:
    """A child forked inside the block ends by the signal and does none of its parent's tidying."""
    done = _python(
        "import os, signal\nfrom kirie.core.signals import terminable\n"
        "with terminable():\n child = os.fork()\n if not child:\n"
        "  try:\n   signal.raise_signal(signal.SIGTERM)\n  finally:\n   print('tidied', flush=True)\n"
        " print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert done.stdout == f"{-signal.SIGTERM}\n"
