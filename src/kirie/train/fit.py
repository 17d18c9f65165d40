"""One training from its configuration to its scores: identify, resume or start, fit, score, record.

A run that is done is not trained again; a run that was interrupted goes on from its newest resume point. Everything is
written into `runs/<id>/`.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch.distributed as dist

from kirie.cluster.lease import Lease
from kirie.cluster.requeue import cluster_of, job_alive, job_of, restarts_of
from kirie.core import files, scores
from kirie.core.resume import is_whole, remove_leftovers
from kirie.core.run import RunFolder
from kirie.core.signals import Notice, terminable
from kirie.errors import RunError
from kirie.models import InitReport, check_pair, parameters_count
from kirie.prepare.store import Store
from kirie.runlog.logged import row_step
from kirie.runlog.start import check_log, save_best_model, save_diff, start_log
from kirie.runlog.throughput import Throughput
from kirie.tasks.base import Task
from kirie.tasks.load import load_checkpoint, load_run
from kirie.train import provenance
from kirie.train.batch_norm import share_batch_norm
from kirie.train.compose import as_yaml
from kirie.train.crew import Crew
from kirie.train.devices import check_place, check_shares, device_of
from kirie.train.ending import Opened, ending, still_ours
from kirie.train.history import History
from kirie.train.identify import Identity, identify, is_done
from kirie.train.loop import build_data, build_task, build_trainer, check_task, facts_of, start_from
from kirie.train.progress import EpochLines
from kirie.train.record import Record
from kirie.train.resuming import ResumePoints
from kirie.train.scoring import score
from kirie.train.settings import Settings
from kirie.train.taking_up import take_up
from kirie.train.watching import Pictures


def fit(config: Mapping[str, Any], quiet: bool = False, crew: Crew | None = None) -> RunFolder:
    """Trains, resumes, or says that there is nothing to do.

    Args:
        config: The resolved configuration.
        quiet: Print no progress.
        crew: The processes of the training, all of which call this alike; this process alone by default.

    Returns:
        The folder of the finished run.

    Raises:
        ConfigError: The configuration is wrong; found before any data is read.
        StoreError: The store is missing or does not fit.
        RunError: The run folder is damaged, or another process trains this run.
        Interrupted: A signal asked to end; the run can go on.
        DeviceError: The machine lacks what is asked for, its memory included.
    """
    settings = Settings.of(config)
    check_log(config["log"])
    check_pair(config["model"])
    check_task(config)
    store = Store.open(Path(settings.data.store))
    crew = Crew.alone() if crew is None else crew
    check_place(settings, crew.place)
    check_shares(settings, config["model"], store, crew.place)
    identity = identify(config, store.fingerprint)
    run = identity.folder(Path(config["runs"]))
    if crew.share(is_done(run)):
        return run
    # Encoders with position embeddings are built for one size
    model = {**config["model"], "image_size": list(store.size)}
    config = {**config, "model": model, "run_id": identity.id}
    with (
        terminable(signal.SIGINT) as notice,
        _holding(run, crew) as lease,
        ending(run, lease) as opened,
        crew.watching(),
    ):
        # Another process may have ended it just before this one took the lease
        if not crew.share(is_done(run)):
            crew.start_group(device_of(settings, crew.place))
            _train(config, settings, store, identity, run, quiet or not crew.first, notice, lease, opened, crew)
    return run


@contextlib.contextmanager
def _holding(run: RunFolder, crew: Crew) -> Iterator[Lease | None]:
    """Holds the run's lease inside the block; None in all processes but the first, who do not write."""
    if not crew.first:
        yield None
        return
    lease = Lease.take(run, job=job_of(), restarts=restarts_of(), cluster=cluster_of(), is_alive=job_alive)
    try:
        remove_leftovers(run)
        yield lease
    finally:
        lease.release()


