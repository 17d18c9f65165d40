"""The settings of a cluster, `conf/cluster/NAME.yaml`: read, overridden, checked."""

from __future__ import annotations

import dataclasses
import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_type_hints

import yaml

from kirie.errors import ClusterError, UsageError

_TIME = re.compile(r"(?:(\d+)-)?(\d+)(?::(\d+))?(?::(\d+))?")
_MEMORY = re.compile(r"\d+[KMGT]?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPTION = re.compile(r"--[a-z][a-z-]*(=.*)?|-[A-Za-z].*")
_MOST_LEAD_S = 65535
_FORBIDDEN = {"--test-only", "--wrap", "--help", "--usage", "--version", "--array", "--wait", "-h", "-V", "-a", "-W"}
"""Options with which sbatch runs another script, several, or none."""


@dataclass(frozen=True, slots=True)
class ReproSettings:
    """The job that runs `dvc repro` and waits (`repro`)."""

    partition: str | None
    time: str
    mem: str | None
    cpus_per_task: int
    gpus: int
    poll: int

    def __post_init__(self) -> None:
        seconds_of("repro.time", self.time)
        _memory("repro.mem", self.mem)
        _at_least("repro.cpus_per_task", self.cpus_per_task, 1)
        _at_least("repro.gpus", self.gpus, 0)
        _at_least("repro.poll", self.poll, 1)


@dataclass(frozen=True, slots=True)
class ClusterSettings:
    """What a cluster asks of a job; conf/cluster/mycluster.yaml tells what each means."""

    partition: str | None
    account: str | None
    qos: str | None
    constraint: str | None
    time: str
    mem: str | None
    gpus_per_node: int
    tasks_per_node: int
    cpus_per_task: int
    extra: tuple[str, ...]
    modules: tuple[str, ...]
    environment: Mapping[str, str]
    python: str | None
    container: tuple[str, ...]
    srun: tuple[str, ...]
    signal_lead: int
    max_restarts: int
    repro: ReproSettings

    def __post_init__(self) -> None:
        for key in ("tasks_per_node", "cpus_per_task", "signal_lead"):
            _at_least(key, getattr(self, key), 1)
        for key in ("gpus_per_node", "max_restarts"):
            _at_least(key, getattr(self, key), 0)
        _memory("mem", self.mem)
        for key, limit in (("time", self.time), ("repro.time", self.repro.time)):
            if self.signal_lead >= min(seconds_of(key, limit), _MOST_LEAD_S + 1):
                raise ClusterError(
                    f"cluster.signal_lead is {self.signal_lead} s and cluster.{key} {limit}: the signal must come "
                    f"before the time is up, and at most {_MOST_LEAD_S} s before; lower cluster.signal_lead."
                )
        for option in self.extra:
            if not _OPTION.fullmatch(option):
                raise ClusterError(
                    f"cluster.extra holds {option!r}; allowed are options of sbatch, one an entry, as --exclusive "
                    "or --mail-type=FAIL."
                )
            if option.partition("=")[0] in _FORBIDDEN:
                raise ClusterError(
                    f"cluster.extra holds {option!r}, with which sbatch would not send this one job; leave it out "
                    "(--dry-run prints the script, and `kirie submit` sends one training at a time)."
                )
        for name in self.environment:
            if not _VARIABLE.fullmatch(name):
                raise ClusterError(f"cluster.environment names the variable {name!r}, which no shell takes.")


def load_cluster(name: str, overrides: Sequence[str], conf: Path) -> ClusterSettings:
    """Reads a cluster's settings.

    Args:
        name: The file's name in `conf/cluster/`, without its ending.
        overrides: Words `cluster.KEY=VALUE`, the value as YAML.
        conf: The folder of configuration.

    Raises:
        ClusterError: There is no such cluster, the file is damaged, or a value is not allowed.
        UsageError: An override names no setting.
    """
    place = conf / "cluster" / f"{name}.yaml"
    choices = clusters(conf)
    if name not in choices:
        near = difflib.get_close_matches(name, choices, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise ClusterError(
            f"There is no cluster '{name}' in {conf / 'cluster'}.{hint} Allowed are "
            f"{', '.join(choices) or 'none yet'}; copy mycluster.yaml under your cluster's name and adapt it."
        )
    try:
        text = place.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise ClusterError(f"The cluster's settings {place} cannot be read ({error.strerror}).") from None
    content = _yaml(text, str(place))
    if not isinstance(content, dict):
        raise ClusterError(f"{place} is not a mapping of settings; conf/cluster/mycluster.yaml shows one.")
    wrong = _complaint(content)
    for word in overrides:
        _override(content, word)
    try:
        found: ClusterSettings = _read(ClusterSettings, content, "")
    except ClusterError as error:
        raise ClusterError(f"{error} It stands in {place}.") if str(error) == wrong else error from None
    return found


def _complaint(content: Mapping[str, Any]) -> str:
    """What is wrong with settings as they stand in the file; "" if nothing is."""
    try:
        _read(ClusterSettings, content, "")
    except ClusterError as error:
        return str(error)
    return ""


def clusters(conf: Path) -> list[str]:
    """The names of the clusters that a folder of configuration knows."""
    return sorted(path.stem for path in (conf / "cluster").glob("*.yaml"))


def seconds_of(key: str, limit: str) -> float:
    """A time limit in SLURM's forms as seconds; infinite for 0 and UNLIMITED.

    Raises:
        ClusterError: It is in none of them.
    """
    if limit in {"0", "UNLIMITED", "INFINITE"}:
        return float("inf")
    match = _TIME.fullmatch(limit)
    if match is None:
        raise ClusterError(
            f"The time limit {key} is '{limit}'; allowed are SLURM's forms: minutes, minutes:seconds, "
            "hours:minutes:seconds, days-hours, days-hours:minutes, days-hours:minutes:seconds, or UNLIMITED."
        )
    days, *given = match.groups()
    parts = [int(part) for part in given if part is not None]
    # Alone it is minutes, two are minutes and seconds; after days it begins with hours
    units = (3600, 60, 1) if days is not None else {1: (60,), 2: (60, 1), 3: (3600, 60, 1)}[len(parts)]
    return float(86400 * int(days or 0) + sum(part * unit for part, unit in zip(parts, units, strict=False)))


def _override(content: dict[str, Any], word: str) -> None:
    key, _, text = word.removeprefix("cluster.").partition("=")
    *above, last = key.split(".")
    node: Any = content
    for part in above:
        node = node.get(part) if isinstance(node, dict) else None
    if not isinstance(node, dict) or not (last in node or above == ["environment"]):
        names = [field.name for field in dataclasses.fields(ClusterSettings)]
        near = difflib.get_close_matches(key, names, n=1)
        hint = f" Did you mean 'cluster.{near[0]}'?" if near else ""
        raise UsageError(f"There is no setting 'cluster.{key}'.{hint} Allowed are {', '.join(names)}.")
    node[last] = _yaml(text, f"The value of cluster.{key}")


def _yaml(text: str, what: str) -> Any:
    try:
        loader = _Plain(text)
        try:
            return loader.get_single_data()
        finally:
            loader.dispose()
    except (yaml.YAMLError, RecursionError) as error:
        raise ClusterError(f"{what} is not YAML: {' '.join(str(error).split())}") from None


class _Plain(yaml.SafeLoader):
    """Safe YAML that reads whole numbers, true, false and null; all else is text, so that 1:30 is a time and not 90."""


_Plain.yaml_implicit_resolvers = {}
_Plain.add_implicit_resolver("tag:yaml.org,2002:int", re.compile(r"-?(0|[1-9][0-9]{0,17})\Z"), list("-0123456789"))
_Plain.add_implicit_resolver("tag:yaml.org,2002:null", re.compile(r"(null|~|)\Z"), ["n", "~", ""])
_Plain.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"(true|false)\Z"), ["t", "f"])


