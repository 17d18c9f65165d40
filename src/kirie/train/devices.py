"""What the machine has against what the configuration asks for: accelerator, processes of this node, nodes.

Shares of a training: one process a device. On a CPU several processes are for trying things out, at most four a core.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Mapping
from typing import Any

import torch
from lightning_fabric.plugins.environments.cluster_environment import ClusterEnvironment

from kirie.cluster.place import Place
from kirie.errors import ConfigError, DeviceError
from kirie.models import check_pair
from kirie.prepare.store import Store
from kirie.train.settings import Settings
from kirie.train.shares import check_batch, check_pictures

PROCESSES_A_CORE = 4
"""More processes than that on a CPU core are a mistake, not a trial."""

_BY = {"slurm": "srun", "torchrun": "torchrun", "lightning": "kirie", "none": "kirie"}
_MEND = {
    "slurm": "--ntasks-per-node of srun",
    "torchrun": "--nproc-per-node of torchrun",
    "lightning": "LOCAL_RANK and WORLD_SIZE",
    "none": "trainer.devices",
}


def accelerator_of(settings: Settings) -> str:
    """`gpu` or `cpu`.

    Raises:
        DeviceError: The machine lacks what the configuration asks for.
    """
    wanted = settings.trainer.accelerator
    if wanted == "gpu" and not torch.cuda.is_available():
        raise DeviceError("trainer.accelerator is gpu, and torch sees no GPU on this machine; use trainer=cpu or auto.")
    found = wanted if wanted != "auto" else "gpu" if torch.cuda.is_available() else "cpu"
    if settings.train.precision == "16-mixed" and found == "cpu":
        raise DeviceError("train.precision=16-mixed needs a GPU; on a CPU use 32-true or bf16-mixed.")
    return found


def processes_here(settings: Settings) -> int:
    """How many processes kirie is to start on this node, where no launcher did.

    Raises:
        ConfigError: Several nodes are asked for, which kirie cannot reach by itself.
        DeviceError: There are fewer devices than asked for.
    """
    if settings.trainer.nodes not in {"auto", 1}:
        raise ConfigError(
            f"trainer.nodes is {settings.trainer.nodes}, and nothing has started kirie on the other nodes; use "
            f"`kirie submit train ... nodes={settings.trainer.nodes}`, srun or torchrun."
        )
    accelerator = accelerator_of(settings)
    if settings.trainer.devices == "auto":
        return torch.cuda.device_count() if accelerator == "gpu" else 1
    count = int(settings.trainer.devices)
    _enough(count, accelerator)
    return count


def check_place(settings: Settings, place: Place) -> None:
    """Holds what a launcher started against the configuration, and the batch against the processes.

    Raises:
        ConfigError: The numbers contradict each other.
        DeviceError: This node has fewer devices than processes.
    """
    asked, machine = settings.trainer, f"{_BY[place.launcher]} has started"
    if asked.devices not in {"auto", place.local_world}:
        raise ConfigError(
            f"trainer.devices is {asked.devices}, and {machine} {place.local_world} process(es) on this node; "
            f"leave trainer.devices=auto, or change {_MEND[place.launcher]}."
        )
    if asked.nodes not in {"auto", place.nodes}:
        raise ConfigError(
            f"trainer.nodes is {asked.nodes}, and {machine} processes on {place.nodes} node(s); leave "
            "trainer.nodes=auto, or change what starts them."
        )
    _enough(place.local_world, accelerator_of(settings))
    check_batch(settings, place.world)


def check_shares(settings: Settings, model: Mapping[str, Any], store: Store, place: Place) -> None:
    """Holds each process's share of the pictures against what the model needs.

    Raises:
        ConfigError: The model does not take the store's size or so small a share, or there are fewer pictures than
            processes.
    """
    batch = settings.data.batch_size if settings.trainer.sync_batchnorm else settings.data.batch_size // place.world
    each = f", shared by {place.world} processes (or set trainer.sync_batchnorm=true)" if place.world > 1 else ""
    check_pair(
        model,
        size=store.size,
        size_from=f"the store {settings.data.store}",
        batch_size=batch,
        batch_from=f"data.batch_size of conf/train.yaml{each}",
    )
    check_pictures(settings, store, place.world)


def device_of(settings: Settings, place: Place) -> torch.device:
    """The device of this process."""
    on_gpu = accelerator_of(settings) == "gpu"
    return torch.device("cuda", place.local_rank) if on_gpu else torch.device("cpu")


class PlaceEnvironment(ClusterEnvironment):
    """A place as Lightning wants it, whatever launched the process.

    Lightning's own environments differ in what they demand (SLURM's refuses --ntasks without --ntasks-per-node, and
    would requeue jobs itself); `check_place` has the demands and the sentences.
    """

    def __init__(self, place: Place) -> None:
        super().__init__()
        self._place = place

    @property
    def creates_processes_externally(self) -> bool:
        """True: they are there when Lightning begins."""
        return True

    @property
    def main_address(self) -> str:
        """Not asked for: the process group exists already."""
        return os.environ.get("MASTER_ADDR", socket.gethostname())

    @property
    def main_port(self) -> int:
        """Not asked for: the process group exists already."""
        return int(os.environ.get("MASTER_PORT", "0"))

    @staticmethod
    def detect() -> bool:
        """Never by itself; it is given."""
        return False

    def world_size(self) -> int:
        """All processes."""
        return self._place.world

    def set_world_size(self, size: int) -> None:
        """Nothing: the launcher has decided."""

    def global_rank(self) -> int:
        """This one among all."""
        return self._place.rank

    def set_global_rank(self, rank: int) -> None:
        """Nothing: the launcher has decided."""

    def local_rank(self) -> int:
        """This one among those of the node."""
        return self._place.local_rank

    def node_rank(self) -> int:
        """This node among all."""
        return self._place.node


def _enough(count: int, accelerator: str) -> None:
    if accelerator == "gpu":
        if count > torch.cuda.device_count():
            raise DeviceError(
                f"trainer.devices is {count}, and this machine has {torch.cuda.device_count()} GPU(s); lower it, or "
                "take several nodes."
            )
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if count > PROCESSES_A_CORE * cores:
        raise DeviceError(
            f"trainer.devices is {count}, and this machine has {cores} CPU core(s) for kirie; on a CPU at most "
            f"{PROCESSES_A_CORE * cores} processes ({PROCESSES_A_CORE} a core) are started."
        )
