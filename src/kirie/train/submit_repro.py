"""`kirie submit repro`: the pipeline of dvc.yaml on a cluster, from a job of its own."""

from __future__ import annotations

import contextlib
import dataclasses
import signal
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from kirie.cluster import pending
from kirie.cluster.requeue import EX_TEMPFAIL
from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.cluster.submitting import remark, submit_once
from kirie.cluster.template import Script, Value, Words, fill, find_template
from kirie.core import command
from kirie.core.run import RunFolder
from kirie.core.signals import Terminated
from kirie.errors import Interrupted, KirieError, UsageError
from kirie.train.compose import config_folder
from kirie.train.repro import Repro
from kirie.train.stages import train_stages
from kirie.train.submit_train import job_values
from kirie.train.target import Target, take_target

TEMPLATE = "repro.sbatch"

_DESCRIPTION = """Runs `dvc repro` on a SLURM cluster, in a job of its own.

That job runs what comes before the trainings, submits each train stage of dvc.yaml as a job (`kirie submit train`),
waits for them, and lets `dvc repro` publish them and run the rest. If it ends before they do, it says so; a repeat
takes up the same jobs. The words cluster=, nodes=, gpus=, time= and cluster.KEY= are those of `kirie submit train` and
are about the trainings; the waiting job is described under `repro` in conf/cluster/NAME.yaml.

  kirie submit repro cluster=mycluster gpus=4
"""


class _TimeUp(BaseException):
    """SLURM's signal before the time limit."""


def main(argv: Sequence[str], scheduler: Scheduler | None = None) -> int:
    """Runs `kirie submit repro`.

    Args:
        argv: Its words.
        scheduler: The batch system; SLURM by default.
    """
    parser = command.Parser("submit repro", _DESCRIPTION)
    parser.add_argument("words", nargs="*", metavar="key=value", help="words of the cluster")
    parser.add_argument("--here", action="store_true", help="do the waiting in this process, not in a job")
    parser.add_argument("--dry-run", action="store_true", help="print the waiting job's script and submit nothing")
    options = parser.parse_intermixed_args(argv)
    target, rest = take_target(options.words, config_folder())
    if rest:
        raise UsageError(
            f"`kirie submit repro` does not know '{rest[0]}'; dvc.yaml and conf/pipeline.yaml say what is trained."
        )
    scheduler = Slurm() if scheduler is None else scheduler
    folder = RunFolder(Path("runs").absolute() / pending.FOLDER)
    if options.here:
        content = _wait_here(Repro(target, scheduler, folder))
        text = f"dvc repro is through, {len(content['trainings'])} trainings on {target.name}"
    elif options.dry_run:
        train_stages()
        script = _script(target, folder)
        content, text = {"script": script.text, "template": str(script.template)}, script.text.rstrip()
    else:
        content = _submit(target, folder, scheduler)
        text = f"job {content['job']} {content['state']}: dvc repro on {target.name}\nlog {content['log']}"
        text += f"\n{content['warning']}" if "warning" in content else ""
    command.result(content, text, as_json=options.json)
    return 0


def _submit(target: Target, folder: RunFolder, scheduler: Scheduler) -> dict[str, Any]:
    """Submits the waiting job, unless it is on its way."""
    stages = train_stages()
    script = _script(target, folder)
    made, state = submit_once(folder, script, target.name, scheduler)
    said = remark(made, state, script, scheduler)
    return {
        "state": state,
        "stages": [stage.name for stage in stages],
        **dataclasses.asdict(made),
        **({"warning": said} if said else {}),
    }


def _script(target: Target, folder: RunFolder) -> Script:
    ours = target.settings.repro
    values: dict[str, Value] = {
        **target.values(),
        **job_values(folder),
        "partition": ours.partition or target.settings.partition,
        "time": ours.time,
        "mem": ours.mem,
        "cpus_per_task": ours.cpus_per_task,
        "gpus": ours.gpus or None,
        "words": Words(target.words),
    }
    return fill(find_template(TEMPLATE), values, needs="words")


def _wait_here(repro: Repro) -> dict[str, Any]:
    """Runs all to its end in this process.

    Raises:
        Interrupted: A signal ended the wait; the code asks for a requeue where SLURM's time was up.
    """
    try:
        with _time_limit():
            repro.run()
    except (_TimeUp, KeyboardInterrupt, Terminated) as stop:
        repro.stopped()
        code = EX_TEMPFAIL if isinstance(stop, _TimeUp) else 143 if isinstance(stop, Terminated) else 130
        if repro.left:
            raise Interrupted(f"{pending.words(repro.left, repro.trainings)}.", code) from None
        raise Interrupted("`dvc repro` was stopped; repeat `kirie submit repro` to go on.", code) from None
    except KirieError as error:
        repro.failed(str(error))
        raise
    return {"state": "done", "trainings": [dataclasses.asdict(training) for training in repro.trainings]}


@contextlib.contextmanager
def _time_limit() -> Iterator[None]:
    """Inside the block SIGUSR1, which SLURM sends before the time limit, ends the wait."""

    def stop(_signum: int, _frame: FrameType | None) -> None:
        raise _TimeUp

    before = signal.signal(signal.SIGUSR1, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGUSR1, before)
