"""`kirie sweep FILE --engine wandb`: W&B searches, kirie registers the file and starts the agents."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.core import command
from kirie.errors import Interrupted, SweepError, UsageError
from kirie.sweep.agent_words import check_agent_words
from kirie.sweep.array import Array, plan_array
from kirie.sweep.devices import Share, cores_here, gpus_here, share_out
from kirie.sweep.folder import SweepFolder
from kirie.sweep.local import Left, work_here
from kirie.sweep.opening import Opening
from kirie.sweep.status_table import parameters
from kirie.sweep.wandb_sweep import WandbSweep, asked_for, known, registered, states_of_runs, wandb_folder
from kirie.train.compose import compose_config, config_folder
from kirie.train.target import take_target

_LOCAL_ONLY = {
    "trials": "--trials: W&B counts trials by the file's run_cap",
    "budget": "--budget: W&B knows no device time",
    "seed": "--seed: W&B's draws have none",
    "config_dir": "--config-dir: W&B's agent runs the file's command as it is, with the conf/ of its folder",
    "renew": "--renew: what W&B has registered stays there; give the sweep another --name",
    "no_reuse": "--no-reuse: a run that is done tells W&B its scores again",
}


def run_agents(opening: Opening, options: argparse.Namespace, scheduler: Scheduler | None) -> int:
    """Registers a sweep with W&B, or takes up the one that was, and runs agents for it.

    Args:
        opening: The sweep.
        options: The words of `kirie sweep`.
        scheduler: The batch system; SLURM by default.

    Raises:
        UsageError: An option is the local engine's.
        SweepError: W&B cannot be reached or refuses, the file cannot run under its agents, or all agents gave up.
        ClusterError: The batch system refuses, or the cluster's settings are wrong.
        Interrupted: A signal ended it; what was trained is kept.
    """
    for name, words in _LOCAL_ONLY.items():
        if getattr(options, name) not in {None, False}:
            raise UsageError(f"{words}; leave it out, or use --engine local.")
    check_agent_words(opening.spec)
    for line in _unheard(opening):
        print(f"warning: {line}", file=sys.stderr)
    for one in opening.left_out:
        print(f"warning: W&B will try {parameters(one.params)}, which fails: {one.reason}", file=sys.stderr)
    folder = wandb_folder(options.sweeps, opening.name)
    # Before anything is registered: a cluster's settings are soon mistyped
    array = _array(opening, options, folder) if options.launcher == "slurm" else None
    shares = [] if array is not None else _shares(opening, options)
    if options.dry_run:
        return _dry_run(opening, known(opening.spec, folder), options, array)
    log = compose_config([], config_folder(options.config_dir))["log"]
    sweep, new = registered(opening.spec, folder, project=str(log.get("project") or "kirie"), entity=log.get("entity"))
    print(f"sweep {sweep.path} {'registered' if new else 'was registered before'}: {sweep.url}", file=sys.stderr)
    if array is not None:
        return _sent(sweep, folder, array, Slurm() if scheduler is None else scheduler, options)
    left, told = work_here(folder, shares, [], show=lambda: None, action="agent")
    if told is not None:
        raise Interrupted(
            f"The agents of {sweep.path} were stopped by {told.name}; repeat the command to go on.", 128 + told
        )
    return _ended(sweep, left, options)


def _shares(opening: Opening, options: argparse.Namespace) -> list[Share]:
    resources = opening.companion.resources
    return share_out(
        options.workers or resources.workers,
        gpus=resources.gpus,
        cpus=resources.cpus,
        here=gpus_here(),
        cores=cores_here(),
    )


def _array(opening: Opening, options: argparse.Namespace, folder: SweepFolder) -> Array:
    target, rest = take_target(options.words, config_folder(options.config_dir))
    if rest:
        raise UsageError(
            f"'{rest[0]}' is no word of a cluster; what trials are run with stands in {opening.spec.path}."
        )
    resources = opening.companion.resources
    words = ["sweep", "agent", str(folder.path.absolute())]
    array = plan_array(folder, target, resources, options.workers or resources.workers or 1, words)
    if array.processes > 1:
        raise SweepError(
            f"A trial would have {array.processes} processes, and W&B's agent starts one; ask for one GPU a trial "
            "(nodes=1 gpus=1), or use --engine local."
        )
    return array


def _unheard(opening: Opening) -> list[str]:
    """What the companion file says that W&B has no way to know."""
    companion = opening.companion
    said = {
        "conditions": companion.conditions.any,
        "repeats": companion.repeats > 1,
        "objectives": len(companion.objectives) > 1,
        "budget": companion.budget_s is not None,
        "pruner": companion.pruner is not None,
    }
    names = [name for name, is_said in said.items() if is_said]
    if not names:
        return []
    return [f"W&B knows nothing of the companion file's {', '.join(names)}; they hold for --engine local only"]


def _dry_run(opening: Opening, there: WandbSweep | None, options: argparse.Namespace, array: Array | None) -> int:
    script = None if array is None else array.script.text
    content = {"sweep": opening.name, "engine": "wandb", "script": script}
    text = f"sweep {opening.name} can be registered at W&B as it is; nothing was sent"
    if there is not None:
        content |= {"there": there.path}
        text = f"sweep {opening.name} was registered at W&B as {there.path}, and would go on; nothing was sent"
    command.result(content, text if script is None else f"{text}\n\n{script.rstrip()}", as_json=options.json)
    return 0


def _sent(
    sweep: WandbSweep, folder: SweepFolder, array: Array, scheduler: Scheduler, options: argparse.Namespace
) -> int:
    made = array.submit(scheduler)
    logs = str(folder.log(f"{made.job}_*"))
    content = _about(sweep) | {"job": made.job, "workers": array.workers, "cluster": made.cluster, "logs": logs}
    text = f"job {made.job} submitted: {array.workers} agents of {sweep.path} on {made.cluster}\nlogs {logs}"
    command.result(content, f"{text}\n{sweep.url} shows how it stands", as_json=options.json)
    return 0


def _ended(sweep: WandbSweep, left: Sequence[Left], options: argparse.Namespace) -> int:
    if left and all(agent.code for agent in left):
        raise SweepError(f"{left[0].words} (agent log {left[0].log})")
    state, runs = _at_wandb(sweep)
    told = "" if state == "FINISHED" else "; no agent is left here, and the command goes on with it"
    content = _about(sweep) | {"state": state, "runs": sum(runs.values()), "states": dict(runs)}
    counts = ", ".join(f"{count} {name}" for name, count in sorted(runs.items(), key=lambda pair: -pair[1])) or "no run"
    text = f"sweep {sweep.path}: runs: {counts}; W&B calls the sweep {state.lower()}{told}\n{sweep.url}"
    command.result(content | {"logs": [str(agent.log) for agent in left]}, text, as_json=options.json)
    return 0


def _about(sweep: WandbSweep) -> dict[str, Any]:
    return {"sweep": sweep.path, "engine": "wandb", "url": sweep.url}


def _at_wandb(sweep: WandbSweep) -> tuple[str, Mapping[str, int]]:
    """What W&B calls the sweep's state, and how many of its runs are in which state."""
    try:
        return str(asked_for(sweep.path).state), states_of_runs(sweep)
    except ValueError:
        # The agents are through; only the counts are missing
        return "unknown", {}
