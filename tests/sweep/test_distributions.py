"""Distributions: what is drawn follows the definition, and can be repeated.

golden/quantiles.json holds the values that the package `sweeps` 0.3.0 (W&B's own) gives at some quantiles:
`HyperParameter("a", parameter).ppf(quantile)`, called once in an environment of its own.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import FloatDistribution
from scipy import stats

from kirie.sweep.distributions import Categorical, Distribution
from kirie.sweep.parameters import KEYS, read_distribution

GOLDEN: dict[str, Any] = json.loads((Path(__file__).parent / "golden" / "quantiles.json").read_text())

CONTINUOUS: dict[str, tuple[dict[str, Any], Callable[[Any], Any]]] = {
    "uniform": ({"min": -1.0, "max": 3.0}, stats.uniform(-1, 4).cdf),
    "log_uniform_values": ({"min": 1e-4, "max": 0.1}, stats.loguniform(1e-4, 0.1).cdf),
    "log_uniform": ({"min": -5, "max": 1}, stats.loguniform(math.exp(-5), math.exp(1)).cdf),
    # log(1/x) is uniform between the bounds' own logarithms, or the bounds
    "inv_log_uniform_values": (
        {"min": 0.01, "max": 10},
        lambda x: stats.uniform(-math.log(10), math.log(1000)).sf(np.log(1 / x)),
    ),
    "inv_log_uniform": ({"min": -1, "max": 3}, lambda x: stats.uniform(-1, 4).sf(np.log(1 / x))),
    "normal": ({"mu": 2, "sigma": 0.5}, stats.norm(2, 0.5).cdf),
    "log_normal": ({"mu": 0.5, "sigma": 0.25}, stats.lognorm(0.25, scale=math.exp(0.5)).cdf),
    "beta": ({"a": 2, "b": 5}, stats.beta(2, 5).cdf),
}


def made(kind: str, **keys: Any) -> Distribution:
    """A distribution by W&B's name."""
    return read_distribution({"distribution": kind, **keys}, "test")


def draws(distribution: Distribution, count: int = 4000) -> list[Any]:
    """Draws from a fixed stream of uniform numbers."""
    rng = np.random.default_rng(0)
    return [distribution.draw(u) for u in rng.random(count).tolist()]


@pytest.mark.parametrize("case", GOLDEN["cases"], ids=lambda case: case["parameter"].get("distribution", "values"))
def test_quantiles_are_wandbs(case: dict[str, Any]) -> None:
    """At the same quantile W&B and kirie draw the same value; whole steps stay whole numbers."""
    distribution = read_distribution(case["parameter"], "test")
    for u, wanted in zip(GOLDEN["quantiles"], case["values"], strict=True):
        found = distribution.draw(u)
        assert found == (wanted if isinstance(wanted, str) else pytest.approx(wanted, rel=1e-9))
        assert isinstance(found, float) == isinstance(wanted, float)


@pytest.mark.parametrize("kind", CONTINUOUS)
def test_draws_follow_the_definition(kind: str) -> None:
    """Kolmogorov-Smirnov against scipy's own distribution; 4,000 draws tell an error of 3 % apart."""
    keys, cdf = CONTINUOUS[kind]
    found = draws(made(kind, **keys))
    assert stats.kstest(found, cdf).pvalue > 0.01
    assert all(type(value) is float for value in found)


@pytest.mark.parametrize(("kind", "q"), [(kind, q) for kind in CONTINUOUS for q in (1, 0.25) if f"q_{kind}" in KEYS])
def test_quantised_draws_are_multiples_with_the_right_shares(kind: str, q: float) -> None:
    """A multiple of q takes the probability of its surroundings, half a q to each side."""
    keys, cdf = CONTINUOUS[kind]
    found = draws(made(f"q_{kind}", **keys, q=q))
    values, counts = np.unique(found, return_counts=True)
    assert np.allclose(values / q, np.round(values / q), atol=1e-12)
    assert all(isinstance(value, type(q)) for value in found)
    lowest = np.maximum(values - q / 2, 1e-300) if "log" in kind else values - q / 2
    expected = (cdf(values + q / 2) - cdf(lowest)) * len(found)
    enough = expected >= 5
    assert np.sum((counts[enough] - expected[enough]) ** 2 / expected[enough]) < stats.chi2(max(1, enough.sum())).ppf(
        0.999
    )