def _train(
    config: Mapping[str, Any],
    settings: Settings,
    store: Store,
    identity: Identity,
    run: RunFolder,
    quiet: bool,
    notice: Notice,
    lease: Lease | None,
    opened: Opened,
    crew: Crew,
) -> None:
    task = build_task(config, facts_of(store))
    if settings.trainer.sync_batchnorm and crew.place.world > 1:
        share_batch_norm(task.model)
    # One process chooses where all go on: another might see the folder otherwise
    point, warnings = take_up(run) if crew.first else (None, [])
    resume_from = crew.share(None if point is None else str(point.path))
    init = None
    if settings.init_from is not None and resume_from is None:
        init = start_from(task, Path(settings.init_from), store.labels)
    if resume_from is not None:
        load_checkpoint(Path(resume_from))  # says in a sentence what is wrong with it, if anything is
    lines = EpochLines(settings.train.metric, quiet)
    throughput = Throughput(settings.data.batch_size, settings.trainer.log_every)
    watchers: list[pl.Callback] = [lines, History(run.history, settings.instances)]
    if crew.first:
        began = "started" if point is None else f"resumed at step {point.step}"
        _open(config, store, identity, run, opened, task, init, lines, began, warnings)
        watchers += _log_watchers(config, store, opened.logger, throughput)
    keeper = ResumePoints(
        run,
        notice=notice,
        lease=lease,
        steps=settings.trainer.checkpoint_steps,
        minutes=settings.trainer.checkpoint_minutes,
        log_every=settings.trainer.log_every,
    )
    trainer = build_trainer(settings, run, opened.logger, watchers, keeper, crew.place)
    with notice.patiently():
        _run_trainer(trainer, task, settings, run, resume_from)
    found = _score(run, store, settings, task, crew)
    if opened.record is None:
        return
    still_ours(lease)
    files.write_json(run.metrics, found)
    if opened.logger is not None:
        final = {f"{split}/final/{k}": v for split in found for k, v in scores.flat(found[split]).items()}
        opened.logger.log_metrics(final, row_step(trainer))
        save_best_model(opened.logger, run, identity.id, scores.flat(found["val"]))
    opened.record.change("done", images_per_s=throughput.images_per_s)


def _open(
    config: Mapping[str, Any],
    store: Store,
    identity: Identity,
    run: RunFolder,
    opened: Opened,
    task: Task,
    init: InitReport | None,
    lines: EpochLines,
    began: str,
    warnings: Sequence[str],
) -> None:
    """Writes down what the run is made of, starts its log, and says so."""
    git, diff = provenance.git_state()
    about: dict[str, Any] = {
        "name": f"{config['model']['name']}-{config['model']['encoder']}-{identity.id[:4]}",
        "made_of": identity.to_dict(),
        "git": git,
        "data": {"fingerprint": store.fingerprint, "dvc": provenance.data_version()},
        "hardware": provenance.hardware(),
        "versions": provenance.versions(),
        "parameters": parameters_count(task.model),
        "init": init.to_dict() if init is not None else None,
    }
    files.write_text(run.config, as_yaml(config))
    if diff:
        files.write_text(run.diff, diff)
    opened.record = Record(run, {"id": identity.id, "folder": str(run.path), "labels": store.labels.to_dict(), **about})
    opened.record.begin()
    # Both have a `data`: where the pictures lie, and which they were
    told = {**config, **about, "data": {**config["data"], **about["data"]}}
    opened.logger, where = start_log(config["log"], run, identity.id, told)
    lines.say(f"run {identity.id}  {about['name']}  {began}  log {where}")
    for warning in warnings:
        lines.say(f"warning: {warning}")
    if init is not None:
        lines.say(init.table())
    save_diff(opened.logger, run.diff)


def _log_watchers(config: Mapping[str, Any], store: Store, logger: Any, throughput: Throughput) -> list[pl.Callback]:
    """The callbacks that only a run log needs."""
    if logger is None:
        return []
    log = config["log"]
    found: list[pl.Callback] = [throughput, pl.callbacks.LearningRateMonitor("step")]
    if log["pictures"]:
        found.append(Pictures(store.split("val"), store.labels, log["pictures"], log["pictures_every"]))
    return found


def _run_trainer(trainer: pl.Trainer, task: Task, settings: Settings, run: RunFolder, resume_from: str | None) -> None:
    if settings.trainer.compile:
        task.model.compile()
    trainer.fit(
        task,
        datamodule=build_data(settings),
        ckpt_path=resume_from,
        weights_only=True,
    )
    if not getattr(trainer.checkpoint_callback, "best_model_path", ""):
        raise RunError(
            f"The run in {run.path} ended without a best checkpoint: no validation score val/{settings.train.metric} "
            "was ever a number. Look at its loss in the run log; a lower optimizer.lr often helps."
        )


def _score(run: RunFolder, store: Store, settings: Settings, task: Task, crew: Crew) -> dict[str, Any]:
    """Scores the best checkpoint on all processes, each on its share of the pictures."""
    device, place = device_of(settings, crew.place), crew.place
    # Only the first one reads: a shared disk may show the others an older file, or none yet
    if crew.first and not is_whole(run.best):
        raise RunError(
            f"The best checkpoint {run.best} {'is damaged' if run.best.is_file() else 'is gone'}, so nothing was "
            "scored; repeat the command, which goes back to a resume point from before it was written if there is one."
        )
    model = (load_run(run)[0] if crew.first else task.model).to(device)
    if place.world > 1:
        for tensor in model.state_dict().values():
            dist.broadcast(tensor, 0)
    found: dict[str, Any] = {}
    for name in ("val", "test"):
        table, more = score(
            model,
            store.split(name),
            store.labels,
            batch_size=max(1, settings.data.batch_size // place.world),
            device=device,
            rank=place.rank,
            world=place.world,
        )
        if crew.first:
            table.write(run.per_image(name))
        found[name] = table.scores() | more
    return found
