"""Which of how many processes this one is, by what its launcher left in the environment; needs no torch.

Four ways lead to a process: alone, under `srun`, under `torchrun`, and as one of those that kirie starts on one node.
The innermost launcher counts: `torchrun` in a step of SLURM is `torchrun`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from kirie.errors import ConfigError

Launcher = Literal["none", "slurm", "torchrun", "lightning"]

_FIRST_RESERVED_STEP = 0xFFFFFFF0
"""SLURM's numbers from here on are the steps of batch scripts and shells: one process, whatever the job's tasks."""


@dataclass(frozen=True, slots=True)
class Place:
    """One process among those of a training.

    Attributes:
        rank: Number of this process, from 0.
        world: How many there are.
        local_rank: Number of this process on its node.
        launcher: What started it; `lightning` stands for kirie's own start of several processes on one node, which
            sets the variables that Lightning sets.
        local_world: How many processes this node has.
        node: Number of this node, from 0.
        nodes: How many nodes there are.
    """

    rank: int
    world: int
    local_rank: int
    launcher: Launcher
    local_world: int = 1
    node: int = 0
    nodes: int = 1

    @property
    def first(self) -> bool:
        """Whether this process speaks for all: it writes files and prints."""
        return self.rank == 0


def place_of(environ: Mapping[str, str] | None = None) -> Place:
    """The place of this process.

    Args:
        environ: The environment; the process's own by default.

    Raises:
        ConfigError: A variable of a launcher is missing or is not a number, or the numbers contradict each other.
    """
    environ = os.environ if environ is None else environ
    if "TORCHELASTIC_RUN_ID" in environ:
        return _torchrun(environ)
    # kirie and Lightning take WORLD_SIZE away when a training has ended; their own start knows one node only
    if "WORLD_SIZE" in environ and "LOCAL_RANK" in environ and environ.get("NODE_RANK") == "0":
        return _own(environ)
    if _in_step(environ):
        return _slurm(environ)
    return Place(0, 1, 0, "none")


def _torchrun(environ: Mapping[str, str]) -> Place:
    world = _number(environ, "WORLD_SIZE")
    return _checked(
        Place(
            _number(environ, "RANK"),
            world,
            _number(environ, "LOCAL_RANK"),
            "torchrun",
            _number(environ, "LOCAL_WORLD_SIZE", world),
            _number(environ, "GROUP_RANK", 0),
            _number(environ, "GROUP_WORLD_SIZE", 1),
        ),
        "RANK, WORLD_SIZE, LOCAL_RANK and LOCAL_WORLD_SIZE",
    )


def _own(environ: Mapping[str, str]) -> Place:
    rank, world = _number(environ, "LOCAL_RANK"), _number(environ, "WORLD_SIZE")
    return _checked(Place(rank, world, rank, "lightning", world), "LOCAL_RANK and WORLD_SIZE")


def _slurm(environ: Mapping[str, str]) -> Place:
    world = _number(environ, "SLURM_NTASKS")
    node = _number(environ, "SLURM_NODEID", 0)
    tasks = _tasks_by_node(environ.get("SLURM_STEP_TASKS_PER_NODE", "")) or [world]
    return _checked(
        Place(
            _number(environ, "SLURM_PROCID"),
            world,
            _number(environ, "SLURM_LOCALID"),
            "slurm",
            tasks[min(node, len(tasks) - 1)],
            node,
            len(tasks),
        ),
        "SLURM_PROCID, SLURM_NTASKS, SLURM_LOCALID and SLURM_STEP_TASKS_PER_NODE",
    )


def _in_step(environ: Mapping[str, str]) -> bool:
    """Whether `srun` started this process; a batch script has the job's variables, but is one process."""
    step = environ.get("SLURM_STEP_ID", "")
    return step.isdecimal() and int(step) < _FIRST_RESERVED_STEP and "SLURM_PROCID" in environ


def _tasks_by_node(text: str) -> list[int]:
    """SLURM's short form of the tasks of each node: "4(x2),1" is 4, 4, 1."""
    found: list[int] = []
    for part in text.split(",") if text else []:
        match = re.fullmatch(r"([0-9]+)(?:\(x([0-9]+)\))?", part)
        if match is None:
            raise ConfigError(f"The environment variable SLURM_STEP_TASKS_PER_NODE is '{text}'; srun writes 4(x2),1.")
        found += [int(match[1])] * int(match[2] or 1)
    return found


def _checked(place: Place, variables: str) -> Place:
    if not (place.local_rank <= place.rank < place.world and place.local_rank < place.local_world <= place.world):
        raise ConfigError(
            f"The environment makes this process number {place.rank} of {place.world}, and number {place.local_rank} "
            f"of {place.local_world} on its node, which cannot be; leave {variables} to the launcher."
        )
    return place


def _number(environ: Mapping[str, str], name: str, default: int | None = None) -> int:
    value = environ.get(name, "")
    if not value and default is not None:
        return default
    if not value.isdecimal():
        raise ConfigError(f"The environment variable {name} is '{value}'; a launcher sets it to a whole number from 0.")
    return int(value)
