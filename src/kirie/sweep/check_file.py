"""What can never work in a sweep file that is to run without W&B's server, seen without composing anything."""

from __future__ import annotations

from collections.abc import Mapping

from kirie.errors import SweepError
from kirie.sweep.conditions import listed
from kirie.sweep.distributions import Constant, Distribution
from kirie.sweep.spec import SweepSpec
from kirie.train.settings import MACHINE_KEYS, METRICS


def check_file(spec: SweepSpec) -> None:
    """Refuses what W&B's server does itself, goals the wrong way round, and parameters that make no difference.

    Raises:
        SweepError: The sweep cannot work; the sentence says why.
    """
    _check_local(spec)
    _check_goal(spec)
    swept = {parameter.name: parameter.distribution for parameter in spec.parameters}
    _check_machine_keys(spec, swept)
    _check_overlaps(spec, swept)


def _check_local(spec: SweepSpec) -> None:
    if spec.scheduler is not None and (spec.scheduler.source or spec.scheduler.engine == "ax"):
        what = "has an optimiser of its own" if spec.scheduler.source else "asks for Ax"
        raise SweepError(
            f"{spec.path}: its `scheduler` {what}, which only W&B runs; use --engine wandb, or `method: bayes`."
        )
    if spec.job or spec.image_uri:
        raise SweepError(f"{spec.path} launches a job or an image, which only W&B does; use --engine wandb.")
    if spec.command is None and spec.program is not None:
        raise SweepError(
            f"{spec.path} names the program {spec.program} and no command; a sweep without W&B runs kirie's trainings: "
            "write command: [kirie, train, '${args_no_hyphens}']."
        )


def _check_goal(spec: SweepSpec) -> None:
    for metric in spec.metrics:
        score = metric.name.removeprefix("val/") in METRICS or metric.name.startswith("val/iou/")
        if (score and metric.goal == "minimize") or (metric.name.endswith("/loss") and metric.goal == "maximize"):
            other = "maximize" if score else "minimize"
            asked = "goal" in (spec.raw.get("metric") or {})
            default = "" if asked else " (W&B's default)"
            raise SweepError(
                f"{spec.path}: the sweep is to {metric.goal} {metric.name}{default}, which finds the worst model; "
                f"write goal: {other}."
            )


def _check_machine_keys(spec: SweepSpec, swept: Mapping[str, Distribution]) -> None:
    machine = [key for key in MACHINE_KEYS if key != "data.store"]
    for name, distribution in swept.items():
        if isinstance(distribution, Constant) and name.split(".")[0] != "runs":
            continue
        if any(name == key or name.startswith(f"{key}.") for key in machine):
            raise SweepError(
                f"{spec.path}: {name} is what only the machine decides and no part of a run's id, so that all its "
                "values would be one run; take it out, or set it in the command."
            )


def _check_overlaps(spec: SweepSpec, swept: Mapping[str, Distribution]) -> None:
    for name, distribution in swept.items():
        inside = next((other for other in swept if other.startswith(f"{name}.")), None)
        if inside is not None and any(isinstance(value, Mapping) for value in listed(distribution) or ()):
            raise SweepError(
                f"{spec.path}: the parameter {name} is a mapping, and {inside} is one of its settings; write each "
                f"setting as a parameter of its own, as {name}.NAME."
            )
