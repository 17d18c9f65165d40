"""A sweep file, in the schema of W&B's sweeps, read and checked.

The model of the schema is our own; the package that holds W&B's (`sweeps`, MIT) cannot be installed beside torch. The
two are compared over the files of tests/sweep/golden/.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kirie.errors import SweepError
from kirie.sweep.parameters import Parameter, read_parameters
from kirie.sweep.spec_fields import Hyperband, Metric, Scheduler, chosen, read_hyperband, read_metric, read_scheduler
from kirie.sweep.yaml_file import parse_mapping, read_text
from kirie.train.overrides import near

__all__ = ["Hyperband", "Metric", "Parameter", "Scheduler", "SweepSpec"]

Method = Literal["grid", "random", "bayes", "custom"]

METHODS = ("grid", "random", "bayes", "custom")
_TEXTS = ("apiVersion", "description", "program", "job", "image_uri", "entity", "project", "name")
KEYS = (
    "method",
    "parameters",
    "metric",
    "metrics",
    "early_terminate",
    "run_cap",
    "command",
    "program",
    "name",
    "description",
    "project",
    "entity",
    "scheduler",
    "controller",
    "job",
    "image_uri",
    "kind",
    "apiVersion",
)
"""All that W&B's schema allows at the top of a file."""


@dataclass(frozen=True, slots=True)
class SweepSpec:
    """A sweep file.

    Attributes:
        path: The file.
        text: Its text.
        raw: Its content as it is written, for W&B.
        name: Its `name`, else the file's name without its ending.
        method: How parameters are chosen.
        metric: What is optimised, if it says so; of several the first.
        metrics: All metrics: none, one, or with `method: custom` several.
        parameters: What is swept, in W&B's order; empty only where a scheduler's own program defines the space.
        early_terminate: How bad trials are ended early, if they are.
        run_cap: The number of trials, if it is limited.
        program: The program that a trial runs, for the command's macro.
        command: The command that a trial runs, with macros; None for the default one.
        job: A job that W&B launches.
        image_uri: An image that W&B launches.
        scheduler: The optimiser of `method: custom`.
        project: W&B's project.
        entity: W&B's entity.
        description: For people.
    """

    path: Path
    text: str
    raw: Mapping[str, Any]
    name: str
    method: Method
    metric: Metric | None
    metrics: tuple[Metric, ...]
    parameters: tuple[Parameter, ...]
    early_terminate: Hyperband | None
    run_cap: int | None
    program: str | None
    command: tuple[str, ...] | None
    job: str | None
    image_uri: str | None
    scheduler: Scheduler | None
    project: str | None
    entity: str | None
    description: str | None

    @classmethod
    def read(cls, path: Path) -> SweepSpec:
        """Reads a sweep file.

        Raises:
            SweepError: It cannot be read, or W&B's schema does not allow it; the message names the nearest valid word.
        """
        text = read_text(path, "The sweep file")
        return cls.parse(text, path)

    @classmethod
    def parse(cls, text: str, path: Path) -> SweepSpec:
        """Reads a sweep file's text.

        Args:
            text: The text.
            path: The file, for messages and the name.

        Raises:
            SweepError: W&B's schema does not allow it.
        """
        where = str(path)
        raw = parse_mapping(text, f"The sweep file {path}")
        for key in raw:
            if key not in KEYS:
                raise SweepError(
                    f"{where}: '{key}' is not a key of W&B's sweep files.{near(key, KEYS)} Allowed are "
                    f"{', '.join(KEYS)}. What W&B has no key for stands in {companion_path(path).name} beside it."
                )
        method = chosen(raw, "method", METHODS, where)
        texts = {key: _text(raw, key, where) for key in _TEXTS}
        scheduler = read_scheduler(raw, method, where)
        metrics = _metrics(raw, method, where)
        early = read_hyperband(raw, where)
        if "controller" in raw:
            _check_controller(raw["controller"], scheduler, where)
        if "kind" in raw:
            chosen(raw, "kind", ("sweep",), where)
        if not metrics and (method == "bayes" or early is not None):
            needs = "`method: bayes`" if method == "bayes" else "`early_terminate`"
            raise SweepError(f"{where}: {needs} needs a `metric` to go by; write `metric: {{name: ..., goal: ...}}`.")
        parameters = _parameters(raw, method, scheduler, where)
        return cls(
            path=path,
            text=text,
            raw=raw,
            name=texts["name"] or path.stem,
            method=method,
            metric=metrics[0] if metrics else None,
            metrics=metrics,
            parameters=parameters,
            early_terminate=early,
            run_cap=_run_cap(raw, where),
            program=texts["program"],
            command=_command(raw, where),
            job=texts["job"],
            image_uri=texts["image_uri"],
            scheduler=scheduler,
            project=texts["project"],
            entity=texts["entity"],
            description=texts["description"],
        )


