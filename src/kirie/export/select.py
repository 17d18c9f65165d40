"""Choosing one run among many, so that the choice can be defended.

Scores of runs that differ by less than chance would make them differ are not a reason to ship the larger model.
The one-standard-error rule (Breiman, Friedman, Olshen and Stone, Classification and Regression Trees, 1984, section
3.4.3; Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, 2nd edition 2009, section 7.10) takes
the simplest model whose score is within one standard error of the best. Here the error is that of the paired
difference: all runs are resampled over the same images, so that hard images, hard for all, do not blur it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from kirie.core.bootstrap import Bootstrap, paired_bootstrap
from kirie.core.metric import check_metric, is_reported, metric_names, statistic
from kirie.errors import RunError, UsageError
from kirie.export.candidates import Candidate, LeftOut, same_ground
from kirie.export.choice import Question, Ranked, Selection
from kirie.export.constraint import MEASURED
from kirie.export.reason import cost_of, none_left, reason, told, value_of


def select(candidates: Sequence[Candidate], left_out: Sequence[LeftOut], question: Question) -> Selection:
    """Chooses.

    Args:
        candidates: The runs that can be compared.
        left_out: The runs that cannot, for the report.
        question: What is asked.

    Returns:
        The choice.

    Raises:
        RunError: No run is left, or the runs were not scored on the same images, labels and data.
        UsageError: A metric or a constraint's name is unknown.
    """
    if not candidates:
        raise RunError(f"There is no run to choose from. {told(left_out)}")
    same_ground(candidates, question.split, allow_different_data=question.allow_different_data)
    labels = candidates[0].table.labels
    check_metric(question.metric, labels)
    for constraint in question.constraints:
        name = constraint.name
        if name not in MEASURED and name not in metric_names(labels) and not is_reported(name, labels):
            raise UsageError(
                f"The constraint {constraint} bounds '{name}'; allowed are {', '.join(MEASURED)} and the "
                "metrics, such as miou, iou/LABEL or map."
            )
    values = [(one, value_of(one, question.metric)) for one in candidates]
    left_out = [*left_out, *(_without(one, question) for one, value in values if value is None)]
    scored = sorted(
        ((one, value) for one, value in values if value is not None), key=lambda pair: (-pair[1], pair[0].id)
    )
    if not scored:
        raise RunError(f"No run has a {question.metric} on {question.split}. {told(left_out)}")
    ranking = _rank(scored, question)
    eligible = [one for one in ranking if not one.broken]
    chosen, best = _choose(eligible, question), eligible[0]
    return Selection(question, chosen, best, tuple(ranking), tuple(left_out), reason(chosen, best, ranking, question))


def _without(one: Candidate, question: Question) -> LeftOut:
    """A run that has no such score."""
    if is_reported(question.metric, one.table.labels):
        why = (
            f"it has no {question.metric} on {question.split}, which only runs that find instances have, where the "
            f"truth has some; if it does, run `kirie evaluate {one.folder.path}` again"
        )
    else:
        why = f"its {question.metric} on {question.split} is not defined: the truth has none"
    return LeftOut(one.id, one.name, why)


def _rank(scored: Sequence[tuple[Candidate, float]], question: Question) -> list[Ranked]:
    runs = [one for one, _ in scored]
    broken = [tuple(c for c in question.constraints if not c.holds(value_of(one, c.name))) for one in runs]
    if all(broken):
        raise RunError(none_left(runs, question))
    best = broken.index(())
    drawn = _drawn(runs, question)
    ranking = []
    for at, (one, score) in enumerate(scored):
        behind = scored[best][1] - score
        against = drawn.difference(best, at)
        ranking.append(
            Ranked(
                one,
                score,
                drawn.interval(at),
                behind,
                against.se,
                (against.low, against.high),
                broken[at],
                # The best itself is tied with itself also where resampling has no spread at all
                tied=not broken[at] and (at == best or behind <= against.se),
            )
        )
    return ranking


def _drawn(runs: Sequence[Candidate], question: Question) -> Bootstrap:
    """The scores of all runs over the same draws; none where a score is no sum over images."""
    labels = runs[0].table.labels
    if is_reported(question.metric, labels):
        return Bootstrap(np.full((len(runs), 1), np.nan))
    return paired_bootstrap(
        [one.table for one in runs],
        statistic(question.metric, labels),
        resamples=question.resamples,
        seed=question.seed,
    )


def _choose(eligible: Sequence[Ranked], question: Question) -> Ranked:
    if question.rule == "best":
        return eligible[0]
    tied = [one for one in eligible if one.tied]
    # Among equals the better score decides
    return min(tied, key=lambda one: (cost_of(one, question.cheapest), -one.score))
