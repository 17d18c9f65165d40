"""One training from its configuration to its scores: identify, resume or start, fit, score, record.

A run that is done is not trained again; a run that was interrupted goes on from its newest resume point. Everything is
written into `runs/<id>/`.
"""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from kirie.cluster.lease import Lease
from kirie.cluster.place import place_of
from kirie.cluster.requeue import job_alive, job_of, restarts_of
from kirie.core import files, scores
from kirie.core.resume import newest_whole, remove_leftovers
from kirie.core.run import RunFolder
from kirie.core.signals import Notice, terminable
from kirie.errors import RunError
from kirie.models import check_pair, parameters_count
from kirie.prepare.store import Store
from kirie.runlog.start import check_log, save_best_model, save_diff, start_log
from kirie.runlog.throughput import Throughput
from kirie.tasks.load import load_checkpoint, load_run
from kirie.tasks.scoring import score_split
from kirie.tasks.semantic import SemanticTask
from kirie.train import provenance
from kirie.train.compose import as_yaml
from kirie.train.ending import Opened, ending, still_ours
from kirie.train.history import History
from kirie.train.identify import Identity, identify, is_done
from kirie.train.loop import build_data, build_task, build_trainer, facts_of, start_from
from kirie.train.progress import EpochLines
from kirie.train.record import Record
from kirie.train.resuming import ResumePoints
from kirie.train.settings import Settings
from kirie.train.watching import Pictures


def fit(config: Mapping[str, Any], quiet: bool = False) -> RunFolder:
    """Trains, resumes, or says that there is nothing to do.

    Args:
        config: The resolved configuration.
        quiet: Print no progress.

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
    store = Store.open(Path(settings.data.store))
    check_pair(
        config["model"],
        size=store.size,
        size_from=f"the store {settings.data.store}",
        batch_size=settings.data.batch_size,
        batch_from="data.batch_size of conf/train.yaml",
    )
    identity = identify(config, store.fingerprint)
    run = identity.folder(Path(config["runs"]))
    if is_done(run):
        return run
    # Encoders with position embeddings are built for one size
    model = {**config["model"], "image_size": list(store.size)}
    config = {**config, "model": model, "run_id": identity.id}
    with terminable(signal.SIGINT) as notice, _holding(run) as lease, ending(run, lease) as opened:
        # Another process may have ended it just before this one took the lease
        if not is_done(run):
            _train(config, settings, store, identity, run, quiet, notice, lease, opened)
    return run


@contextlib.contextmanager
def _holding(run: RunFolder) -> Iterator[Lease | None]:
    """Holds the run's lease inside the block; None in all processes but the first, who do not write."""
    if not place_of().first:
        yield None
        return
    lease = Lease.take(run, job=job_of(), restarts=restarts_of(), is_alive=job_alive)
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
) -> None:
    task = build_task(config, facts_of(store))
    point, warnings = newest_whole(run)
    init = None
    if settings.init_from is not None and point is None:
        init = start_from(task, Path(settings.init_from), store.labels)
    if point is not None:
        load_checkpoint(point.path)  # says in a sentence what is wrong with it, if anything is
    git, diff = provenance.git_state()
    about = {
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
    opened.record = record = Record(
        run, {"id": identity.id, "folder": str(run.path), "labels": store.labels.to_dict(), **about}
    )
    opened.logger, where = start_log(config["log"], run, identity.id, {**config, **about})
    lines = EpochLines(settings.train.metric, quiet)
    began = "started" if point is None else f"resumed at step {point.step}"
    lines.say(f"run {identity.id}  {about['name']}  {began}  log {where}")
    for warning in warnings:
        lines.say(f"warning: {warning}")
    if init is not None:
        lines.say(init.table())
    save_diff(opened.logger, run.diff)
    throughput = Throughput(settings.data.batch_size, settings.trainer.log_every)
    watchers = [lines, History(run.history), *_log_watchers(config, store, opened.logger, throughput)]
    keeper = ResumePoints(
        run,
        notice=notice,
        lease=lease,
        steps=settings.trainer.checkpoint_steps,
        minutes=settings.trainer.checkpoint_minutes,
    )
    trainer = build_trainer(settings, run, opened.logger, watchers, keeper)
    with notice.patiently():
        _run_trainer(trainer, task, settings, run, None if point is None else point.path)
    found = _score(run, store, settings, task.device)
    still_ours(lease)
    files.write_json(run.metrics, found)
    if opened.logger is not None:
        final = {f"{split}/final/{k}": v for split in found for k, v in scores.flat(found[split]).items()}
        opened.logger.log_metrics(final, trainer.global_step)
        save_best_model(opened.logger, run, identity.id, scores.flat(found["val"]))
    record.change("done", images_per_s=throughput.images_per_s)


def _log_watchers(config: Mapping[str, Any], store: Store, logger: Any, throughput: Throughput) -> list[pl.Callback]:
    """The callbacks that only a run log needs."""
    if logger is None:
        return []
    log = config["log"]
    found: list[pl.Callback] = [throughput, pl.callbacks.LearningRateMonitor("step")]
    if log["pictures"]:
        found.append(Pictures(store.split("val"), store.labels, log["pictures"], log["pictures_every"]))
    return found


def _run_trainer(
    trainer: pl.Trainer, task: SemanticTask, settings: Settings, run: RunFolder, resume_from: Path | None
) -> None:
    if settings.trainer.compile:
        task.model.compile()
    trainer.fit(
        task,
        datamodule=build_data(settings),
        ckpt_path=None if resume_from is None else str(resume_from),
        weights_only=True,
    )
    if not run.best.is_file():
        raise RunError(
            f"The run in {run.path} ended without a best checkpoint: no validation score val/{settings.train.metric} "
            "was ever a number. Look at its loss in the run log; a lower optimizer.lr often helps."
        )


def _score(run: RunFolder, store: Store, settings: Settings, device: torch.device) -> dict[str, Any]:
    model, _, labels = load_run(run)
    found: dict[str, Any] = {}
    for split in ("val", "test"):
        table = score_split(model, store.split(split), labels, batch_size=settings.data.batch_size, device=device)
        table.write(run.per_image(split))
        found[split] = table.scores()
    return found
