"""SIGTERM ends a block with an exception; a cluster may send it again, a person's second Ctrl+C ends the process."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from kirie.core.signals import GRACE, Terminated, terminable


def test_sigterm_raises_inside_the_block_and_is_given_back() -> None:
    """The signal becomes an exception; afterwards the handler before it is in force."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before


def _python(code: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("signum", GRACE)
def test_a_signal_of_a_cluster_that_comes_again_changes_nothing(signum: signal.Signals) -> None:
    """SLURM sends SIGTERM two or three times: neither patient work nor what follows the first one is cut, nor the
    block around this one told anew."""
    done = []

    def work() -> None:
        with terminable() as notice, notice.patiently():
            signal.raise_signal(signum)
            signal.raise_signal(signum)
            done.append("saved")

    with terminable() as outer:
        with pytest.raises(Terminated):
            work()
        signal.raise_signal(signum)
        done.append("closed")
    assert done == ["saved", "closed"]
    assert outer.noted == [signum]


@pytest.mark.parametrize(("pause", "code"), [(0.0, 0), (1.1, -signal.SIGINT)])
def test_a_second_press_of_ctrl_c_ends_the_process(pause: float, code: int) -> None:
    """Where the first one's tidying hangs; a launcher that hands the first one on has not pressed again."""
    done = _python(
        "import signal, time\nfrom kirie.core.signals import Terminated, terminable\n"
        "with terminable(signal.SIGINT):\n try:\n  signal.raise_signal(signal.SIGINT)\n"
        f" except Terminated:\n  time.sleep({pause})\n  signal.raise_signal(signal.SIGINT)\n"
    )
    assert done.returncode == code


def test_a_process_on_its_way_out_heeds_no_more() -> None:
    """Its exit code stays its own, also where the block's end gives the handlers back."""
    done = _python(
        "import signal, sys\nfrom kirie.core.signals import heed_no_more, terminable\n"
        "with terminable():\n heed_no_more()\nsignal.raise_signal(signal.SIGTERM)\nsys.exit(75)\n"
    )
    assert done.returncode == 75


def test_a_forked_process_simply_ends() -> None:
    """A child forked inside the block ends by the signal and does none of its parent's tidying."""
    done = _python(
        "import os, signal\nfrom kirie.core.signals import terminable\n"
        "with terminable():\n child = os.fork()\n if not child:\n"
        "  try:\n   signal.raise_signal(signal.SIGTERM)\n  finally:\n   print('tidied', flush=True)\n"
        " print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
    )
    assert done.stdout == f"{-signal.SIGTERM}\n"


@pytest.mark.parametrize("signum", [signal.SIGUSR1, signal.SIGUSR2])
def test_signals_of_a_cluster_do_not_end_python(signum: signal.Signals) -> None:
    """USR1 and USR2 are exceptions too, with the exit code of their number."""
    with pytest.raises(Terminated) as caught, terminable():
        signal.raise_signal(signum)
    assert (caught.value.signum, caught.value.exit_code) == (signum, 128 + signum)


def test_patient_work_is_not_cut() -> None:
    """Inside the block the signal is only noted; it is raised at the block's end, the first one of several."""
    noted = []

    def work() -> None:
        with terminable() as notice, notice.patiently():
            signal.raise_signal(signal.SIGUSR1)
            signal.raise_signal(signal.SIGTERM)
            noted.append(notice.first)

    with pytest.raises(Terminated) as caught:
        work()
    assert noted == [caught.value.signum] == [signal.SIGUSR1]


def test_after_the_first_signal_others_do_not_disturb() -> None:
    """What is done about the first one (saving, recording) is not cut by one of another kind."""
    with terminable() as notice:
        with pytest.raises(Terminated):
            signal.raise_signal(signal.SIGUSR1)
        signal.raise_signal(signal.SIGTERM)
    assert notice.noted == [signal.SIGUSR1, signal.SIGTERM]


def test_a_signal_that_the_caller_ignores_stays_ignored() -> None:
    """A job that a shell put in the background must not end by the terminal's Ctrl+C."""
    done = _python(
        "import signal\nfrom kirie.core.signals import terminable\nsignal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        "with terminable(signal.SIGINT) as notice:\n signal.raise_signal(signal.SIGINT)\nprint(notice.noted)\n"
    )
    assert done.stdout == "[]\n"
