"""Nodes, processes and GPUs from what a user asks for."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.cluster.settings import load_cluster
from kirie.cluster.shape import Shape
from kirie.errors import UsageError

CONF = Path(__file__).resolve().parents[2] / "conf"


@pytest.mark.parametrize(
    ("nodes", "gpus", "shape"),
    [
        (None, None, Shape(1, 4, 4)),
        (2, None, Shape(2, 4, 4)),
        (2, 8, Shape(2, 4, 4)),
        (2, 2, Shape(2, 1, 1)),
        (None, 3, Shape(1, 3, 3)),
        (None, 8, Shape(2, 4, 4)),
        (2, 0, Shape(2, 1, 0)),
    ],
)
def test_one_process_a_gpu(nodes: int | None, gpus: int | None, shape: Shape) -> None:
    """What is not asked for follows from the nodes' four GPUs."""
    assert Shape.of(load_cluster("mycluster", [], CONF), nodes, gpus) == shape


def test_without_gpus_the_settings_say_how_many_processes() -> None:
    """A cluster of CPUs runs tasks_per_node processes on each node."""
    settings = load_cluster("local", ["cluster.tasks_per_node=2"], CONF)
    assert Shape.of(settings, 2, None) == Shape(2, 2, 0)


@pytest.mark.parametrize(
    ("name", "nodes", "gpus", "message"),
    [
        ("mycluster", 2, 3, "gpus=3 over nodes=2 is not a whole number of GPUs for each; allowed is for example gpus="),
        ("mycluster", None, 7, "gpus=7 needs 2 nodes of 4 GPUs"),
        ("mycluster", 1, 8, r"8 GPUs a node, and the cluster's nodes have 4 .*nodes=2"),
        ("local", 2, 2, "say gpus_per_node: 0"),
    ],
)
def test_what_does_not_go_together_is_told(name: str, nodes: int | None, gpus: int, message: str) -> None:
    """The sentence says what was asked, what there is, and what to ask instead."""
    with pytest.raises(UsageError, match=message):
        Shape.of(load_cluster(name, [], CONF), nodes, gpus)
