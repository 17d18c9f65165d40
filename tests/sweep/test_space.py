"""The search space: grids complete and in W&B's order, draws that depend on nothing else, conditions everywhere.

golden/grids.json holds what the package `sweeps` 0.3.0 (W&B's own) enumerates for some parameters:
`grid_search_next_runs([], {"method": "grid", "parameters": parameters}, n=500)`, called once in an environment of its
own.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import optuna
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.conditions import Conditions, read_conditions
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec

GOLDEN: list[dict[str, Any]] = json.loads((Path(__file__).parent / "golden" / "grids.json").read_text())

PARAMETERS = {
    "model": {"values": ["unet", "fpn", "dpt"]},
    "model.encoder": {"values": ["resnet", "vit", "mit"]},
    "optimizer": {"values": ["adamw", "sgd"]},
    "optimizer.momentum": {"values": [0.8, 0.9]},
}
CONDITIONS = [
    {"parameter": "optimizer.momentum", "when": {"optimizer": "sgd"}},
    {"parameter": "model.encoder", "when": {"model": "dpt"}, "values": ["vit"]},
    {"forbid": {"model": ["unet", "fpn"], "model.encoder": "vit"}},
    {"forbid": {"model": "fpn", "optimizer": "sgd"}},
]


def space_of(method: str, parameters: Mapping[str, Any], conditions: list[Any] | None = None, **more: Any) -> Space:
    """A space from a file's content."""
    content = {"method": method, "metric": {"name": "m"}, "parameters": parameters}
    spec = SweepSpec.parse(yaml.safe_dump(content), Path("some.yaml"))
    found = read_conditions(conditions, spec.parameters, "some.local.yaml") if conditions else Conditions.none()
    return Space(spec, Companion(found, spec.metrics), **more)


def allowed(params: Mapping[str, Any]) -> bool:
    """CONDITIONS, written once more as Python."""
    return (
        ("optimizer.momentum" in params) == (params["optimizer"] == "sgd")
        and (params["model"] != "dpt" or params["model.encoder"] == "vit")
        and (params["model"] == "dpt" or params["model.encoder"] != "vit")
        and (params["model"], params["optimizer"]) != ("fpn", "sgd")
    )


def flat(params: Mapping[str, Any]) -> dict[str, Any]:
    """W&B's nested parameters, names joined; `x` is a value of its own in one case."""
    found: dict[str, Any] = {}
    for name, value in params.items():
        nested = isinstance(value, dict) and name == "data"
        found |= {f"{name}.{key}": one for key, one in value.items()} if nested else {name: value}
    return found


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: "-".join(case["parameters"]))
def test_grids_are_wandbs(case: dict[str, Any]) -> None:
    """All combinations, each once, in W&B's order."""
    space = space_of("grid", case["parameters"])
    size = space.size()
    assert size == len(case["combinations"])
    found = [dict(space.combination(index)) for index in range(size)]
    assert [json.dumps(one, sort_keys=True) for one in found] == [
        json.dumps(flat(one), sort_keys=True) for one in case["combinations"]
    ]
    with pytest.raises(IndexError):
        space.combination(size)


def test_a_huge_grid_is_counted_and_not_listed() -> None:
    """Ten parameters of a thousand values: its last combination answers at once."""
    space = space_of("grid", {f"p{at}": {"min": 1, "max": 1000} for at in range(10)})
    assert space.size() == 1000**10
    assert set(space.combination(1000**10 - 1).values()) == {1000}


def test_conditions_hold_in_a_grid() -> None:
    """The grid has exactly what the conditions allow, without doubles, in W&B's order."""
    space = space_of("grid", PARAMETERS, CONDITIONS)
    full = space_of("grid", PARAMETERS)
    everything = [dict(full.combination(index)) for index in range(36)]
    for one in everything:
        if one["optimizer"] != "sgd":
            del one["optimizer.momentum"]
    wanted = [one for at, one in enumerate(everything) if allowed(one) and one not in everything[:at]]
    assert [dict(space.combination(index)) for index in range(space.size() or 0)] == wanted
    assert 0 < len(wanted) < 36


def test_conditions_hold_in_draws_and_every_allowed_combination_comes_out() -> None:
    """Random search, 300 draws of 9 combinations."""
    space = space_of("random", PARAMETERS, CONDITIONS)
    grid = space_of("grid", PARAMETERS, CONDITIONS)
    found = {json.dumps(space.draw(3, index)) for index in range(300)}
    assert found == {json.dumps(grid.combination(index)) for index in range(grid.size() or 0)}
    assert space.size() is None


def test_draws_depend_on_seed_and_number_alone() -> None:
    """Any worker draws the same trial; other seeds and numbers draw others; a further parameter changes no other."""
    parameters = {"lr": {"distribution": "log_uniform_values", "min": 1e-5, "max": 0.1}, "n": {"min": 1, "max": 9}}
    one, other = space_of("random", parameters), space_of("random", parameters)
    wider = space_of("random", parameters | {"extra": {"values": [1, 2]}})
    first = [dict(one.draw(7, index)) for index in range(50)]
    assert [dict(other.draw(7, index)) for index in reversed(range(50))] == first[::-1]
    assert [{key: wider.draw(7, index)[key] for key in ("lr", "n")} for index in range(50)] == first
    assert len({draw["lr"] for draw in first}) == 50
    assert one.draw(8, 0) != first[0]


def study() -> optuna.Study:
    """A study in memory with the sampler of sweeps."""
    return optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0, n_startup_trials=5))


