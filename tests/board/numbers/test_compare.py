"""Two runs image by image: the interval, the sentence, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from kirie.board.numbers.compare import compare
from kirie.board.numbers.comparison import sentence, words
from kirie.board.numbers.tables import Counted, Logged
from kirie.core.bootstrap import paired_bootstrap
from kirie.core.scores import COLUMNS, CountTable, miou
from kirie.errors import RunError, UsageError

LABELS = ("background", "eye")


def _population(count: int, seed: int) -> NDArray[np.int64]:
    """Counts of two runs on pictures that are hard for both in the same way, (2, N, L, K)."""
    random = np.random.default_rng(seed)
    size = random.integers(200, 2000, (count, len(LABELS)))
    hard = random.beta(2, 5, (count, len(LABELS)))
    counts = np.zeros((2, count, len(LABELS), len(COLUMNS)), dtype=np.int64)
    for run, skill in enumerate((1.0, 0.93)):
        missed = np.rint(size * np.clip(hard * skill + random.normal(0, 0.03, hard.shape), 0, 1)).astype(np.int64)
        counts[run, ..., 0], counts[run, ..., 2] = size - missed, missed
        counts[run, ..., 1] = random.poisson(20 * skill, missed.shape)
    return counts


def _table(counts_NLK: NDArray[np.int64], names: list[str] | None = None) -> Counted:
    names = names or [f"picture-{at:03}" for at in range(len(counts_NLK))]
    return Counted(CountTable(tuple(names), LABELS, counts_NLK))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Of 400 samples of 60 pictures from a large population, 95 % of the intervals hold the population's difference."""
    everything = _population(20_000, 0)
    true = float(miou(everything[1].sum(axis=0)) - miou(everything[0].sum(axis=0)))
    random = np.random.default_rng(1)
    held = 0
    for _ in range(400):
        taken = everything[:, random.integers(0, 20_000, 60)]
        found = compare(_table(taken[0]), _table(taken[1]), "miou", resamples=400)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= true <= found.high
    # Three standard errors of 400 draws, and the percentile interval's own narrowness at 60 pictures
    assert 0.91 <= held / 400 <= 0.98, held / 400


def test_runs_that_do_not_differ_are_seldom_told_apart() -> None:
    """Where both runs are equally good, about one comparison in twenty shows a difference, not more than one in ten."""
    everything = _population(20_000, 2)
    everything[1, ..., :3] = _population(20_000, 2)[0, ..., :3]
    random = np.random.default_rng(3)
    shown = 0
    for _ in range(200):
        taken = everything[:, random.integers(0, 20_000, 60)].copy()
        # Which of the two has the better picture is a coin's throw
        noise = random.integers(0, 40, (2, 60, len(LABELS)))
        taken[..., 0] -= noise
        taken[..., 2] += noise
        shown += compare(_table(taken[0]), _table(taken[1]), "miou", resamples=300).shown
    assert 2 <= shown <= 20


def test_the_difference_is_that_of_the_whole_tables() -> None:
    """The told values are the scores over all pictures, and the difference is theirs."""
    counts = _population(40, 4)
    found = compare(_table(counts[0]), _table(counts[1]), "miou")
    assert found.first == pytest.approx(float(miou(counts[0].sum(axis=0))))
    assert found.difference == pytest.approx(found.second - found.first)
    assert found.low is not None
    assert found.high is not None
    assert found.low < found.difference < found.high
    assert found.shown
    assert 0.9 < found.better <= 1


def _borderline() -> tuple[Counted, Counted]:
    """Two runs whose interval ends close to 0, on its far side."""
    counts = _population(47, 21)
    # What the second run misses everywhere brings the end to where it is wanted
    counts[1, ..., 2] += np.rint(counts[1].sum(axis=-1) * 0.0087).astype(np.int64)
    return _table(counts[0]), _table(counts[1])


def test_the_verdict_is_not_the_luck_of_the_draws() -> None:
    """Where an end comes close to 0, 2,000 draws say this or that; the comparison draws on and says one thing."""
    one, other = _borderline()
    few = [paired_bootstrap([one.table, other.table], seed=seed).difference(1, 0, 0.955) for seed in range(20)]
    assert 3 <= sum(gap.low > 0 for gap in few) <= 17, "the pair is no borderline one"
    found = [compare(one, other, "miou", seed=seed) for seed in range(20)]
    assert len({each.shown for each in found}) == 1
    assert all(10_000 < each.resamples <= 200_000 for each in found)
    told = {sentence("A", "B", each).partition(":")[0] for each in found}
    assert len(told) == 1


