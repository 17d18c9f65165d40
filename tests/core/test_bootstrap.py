"""The paired bootstrap."""

import numpy as np
import pytest

from kirie.core import bootstrap
from kirie.core.bootstrap import Units, aligned, paired_bootstrap, paired_means
from kirie.core.scores import COLUMNS, CountTable, miou, scores
from kirie.errors import RunError


def _table(seed: int, n_images: int = 30, lift: int = 0) -> CountTable:
    random = np.random.default_rng(seed)
    counts = random.integers(0, 50, (n_images, 3, len(COLUMNS)))
    counts[..., 0] += 100 + lift
    return CountTable(tuple(f"i{at:03d}" for at in range(n_images)), ("a", "b", "c"), counts)


def _single(n_images: int) -> Units:
    return Units.of([str(at) for at in range(n_images)])


def _shuffled(table: CountTable, seed: int) -> CountTable:
    order = np.random.default_rng(seed).permutation(len(table.images))
    return CountTable(tuple(table.images[at] for at in order), table.labels, table.counts_NLK[order])


def test_scores_equal_resampling_image_by_image() -> None:
    """Every resampled score is that of the drawn images' summed counts, taken by the plain score function."""
    tables = [_table(0), _table(1)]
    drawn = paired_bootstrap(tables, resamples=20, seed=7)
    picked = np.random.default_rng(7).integers(0, 30, (20, 30))
    for run, table in enumerate(tables):
        for at, images in enumerate(picked):
            expected = scores(table.counts_NLK[images].sum(axis=0), table.labels)["miou"]
            assert drawn.scores_MR[run, at] == pytest.approx(expected, abs=1e-12)


def test_standard_error_of_a_mean_is_the_textbook_one() -> None:
    """For a score that is a mean over images the bootstrap gives sd / sqrt(N)."""
    table = _table(3, n_images=200)
    drawn = paired_bootstrap([table], lambda counts: counts[..., 0, 1] / 200, resamples=4000, seed=1)
    values = table.counts_NLK[:, 0, 1]
    assert drawn.se(0) == pytest.approx(values.std() / np.sqrt(200), rel=0.05)
    low, high = drawn.interval(0)
    assert low == pytest.approx(values.mean() - 1.96 * drawn.se(0), rel=0.02)
    assert high == pytest.approx(values.mean() + 1.96 * drawn.se(0), rel=0.02)


def test_pairing_cancels_what_images_have_in_common() -> None:
    """Two runs that differ by a constant per image are told apart although each one's own interval is wide."""
    hard = np.random.default_rng(0).integers(10, 900, 60)

    def run(lost: int) -> CountTable:
        counts = np.zeros((60, 1, len(COLUMNS)), dtype=np.int64)
        counts[:, 0, 0], counts[:, 0, 2] = 1000 - hard - lost, hard + lost
        return CountTable(tuple(map(str, range(60))), ("a",), counts)

    drawn = paired_bootstrap([run(0), run(5)], seed=3)
    gap = drawn.difference(0, 1)
    assert gap.mean == pytest.approx(0.005, abs=1e-9)
    assert gap.se < 1e-9
    assert gap.better == 1.0
    assert drawn.se(0) > 0.02


def test_difference_of_equal_runs_is_nothing() -> None:
    """A run against itself has difference 0, no spread, and is better half of the time."""
    gap = paired_bootstrap([_table(0), _table(0)], resamples=50).difference(0, 1)
    assert (gap.mean, gap.se, gap.low, gap.high, gap.better) == (0, 0, 0, 0, 0.5)


def test_difference_changes_sign_with_the_order() -> None:
    """difference(i, j) is difference(j, i) mirrored."""
    drawn = paired_bootstrap([_table(0, lift=4), _table(1)], resamples=300)
    one, other = drawn.difference(0, 1), drawn.difference(1, 0)
    assert one.mean == pytest.approx(-other.mean)
    assert one.low == pytest.approx(-other.high)
    assert one.better == pytest.approx(1 - other.better)


def test_order_of_images_does_not_matter() -> None:
    """A table in another order is aligned by its images' names."""
    table, other = _table(0), _table(1)
    plain = paired_bootstrap([table, other], resamples=40)
    mixed = paired_bootstrap([table, _shuffled(other, 5)], resamples=40)
    np.testing.assert_array_equal(plain.scores_MR, mixed.scores_MR)
    np.testing.assert_array_equal(aligned([table, _shuffled(other, 5)])[1], other.counts_NLK)