def companion_path(path: Path) -> Path:
    """Where the companion of a sweep file stands: `unet.local.yaml` beside `unet.yaml`."""
    return path.with_name(f"{path.stem}.local{path.suffix}")


def _metrics(raw: Mapping[str, Any], method: str, where: str) -> tuple[Metric, ...]:
    if "metric" in raw and "metrics" in raw:
        raise SweepError(f"{where} has both `metric` and `metrics`; keep one of them.")
    if "metric" in raw:
        return (read_metric(raw["metric"], f"{where}: `metric`"),)
    if "metrics" not in raw:
        return ()
    several = raw["metrics"]
    if method != "custom":
        raise SweepError(
            f"{where}: `metrics` goes with `method: custom` only, and the method is {method}; for several objectives "
            "of a local sweep write `objectives` in the companion file."
        )
    if not isinstance(several, list) or len(several) < 2:
        raise SweepError(f"{where}: `metrics` must be a list of at least two metrics.")
    return tuple(read_metric(one, f"{where}: `metrics`, entry {at}") for at, one in enumerate(several, 1))


def _parameters(raw: Mapping[str, Any], method: str, scheduler: Scheduler | None, where: str) -> tuple[Parameter, ...]:
    if "parameters" not in raw:
        if scheduler is not None and scheduler.search_space:
            return ()
        raise SweepError(f"{where} lacks `parameters`: what is to be swept.")
    found = read_parameters(raw["parameters"], where)
    if method == "grid":
        for parameter in found:
            if parameter.distribution.grid() is None:
                raise SweepError(
                    f"{where}: {parameter.name} is continuous, has probabilities or too many values, and "
                    "`method: grid` tries every value; list some as `values: [...]`, or use random or bayes."
                )
    return found


def _check_controller(raw: object, scheduler: Scheduler | None, where: str) -> None:
    if not isinstance(raw, Mapping):
        raise SweepError(f"{where}: `controller` is {raw!r}; write `controller: {{type: local}}` or leave it out.")
    kind = chosen(raw, "type", ("local", "cloud"), f"{where}: `controller`")
    if kind == "local" and scheduler is not None:
        raise SweepError(f"{where}: `controller: {{type: local}}` and `scheduler` exclude each other; keep one.")


def _run_cap(raw: Mapping[str, Any], where: str) -> int | None:
    if "run_cap" not in raw:
        return None
    value = raw["run_cap"]
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 1:
        raise SweepError(f"{where}: `run_cap` is {value!r}; allowed is a whole number from 1, or leave it out.")
    return int(value)


def _command(raw: Mapping[str, Any], where: str) -> tuple[str, ...] | None:
    if "command" not in raw:
        return None
    value = raw["command"]
    if not isinstance(value, list) or not value or any(isinstance(word, list | dict) or word is None for word in value):
        raise SweepError(
            f"{where}: `command` is {value!r}; write a list of words, as [kirie, train, '${{args_no_hyphens}}']."
        )
    return tuple(map(str, value))


def _text(raw: Mapping[str, Any], key: str, where: str) -> str | None:
    if key not in raw:
        return None
    value = raw[key]
    if not isinstance(value, str):
        raise SweepError(f"{where}: `{key}` is {value!r}; allowed is text (put a number in quotes), or leave it out.")
    return value