def test_the_sentence_says_who_is_better_and_by_how_much() -> None:
    """Points of 100 with the interval; the other way round the sign and the word change."""
    counts = _population(60, 5)
    one, other = _table(counts[0]), _table(counts[1])
    told = sentence("A", "B", compare(one, other, "miou"))
    found = compare(one, other, "miou")
    assert found.low is not None
    assert found.high is not None
    assert told == (
        f"B is better than A: {found.difference * 100:+.1f} mIoU [{found.low * 100:+.1f}, {found.high * 100:+.1f}]"
    )
    # The minus of the page
    assert sentence("B", "A", compare(other, one, "miou")).startswith("A is worse than B: −")


def test_the_sentence_says_that_nothing_was_shown() -> None:
    """An interval that holds 0 is no difference that these pictures could show."""
    counts = _population(60, 5)
    mixed = counts.copy()
    mixed[1, ::2], mixed[0, ::2] = counts[0, ::2], counts[1, ::2]
    found = compare(_table(mixed[0]), _table(mixed[1]), "eye")
    assert not found.shown
    assert found.low is not None
    assert found.high is not None
    assert found.low <= 0 <= found.high
    assert sentence("A", "B", found).startswith("B and A: no difference that these pictures could show: ")
    assert "IoU of eye" in sentence("A", "B", found)


def test_an_end_that_is_not_zero_does_not_read_as_zero() -> None:
    """A tiny difference that is shown is written with the digits that it needs."""
    counts = np.zeros((60, 2, len(COLUMNS)), dtype=np.int64)
    counts[..., 0] = 1_000_000
    counts[:, :, 2] = np.random.default_rng(0).integers(1000, 90_000, (60, 2))
    better = counts.copy()
    better[..., 2] -= 100
    better[..., 0] += 100
    found = compare(_table(counts), _table(better), "miou")
    told = sentence("A", "B", found)
    assert "[+0.0," not in told
    assert told.startswith("B is better than A: +0.01")
    # The page's rows are written with the same
    assert (found.to_dict()["digits"], found.to_dict()["factor"]) == (2, 100)


def test_a_run_against_itself_differs_in_nothing() -> None:
    """The same counts give an interval of no width, and no difference."""
    counts = _population(40, 6)[0]
    found = compare(_table(counts), _table(counts[::-1], [f"picture-{at:03}" for at in reversed(range(40))]), "dice")
    assert (found.difference, found.low, found.high, found.better, found.shown) == (0, 0, 0, 0.5, False)
    assert sentence("A", "B", found).endswith(": 0.0 Dice [0.0, 0.0]")


def test_common_pictures_count_and_it_is_said() -> None:
    """Runs that were scored on some pictures each are compared on those of both, with a warning."""
    counts = _population(50, 7)
    found = compare(_table(counts[0, :40]), _table(counts[1, 5:], [f"picture-{at:03}" for at in range(5, 50)]), "miou")
    assert found.images == 35
    assert "40 and 45, of which the 35 that are in both" in found.notes[0]


def test_few_pictures_are_told() -> None:
    """Below thirty pictures the interval comes with a warning."""
    counts = _population(8, 8)
    found = compare(_table(counts[0]), _table(counts[1]), "miou")
    assert found.low is not None
    assert "only 8 pictures" in found.notes[-1]


@pytest.mark.parametrize(("many", "few"), [(1, "one picture is"), (5, "5 pictures are")])
def test_too_few_pictures_show_nothing(many: int, few: str) -> None:
    """One picture has no variance to draw from, and five cannot leave out 5 %: no interval, nobody is better."""
    counts = np.zeros((2, many, 2, len(COLUMNS)), dtype=np.int64)
    counts[..., 0] = 1000
    counts[0, ..., 2] = 100
    found = compare(_table(counts[0]), _table(counts[1]), "miou")
    assert found.difference > 0.05
    assert (found.low, found.high, found.shown, found.notes) == (None, None, False, ())
    assert found.to_dict()["low"] is None
    told = sentence("A", "B", found)
    assert told == f"B and A: {few} too few to tell which is better: +9.1 mIoU"


def test_six_pictures_that_agree_are_enough() -> None:
    """Six fall to one side by luck in one case of 32 only: there the interval begins."""
    counts = _population(6, 8)
    counts[1] = counts[0]
    counts[1, ..., 2] //= 4
    assert compare(_table(counts[0]), _table(counts[1]), "miou").shown


def test_tiles_of_a_picture_count_together() -> None:
    """A picture cut into tiles is drawn whole: as wide an interval as if it had never been cut."""
    counts = _population(40, 9)
    quarters = [np.repeat(of, 4, axis=0) for of in counts]
    names = [f"picture-{at // 4:03}@{at % 4 * 64},0" for at in range(160)]
    whole = compare(_table(counts[0] * 4), _table(counts[1] * 4), "miou")
    tiled = compare(_table(quarters[0], names), _table(quarters[1], names), "miou")
    assert (tiled.low, tiled.high, tiled.images) == (whole.low, whole.high, 40)
    assert "tiles" in tiled.notes[0]


