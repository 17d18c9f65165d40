"""The sentences that say why a run was chosen, or why none could be."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kirie.core.metric import is_reported, statistic
from kirie.export.candidates import Candidate, LeftOut
from kirie.export.choice import Question, Ranked
from kirie.export.constraint import MEASURED


def reason(chosen: Ranked, best: Ranked, ranking: Sequence[Ranked], question: Question) -> str:
    """Why this run, in one readable sentence, and a second one where constraints shut runs out."""
    metric = f"{question.split} {question.metric}"
    barred = sum(bool(one.broken) for one in ranking)
    bounds = " and ".join(map(str, question.constraints))
    tail = f" {barred} of {len(ranking)} runs did not keep to {bounds}." if barred else ""
    tied = [one for one in ranking if one.tied]
    name = chosen.candidate.name
    if len(ranking) - barred == 1:
        only = "the only run" if not barred else f"the only run that keeps to {bounds}"
        return f"{name} is {only}, with a {metric} of {chosen.score:.4f}."
    if question.rule == "best":
        return f"{name} has the highest {metric}, {chosen.score:.4f}.{tail}"
    if is_reported(question.metric, best.candidate.table.labels):
        return (
            f"{name} has the highest {metric}, {chosen.score:.4f}; {question.metric} is no sum over images, so that it "
            f"has no standard error, and the rule of one standard error is that of the best score.{tail}"
        )
    if len(tied) == 1:
        return (
            f"{name} has the highest {metric}, {chosen.score:.4f}, and no other run is within one standard error of "
            f"it.{tail}"
        )
    cost = question.cheapest
    if not math.isfinite(cost_of(chosen, cost)):
        return (
            f"{name} has the highest {metric}, {chosen.score:.4f}; {len(tied)} runs are within one standard error of "
            f"it, but {cost} was measured for none of them.{tail}"
        )
    if chosen is best:
        return (
            f"{name} has the highest {metric}, {chosen.score:.4f}, and is also the cheapest ({_priced(chosen, cost)}) "
            f"of the {len(tied)} runs within one standard error of it.{tail}"
        )
    low, high = chosen.behind_interval
    return (
        f"{name} ({chosen.score:.4f}, {_priced(chosen, cost)}) is the cheapest of the {len(tied)} runs within one "
        f"standard error of the best, {best.candidate.name} ({best.score:.4f}, {_priced(best, cost)}): it is behind "
        f"by {chosen.behind:.4f} ± {chosen.behind_error:.4f} {metric} (95 % interval {low:.4f} to {high:.4f}).{tail}"
    )


def _priced(one: Ranked, cost: str) -> str:
    value = one.candidate.measured.get(cost)
    if value is None:
        return f"{cost} not measured"
    return f"{value:.1f} ms" if cost == "latency_ms" else f"{value / 1e6:.2f} M parameters"


def none_left(runs: Sequence[Candidate], question: Question) -> str:
    """That no run keeps to the constraints, and which comes nearest."""
    unmeasured = [c.name for c in question.constraints if all(value_of(one, c.name) is None for one in runs)]
    if unmeasured:
        return (
            f"No run has {', '.join(unmeasured)} measured; run `kirie evaluate` for each, and give the folders it "
            "writes to `kirie select` as well."
        )

    def worst(one: Candidate) -> float:
        return max(c.excess(value_of(one, c.name)) for c in question.constraints)

    nearest = min(runs, key=worst)
    bounds = " and ".join(map(str, question.constraints))
    values = {c.name: value_of(nearest, c.name) for c in question.constraints}
    found = ", ".join(f"{name} {'not measured' if value is None else f'{value:g}'}" for name, value in values.items())
    return f"None of {len(runs)} run(s) keeps to {bounds}; the nearest is {nearest.name} with {found}. Widen a bound."


def told(left_out: Sequence[LeftOut]) -> str:
    """Which runs were left out, and why."""
    return " ".join(f"{one.name} was left out: {one.reason}." for one in left_out)


def cost_of(one: Ranked, name: str) -> float:
    """What a run costs; infinite if it was not measured, because an unmeasured run cannot claim to be cheap."""
    return one.candidate.measured.get(name, math.inf)


def value_of(one: Candidate, name: str) -> float | None:
    """A measured number or a score by its name; None if it was not measured or is not defined."""
    if name in MEASURED:
        return one.measured.get(name)
    if is_reported(name, one.table.labels):
        return one.reported.get(name)
    value = float(statistic(name, one.table.labels)(one.table.counts_NLK.sum(axis=0, dtype=np.float64)))
    return value if math.isfinite(value) else None
