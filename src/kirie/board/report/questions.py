"""What a report's reader may ask of it: the requests of every view for some runs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import permutations

from kirie.board.report.asks import encoded, request_path

SPLITS = ("val", "test")
SCORES = ("miou", "dice", "boundary_iou")
MATRICES = ("iou", "dice", "boundary")

DIFFERENCE = "/api/difference"

MOST_PAIRED = 6
"""Runs up to which all pairs are compared; of more each is compared with the first one."""

MOST_ORDERED = 4
"""Runs up to which pictures are put into order for each pair, and pairs are compared label by label."""

MOST_LABELS = 32
"""Labels up to which that is done, to keep a report small and soon made."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a report is of.

    Attributes:
        runs: The runs' ids, first the one that the others are compared with.
        keys: Keys of pictures that they logged.
        labels: Names of their labels.
        labelled: Splits in which labels have scores.
        scores: Names of the scores of whole pictures, labels aside.
    """

    runs: tuple[str, ...]
    keys: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    labelled: tuple[str, ...] = SPLITS
    scores: tuple[str, ...] = SCORES


def questions(subject: Subject) -> list[str]:
    """The addresses that the views ask for, runs sorted wherever their order means nothing."""
    found = [f"/api/run/{encoded(run)}{part}" for run in subject.runs for part in ("", "/console")]
    found += _of_pictures(subject)
    found += _of_numbers(subject)
    return found


def _of_pictures(subject: Subject) -> Iterator[str]:
    runs = sorted(subject.runs)
    for words in ({}, *({"key": key} for key in subject.keys)):
        yield request_path("/api/pictures", {**words, "order": "name", "runs": ",".join(runs)})
        if 2 <= len(runs) <= MOST_ORDERED:
            for pair in permutations(runs, 2):
                order = [*pair, *(run for run in runs if run not in pair)]
                yield request_path("/api/pictures", {**words, "order": "regression", "runs": ",".join(order)})


def _of_numbers(subject: Subject) -> Iterator[str]:
    runs = sorted(subject.runs)
    together = ",".join(runs)
    base, *others = subject.runs
    pairs = list(permutations(runs, 2)) if len(runs) <= MOST_PAIRED else [(base, run) for run in sorted(others)]
    for split in SPLITS:
        yield request_path("/api/scores", {"runs": together, "split": split})
        for score in subject.scores:
            yield request_path("/api/images", {"runs": together, "score": score, "split": split})
            yield request_path("/api/seeds", {"runs": together, "score": score, "split": split})
            yield from (_comparison(pair, split, score) for pair in pairs)
        for score in MATRICES:
            yield request_path("/api/matrix", {"runs": together, "score": score, "split": split})
        if len(runs) <= MOST_ORDERED and split in subject.labelled:
            for label in subject.labels[:MOST_LABELS]:
                yield request_path("/api/images", {"runs": together, "score": label, "split": split})
                yield request_path("/api/seeds", {"runs": together, "score": label, "split": split})
                yield from (_comparison(pair, split, label) for pair in pairs)
    # Each way round, for two runs can be swapped
    both = dict.fromkeys(turned for a, b in pairs for turned in ((a, b), (b, a)))
    yield from (request_path(DIFFERENCE, {"a": a, "b": b}) for a, b in both)


def _comparison(pair: Sequence[str], split: str, score: str) -> str:
    return request_path("/api/compare", {"a": pair[0], "b": pair[1], "split": split, "score": score})
