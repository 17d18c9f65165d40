"""`kirie sync`: offline runs go to W&B, and a sweep's runs to a sweep there."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from kirie.core import command
from kirie.errors import SweepError
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep.spec import SweepSpec
from kirie.sweep.sweeps import add_place, find_sweep
from kirie.sweep.sync import Segments, Synced, check_upload, offline_runs, online_runs, upload
from kirie.sweep.wandb_sweep import check_reachable, registered, wandb_folder

_DESCRIPTION = """Uploads runs that were trained offline to W&B. A repeat uploads what is new since.

With --sweep NAME only the runs of that sweep's trials, which are then attached to a sweep at W&B as prior runs: its
search knows them. It is registered from the sweep's own file where that was not done before, and `kirie sweep FILE
--engine wandb` goes on with it.

  kirie sync
  kirie sync runs/0123456789ab
  kirie sync --sweep architectures
"""

_PROJECT = "kirie"


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sync`."""
    options = _parsed(argv)
    sweep = find_sweep(options.sweep, options.sweeps) if options.sweep is not None else None
    places = options.runs or [Path("runs"), *([sweep.runs] if sweep is not None and sweep.runs.is_dir() else [])]
    runs = offline_runs(places)
    if sweep is None:
        synced = _upload(runs, options.project)
        content, text = _told(synced)
    else:
        spec, trials = SweepSpec.read(sweep.spec), _trials_of(sweep)
        runs = [each for each in runs if each.run.path.name in trials]
        project = options.project or spec.project or _project_of(runs)
        synced = _upload(runs, project)
        content, text = _told(synced)
        prior = {*synced.uploaded, *synced.before, *online_runs(places, trials)}
        if not prior:
            raise SweepError(
                f"No trial of sweep {sweep.name} has a run log in {', '.join(map(str, places))}, so there is nothing "
                "to attach; name the folder of runs."
            )
        folder = wandb_folder(options.sweeps, sweep.name)
        attached, _ = registered(spec, folder, project=project, entity=None, prior=sorted(prior))
        content |= {"sweep": attached.path, "url": attached.url, "prior_runs": list(attached.prior)}
        text += f"\n{len(attached.prior)} prior runs of {attached.path}: {attached.url}"
    command.result(content, text, as_json=options.json)
    return 0


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = command.Parser("sync", _DESCRIPTION)
    parser.add_argument("runs", nargs="*", type=Path, help="folders of runs, or runs (default: runs)")
    parser.add_argument("--sweep", metavar="NAME", help="the runs of this sweep, attached to one at W&B")
    parser.add_argument("--project", help="W&B's project (default: the one that each run was started with)")
    add_place(parser)
    return parser.parse_args(argv)


def _trials_of(sweep: SweepFolder) -> set[str]:
    """The ids of the runs of trials that have ended with a value."""
    return {
        trial.run
        for trial in Ledger.open(sweep).trials()
        if trial.run is not None and trial.state in {"finished", "pruned"}
    }


def _project_of(runs: Sequence[Segments]) -> str:
    """W&B's project as the runs were started with it."""
    for each in runs:
        if each.run.config.is_file():
            found: Any = yaml.safe_load(each.run.config.read_text(encoding="utf-8"))
            return str(found["log"].get("project") or _PROJECT)
    return _PROJECT


def _upload(runs: Sequence[Segments], project: str | None) -> Synced:
    if any(each.waiting for each in runs):
        check_reachable("Runs are uploaded to W&B")
    synced = upload(runs, project=project, say=lambda line: print(f"kirie: {line}", file=sys.stderr, flush=True))
    check_upload(synced)
    return synced


def _told(synced: Synced) -> tuple[dict[str, Any], str]:
    content = {"uploaded": list(synced.uploaded), "before": list(synced.before), "training": list(synced.training)}
    text = f"{len(synced.uploaded)} runs uploaded, {len(synced.before)} were uploaded before"
    if synced.training:
        text += f"; {len(synced.training)} are being trained and wait for the next time ({', '.join(synced.training)})"
    return content, text
