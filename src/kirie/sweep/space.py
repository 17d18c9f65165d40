"""The search space of a sweep: its combinations in order, draws that can be repeated, and what Optuna searches.

A parameter whose condition does not hold is absent; a combination that is forbidden never comes out, in any of the
three ways.
"""

from __future__ import annotations

import hashlib
import itertools
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property

from optuna import Trial
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution

from kirie.core.identity import digest
from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.conditions import Clause, listed
from kirie.sweep.distributions import Categorical, Distribution
from kirie.sweep.spec import SweepSpec
from kirie.sweep.values import Value, same

Params = Mapping[str, Value]
"""The parameters of a trial that take part, by name."""

_MOST_TRIED = 100_000
"""The largest number of combinations that are gone through to find those that conditions leave."""
_MOST_DRAWS = 10_000


class Space:
    """What a sweep searches.

    Args:
        spec: The sweep file.
        companion: Its companion, for the conditions.
        excluded: Further combinations that never come out: those that `kirie.sweep.check` found to be no model.

    Raises:
        SweepError: The conditions leave nothing, or are over too many combinations to go through.
    """

    def __init__(self, spec: SweepSpec, companion: Companion, excluded: Sequence[Clause] = ()) -> None:
        self._spec, self._companion = spec, companion
        self.excluded = tuple(excluded)
        self._conditions = companion.conditions.without(self.excluded)
        self._all: dict[str, Distribution] = {one.name: one.distribution for one in spec.parameters}
        self._order = self._conditions.order(list(self._all))
        tied = self._conditions.tied()
        self._tied = [name for name in self._order if name in tied]
        if self._tied and not self._tied_choices:
            raise SweepError(f"{spec.path}: the conditions leave no combination of {', '.join(self._tied)} at all.")

    def without(self, excluded: Sequence[Clause]) -> Space:
        """The same space without further combinations."""
        return Space(self._spec, self._companion, (*self.excluded, *excluded))

    def size(self) -> int | None:
        """How many trials a grid has; None for the other methods, which have no end."""
        if self._spec.method != "grid":
            return None
        return len(self._left) if self._conditions.any else math.prod(self._counts)

    def combination(self, index: int) -> Params:
        """One combination of a grid, in W&B's order: by the parameters' names, the last of them changing first.

        Args:
            index: From 0, below `size`.
        """
        at = self._left[index] if self._conditions.any else index
        return self._present(self._at(at))

    def draw(self, seed: int, index: int) -> Params:
        """One draw of a random search, a function of nothing but its arguments and the space.

        Args:
            seed: The sweep's seed.
            index: Which draw, from 0.

        Raises:
            SweepError: The conditions leave so little that no draw fulfils them.
        """
        for attempt in range(_MOST_DRAWS):
            found = {
                name: distribution.draw(_uniform(f"{seed}/{index}/{attempt}/{name}"))
                for name, distribution in self._all.items()
            }
            present = self._present(found)
            if self._conditions.allow(present):
                return present
        raise SweepError(
            f"{self._spec.path}: {_MOST_DRAWS} draws in a row were against the conditions; list what is allowed "
            "instead, or loosen the conditions."
        )

    def suggest(self, trial: Trial) -> Params:
        """What Optuna's sampler chooses for a trial.

        Where conditions leave a parameter fewer values than it has, it is another parameter for Optuna, with the
        number of these values and a hash behind its name: one parameter must not change its values. What Optuna has
        stored are its own choices (quantiles, for distributions without bounds); the values are what is returned.

        Args:
            trial: The trial; asked again it gives the same.
        """
        found: dict[str, Value] = {}
        for name in self._order:
            if not self._conditions.takes_part(name, found):
                continue
            label, distribution = name, self._all[name]
            if name in self._tied:
                allowed = self._allowed(name, found)
                if len(allowed) < len(listed(distribution) or ()):
                    label = f"{name}#{len(allowed)}-{digest(list(allowed))[:6]}"
                    distribution = Categorical(tuple(allowed))
            searched = distribution.optuna()
            found[name] = distribution.from_optuna(None if searched is None else _ask(trial, label, searched))
        return self._sorted(found)

    def examples(self, names: Collection[str]) -> Iterator[Params]:
        """For each allowed combination of some parameters one whole trial that has it, the others in their middle.

        Args:
            names: Parameters that list their values (`kirie.sweep.conditions.listed`).

        Raises:
            SweepError: There are too many combinations to go through.
        """
        gone_through = [name for name in self._order if name in names or name in self._tied]
        middle = {name: distribution.draw(0.5) for name, distribution in self._all.items()}
        seen = set()
        for chosen in self._combinations(gone_through):
            found = self._present(middle | chosen)
            key = tuple(same(found[name]) if name in found else None for name in names)
            if key not in seen and self._conditions.allow(found):
                seen.add(key)
                yield found

    def deciding(self, names: Collection[str]) -> list[str]:
        """Some parameters, and those that decide whether they take part."""
        found, waiting = set(names), list(names)
        while waiting:
            for other in self._conditions.presence.get(waiting.pop(), ()):
                if other not in found:
                    found.add(other)
                    waiting.append(other)
        return [name for name in self._all if name in found]

    def digest(self) -> str:
        """Names the space: parameters and written conditions, not method, order of keys or comments."""
        return digest(
            {
                "parameters": {name: distribution.to_dict() for name, distribution in self._all.items()},
                "conditions": self._companion.conditions.to_dict(),
            }
        )

    @cached_property
    def _values(self) -> list[Sequence[Value]]:
        """Of each parameter of a grid its values."""
        lists = [distribution.grid() for distribution in self._all.values()]
        return [values for values in lists if values is not None]

    @cached_property
    def _counts(self) -> list[int]:
        return [len(values) for values in self._values]

    @cached_property
    def _left(self) -> list[int]:
        """The places of the combinations that the conditions leave, among all.

        Of those that differ only in parameters that take no part the first stands for all.
        """
        total = math.prod(self._counts)
        if total > _MOST_TRIED:
            raise SweepError(
                f"{self._spec.path}: the grid has {total:,} combinations, too many to go through for the conditions "
                f"(at most {_MOST_TRIED:,}); list fewer values, or use `method: random`."
            )
        found = []
        for at in range(total):
            places = dict(zip(self._all, self._places(at), strict=True))
            present = self._present(self._at(at))
            if all(name in present or place == 0 for name, place in places.items()) and self._conditions.allow(present):
                found.append(at)
        return found

    def _places(self, index: int) -> list[int]:
        """Of each parameter the place of its value, for a combination among all."""
        places: list[int] = []
        for count in reversed(self._counts):
            index, place = divmod(index, count)
            places.append(place)
        if index:
            raise IndexError(f"The grid of {self._spec.path} has no such combination.")
        return places[::-1]

    def _at(self, index: int) -> dict[str, Value]:
        """The combination at a place among all, conditions not looked at."""
        places = self._places(index)
        return {name: self._values[at][places[at]] for at, name in enumerate(self._all)}

    @cached_property
    def _tied_choices(self) -> list[dict[str, str]]:
        """All allowed combinations of the parameters that conditions look at; of each the values of those that take
        part, as `same` writes them."""
        everything = self._combinations(self._tied)
        present = (found for one in everything if self._conditions.allow(found := self._present(one)))
        return [{name: same(value) for name, value in found.items()} for found in present]

    def _combinations(self, names: Sequence[str]) -> Iterator[dict[str, Value]]:
        lists = [listed(self._all[name]) or () for name in names]
        total = math.prod(map(len, lists))
        if total > _MOST_TRIED:
            raise SweepError(
                f"{self._spec.path}: there are {total:,} combinations of {', '.join(names)} to go through, and at most "
                f"{_MOST_TRIED:,} are; list fewer values, or let conditions look at fewer parameters."
            )
        return (dict(zip(names, chosen, strict=True)) for chosen in itertools.product(*lists))

    def _allowed(self, name: str, chosen: Mapping[str, Value]) -> list[Value]:
        """The values of a parameter with which a combination can still be finished."""
        before = self._tied[: self._tied.index(name)]
        written = {other: same(chosen[other]) for other in before if other in chosen}
        possible = {
            choice[name]
            for choice in self._tied_choices
            if name in choice and all(choice.get(other) == written.get(other) for other in before)
        }
        return [value for value in listed(self._all[name]) or () if same(value) in possible]

    def _present(self, everything: Mapping[str, Value]) -> dict[str, Value]:
        """The parameters that take part, by name."""
        found: dict[str, Value] = {}
        for name in self._order:
            if name in everything and self._conditions.takes_part(name, found):
                found[name] = everything[name]
        return self._sorted(found)

    def _sorted(self, found: Mapping[str, Value]) -> dict[str, Value]:
        return {name: found[name] for name in self._all if name in found}


def _ask(trial: Trial, label: str, searched: BaseDistribution) -> bool | int | float | str | None:
    if isinstance(searched, CategoricalDistribution):
        return trial.suggest_categorical(label, searched.choices)
    if isinstance(searched, IntDistribution):
        return trial.suggest_int(label, searched.low, searched.high)
    assert isinstance(searched, FloatDistribution)
    return trial.suggest_float(label, searched.low, searched.high, log=searched.log)


def _uniform(key: str) -> float:
    """A number in [0, 1) from a text, 53 bits of it."""
    return (int.from_bytes(hashlib.sha256(key.encode()).digest()[:8], "big") >> 11) / 2**53
