"""Class weights from pixel counts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.errors import ConfigError
from kirie.tasks.losses.class_weights import SCHEMES, class_weights

COUNTS = [8000, 1000, 500, 500, 0]


def test_inverse_by_hand() -> None:
    """Inverse frequency of 8000, 1000, 500, 500 pixels, scaled to a mean of 1 over those; the absent label gets 1."""
    expected = np.array([1 / 8, 1, 2, 2]) / ((1 / 8 + 1 + 2 + 2) / 4)
    np.testing.assert_allclose(class_weights("inverse", COUNTS), [*expected, 1.0])


def test_inverse_is_median_frequency_balancing_up_to_scale() -> None:
    """Weights of median(frequency) / frequency have the same ratios."""
    median = np.median(COUNTS[:4]) / np.array(COUNTS[:4])
    found = class_weights("inverse", COUNTS)[:4]
    np.testing.assert_allclose(found / found[0], median / median[0])


def test_sqrt_inverse_by_hand() -> None:
    """The softer scheme has the square roots of the inverse's ratios."""
    found = class_weights("sqrt_inverse", COUNTS)
    assert found[2] / found[0] == pytest.approx(4.0)


def test_log_inverse_is_bounded() -> None:
    """However rare, a label gets at most 1 / ln(1.02), about 50 times that of one which has everything."""
    found = class_weights("log_inverse", [10**12, 1])
    assert found[1] / found[0] == pytest.approx(np.log(2.02) / np.log(1.02), rel=1e-6)


def test_effective_is_the_papers_formula() -> None:
    """Weights are 1 / E with E = (1 - beta ** n) / (1 - beta) and beta = (N - 1) / N, N the mean count."""
    counts = np.array([80000, 10000, 5000, 5000])
    beta = (counts.mean() - 1) / counts.mean()
    expected = (1 - beta) / (1 - beta**counts)
    np.testing.assert_allclose(class_weights("effective", counts.tolist()), expected / expected.mean(), rtol=1e-3)


@settings(deadline=None)
@given(counts=st.lists(st.integers(0, 10**12), min_size=1, max_size=20), scheme=st.sampled_from(sorted(SCHEMES)))
def test_every_scheme_is_fair(counts: list[int], scheme: str) -> None:
    """Weights are finite and positive, 1 on average over labels that occur, 1 for those that do not, more for rarer."""
    found, held = class_weights(scheme, counts), np.array(counts) > 0
    assert np.isfinite(found).all()
    assert (found > 0).all()
    assert (found[~held] == 1).all()
    if held.any():
        assert found[held].mean() == pytest.approx(1)
        by_count = found[held][np.argsort(np.array(counts)[held], kind="stable")]
        assert (np.diff(by_count) <= 1e-9 * by_count[:-1]).all()


def test_none_and_lists() -> None:
    """None weighs all alike; numbers are used as they are."""
    assert class_weights(None, COUNTS).tolist() == class_weights("none", COUNTS).tolist() == [1.0] * 5
    assert class_weights([0, 1, 2.5, 1, 7], COUNTS).tolist() == [0, 1, 2.5, 1, 7]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("inverted", "'inverted'; write one of none, inverse"),
        ([1, 2], "2 weights, and the store has 5 labels"),
        ([0, 0, 0, 0, 0], "at least one above"),
        ([1, 1, 1, 1, -1], "none below 0"),
        ([1, 1, 1, 1, float("nan")], "finite"),
        ([1, 1, 1, 1, float("inf")], "finite"),
        ([1, 1, 1, 1, True], "finite numbers"),
        (["1", 1, 1, 1, 1], "finite numbers"),
        ([], "at least one above"),
        (3, "loss.class_weights is 3"),
        ({"eye": 2}, "loss.class_weights is"),
    ],
)
def test_settings_that_cannot_be_are_refused(setting: object, said: str) -> None:
    """What is no scheme and no list of weights ends in a sentence."""
    with pytest.raises(ConfigError, match=said):
        class_weights(setting, COUNTS)
