"""What a launcher has started is held against the configuration, in sentences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kirie.cluster.place import Place
from kirie.errors import ConfigError
from kirie.train.devices import PlaceEnvironment, check_place, processes_here
from kirie.train.settings import Settings

Compose = Callable[..., dict[str, Any]]
FOUR = Place(2, 4, 0, "slurm", 2, 1, 2)


def test_auto_takes_what_is_there(tiny: Compose) -> None:
    """Under a launcher its numbers hold; alone on a CPU there is one process."""
    settings = Settings.of(tiny("trainer.devices=auto"))
    check_place(settings, FOUR)
    assert processes_here(settings) == 1


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trainer.devices=4"], "trainer.devices is 4, and srun has started 2 process.*--ntasks-per-node of srun"),
        (["trainer.devices=2", "trainer.nodes=3"], "trainer.nodes is 3, and srun has started processes on 2 node"),
        (["trainer.devices=2", "data.batch_size=6"], "data.batch_size is 6, which 4 processes.*multiple of 4"),
    ],
)
def test_what_contradicts_the_launcher_is_named(tiny: Compose, words: list[str], message: str) -> None:
    """Devices, nodes and the batch."""
    with pytest.raises(ConfigError, match=message):
        check_place(Settings.of(tiny(*words)), FOUR)


def test_lightning_sees_the_place() -> None:
    """Ranks as the launcher gave them; Lightning starts nothing and changes nothing."""
    seen = PlaceEnvironment(FOUR)
    seen.set_global_rank(7)
    seen.set_world_size(9)
    assert (seen.global_rank(), seen.world_size(), seen.local_rank(), seen.node_rank()) == (2, 4, 0, 1)
    assert seen.creates_processes_externally
