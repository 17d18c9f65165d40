"""SIGTERM ends a block with an exception, and a second one ends the process."""

from __future__ import annotations

import signal

import pytest

from kirie.train.signals import Terminated, terminable


def test_sigterm_raises_inside_the_block_and_is_given_back() -> None:
    """The signal becomes an exception; afterwards the handler before it is in force."""
    before = signal.getsignal(signal.SIGTERM)
    with pytest.raises(Terminated), terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is before
