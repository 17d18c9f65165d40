"""The parts of a sweep file with keys of their own: metric, early termination, scheduler."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from kirie.errors import SweepError
from kirie.train.overrides import near

Goal = Literal["minimize", "maximize"]
Imputed = Literal["latest", "best", "worst"]
GOALS = ("minimize", "maximize")
_IMPUTED = ("latest", "best", "worst")
_ENGINES = ("optuna", "ax", "wandb")


@dataclass(frozen=True, slots=True)
class Metric:
    """What a sweep optimises.

    Attributes:
        name: As it is logged.
        goal: `minimize` (W&B's default) or `maximize`.
        target: The sweep ends once a run reaches it, if there is one.
        impute: What a failed run counts as in a Bayesian search.
    """

    name: str
    goal: Goal = "minimize"
    target: float | None = None
    impute: Imputed = "worst"


@dataclass(frozen=True, slots=True)
class Hyperband:
    """When bad trials are ended early (`early_terminate`); an iteration is the n-th time that the metric was logged.

    Attributes:
        eta: At each bracket the best 1/eta go on.
        min_iter: The first bracket; further ones at its multiples by eta.
        max_iter: Or: the last iteration, from which the brackets are counted back.
        s: The number of brackets, with max_iter.
        strict: Whether a trial must be among the best at each bracket, W&B's default.
    """

    eta: float = 3
    min_iter: int | None = None
    max_iter: int | None = None
    s: float | None = None
    strict: bool = True


@dataclass(frozen=True, slots=True)
class Scheduler:
    """The optimiser of `method: custom`.

    Attributes:
        engine: `optuna`, `ax` or `wandb`.
        source: A file of Python that W&B runs.
        optimizer: Its function that builds the optimiser.
        search_space: Its function that defines the space.
    """

    engine: Literal["optuna", "ax", "wandb"]
    source: str | None = None
    optimizer: str | None = None
    search_space: str | None = None


def read_metric(raw: object, where: str) -> Metric:
    """Reads a metric.

    Raises:
        SweepError: A key or a value is not W&B's.
    """
    content = _mapping(raw, ("name", "goal", "target", "impute", "impute_while_running"), where)
    name = content.get("name")
    if not isinstance(name, str) or not name:
        raise SweepError(f"{where} must have a `name`, that of a logged number; found {name!r}.")
    goal: Goal = chosen(content, "goal", GOALS, where) if "goal" in content else "minimize"
    impute: Imputed = chosen(content, "impute", _IMPUTED, where) if "impute" in content else "worst"
    if "impute_while_running" in content:
        chosen(content, "impute_while_running", (*_IMPUTED, "false"), where)
    return Metric(name, goal, _number(content, "target", where), impute)


def read_hyperband(raw: Mapping[str, Any], where: str) -> Hyperband | None:
    """Reads `early_terminate`.

    Raises:
        SweepError: A key or a value is not W&B's, or it does not say where the brackets are.
    """
    if "early_terminate" not in raw:
        return None
    where = f"{where}: `early_terminate`"
    content = _mapping(raw["early_terminate"], ("type", "min_iter", "max_iter", "s", "eta", "strict"), where)
    chosen(content, "type", ("hyperband",), where)
    if "min_iter" not in content and not {"max_iter", "s"} <= content.keys():
        raise SweepError(f"{where} must say where trials may end: `min_iter`, or `max_iter` and `s`.")
    eta, s = _number(content, "eta", where), _number(content, "s", where)
    if eta is not None and eta <= 1:
        raise SweepError(f"{where}: `eta` is {eta}; allowed is a number above 1.")
    if s is not None and s < 0:
        raise SweepError(f"{where}: `s` is {s}; allowed is a number from 0.")
    strict = content.get("strict", True)
    if not isinstance(strict, bool):
        raise SweepError(f"{where}: `strict` is {strict!r}; allowed is true or false.")
    min_iter, max_iter = _iteration(content, "min_iter", where), _iteration(content, "max_iter", where)
    return Hyperband(3 if eta is None else eta, min_iter, max_iter, s, strict)


def read_scheduler(raw: Mapping[str, Any], method: str, where: str) -> Scheduler | None:
    """Reads `scheduler`, and refuses what does not go with it.

    Raises:
        SweepError: A key or a value is not W&B's, or the method is not one of the engine's.
    """
    if "scheduler" not in raw:
        return None
    what = f"{where}: `scheduler`"
    content = _mapping(raw["scheduler"], ("engine", "source", "optimizer", "search_space"), what)
    engine = chosen(content, "engine", _ENGINES, what)
    for key in ("source", "optimizer", "search_space"):
        if key in content and not isinstance(content[key], str):
            raise SweepError(f"{what}: `{key}` is {content[key]!r}; allowed is text.")
    if "source" not in content and (lone := content.keys() & {"optimizer", "search_space"}):
        raise SweepError(f"{what} has `{min(lone)}` and no `source` that holds it.")
    if (engine == "wandb") == (method == "custom"):
        allowed = "grid, random or bayes" if engine == "wandb" else "custom"
        raise SweepError(f"{what}: engine {engine} goes with `method: {allowed}`, and the method is {method}.")
    if "early_terminate" in raw:
        raise SweepError(f"{what} and `early_terminate` exclude each other; a scheduler ends trials itself.")
    return Scheduler(engine, content.get("source"), content.get("optimizer"), content.get("search_space"))


def chosen(raw: Mapping[str, Any], key: str, choices: Sequence[str], where: str) -> Any:
    """A value that must be one of a few words.

    Raises:
        SweepError: It is missing or none of them.
    """
    if key not in raw:
        raise SweepError(f"{where} lacks `{key}`; allowed are {', '.join(choices)}.")
    value = raw[key]
    if not isinstance(value, str) or value not in choices:
        raise SweepError(f"{where}: `{key}` is {value!r}.{near(str(value), choices)} Allowed are {', '.join(choices)}.")
    return value


def _mapping(raw: object, keys: Sequence[str], where: str) -> Mapping[str, Any]:
    if not isinstance(raw, Mapping):
        raise SweepError(f"{where} is {raw!r}; it must be a mapping with the keys {', '.join(keys)}.")
    for key in raw:
        if key not in keys:
            raise SweepError(f"{where} has no key '{key}'.{near(str(key), keys)} Allowed are {', '.join(keys)}.")
    return raw


def _number(raw: Mapping[str, Any], key: str, where: str) -> float | None:
    if key not in raw:
        return None
    value = raw[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise SweepError(f"{where}: `{key}` is {value!r}; allowed is a number.")
    return value


def _iteration(raw: Mapping[str, Any], key: str, where: str) -> int | None:
    value = _number(raw, key, where)
    if value is None:
        return None
    if value != int(value) or value < 1:
        raise SweepError(f"{where}: `{key}` is {value}; allowed is a whole number from 1.")
    return int(value)
