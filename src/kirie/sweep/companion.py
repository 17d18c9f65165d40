"""The companion of a sweep file: what W&B's schema has no key for, in `unet.local.yaml` beside `unet.yaml`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Literal

from kirie.errors import SweepError
from kirie.sweep.conditions import Conditions, read_conditions
from kirie.sweep.duration import read_duration
from kirie.sweep.spec import SweepSpec
from kirie.sweep.spec_fields import Metric, chosen, read_metric
from kirie.sweep.yaml_file import parse_mapping, read_text
from kirie.train.overrides import near

Sampler = Literal["tpe", "gp"]
Pruner = Literal["median"]

_MOST_REPEATS = 100
_TIME = re.compile(r"\d+(-\d{1,2})?(:\d{1,2}){0,2}")


@dataclass(frozen=True, slots=True)
class Resources:
    """What one trial needs, and how many workers there are; None leaves it to the command line and the cluster.

    Attributes:
        gpus: GPUs of a trial over all its nodes.
        cpus: CPU cores of each of its processes.
        nodes: Nodes of a trial.
        time: Limit of one job of a worker, in SLURM's form; its trials are gone on with in the next one.
        workers: Workers.
    """

    gpus: int | None = None
    cpus: int | None = None
    nodes: int | None = None
    time: str | None = None
    workers: int | None = None


@dataclass(frozen=True, slots=True)
class Companion:
    """What a companion file says.

    Attributes:
        conditions: Between parameters.
        objectives: What is looked for, the sweep file's metric first; several make a Pareto set.
        repeats: How often the best trials are run in all, with other seeds; 1: once.
        top: How many trials are the best.
        budget_s: Device time that the sweep may spend, in seconds; None: any.
        attempts: Own failures after which a trial has failed for good.
        sampler: Who chooses in a Bayesian search.
        pruner: What ends bad trials early where the sweep file does not say; None: nothing.
        resources: What a trial needs.
        seed: What all draws come from.
        text: The file's text, for a sweep's own copy; None without a file.
    """

    conditions: Conditions
    objectives: tuple[Metric, ...]
    repeats: int = 1
    top: int = 3
    budget_s: float | None = None
    attempts: int = 3
    sampler: Sampler = "tpe"
    pruner: Pruner | None = None
    resources: Resources = Resources()
    seed: int = 0
    text: str | None = None

    @classmethod
    def read(cls, path: Path | None, spec: SweepSpec) -> Companion:
        """Reads a companion file.

        Args:
            path: The file; None where there is none.
            spec: The sweep file that it belongs to.

        Raises:
            SweepError: It cannot be read, a key or value is not allowed, or it does not fit the sweep file.
        """
        if path is None:
            return cls(Conditions.none(), spec.metrics)
        text = read_text(path, "The companion file")
        raw = parse_mapping(text, f"The companion file {path}")
        where, keys = str(path), [field.name for field in fields(cls) if field.name != "text"]
        keys[keys.index("budget_s")] = "budget"
        _check_keys(raw, keys, where)
        conditions = Conditions.none()
        if "conditions" in raw:
            conditions = read_conditions(raw["conditions"], spec.parameters, where)
        repeats = _whole(raw, "repeats", 1, 1, where, _MOST_REPEATS)
        objectives = _objectives(raw, spec, where)
        if repeats > 1 and len(objectives) != 1:
            raise SweepError(
                f"{where}: `repeats` ranks the best by one metric, and there are {len(objectives)} objectives; leave "
                "`repeats` out, or give the sweep one metric."
            )
        if "top" in raw and repeats == 1:
            raise SweepError(f"{where}: `top` says how many trials are repeated, and `repeats` is not there; add it.")
        if "pruner" in raw and spec.early_terminate is not None:
            raise SweepError(f"{where} has `pruner`, and {spec.path} `early_terminate`; keep one of them.")
        if "sampler" in raw and spec.method not in {"bayes", "custom"}:
            raise SweepError(f"{where}: `sampler` is for `method: bayes`, and {spec.path} has {spec.method}.")
        return cls(
            conditions=conditions,
            objectives=objectives,
            repeats=repeats,
            top=_whole(raw, "top", 3, 1, where),
            budget_s=read_duration(raw["budget"], f"{where}: `budget`") if "budget" in raw else None,
            attempts=_whole(raw, "attempts", 3, 1, where),
            sampler=chosen(raw, "sampler", ("tpe", "gp"), where) if "sampler" in raw else "tpe",
            pruner=chosen(raw, "pruner", ("median",), where) if "pruner" in raw else None,
            resources=_resources(raw, where),
            seed=_whole(raw, "seed", 0, 0, where, 2**32 - 1),
            text=text,
        )


def _objectives(raw: Mapping[str, Any], spec: SweepSpec, where: str) -> tuple[Metric, ...]:
    if "objectives" not in raw:
        return spec.metrics
    content = raw["objectives"]
    if not isinstance(content, list) or not content:
        raise SweepError(f"{where}: `objectives` must be a list of entries {{name: ..., goal: ...}}.")
    found: dict[str, Metric] = {metric.name: metric for metric in spec.metrics}
    told: set[str] = set()
    for number, entry in enumerate(content, 1):
        at = f"{where}: `objectives`, entry {number}"
        metric = read_metric(entry, at)
        if "goal" not in entry:
            raise SweepError(f"{at}: {metric.name} lacks `goal`; allowed are minimize, maximize.")
        if metric.name in told:
            raise SweepError(f"{at}: {metric.name} is an objective already; take one of them out.")
        told.add(metric.name)
        if metric.name in found and metric.goal != found[metric.name].goal:
            raise SweepError(
                f"{at} is to {metric.goal} {metric.name}, which {spec.path} wants to {found[metric.name].goal}; let "
                "both say the same."
            )
        found.setdefault(metric.name, metric)
    return tuple(found.values())


def _resources(raw: Mapping[str, Any], where: str) -> Resources:
    if "resources" not in raw:
        return Resources()
    content, at = raw["resources"], f"{where}: `resources`"
    keys = [field.name for field in fields(Resources)]
    if not isinstance(content, Mapping):
        raise SweepError(f"{at} is {content!r}; it must be a mapping with the keys {', '.join(keys)}.")
    _check_keys(content, keys, at)
    time = content.get("time")
    if isinstance(time, int) and not isinstance(time, bool):
        hint = " (YAML reads 4:00:00 as a number)" if time > 0 else ""
        raise SweepError(f"{at}: `time` is {time}; put it in quotes{hint}, as '4:00:00'.")
    if time is not None and (not isinstance(time, str) or not _TIME.fullmatch(time)):
        raise SweepError(f"{at}: `time` is {time!r}; allowed are SLURM's forms, as '4:00:00' or '1-12'.")

    def count(key: str, least: int) -> int | None:
        return None if content.get(key) is None else _whole(content, key, least, least, at)

    return Resources(count("gpus", 0), count("cpus", 1), count("nodes", 1), time, count("workers", 1))


def _check_keys(raw: Mapping[str, Any], keys: list[str], where: str) -> None:
    for key in raw:
        if key not in keys:
            raise SweepError(f"{where} has no key '{key}'.{near(key, keys)} Allowed are {', '.join(keys)}.")


def _whole(raw: Mapping[str, Any], key: str, default: int, least: int, where: str, most: int = 100_000) -> int:
    value = raw.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise SweepError(f"{where}: `{key}` is {value!r}; allowed is a whole number from {least} to {most}.")
    return value
