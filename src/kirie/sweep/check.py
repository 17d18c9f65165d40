"""A sweep checked before anything starts: its parameters against Hydra's configuration, its models against each other.

What can never work ends in one sentence; a combination of architecture and encoder that cannot work among others that
can is left out of the space, so that it costs no trial.
"""

from __future__ import annotations

import copy
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from kirie.errors import ConfigError, SweepError
from kirie.prepare.store import Store
from kirie.sweep.check_file import check_file
from kirie.sweep.command_line import overrides_of, words
from kirie.sweep.companion import Companion
from kirie.sweep.composed import files_of
from kirie.sweep.conditions import listed
from kirie.sweep.distributions import Constant, Distribution
from kirie.sweep.space import Params, Space
from kirie.sweep.spec import SweepSpec, companion_path
from kirie.sweep.values import Value
from kirie.train.compose import compose_config
from kirie.train.overrides import groups
from kirie.train.settings import Settings

_MOST_TRIED = 40
"""Trials that are composed to tell what is wrong with one."""

_TOP = 1 - 2**-30
"""Near the upper end of a distribution."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A combination that is no model.

    Attributes:
        params: The parameters that make it so.
        reason: Why, in a sentence.
    """

    params: Params
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A sweep that can start.

    Attributes:
        space: What it searches, without what is left out.
        left_out: What is left out.
        overrides: The overrides of the first trial.
        stores: Paths of the stores that trials read.
        files: Paths of the files of configuration that trials are composed from, in their folder.
    """

    space: Space
    left_out: tuple[LeftOut, ...]
    overrides: tuple[str, ...]
    stores: tuple[str, ...]
    files: frozenset[str]


def check_sweep(
    spec: SweepSpec,
    companion: Companion,
    conf: Path,
    more: Sequence[str] = (),
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Checked:
    """Checks a sweep that runs without W&B's server.

    Every parameter must exist in the configuration, every choice of a group must compose (with each model, and with one
    choice of the other groups), each listed value and the ends of each range must have the type of their setting, and
    each model must be one.

    Args:
        spec: The sweep file.
        companion: Its companion.
        conf: The folder of configuration.
        more: Overrides that every trial has beside the command's.
        progress: Told how many models were tried, and of how many.

    Raises:
        SweepError: The sweep cannot work; the sentence says why.
        StoreError: The store that it trains on is missing or damaged.
    """
    check_file(spec)
    space = Space(spec, companion)
    swept = {parameter.name: parameter.distribution for parameter in spec.parameters}
    chosen = groups(conf)
    tried = _Trials(spec, conf, more)
    stores = {value for value in listed(swept.get("data.store", Constant(None))) or () if isinstance(value, str)}
    for group in (name for name in swept if name in chosen and name != "model"):
        for example, config in tried.configs(space.examples(_listing(space.deciding([group]), swept))):
            stores.add(config["data"]["store"])
            tried.check_values(example, swept, config)
    names = _listing(space.deciding([name for name in swept if name.split(".")[0] == "model"]), swept)
    examples = list(space.examples(names))
    refused: list[LeftOut] = []
    for number, (example, config) in enumerate(tried.configs(examples), 1):
        stores.add(config["data"]["store"])
        tried.check_values(example, swept, config)
        if reason := _refusal(config):
            refused.append(LeftOut({name: example[name] for name in names if name in example}, reason))
        if progress is not None:
            progress(number, len(examples))
    _check_refused(spec, refused, examples, swept)
    left = space.without([{name: (value,) for name, value in one.params.items()} for one in refused])
    first = next(iter(left.examples(names)))
    words_of_first = tuple(tried.overrides(first))
    return Checked(left, tuple(refused), words_of_first, tuple(sorted(stores)), tried.files())


def _listing(names: Sequence[str], swept: Mapping[str, Distribution]) -> list[str]:
    return [name for name in names if listed(swept[name]) is not None]


_GROUPS = {"augment", "loss", "optimizer", "schedule"}
"""Sections that are checked by those who read them."""


class _Trials:
    """Composes trials of a sweep."""

    def __init__(self, spec: SweepSpec, conf: Path, more: Sequence[str]) -> None:
        self.spec, self.conf, self.more = spec, conf, tuple(more)
        self._tried: set[tuple[str, str]] = set()
        self._groups, self._chosen = frozenset(groups(conf)), set[tuple[str, ...]]()

    def overrides(self, params: Params) -> list[str]:
        """What `kirie train` is told."""
        command = words(self.spec.command, params, os.environ, program=self.spec.program)
        return [*overrides_of(command), *self.more]

    def configs(self, examples: Iterable[Params]) -> Iterator[tuple[Params, dict[str, Any]]]:
        """Trials with their configurations.

        Raises:
            SweepError: One cannot be composed.
        """
        told = list(examples)
        for params in told:
            try:
                config = self._composed(params)
            except ConfigError as error:
                raise SweepError(f"{self.spec.path}: {error}{self._condition(params, told)}") from None
            # Settings change no file, and composing costs time
            self._chosen.add(tuple(word for word in self.overrides(params) if self._chooses(word)))
            yield params, config

    def files(self) -> frozenset[str]:
        """The files of configuration of all trials that were composed."""
        return frozenset[str]().union(*(files_of(chosen, self.conf) or () for chosen in self._chosen))

    def _chooses(self, word: str) -> bool:
        return re.split("[/@]", _key_of(word))[0] in self._groups

    def _condition(self, params: Params, told: Sequence[Params]) -> str:
        """What the companion file lacks where a parameter is right with other choices; "" where it is with none."""
        for name in params:
            if not self._composes({other: params[other] for other in params if other != name}):
                continue
            same = [one for one in told[:_MOST_TRIED] if name in one and one[name] == params[name]]
            fits = [one for one in same if self._composes(one)]
            for other in params:
                allowed = list(dict.fromkeys(str(one[other]) for one in fits if other in one))
                if other != name and allowed and str(params[other]) not in allowed:
                    entry = f"{{parameter: {name}, when: {{{other}: [{', '.join(allowed)}]}}}}"
                    return (
                        f" This is so with {other} {params[other]}, and not with all choices. A parameter that takes "
                        "part only in some trials needs a condition in the companion file "
                        f"{companion_path(self.spec.path)}: `conditions: [{entry}]`."
                    )
        return ""

    def _composes(self, params: Params) -> bool:
        try:
            self._composed(params)
        except ConfigError:
            return False
        return True

    def _composed(self, params: Params) -> dict[str, Any]:
        overrides = self.overrides(params)
        if unused := [name for name in params if not any(_key_of(word) == name for word in overrides)]:
            raise SweepError(
                f"{self.spec.path}: the command does not pass {unused[0]} on; write ${{args_no_hyphens}} in it."
            )
        config = compose_config(overrides, self.conf)
        Settings.of(config)
        return config

    def check_values(self, params: Params, swept: Mapping[str, Distribution], config: Mapping[str, Any]) -> None:
        """Tries each value of each setting that training reads itself.

        Raises:
            SweepError: A value is not allowed there.
        """
        for name in params:
            section, _, key = name.partition(".")
            if not isinstance(config.get(section), Mapping) and key:
                continue
            distribution = swept[name]
            for value in listed(distribution) or (distribution.draw(0.0), distribution.draw(_TOP)):
                if (name, repr(value)) in self._tried or section not in config:
                    continue
                self._tried.add((name, repr(value)))
                changed = copy.deepcopy(dict(config))
                if not _set(changed, name, value):
                    continue
                try:
                    Settings.of(changed)
                    if section in _GROUPS:
                        _check_task(changed)
                except ConfigError as error:
                    hint = " YAML writes Python's None as null." if value == "None" else ""
                    raise SweepError(f"{self.spec.path}: {error}{hint}") from None


def _check_task(config: Mapping[str, Any]) -> None:
    # Late: it loads torch
    from kirie.train.loop import check_task

    check_task(config)


def _refusal(config: Mapping[str, Any]) -> str | None:
    """Why the model of a configuration is none, if so."""
    # Late: it needs torch, and the rest of the check answers at once
    from kirie.models import check_pair

    settings = Settings.of(config)
    try:
        check_pair(
            config["model"],
            size=_size(settings.data.store),
            size_from=f"the store {settings.data.store}",
            batch_size=settings.data.batch_size,
        )
    except ConfigError as error:
        return str(error)
    return None


@cache
def _size(store: str) -> tuple[int, int]:
    return Store.open(Path(store)).size


def _check_refused(
    spec: SweepSpec, refused: Sequence[LeftOut], examples: Sequence[Params], swept: Mapping[str, Distribution]
) -> None:
    """Refuses the sweep where a value is in no model at all: that is a slip of the pen, and no pair of two."""
    if len(refused) == len(examples):
        raise SweepError(f"{spec.path}: no trial has a model that can be built. {refused[0].reason}")
    for one in refused:
        for name, value in one.params.items():
            with_it = sum(name in example and example[name] == value for example in examples)
            without = sum(name in other.params and other.params[name] == value for other in refused)
            if with_it == without and not isinstance(swept[name], Constant):
                raise SweepError(f"{spec.path}: {name} {value!r} works in no trial. {one.reason}")


def _set(config: dict[str, Any], name: str, value: Value) -> bool:
    """Puts a value into a configuration; False where that is the matter of a group of files."""
    *above, last = name.split(".")
    node: Any = config
    for part in above:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, dict) or isinstance(node.get(last), dict):
        return False
    node[last] = value
    return True


def _key_of(word: str) -> str:
    return word.lstrip("+").partition("=")[0]
