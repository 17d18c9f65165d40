"""A sweep's budget of device time, and when it pays for no further trial.

Cost counts over all attempts of all trials, failed and lost ones too. A trial is begun only if the budget is expected
to last for it and for the rest of those that run; what an attempt is expected to take is the mean of the trials that
have ended, pruned ones among them, as a new one may be pruned as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from kirie.sweep.entry import Trial


@dataclass(frozen=True, slots=True)
class Budget:
    """A budget.

    Attributes:
        device_s: Device time, in seconds: an hour on two GPUs is two hours.
        devices: Devices of one trial.
    """

    device_s: float
    devices: int = 1

    def spent(self, trials: Sequence[Trial], running: Mapping[int, float]) -> float:
        """Device time that was used so far, in seconds.

        Args:
            trials: All trials.
            running: For each attempt that no trial counts yet, by the trial's number: its seconds so far.
        """
        return self.devices * (sum(trial.seconds for trial in trials) + sum(running.values()))

    def lasts(self, trials: Sequence[Trial], running: Mapping[int, float]) -> bool:
        """Whether anything is left, so that a trial whose worker died is taken up again."""
        return self.spent(trials, running) < self.device_s

    def pays_another(self, trials: Sequence[Trial], running: Mapping[int, float]) -> bool:
        """Whether another trial may begin.

        Args:
            trials: All trials.
            running: For each attempt that no trial counts yet, by the trial's number: its seconds so far.
        """
        spent = self.spent(trials, running)
        expected = expected_seconds(trials)
        if expected is None:
            return spent < self.device_s
        begun = [trial for trial in trials if trial.state in {"running", "interrupted"}]
        rest = sum(max(0.0, expected - trial.seconds - running.get(trial.number, 0.0)) for trial in begun)
        return spent + self.devices * (rest + expected) <= self.device_s


def expected_seconds(trials: Sequence[Trial]) -> float | None:
    """What a trial is expected to take, in seconds; None before the first has ended. Reused runs took nothing."""
    ended = [trial.seconds for trial in trials if trial.ended and not trial.reused and trial.seconds > 0]
    return fmean(ended) if ended else None