def test_choices_have_their_shares() -> None:
    """Whole numbers and values alike; with probabilities each has its own, and none of 0."""
    whole = draws(made("int_uniform", min=-2, max=5))
    assert sorted(set(whole)) == list(range(-2, 6))
    assert stats.chisquare(np.unique(whole, return_counts=True)[1]).pvalue > 0.01
    weighed = draws(made("categorical_w_probabilities", values=["a", "b", "c"], probabilities=[0.7, 0.0, 0.3]))
    assert set(weighed) == {"a", "c"}
    assert weighed.count("a") / len(weighed) == pytest.approx(0.7, abs=0.03)
    assert set(draws(made("constant", value=[1]), 5)[0]) == {1}


def test_a_tenth_three_times_is_three_tenths() -> None:
    """Multiples are decimal ones: 0.3 and not 0.30000000000000004, in draws and in grids."""
    found = made("q_uniform", min=0.0, max=1.0, q=0.1)
    assert set(draws(found, 500)) == {0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0}
    assert found.grid() == (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)


@given(st.floats(0, 1, exclude_max=True), st.sampled_from(sorted(CONTINUOUS)))
def test_every_quantile_gives_a_finite_value_within_the_bounds(u: float, kind: str) -> None:
    """Also at the ends, where an unbounded distribution has its infinities."""
    keys, _ = CONTINUOUS[kind]
    value = made(kind, **keys).draw(u)
    assert isinstance(value, float)
    assert math.isfinite(value)
    if kind in {"uniform", "log_uniform_values", "inv_log_uniform_values"}:
        assert keys["min"] <= value <= keys["max"]


@pytest.mark.parametrize("kind", sorted(KEYS))
def test_optuna_searches_the_same_values(kind: str) -> None:
    """What Optuna's random sampler chooses stands for values that the distribution could draw."""
    listed: dict[str, dict[str, Any]] = {
        "constant": {"value": {"a": 1}},
        "categorical": {"values": [1, 2.5, "x", None]},
        "categorical_w_probabilities": {"values": ["a", "b"], "probabilities": [1.0, 0.0]},
        "int_uniform": {"min": 2, "max": 4},
    }
    keys = listed[kind] if kind in listed else dict(CONTINUOUS[kind.removeprefix("q_")][0])
    if kind.startswith("q_"):
        keys["q"] = 0.001
    distribution = made(kind, **keys)
    searched = distribution.optuna()
    if searched is None:
        assert distribution.from_optuna(None) == {"a": 1}
        return
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    found = [distribution.from_optuna(study.ask({"x": searched}).params["x"]) for _ in range(60)]
    if not isinstance(searched, FloatDistribution):
        possible = distribution.possible() if isinstance(distribution, Categorical) else distribution.grid() or ()
        assert {repr(value) for value in found} == {repr(value) for value in possible}
    else:
        low, high = distribution.draw(1e-6), distribution.draw(1 - 1e-6)
        assert isinstance(low, int | float)
        assert isinstance(high, int | float)
        assert all(low <= value <= high for value in found if isinstance(value, int | float))
        assert len(set(map(repr, found))) > 2


def test_optuna_is_given_what_it_can_tell_apart() -> None:
    """True and 1 are one to Optuna, lists are none of its choices: then the choices are JSON."""
    for values in ((True, 1, 0), ([1, 2], {"a": 1}), ("1", 1, None)):
        found = Categorical(tuple(values))
        choices = found.optuna().choices
        assert len(set(map(str, choices)) | set(choices)) >= len(values)
        assert [repr(found.from_optuna(choice)) for choice in choices] == [repr(value) for value in values]
