"""Every launcher's variables name the same thing: this process among all of them."""

from __future__ import annotations

import pytest

from kirie.cluster.place import Place, place_of
from kirie.errors import ConfigError

SRUN = {
    "SLURM_JOB_ID": "7",
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "3",
    "SLURM_NTASKS": "4",
    "SLURM_LOCALID": "1",
    "SLURM_NODEID": "1",
    "SLURM_STEP_TASKS_PER_NODE": "2(x2)",
}
TORCHRUN = {
    "TORCHELASTIC_RUN_ID": "x",
    "RANK": "2",
    "WORLD_SIZE": "4",
    "LOCAL_RANK": "0",
    "LOCAL_WORLD_SIZE": "2",
    "GROUP_RANK": "1",
    "GROUP_WORLD_SIZE": "2",
}
CHILD = {"MASTER_ADDR": "127.0.0.1", "NODE_RANK": "0", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, Place(0, 1, 0, "none")),
        ({"HOME": "/root", "LOCAL_RANK": "1"}, Place(0, 1, 0, "none")),
        (SRUN, Place(3, 4, 1, "slurm", 2, 1, 2)),
        (SRUN | {"SLURM_STEP_TASKS_PER_NODE": "2,1(x2)", "SLURM_LOCALID": "0"}, Place(3, 4, 0, "slurm", 1, 1, 3)),
        (TORCHRUN, Place(2, 4, 0, "torchrun", 2, 1, 2)),
        (CHILD, Place(1, 2, 1, "lightning", 2)),
        (SRUN | TORCHRUN, Place(2, 4, 0, "torchrun", 2, 1, 2)),
        (SRUN | CHILD, Place(1, 2, 1, "lightning", 2)),
    ],
)
def test_the_innermost_launcher_says_the_place(environ: dict[str, str], expected: Place) -> None:
    """Alone, srun, torchrun, Lightning's child; torchrun inside srun is torchrun, and so for Lightning's child."""
    assert place_of(environ) == expected
    assert place_of(environ).first is (expected.rank == 0)


@pytest.mark.parametrize("step", [None, "4294967291", "4294967290", "batch"])
def test_a_batch_script_is_one_process(step: str | None) -> None:
    """In a batch script or a shell of salloc the job's tasks are not processes of a training."""
    environ = {key: value for key, value in SRUN.items() if key != "SLURM_STEP_ID"} | {"SLURM_PROCID": "0"}
    if step is not None:
        environ["SLURM_STEP_ID"] = step
    assert place_of(environ) == Place(0, 1, 0, "none")


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        (SRUN | {"SLURM_PROCID": "4"}, "number 4 of 4.*leave SLURM_PROCID"),
        (SRUN | {"SLURM_NTASKS": "many"}, "SLURM_NTASKS is 'many'"),
        ({key: value for key, value in TORCHRUN.items() if key != "RANK"}, "RANK is ''"),
        (SRUN | {"SLURM_STEP_TASKS_PER_NODE": "two"}, "SLURM_STEP_TASKS_PER_NODE is 'two'"),
        (CHILD | {"LOCAL_RANK": "-1"}, "LOCAL_RANK is '-1'"),
    ],
)
def test_variables_that_cannot_be_are_named(environ: dict[str, str], named: str) -> None:
    """A broken variable is a sentence that names it."""
    with pytest.raises(ConfigError, match=named):
        place_of(environ)
