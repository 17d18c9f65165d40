"""What is asked when a run is chosen, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass

from kirie.export.candidates import Candidate, LeftOut
from kirie.export.constraint import Constraint


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the runs.

    Attributes:
        metric: The score that decides; higher is better.
        split: The split it is taken on.
        rule: `one-se`: the cheapest that cannot be told from the best. `best`: the best score.
        cheapest: What cheap means: `parameters` or `latency_ms`.
        constraints: Bounds that a run must keep.
        resamples: Draws of the bootstrap.
        seed: Seed of the draws.
        allow_different_data: Compare runs of different stores, too.
    """

    metric: str = "miou"
    split: str = "val"
    rule: str = "one-se"
    cheapest: str = "parameters"
    constraints: tuple[Constraint, ...] = ()
    resamples: int = 2000
    seed: int = 0
    allow_different_data: bool = False


@dataclass(frozen=True, slots=True)
class Ranked:
    """One run in the ranking.

    Attributes:
        candidate: The run.
        score: Its score.
        interval: 95 % bootstrap interval of the score; NaN, as the two errors below, for one that is no sum over
            images.
        behind: By how much the best eligible run's score is higher (negative: this one's is higher).
        behind_error: Standard error of that difference, paired over images.
        behind_interval: 95 % interval of that difference.
        broken: The constraints it does not keep.
        tied: Eligible, and within one standard error of the best.
    """

    candidate: Candidate
    score: float
    interval: tuple[float, float]
    behind: float
    behind_error: float
    behind_interval: tuple[float, float]
    broken: tuple[Constraint, ...]
    tied: bool


@dataclass(frozen=True, slots=True)
class Selection:
    """The answer: the chosen run, the ranking it was chosen from (best score first), and why."""

    question: Question
    chosen: Ranked
    best: Ranked
    ranking: tuple[Ranked, ...]
    left_out: tuple[LeftOut, ...]
    reason: str
