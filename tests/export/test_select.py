"""Choosing one run among many."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from kirie.core.run import RunFolder
from kirie.core.scores import CountTable
from kirie.errors import RunError, UsageError
from kirie.export.candidates import Candidate, LeftOut
from kirie.export.choice import Question
from kirie.export.constraint import Constraint
from kirie.export.select import select

from .conftest import as_good, table_of


def candidate(
    name: str, table: CountTable, parameters: float | None = None, latency: float | None = None, **reported: float
) -> Candidate:
    """A run as `find_candidates` gives it."""
    measured = {"parameters": parameters, "latency_ms": latency}
    known = {key: value for key, value in measured.items() if value is not None}
    return Candidate(name, name, RunFolder(Path(name)), "d", table, known, reported=reported)


GOOD, NEARLY, POOR = table_of(0.8), as_good(table_of(0.8)), table_of(0.6)


def test_the_cheapest_of_those_as_good_as_the_best_wins() -> None:
    """A run within one standard error of the best and cheaper is chosen; a cheaper but worse one is not."""
    runs = [candidate("large", GOOD, 9e6), candidate("small", NEARLY, 2e6), candidate("tiny", POOR, 1e5)]
    found = select(runs, [], Question())
    assert [one.candidate.name for one in found.ranking] == ["large", "small", "tiny"]
    assert [one.tied for one in found.ranking] == [True, True, False]
    assert found.chosen.candidate.name == "small"
    assert found.best.candidate.name == "large"
    assert 0 < found.chosen.behind <= found.chosen.behind_error
    assert "small" in found.reason
    assert "2.00 M parameters" in found.reason
    assert "one standard error of the best, large" in found.reason


def test_one_standard_error_and_not_two() -> None:
    """A cheaper run that lies between one and two standard errors behind the best is not as good as it."""
    worse = as_good(GOOD, less=7)
    found = select([candidate("large", GOOD, 9e6), candidate("small", worse, 2e6)], [], Question())
    behind = found.ranking[1]
    assert behind.behind_error < behind.behind < 2 * behind.behind_error
    assert not behind.tied
    assert found.chosen.candidate.name == "large"


def test_rule_best_takes_the_highest_score() -> None:
    """With rule `best` size does not matter."""
    runs = [candidate("small", NEARLY, 2e6), candidate("large", GOOD, 9e6)]
    assert select(runs, [], Question(rule="best")).chosen.candidate.name == "large"


def test_cheap_may_mean_fast() -> None:
    """With `latency_ms` as cost the faster of two as good is chosen, though it is larger."""
    runs = [candidate("slow", GOOD, 1e6, 90.0), candidate("fast", NEARLY, 5e6, 10.0)]
    found = select(runs, [], Question(cheapest="latency_ms"))
    assert found.chosen.candidate.name == "fast"
    assert "10.0 ms" in found.reason


def test_pairing_tells_apart_what_separate_errors_would_not() -> None:
    """Two runs whose scores spread widely over images, one always a little better, are not tied."""
    random = np.random.default_rng(0)
    better, worse = table_of(0.8), table_of(0.8)
    spread = random.integers(200, 900, (40, 1))
    for table, less in ((better, 0), (worse, 10)):
        right = spread - less + np.zeros((40, 2), dtype=np.int64)
        table.counts_NLK[..., 0], table.counts_NLK[..., 1], table.counts_NLK[..., 2] = right, 1000 - right, 1000 - right
    found = select([candidate("better", better, 9e6), candidate("worse", worse, 1e6)], [], Question())
    assert found.chosen.candidate.name == "better"
    own_error = (found.best.interval[1] - found.best.interval[0]) / 4
    assert found.ranking[1].behind < own_error  # unpaired, they could not be told apart


def test_an_unmeasured_run_cannot_claim_to_be_cheap() -> None:
    """Among the tied, a run without a number loses to one with; without any, the best score wins."""
    assert select([candidate("a", GOOD), candidate("b", NEARLY, 9e9)], [], Question()).chosen.candidate.name == "b"
    found = select([candidate("a", GOOD), candidate("b", NEARLY)], [], Question())
    assert found.chosen.candidate.name == "a"
    assert "measured for none" in found.reason


def test_runs_beyond_a_bound_stay_in_the_ranking_but_are_not_chosen() -> None:
    """Constraints shut runs out, also the best one, and the reason counts them."""
    runs = [candidate("large", GOOD, 9e6), candidate("small", NEARLY, 2e6), candidate("tiny", POOR, 1e5)]
    found = select(runs, [], Question(constraints=(Constraint.parse("parameters<5e6"),)))
    assert found.chosen.candidate.name == found.best.candidate.name == "small"
    assert [bool(one.broken) for one in found.ranking] == [True, False, False]
    assert found.ranking[0].behind < 0
    assert not found.ranking[0].tied
    assert "1 of 3 runs did not keep to parameters<5e+06" in found.reason


def test_a_score_can_be_bounded() -> None:
    """`iou/eye>0.7` shuts out runs by the score of one label."""
    runs = [candidate("good", GOOD, 9e6), candidate("poor", POOR, 1e5)]
    found = select(runs, [], Question(constraints=(Constraint.parse("iou/eye>0.5"),)))
    assert found.chosen.candidate.name == "good"
    assert "the only run that keeps to iou/eye>0.5" in found.reason


def test_when_no_run_is_left_the_nearest_is_named() -> None:
    """The sentence names the run that comes nearest, and its number."""
    runs = [candidate("large", GOOD, 9e6), candidate("small", NEARLY, 2e6)]
    with pytest.raises(
        RunError, match=r"None of 2 run\(s\) keeps to parameters<1000; the nearest is small with .*2e\+06"
    ):
        select(runs, [], Question(constraints=(Constraint.parse("parameters<1e3"),)))


def test_a_bound_on_what_nobody_measured_says_what_to_run() -> None:
    """A bound on latency without any measurement points to `kirie evaluate`."""
    with pytest.raises(RunError, match=r"No run has latency_ms measured.*kirie evaluate"):
        select([candidate("a", GOOD, 1e6)], [], Question(constraints=(Constraint.parse("latency_ms<40"),)))


def test_unknown_names_are_refused() -> None:
    """A typo in the metric or in a bound names the valid choices."""
    with pytest.raises(UsageError, match="allowed are miou"):
        select([candidate("a", GOOD)], [], Question(metric="iuo"))
    with pytest.raises(UsageError, match="allowed are parameters, latency_ms, images_per_s"):
        select([candidate("a", GOOD)], [], Question(constraints=(Constraint.parse("params<5"),)))


def test_a_run_without_the_score_is_left_out() -> None:
    """Where the truth holds nothing to score, the run is left out with a reason; if all are, that is said."""
    empty = CountTable(GOOD.images, GOOD.labels, np.zeros_like(GOOD.counts_NLK))
    found = select([candidate("a", GOOD), candidate("b", empty)], [], Question())
    assert [one.name for one in found.left_out] == ["b"]
    with pytest.raises(RunError, match="b was left out: its miou on val is not defined"):
        select([candidate("b", empty)], [], Question())


def test_no_runs_at_all_says_why() -> None:
    """If every run was left out before, the reasons are told."""
    with pytest.raises(RunError, match="x was left out: it is not finished"):
        select([], [LeftOut("x", "x", "it is not finished")], Question())


def test_the_answer_does_not_depend_on_the_order_of_runs_or_images() -> None:
    """Runs given in another order, with tables in another order, give the same choice and intervals."""
    turned = CountTable(NEARLY.images[::-1], NEARLY.labels, NEARLY.counts_NLK[::-1])
    one = select([candidate("a", GOOD, 2.0), candidate("b", NEARLY, 1.0)], [], Question())
    other = select([candidate("b", turned, 1.0), candidate("a", GOOD, 2.0)], [], Question())
    assert one.chosen.candidate.name == other.chosen.candidate.name
    assert [x.behind_interval for x in one.ranking] == [x.behind_interval for x in other.ranking]


def test_instances_and_pixels_are_ranked_together() -> None:
    """By a shared metric a Mask R-CNN stands beside a U-Net, with errors from the images of both."""
    runs = [candidate("unet", GOOD, 9e6), candidate("mask_rcnn", NEARLY, 2e6, map=0.4)]
    found = select(runs, [], Question())
    assert {one.candidate.name for one in found.ranking} == {"unet", "mask_rcnn"}
    assert found.chosen.candidate.name == "mask_rcnn"
    assert found.chosen.behind_error > 0


def test_by_map_a_run_without_instances_is_left_out() -> None:
    """Ranking by mAP leaves the semantic run out with a reason, and takes the best of the others."""
    runs = [
        candidate("unet", GOOD, 1e6),
        candidate("small", POOR, 2e6, map=0.399, pq=0.5),
        candidate("large", NEARLY, 9e6, map=0.4, pq=0.3),
    ]
    found = select(runs, [], Question(metric="map"))
    assert [(one.candidate.name, one.score) for one in found.ranking] == [("large", 0.4), ("small", 0.399)]
    assert found.chosen.candidate.name == "large"
    assert found.ranking[1].behind == pytest.approx(0.001)
    assert not found.ranking[1].tied
    assert "no standard error" in found.reason
    (unet,) = found.left_out
    assert (unet.name, "only runs that find instances have" in unet.reason) == ("unet", True)
    assert select(runs, [], Question(metric="pq")).chosen.candidate.name == "small"


def test_map_can_be_bounded() -> None:
    """A bound on mAP shuts out runs below it, and those that have none."""
    runs = [candidate("unet", GOOD, 1e6), candidate("a", POOR, 2e6, map=0.4), candidate("b", POOR, 2e6, map=0.2)]
    found = select(runs, [], Question(constraints=(Constraint.parse("map>0.3"),)))
    assert found.chosen.candidate.name == "a"
    assert sum(bool(one.broken) for one in found.ranking) == 2


def test_if_no_run_has_instances_that_is_said() -> None:
    """Among semantic runs alone mAP chooses nothing, and the sentence says why."""
    with pytest.raises(RunError, match=r"No run has a map on val\. unet was left out: it has no map on val"):
        select([candidate("unet", GOOD)], [], Question(metric="map"))
