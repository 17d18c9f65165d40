"""`kirie submit train`: one training as a job of a cluster."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.cluster.submitting import remark, submit_once
from kirie.cluster.template import Script, Value, Words, fill, find_template
from kirie.core import command
from kirie.core.run import RunFolder
from kirie.errors import ConfigError
from kirie.prepare.store import Store
from kirie.train.compose import compose_config, config_folder
from kirie.train.identify import identify, is_done
from kirie.train.settings import Settings
from kirie.train.shares import check_batch, check_pictures
from kirie.train.target import Target, take_target

TEMPLATE = "train.sbatch"

_DESCRIPTION = """Sends one training to a SLURM cluster.

Words like model=fpn override conf/train.yaml, as for `kirie train`. These words belong to the cluster:
  cluster=NAME       its settings, conf/cluster/NAME.yaml (or set KIRIE_CLUSTER)
  nodes=N gpus=M     nodes, and GPUs over all of them: one process each
  time=HH:MM:SS      limit of one start; a training that needs longer is queued again and goes on
  cluster.KEY=VALUE  changes one of its settings

A run that is done says so; a run whose job is queued or running is not submitted twice. The script is filled in from
slurm/train.sbatch here, or from the one that kirie brings along.

  kirie submit train model=fpn cluster=mycluster nodes=2 gpus=8
  kirie submit train model=fpn cluster=mycluster cluster.partition=short time=1:00:00 --dry-run
"""


@dataclass(frozen=True, slots=True)
class Training:
    """A training as it is to be submitted.

    Attributes:
        run: Its folder.
        script: Its batch script.
        target: Where it goes.
    """

    run: RunFolder
    script: Script
    target: Target

    @property
    def id(self) -> str:
        """The run's id."""
        return self.run.path.name


def main(argv: Sequence[str], scheduler: Scheduler | None = None) -> int:
    """Runs `kirie submit train`.

    Args:
        argv: Its words.
        scheduler: The batch system; SLURM by default.
    """
    parser = command.Parser("submit train", _DESCRIPTION)
    parser.add_argument("words", nargs="*", metavar="key=value", help="overrides, and words of the cluster")
    parser.add_argument("--config-dir", type=Path, help="folder with train.yaml and cluster/, as for `kirie train`")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the job copies the finished run here")
    parser.add_argument("--dry-run", action="store_true", help="print the script and submit nothing")
    options = parser.parse_intermixed_args(argv)

    target, overrides = take_target(options.words, config_folder(options.config_dir))
    training = plan_training(overrides, target, config_dir=options.config_dir, out=options.out)
    if options.dry_run:
        content = {"run": training.id, "script": training.script.text, "template": str(training.script.template)}
        command.result(content, training.script.text.rstrip(), as_json=options.json)
        return 0
    content = submit_training(training, Slurm() if scheduler is None else scheduler)
    command.result(content, _as_text(content, target), as_json=options.json)
    return 0


def plan_training(
    overrides: Sequence[str], target: Target, *, config_dir: Path | None = None, out: Path | None = None
) -> Training:
    """Checks a training as far as that goes without torch, and fills its script in; writes nothing.

    Args:
        overrides: Overrides of conf/train.yaml.
        target: Where it goes.
        config_dir: The folder of configuration, where it is given.
        out: Where the job is to copy the finished run.

    Raises:
        ConfigError: The configuration is wrong, sets what `nodes=` and `gpus=` decide, or cannot be shared by so many
            processes.
        StoreError: The store is missing or damaged.
        ClusterError: The template is wrong.
    """
    for word in overrides:
        if (key := word.lstrip("+").partition("=")[0]) in {"trainer.devices", "trainer.nodes"}:
            raise ConfigError(f"{key} follows from nodes= and gpus= when a training is submitted; leave '{word}' out.")
    config = compose_config(overrides, config_folder(config_dir))
    settings = Settings.of(config)
    store = Store.open(Path(settings.data.store))
    run = identify(config, store.fingerprint).folder(Path(config["runs"]).absolute())
    shape = target.shape
    world = shape.nodes * shape.tasks_per_node
    check_batch(settings, world)
    check_pictures(settings, store, world)
    words = [*overrides, f"trainer.nodes={shape.nodes}", f"trainer.devices={shape.tasks_per_node}"]
    if config_dir is not None:
        words += ["--config-dir", str(config_dir.absolute())]
    if out is not None:
        words += ["--out", str(out)]
    ours = target.settings
    values: dict[str, Value] = {
        **target.values(),
        **job_values(run),
        "time": ours.time,
        "mem": ours.mem,
        "nodes": shape.nodes,
        "tasks_per_node": shape.tasks_per_node,
        "gpus_per_node": shape.gpus_per_node or None,
        "cpus_per_task": ours.cpus_per_task,
        "srun": Words(ours.srun),
        "overrides": Words(words),
        "run": run.path.name,
    }
    return Training(run, fill(find_template(TEMPLATE), values, needs="overrides"), target)


def job_values(run: RunFolder) -> dict[str, Value]:
    """The words of a template that tell the job's name, and its log, in whose path SLURM reads % as its own."""
    log = run.log("%j")
    return {"name": f"kirie-{run.path.name}", "log": f"{str(log.parent).replace('%', '%%')}/{log.name}"}


def submit_training(training: Training, scheduler: Scheduler) -> dict[str, Any]:
    """Submits a training, unless it is done or on its way.

    Returns:
        `state`, `run`, `folder`, and of a job `job`, `log`, `script`, `cluster`, and what else is to be said as
        `warning`.

    Raises:
        ClusterError: The batch system refuses, is not there, or does not answer.
        DeviceError: The run folder cannot be written.
    """
    run = training.run
    about: dict[str, Any] = {"run": training.id, "folder": str(run.path)}
    if is_done(run):
        return {"state": "already done", **about}
    made, state = submit_once(run, training.script, training.target.name, scheduler)
    said = remark(made, state, training.script, scheduler)
    return {
        "state": state,
        **about,
        "job": made.job,
        "log": made.log,
        "script": made.script,
        "cluster": made.cluster,
        **({"warning": said} if said else {}),
    }


def _as_text(content: dict[str, Any], target: Target) -> str:
    if content["state"] == "already done":
        return f"run {content['run']} is done already  ({content['folder']})"
    warning = f"\n{content['warning']}" if "warning" in content else ""
    if content["state"] != "submitted":
        return f"run {content['run']} is {content['state']}: job {content['job']}\nlog {content['log']}{warning}"
    shape = target.shape
    nodes = f"{shape.nodes} node{'s' if shape.nodes > 1 else ''}"
    each = f"{shape.tasks_per_node} process{'es' if shape.tasks_per_node > 1 else ''} a node"
    return (
        f"job {content['job']} submitted: run {content['run']} on {target.name}, {nodes}, {each}, "
        f"{shape.nodes * shape.gpus_per_node} GPUs\nlog {content['log']}\n"
        f"`kirie runs` shows what becomes of it{warning}"
    )
