"""Tests against real SLURM: the two nodes of `make slurm-local`, with real jobs, signals and losses."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.slurm.cluster import NODES, Desk, ask, nodes_up, train_here

from kirie.core.run import RunFolder

WANTED = "KIRIE_TEST_SLURM"
"""Set by `make test-slurm`: then a cluster that is missing is a failure."""


@pytest.fixture(scope="session", autouse=True)
def _cluster() -> None:
    """The one place where these tests are skipped."""
    if os.environ.get(WANTED) != "1":
        pytest.skip(f"needs the two nodes of `make slurm-local`; `make test-slurm` sets {WANTED}=1 and runs these")
    assert nodes_up(), f"{WANTED}=1, but SLURM does not answer with {' and '.join(NODES)} up: run `make slurm-local`"


@pytest.fixture
def desk(shapes_store: Path, tmp_path: Path) -> Iterator[Desk]:
    """A working folder from which jobs are submitted; at the end its jobs are cancelled."""
    yield Desk(tmp_path, shapes_store)
    for job in Desk.jobs_of(tmp_path):
        ask("scancel", job, check=False)


@pytest.fixture
def second_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """The second node for one test alone: one takes it down. Groups of xdist did not keep these apart every time."""
    with (tmp_path_factory.getbasetemp().parent / "second-node.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def whole(shapes_store: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The training that nothing disturbs: one process, without SLURM."""
    return train_here(tmp_path_factory.mktemp("whole"), shapes_store, devices=1)


@pytest.fixture(scope="session")
def pair(shapes_store: Path, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """The same with two processes."""
    return train_here(tmp_path_factory.mktemp("pair"), shapes_store, devices=2)