def test_optuna_never_suggests_what_is_forbidden() -> None:
    """Bayesian search over the conditional space, TPE at work: 60 trials, all allowed, the same when asked again."""
    space = space_of("bayes", PARAMETERS | {"lr": {"distribution": "normal"}}, CONDITIONS)
    found = study()
    for _ in range(60):
        trial = found.ask()
        params = space.suggest(trial)
        assert allowed(params)
        assert params == space.suggest(optuna.Trial(found, trial._trial_id))
        found.tell(trial, float(params["model"] == "dpt"))
    seen = {json.dumps({key: params for key, params in trial.params.items() if key != "lr"}) for trial in found.trials}
    assert len(seen) > 4


def test_what_is_found_to_be_no_model_is_left_out() -> None:
    """Excluded combinations come out in none of the three ways, and do not change what the space is called."""
    excluded = [{"model": ("fpn",), "model.encoder": ("mit",)}]
    for method in ("grid", "random", "bayes"):
        space = space_of(method, PARAMETERS, CONDITIONS)
        left = space.without(excluded)
        assert left.excluded == tuple(excluded)
        assert left.digest() == space.digest()
        found = study()
        draws = {
            "grid": [left.combination(index) for index in range(left.size() or 0)],
            "random": [left.draw(1, index) for index in range(100)],
            "bayes": [left.suggest(found.ask()) for _ in range(50)],
        }[method]
        assert all((one["model"], one["model.encoder"]) != ("fpn", "mit") for one in draws)
        assert any((one["model"], one["model.encoder"]) == ("fpn", "resnet") for one in draws)


def test_a_space_is_called_by_what_it_is() -> None:
    """Order of keys and method do not matter; a value, a bound or a condition does."""
    name = space_of("grid", PARAMETERS, CONDITIONS).digest()
    assert space_of("random", dict(reversed(PARAMETERS.items())), CONDITIONS).digest() == name
    others = [
        space_of("grid", PARAMETERS).digest(),
        space_of("grid", PARAMETERS, CONDITIONS[:3]).digest(),
        space_of("grid", PARAMETERS | {"optimizer.momentum": {"values": [0.8, 0.95]}}, CONDITIONS).digest(),
    ]
    assert len({name, *others}) == 4


@pytest.mark.parametrize(
    ("conditions", "says"),
    [
        ([{"forbid": {"optimizer": ["adamw", "sgd"]}}], "leave no combination"),
        ([{"forbid": {"optimiser": "sgd"}}], "Did you mean 'optimizer'"),
        ([{"forbid": {"optimizer": "sgdd"}}], "Did you mean 'sgd'"),
        ([{"parameter": "lr", "when": {"lr": 0.1}}], "drawn from a range"),
        ([{"parameter": "optimizer.momentum"}], "allowed are"),
        ([{"when": {"optimizer": "sgd"}}], "allowed are"),
        ([{"forbid": {}}], "must be parameters"),
        ([{"parameter": "model", "when": {"optimizer": "sgd"}}] * 2, "has such a condition already"),
        (
            [
                {"parameter": "model", "when": {"optimizer": "sgd"}},
                {"parameter": "optimizer", "when": {"model": "unet"}},
            ],
            "in a circle",
        ),
    ],
)
def test_impossible_conditions_end_in_a_sentence(conditions: list[Any], says: str) -> None:
    """Slips of the pen, conditions on ranges, circles, and nothing left."""
    parameters = PARAMETERS | {"lr": {"min": 0.1, "max": 0.2}}
    with pytest.raises(SweepError) as refused:
        space_of("random", parameters, conditions)
    assert says in str(refused.value)


_NAMES = ("a", "b", "c", "d")


@given(st.data())
@settings(max_examples=60)
def test_the_three_ways_agree_under_any_conditions(data: st.DataObject) -> None:
    """Whatever the conditions: draws and suggestions lie in the grid, and every point of a grid fulfils them."""
    parameters = {name: {"values": list(range(data.draw(st.integers(1, 3))))} for name in _NAMES}

    def clause(names: tuple[str, ...]) -> dict[str, list[int]]:
        chosen = data.draw(st.lists(st.sampled_from(names), min_size=1, max_size=2, unique=True))
        return {
            name: data.draw(st.lists(st.sampled_from(parameters[name]["values"]), min_size=1, unique=True))
            for name in chosen
        }

    conditions: list[Any] = [{"forbid": clause(_NAMES)} for _ in range(data.draw(st.integers(0, 2)))]
    # Only on earlier ones, so that there is no circle
    dependent = data.draw(st.lists(st.integers(1, 3), max_size=3, unique=True))
    conditions += [{"parameter": _NAMES[at], "when": clause(_NAMES[:at])} for at in dependent]
    try:
        grid = space_of("grid", parameters, conditions)
    except SweepError:
        return
    points = [json.dumps(grid.combination(index)) for index in range(grid.size() or 0)]
    assert len(points) == len(set(points)) > 0
    found = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    random, bayes = space_of("random", parameters, conditions), space_of("bayes", parameters, conditions)
    assert {json.dumps(random.draw(1, index)) for index in range(10)} <= set(points)
    assert {json.dumps(bayes.suggest(found.ask())) for _ in range(10)} <= set(points)
    for point in map(json.loads, points):
        forbidden = [entry["forbid"] for entry in conditions if "forbid" in entry]
        assert not any(all(point.get(name) in values for name, values in one.items()) for one in forbidden)
    everything = itertools.product(*(parameters[name]["values"] for name in _NAMES))
    assert len(points) <= sum(1 for _ in everything)
