"""Workers as an array of SLURM jobs, through slurm/sweep.sbatch."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from kirie.cluster.scheduler import Scheduler
from kirie.cluster.shape import Shape
from kirie.cluster.submissions import Submission
from kirie.cluster.submitting import send
from kirie.cluster.template import Script, Value, Words, fill, find_template
from kirie.errors import SweepError
from kirie.sweep.companion import Resources
from kirie.sweep.folder import SweepFolder
from kirie.train.target import Target

TEMPLATE = "sweep.sbatch"

MOST = 1000
"""Workers of one array; SLURM itself takes 1001 by default (MaxArraySize)."""


@dataclass(frozen=True, slots=True)
class Array:
    """An array of workers as it is to be submitted.

    Attributes:
        folder: The sweep.
        script: The batch script of each.
        workers: How many.
        target: Where they go.
        processes: How many processes a trial has.
    """

    folder: SweepFolder
    script: Script
    workers: int
    target: Target
    processes: int

    def submit(self, scheduler: Scheduler) -> Submission:
        """Submits it.

        Raises:
            ClusterError: The batch system refuses, is not there, or does not answer.
            DeviceError: The sweep's folder cannot be written.
        """
        words = [f"--array=0-{self.workers - 1}"]
        return send(self.folder, self.script, self.target.name, scheduler, words)


def plan_array(
    folder: SweepFolder, target: Target, resources: Resources, workers: int, command: Sequence[str]
) -> Array:
    """Fills the batch script of a sweep's workers in; writes nothing.

    What the command line asks of the cluster counts before the companion file's resources.

    Args:
        folder: The sweep.
        target: Where they go.
        resources: What one trial needs.
        workers: How many.
        command: What each runs: words after `kirie`.

    Raises:
        SweepError: There are too many or too few.
        ClusterError: The template is wrong.
        UsageError: The cluster's nodes have not what a trial needs.
    """
    if not 1 <= workers <= MOST:
        raise SweepError(f"workers is {workers}; allowed is a whole number from 1 to {MOST}, the tasks of one array.")
    asked = {word.partition("=")[0] for word in target.words}
    ours = target.settings
    shape = target.shape
    if not asked & {"nodes", "gpus"}:
        shape = Shape.of(ours, resources.nodes, _all_gpus(resources, ours.gpus_per_node))
    cpus = ours.cpus_per_task if resources.cpus is None or "cluster.cpus_per_task" in asked else resources.cpus
    launch: list[str] = []
    if shape.nodes * shape.tasks_per_node > 1:
        if ours.container:
            raise SweepError(
                f"A trial of {shape.nodes * shape.tasks_per_node} processes is started by srun, which a container "
                "(cluster.container) has not; ask for one process a trial, or for a cluster without a container."
            )
        # A pruned trial is told by SIGINT, which srun else keeps to itself
        launch = ["srun", "--disable-status", "--kill-on-bad-exit=0", "--wait=60", *ours.srun]
        launch += [f"--cpus-per-task={cpus}"]
    log = folder.log("%A_%a")
    values: dict[str, Value] = {
        **target.values(),
        "name": f"kirie-{folder.name}",
        # SLURM reads % in a path as its own
        "log": f"{str(log.parent.resolve()).replace('%', '%%')}/{log.name}",
        "time": ours.time if asked & {"time", "cluster.time"} or resources.time is None else resources.time,
        "mem": ours.mem,
        "nodes": shape.nodes,
        "tasks_per_node": shape.tasks_per_node,
        "gpus_per_node": shape.gpus_per_node or None,
        "cpus_per_task": cpus,
        "sweep": folder.name,
        "words": Words([*command, *(["--launch", shlex.join(launch)] if launch else [])]),
    }
    script = fill(find_template(TEMPLATE), values)
    return Array(folder, script, workers, target, shape.nodes * shape.tasks_per_node)


def _all_gpus(resources: Resources, most: int) -> int | None:
    """GPUs over all nodes as the companion file asks; None: what the cluster's nodes have."""
    return resources.gpus if resources.gpus is not None else 1 if most and resources.nodes in {None, 1} else None