def test_chunks_do_not_change_the_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resamples drawn in pieces equal those drawn at once."""
    whole = paired_bootstrap([_table(0)], resamples=33)
    monkeypatch.setattr(bootstrap, "_CHUNK", 30 * 4)
    np.testing.assert_array_equal(paired_bootstrap([_table(0)], resamples=33).scores_MR, whole.scores_MR)


def test_undefined_draws_are_left_out() -> None:
    """A label in one image only is missing from some draws; those do not spoil the error of the others."""
    counts = np.zeros((4, 2, len(COLUMNS)), dtype=np.int64)
    counts[:, 0, 0] = 10
    counts[0, 1, 0] = counts[0, 1, 1] = 5
    table = CountTable(("a", "b", "c", "d"), ("x", "rare"), counts)
    drawn = paired_bootstrap([table], lambda at: miou(at[..., 1:, :]), resamples=200)
    assert 0.2 < np.isnan(drawn.scores_MR).mean() < 0.45
    assert drawn.interval(0) == (0.5, 0.5)
    nothing = paired_bootstrap([table, table], lambda at: np.full(at.shape[:-2], np.nan), resamples=5)
    assert np.isnan(nothing.difference(0, 1).se)
    assert np.isnan(nothing.interval(0)).all()


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (_table(0, n_images=28), "2 of them only in one"),
        (CountTable(("i000",), ("a", "b"), np.zeros((1, 2, len(COLUMNS)), np.int64)), "labels a, b, c"),
    ],
)
def test_tables_that_do_not_fit_are_refused(other: CountTable, said: str) -> None:
    """Other images or labels end in a sentence that says how many or which."""
    with pytest.raises(RunError, match=said):
        paired_bootstrap([_table(0), other])


def test_nothing_to_compare_is_refused() -> None:
    """No run, or runs without images, end in a sentence."""
    with pytest.raises(RunError, match="no runs"):
        paired_bootstrap([])
    with pytest.raises(RunError, match="no images"):
        paired_bootstrap([_table(0, n_images=0)])


def test_means_of_scores_are_drawn_as_counts_are() -> None:
    """One score an image gives what counts of one label with the same ratios give, by the same draws."""
    random = np.random.default_rng(0)
    scores_MN = random.integers(0, 100, (2, 25)) / 100
    counts = np.zeros((2, 25, 1, len(COLUMNS)), dtype=np.int64)
    counts[..., 0, 0] = np.rint(scores_MN * 100)
    counts[..., 0, 2] = 100 - counts[..., 0, 0]
    tables = [CountTable(tuple(map(str, range(25))), ("a",), of) for of in counts]
    by_counts = paired_bootstrap(tables, resamples=50, seed=4)
    by_scores = paired_means(scores_MN, _single(scores_MN.shape[1]), resamples=50, seed=4)
    np.testing.assert_allclose(by_scores.scores_MR, by_counts.scores_MR)


def test_images_without_a_score_are_left_out_of_means() -> None:
    """The mean is over the drawn images that have a score; a draw without any has none."""
    drawn = paired_means(np.array([[0.5, np.nan, np.nan], [0.1, 0.2, 0.3]]), _single(3), resamples=200)
    held = drawn.scores_MR[0][np.isfinite(drawn.scores_MR[0])]
    assert set(held) == {0.5}
    assert 0.2 < np.isnan(drawn.scores_MR[0]).mean() < 0.4
    assert np.isfinite(drawn.scores_MR[1]).all()
    with pytest.raises(RunError, match="no images"):
        paired_means(np.zeros((2, 0)), _single(0))


def test_pictures_of_one_folder_are_drawn_together() -> None:
    """Of 40 characters drawn five times alike the standard error is that of 40, more than twice that of 200."""
    each = np.random.default_rng(5).integers(0, 900, 40)
    counts = np.zeros((200, 1, len(COLUMNS)), dtype=np.int64)
    counts[:, 0, 0] = np.repeat(each, 5)

    def se(names: list[str]) -> float:
        table = CountTable(tuple(names), ("a",), counts)
        return paired_bootstrap([table], lambda summed: summed[..., 0, 0] / 200, resamples=4000, seed=1).se(0)

    grouped = se([f"character-{at // 5:03}/{at}" for at in range(200)])
    assert grouped == pytest.approx(each.std() / np.sqrt(40), rel=0.06)
    assert grouped > 2 * se([f"{at}" for at in range(200)])
    units = Units.of([f"character-{at // 5:03}/{at}" for at in range(200)])
    means = paired_means(counts[None, :, 0, 0].astype(float), units, resamples=4000, seed=1)
    assert means.se(0) == pytest.approx(grouped), "means and counts are drawn alike"


@pytest.mark.parametrize(
    ("names", "count", "folders"),
    [
        (["a/1", "a/2", "b/1"], 3, 2),
        (["val/1", "val/2", "val/3"], 3, 0),
        (["a/1", "b/1", "c"], 3, 0),
        ([f"{folder}/{at}" for folder in "abcdef" for at in range(2)] + ["alone"], 7, 7),
    ],
)
def test_groups_are_what_the_names_show(names: list[str], count: int, folders: int) -> None:
    """Few groups are told and not drawn; one folder for all, and folders of one picture each, are no groups."""
    units = Units.of(names)
    assert (units.count, units.folders, len(units.of_N)) == (count, folders, len(names))
