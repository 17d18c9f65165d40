"""How many nodes, and how many processes and GPUs on each."""

from __future__ import annotations

from dataclasses import dataclass

from kirie.cluster.settings import ClusterSettings
from kirie.errors import UsageError


@dataclass(frozen=True, slots=True)
class Shape:
    """What a training asks for.

    Attributes:
        nodes: Number of nodes.
        tasks_per_node: Processes of one node: one a GPU, or what the cluster's settings say where there is none.
        gpus_per_node: GPUs of one node; 0: none.
    """

    nodes: int
    tasks_per_node: int
    gpus_per_node: int

    @classmethod
    def of(cls, settings: ClusterSettings, nodes: int | None, gpus: int | None) -> Shape:
        """Works out a shape from `nodes=` and `gpus=`, either of which may be missing.

        Args:
            settings: The cluster's settings; they say what is missing.
            nodes: Number of nodes; None: as many as the GPUs need.
            gpus: GPUs over all nodes; None: all of each node.

        Raises:
            UsageError: The numbers do not go together, or the nodes have no such GPUs.
        """
        most = settings.gpus_per_node
        if gpus is None:
            return cls(nodes or 1, most or settings.tasks_per_node, most)
        if gpus and not most:
            raise UsageError(
                f"gpus={gpus} is asked for, and the cluster's settings say gpus_per_node: 0; leave gpus= out, or set "
                "cluster.gpus_per_node."
            )
        if not gpus:
            return cls(nodes or 1, settings.tasks_per_node, 0)
        if nodes is None:
            nodes = -(-gpus // most)
            asked = f"gpus={gpus} needs {nodes} nodes of {most} GPUs, over which it cannot be spread evenly"
        else:
            asked = f"gpus={gpus} over nodes={nodes} is not a whole number of GPUs for each"
        if gpus % nodes:
            near = [count for count in range(nodes, (most + 1) * nodes, nodes) if abs(count - gpus) < nodes]
            raise UsageError(f"{asked}; allowed is for example gpus={near[0] if near else nodes * most}.")
        if gpus // nodes > most:
            raise UsageError(
                f"gpus={gpus} over nodes={nodes} is {gpus // nodes} GPUs a node, and the cluster's nodes have {most} "
                f"(cluster.gpus_per_node); ask for nodes={-(-gpus // most)} or more."
            )
        return cls(nodes, gpus // nodes, gpus // nodes)
