"""Conditions between parameters: which take part where, which values go together, what is never tried.

A condition looks only at parameters that list their values. What has been read here is asked for whole combinations;
how a combination comes about (grid, draw, Optuna) is the search space's matter.
"""

from __future__ import annotations

import graphlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kirie.errors import SweepError
from kirie.sweep.distributions import Categorical, Constant, Distribution, IntUniform
from kirie.sweep.parameters import Parameter
from kirie.sweep.values import Value, same
from kirie.train.overrides import near

Clause = Mapping[str, tuple[Value, ...]]
"""Parameters and the values that each must have one of; a parameter that takes no part has none."""

_MOST_WHOLE = 1000
"""The widest range of whole numbers that a condition may look at."""


@dataclass(frozen=True, slots=True)
class Narrowed:
    """A parameter has only some of its values where a clause holds."""

    parameter: str
    when: Clause
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Conditions:
    """All conditions of a sweep.

    Attributes:
        presence: By parameter, the clause without which it takes no part.
        narrowed: Parameters with fewer values under a clause.
        forbidden: Clauses that no trial may fulfil.
    """

    presence: Mapping[str, Clause]
    narrowed: tuple[Narrowed, ...]
    forbidden: tuple[Clause, ...]

    @classmethod
    def none(cls) -> Conditions:
        """No conditions."""
        return cls({}, (), ())

    @property
    def any(self) -> bool:
        """Whether there are some."""
        return bool(self.presence or self.narrowed or self.forbidden)

    def tied(self) -> set[str]:
        """The parameters that conditions look at, or narrow."""
        clauses = (*self.presence.values(), *self.forbidden, *(one.when for one in self.narrowed))
        return {name for clause in clauses for name in clause} | {one.parameter for one in self.narrowed}

    def without(self, clauses: Iterable[Clause]) -> Conditions:
        """These conditions, and further clauses that no trial may fulfil."""
        return Conditions(self.presence, self.narrowed, (*self.forbidden, *clauses))

    def order(self, names: Sequence[str]) -> list[str]:
        """The parameters, each after those that decide whether it takes part; else in their order.

        Raises:
            SweepError: Parameters wait for each other in a circle.
        """
        graph = {name: [other for other in self.presence.get(name, ()) if other in names] for name in names}
        sorter = graphlib.TopologicalSorter(graph)
        try:
            sorter.prepare()
        except graphlib.CycleError as error:
            raise SweepError(f"The conditions go in a circle: {' needs '.join(reversed(error.args[1]))}.") from None
        found: list[str] = []
        while sorter.is_active():
            ready = sorted(sorter.get_ready(), key=names.index)
            found += ready
            sorter.done(*ready)
        return found

    def takes_part(self, name: str, chosen: Mapping[str, Value]) -> bool:
        """Whether a parameter takes part beside those that do, chosen before it in `order`."""
        clause = self.presence.get(name)
        return clause is None or holds(clause, chosen)

    def allow(self, chosen: Mapping[str, Value]) -> bool:
        """Whether a whole combination may be tried, apart from presence."""
        return not any(holds(clause, chosen) for clause in self.forbidden) and all(
            one.parameter not in chosen or not holds(one.when, chosen) or _among(chosen[one.parameter], one.values)
            for one in self.narrowed
        )

    def to_dict(self) -> dict[str, Any]:
        """As JSON, for the digest of a space."""
        return {
            "presence": {name: dict(clause) for name, clause in self.presence.items()},
            "narrowed": [[one.parameter, dict(one.when), one.values] for one in self.narrowed],
            "forbidden": [dict(clause) for clause in self.forbidden],
        }


def holds(clause: Clause, chosen: Mapping[str, Value]) -> bool:
    """Whether each parameter of a clause takes part and has one of its values."""
    return all(name in chosen and _among(chosen[name], values) for name, values in clause.items())


def listed(distribution: Distribution) -> tuple[Value, ...] | None:
    """The values of a parameter that conditions may look at; None for one that lists none."""
    if isinstance(distribution, Constant):
        return (distribution.value,)
    if isinstance(distribution, Categorical):
        return distribution.possible()
    if isinstance(distribution, IntUniform) and distribution.high - distribution.low < _MOST_WHOLE:
        return tuple(range(distribution.low, distribution.high + 1))
    return None


def read_conditions(raw: object, parameters: Sequence[Parameter], where: str) -> Conditions:
    """Reads the `conditions` of a companion file.

    Args:
        raw: What the file says.
        parameters: What is swept.
        where: The file, for messages.

    Raises:
        SweepError: An entry is none of the three forms, or names a parameter or value that the sweep has not.
    """
    if not isinstance(raw, list):
        raise SweepError(f"{where}: `conditions` must be a list of entries; {_FORMS}")
    swept = {parameter.name: parameter.distribution for parameter in parameters}
    presence: dict[str, Clause] = {}
    narrowed: list[Narrowed] = []
    forbidden: list[Clause] = []
    for number, entry in enumerate(raw, 1):
        at = f"{where}: `conditions`, entry {number}"
        keys = set(entry) if isinstance(entry, Mapping) else set()
        if keys == {"forbid"}:
            forbidden.append(_clause(entry["forbid"], swept, at))
        elif keys == {"parameter", "when", "values"}:
            name = _known(entry["parameter"], swept, at)
            values = _values(name, entry["values"], swept, at)
            narrowed.append(Narrowed(name, _clause(entry["when"], swept, at), values))
        elif keys == {"parameter", "when"}:
            name = _known(entry["parameter"], swept, at)
            if name in presence:
                raise SweepError(f"{at}: {name} has such a condition already; list all values in one `when`.")
            presence[name] = _clause(entry["when"], swept, at)
        else:
            raise SweepError(f"{at} is {entry!r}; {_FORMS}")
    found = Conditions(presence, tuple(narrowed), tuple(forbidden))
    found.order([parameter.name for parameter in parameters])
    return found


_FORMS = (
    "allowed are {parameter: NAME, when: {OTHER: VALUES}} (takes part only there), the same with `values: [...]` "
    "(has only these there), and {forbid: {NAME: VALUES, OTHER: VALUES}}."
)


def _clause(raw: object, swept: Mapping[str, Distribution], at: str) -> Clause:
    if not isinstance(raw, Mapping) or not raw:
        raise SweepError(f"{at}: {raw!r} must be parameters with the values that each must have, as {{model: unet}}.")
    return {_known(name, swept, at): _values(name, values, swept, at) for name, values in raw.items()}


def _known(name: object, swept: Mapping[str, Distribution], at: str) -> str:
    if not isinstance(name, str) or name not in swept:
        names = list(swept)
        raise SweepError(f"{at}: {name} is not swept.{near(str(name), names)} Swept are {', '.join(names)}.")
    return name


def _values(name: str, raw: object, swept: Mapping[str, Distribution], at: str) -> tuple[Value, ...]:
    possible = listed(swept[name])
    if possible is None:
        raise SweepError(
            f"{at}: {name} is drawn from a range, and conditions look at parameters that list their values only; give "
            "it `values`."
        )
    given: Any = raw
    # A list may be one value
    wanted: list[Value] = given if isinstance(given, list) and not _among(given, possible) else [given]
    for value in wanted:
        if not _among(value, possible):
            words = [str(one) for one in possible]
            raise SweepError(f"{at}: {name} is never {value!r}.{near(str(value), words)} It is {', '.join(words)}.")
    if not wanted:
        raise SweepError(f"{at}: {name} is given no value.")
    return tuple(wanted)


def _among(value: Value, values: Iterable[Value]) -> bool:
    wanted = same(value)
    return any(same(one) == wanted for one in values)
