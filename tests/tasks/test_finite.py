"""Losses that are no numbers: who is named, and when."""

from __future__ import annotations

import math

import pytest
import torch

from kirie.errors import RunError
from kirie.tasks.finite import LossWatch


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_the_pictures_are_named(value: float) -> None:
    """Step and epoch as a person counts them, the batch's names, no filler, and what to change."""
    watch = LossWatch(["a", "b", "c"])
    watch.see(torch.tensor(1.0), torch.tensor([0, 1]), 0, 0)
    with pytest.raises(RunError, match=r"The loss of step 5 \(epoch 2\) is \S+ and teaches nothing") as caught:
        watch.see(torch.tensor(value), torch.tensor([2, 0, -1]), 1, 4)
    assert "the batch was c, a. Lower optimizer.lr" in str(caught.value)
    assert caught.value.exit_code == 2
    watch.check()


def test_a_large_batch_is_cut_short() -> None:
    """Sixteen names, and how many more there are."""
    with pytest.raises(RunError, match=r"p15 and 24 more\. "):
        LossWatch([f"p{at}" for at in range(40)]).see(torch.tensor(math.nan), torch.arange(40), 0, 0)


class _Event:
    """An event of a GPU that has not happened yet."""

    def __init__(self) -> None:
        self.happened = False

    def query(self) -> bool:
        """Whether it has."""
        return self.happened

    def synchronize(self) -> None:
        """Waits for it."""
        self.happened = True


def test_what_has_not_arrived_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a GPU a loss is looked at when it is there, and at the latest by `check`."""
    watch, event = LossWatch(["a"]), _Event()
    seen = watch._seen(torch.tensor(math.nan), torch.tensor([0]), 0, 0)
    watch._waiting.append(seen._replace(arrived=event))
    watch.see(torch.tensor(1.0), torch.tensor([0]), 0, 1)
    assert not event.happened
    with pytest.raises(RunError, match="step 1 "):
        watch.check()
    assert event.happened
