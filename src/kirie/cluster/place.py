"""Which of how many processes this one is, by what its launcher left in the environment; needs no torch.

Four ways lead to a process: alone, under `srun`, under `torchrun`, and as one of those that Lightning starts on one
node. The innermost launcher counts: `torchrun` in a step of SLURM is `torchrun`.
"""

from __future__ import annotations

import os
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
        launcher: What started it.
    """

    rank: int
    world: int
    local_rank: int
    launcher: Launcher

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
        return _place(environ, "torchrun", "RANK", "WORLD_SIZE", "LOCAL_RANK")
    # Lightning takes WORLD_SIZE away when a training has ended; its own launcher knows one node only
    if "WORLD_SIZE" in environ and "LOCAL_RANK" in environ and environ.get("NODE_RANK") == "0":
        return _place(environ, "lightning", "LOCAL_RANK", "WORLD_SIZE", "LOCAL_RANK")
    if _in_step(environ):
        return _place(environ, "slurm", "SLURM_PROCID", "SLURM_NTASKS", "SLURM_LOCALID")
    return Place(0, 1, 0, "none")


def _in_step(environ: Mapping[str, str]) -> bool:
    """Whether `srun` started this process; a batch script has the job's variables, but is one process."""
    step = environ.get("SLURM_STEP_ID", "")
    return step.isdecimal() and int(step) < _FIRST_RESERVED_STEP and "SLURM_PROCID" in environ


def _place(environ: Mapping[str, str], launcher: Launcher, rank: str, world: str, local: str) -> Place:
    place = Place(_number(environ, rank), _number(environ, world), _number(environ, local), launcher)
    if not place.local_rank <= place.rank < place.world:
        raise ConfigError(
            f"The environment says {rank}={place.rank}, {world}={place.world} and {local}={place.local_rank}, which "
            f"no process can be; leave these variables to {_STARTED_BY[launcher]}."
        )
    return place


_STARTED_BY = {"slurm": "srun", "torchrun": "torchrun", "lightning": "kirie"}


def _number(environ: Mapping[str, str], name: str) -> int:
    value = environ.get(name, "")
    if not value.isdecimal():
        raise ConfigError(f"The environment variable {name} is '{value}'; a launcher sets it to a whole number from 0.")
    return int(value)
