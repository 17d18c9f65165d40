"""A sweep's workers sent to a cluster."""

from __future__ import annotations

import argparse

from kirie.cluster.scheduler import Scheduler
from kirie.cluster.template import Script
from kirie.core import command
from kirie.errors import UsageError
from kirie.sweep.array import Array, plan_array
from kirie.sweep.folder import SweepFolder
from kirie.sweep.here import told_over, worker_words
from kirie.sweep.opening import Opening
from kirie.sweep.status import status_of
from kirie.sweep.stopping import take_back
from kirie.train.compose import config_folder
from kirie.train.target import take_target


def send_workers(opening: Opening, options: argparse.Namespace, scheduler: Scheduler) -> int:
    """Opens a sweep and submits its workers as an array; one that is over says so.

    Args:
        opening: The sweep.
        options: The words of `kirie sweep`.
        scheduler: The batch system.

    Raises:
        ClusterError: The batch system refuses, is not there, or the cluster's settings are wrong.
        SweepError: A sweep of that name is another one.
    """
    # Before anything is written: a cluster's settings are soon mistyped
    array = _array(opening, options)
    folder = opening.open(options.sweeps, renew=options.renew)
    take_back(folder)
    if (status := status_of(folder)).over:
        return told_over(status, folder, options)
    made = array.submit(scheduler)
    logs = str(folder.log(f"{made.job}_*"))
    content = {
        "sweep": folder.name,
        "folder": str(folder.path),
        "job": made.job,
        "workers": array.workers,
        "cluster": made.cluster,
        "script": made.script,
        "logs": logs,
    }
    text = (
        f"job {made.job} submitted: {array.workers} workers for sweep {folder.name} on {made.cluster}\nlogs {logs}\n"
        f"`kirie sweep status {folder.name}` shows how it stands"
    )
    command.result(content, text, as_json=options.json)
    return 0


def planned_script(opening: Opening, options: argparse.Namespace) -> Script:
    """The batch script that would be submitted.

    Raises:
        ClusterError: The cluster's settings or the template are wrong.
    """
    return _array(opening, options).script


def _array(opening: Opening, options: argparse.Namespace) -> Array:
    target, rest = take_target(options.words, config_folder(options.config_dir))
    if rest:
        raise UsageError(
            f"'{rest[0]}' is no word of a cluster; what trials are run with stands in {opening.spec.path}."
        )
    folder = SweepFolder(options.sweeps / opening.name)
    resources = opening.companion.resources
    words = ["sweep", "work", str(folder.path.absolute()), *worker_words(options)]
    return plan_array(folder, target, resources, options.workers or resources.workers or 1, words)