def _read(kind: Any, content: Mapping[str, Any], at: str) -> Any:
    hints = get_type_hints(kind)
    if strange := sorted(set(map(str, content)) - set(hints)):
        raise ClusterError(f"A cluster has no setting {at}{', '.join(strange)}; allowed are {', '.join(hints)}.")
    if missing := [key for key in hints if key not in content]:
        raise ClusterError(
            f"The cluster's settings lack {', '.join(at + key for key in missing)}; "
            "conf/cluster/mycluster.yaml has all."
        )
    return kind(**{key: _value(f"{at}{key}", content[key], hints[key]) for key in hints})


def _value(key: str, value: Any, wanted: Any) -> Any:
    if wanted is ReproSettings:
        return _read(ReproSettings, value if isinstance(value, dict) else {}, f"{key}.")
    if wanted is int:
        if type(value) is int:
            return value
        allowed = "a whole number"
    elif wanted == tuple[str, ...]:
        if isinstance(value, list):
            return tuple(_text(key, item) for item in value)
        allowed = "a list, as [one, two]"
    elif wanted == Mapping[str, str]:
        if isinstance(value, dict):
            return {_text(key, name): _text(f"{key}.{name}", item) for name, item in value.items()}
        allowed = "names with values, as {NAME: value}"
    elif value is None and wanted == str | None:
        return None
    else:
        return _text(key, value)
    raise ClusterError(f"cluster.{key} is {value!r}; allowed is {allowed}.")


def _text(key: str, value: Any) -> str:
    if type(value) is int:
        value = str(value)
    if not isinstance(value, str) or not value or any(ord(sign) < 32 or ord(sign) == 127 for sign in value):
        raise ClusterError(f"cluster.{key} is {value!r}; allowed is text on one line.")
    return value


def _memory(key: str, value: str | None) -> None:
    if value is not None and not _MEMORY.fullmatch(value):
        raise ClusterError(f"cluster.{key} is '{value}'; allowed is a number with K, M, G or T, as 64G, or null.")


def _at_least(key: str, value: int, least: int) -> None:
    if value < least:
        raise ClusterError(f"cluster.{key} is {value}; allowed is a whole number from {least}.")