def test_different_pictures_cannot_be_compared() -> None:
    """Runs without a common picture end in a sentence."""
    counts = _population(4, 10)
    with pytest.raises(RunError, match="none is in both"):
        compare(_table(counts[0]), _table(counts[1], ["a", "b", "c", "d"]), "miou")


def test_different_labels_are_compared_by_one_that_both_have() -> None:
    """A mean over other labels is refused; a label of both is not."""
    counts = _population(40, 11)
    other = Counted(CountTable(_table(counts[1]).images, ("background", "mouth"), counts[1]))
    with pytest.raises(RunError, match="different labels"):
        compare(_table(counts[0]), other, "miou")
    with pytest.raises(RunError, match="different labels"):
        compare(_table(counts[0]), other, "eye")
    assert compare(_table(counts[0]), other, "background").score == "iou/background"


def test_unknown_scores_are_named() -> None:
    """A score that there is not lists those that there are."""
    counts = _population(4, 12)
    with pytest.raises(UsageError, match="allowed are miou"):
        compare(_table(counts[0]), _table(counts[1]), "nose")


@pytest.mark.parametrize("score", ["map", "pq/eye"])
def test_scores_of_whole_splits_are_told_apart(score: str) -> None:
    """A score that is no function of a picture's counts is refused by its name."""
    counts = _population(4, 12)
    with pytest.raises(UsageError, match="known of the whole split only"):
        compare(_table(counts[0]), _table(counts[1]), score)


def test_a_score_that_no_picture_has_is_a_sentence() -> None:
    """Without a label's pixels in the truth there is nothing to compare."""
    counts = _population(4, 13)
    counts[:, :, 1] = 0
    with pytest.raises(RunError, match="gives no IoU of eye"):
        compare(_table(counts[0]), _table(counts[1]), "eye")


def test_logged_tables_are_compared_by_their_columns() -> None:
    """Another program's table of scores is compared by the mean over its pictures; nothing is said to be better."""
    random = np.random.default_rng(0)
    hard = random.uniform(0, 0.5, 50)
    rows = [[f"p{at}", float(hard[at]), "note"] for at in range(50)]
    other = [[f"p{at}", float(hard[at]) + 0.01, "note"] for at in reversed(range(50))]
    one = Logged.of(["image", "f1", "words"], rows)
    two = Logged.of(["Image", "f1", "words"], other)
    assert one is not None
    assert two is not None
    found = compare(one, two, "f1")
    assert found.difference == pytest.approx(0.01)
    assert found.low == pytest.approx(0.01)
    assert sentence("A", "B", found) == "B is higher than A: +0.0100 f1 [+0.0100, +0.0100]"
    with pytest.raises(UsageError, match="it has f1"):
        compare(one, two, "miou")


@pytest.mark.parametrize(
    ("columns", "rows"),
    [
        (["x", "y"], [[1, 2]]),
        (["image", "y"], [["a", 1.0], ["a", 2.0]]),
        (["image", "y"], [["a", "text"]]),
        (["image", "y"], [["a", True], ["b"]]),
        (["image", "y"], []),
        (["image", "y"], [["a", 10**400]]),
    ],
)
def test_tables_that_are_not_of_images_are_none(columns: list[str], rows: list[list[object]]) -> None:
    """A table without names, with a name twice or without a number is no table of images."""
    assert Logged.of(columns, rows) is None


def test_words_of_scores() -> None:
    """A score is written as a person writes it."""
    assert [words(name) for name in ("miou", "iou/eye", "dice/left eye", "f1", "a/b")] == [
        "mIoU",
        "IoU of eye",
        "Dice of left eye",
        "f1",
        "a/b",
    ]


def test_pictures_of_one_character_do_not_count_as_many() -> None:
    """Pictures in folders are drawn by whole folders: the interval widens, and the groups are told."""
    counts = np.repeat(_population(40, 8), 3, axis=1)
    single = compare(_table(counts[0]), _table(counts[1]), "miou")
    names = [f"character-{at // 3:03}/{at}" for at in range(120)]
    grouped = compare(_table(counts[0], names), _table(counts[1], names), "miou")
    assert (single.groups, grouped.groups, grouped.images) == (None, 40, 120)
    assert single.low is not None
    assert single.high is not None
    assert grouped.low is not None
    assert grouped.high is not None
    assert grouped.high - grouped.low > 1.4 * (single.high - single.low)


def test_few_groups_are_told_of() -> None:
    """Fewer than six groups cannot be drawn from; that the interval may be too narrow is said."""
    counts = _population(40, 9)
    names = [f"character-{at // 10}/{at}" for at in range(40)]
    found = compare(_table(counts[0], names), _table(counts[1], names), "miou")
    assert found.groups is None
    assert any("4 groups" in note and "too narrow" in note for note in found.notes)
