"""One training from its configuration to its scores: identify, resume or start, fit, score, record.

A run that is done is not trained again; a run that was interrupted goes on from its last checkpoint. Everything is
written into `runs/<id>/`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch

from kirie.core import files, scores
from kirie.core.run import RunFolder
from kirie.core.signals import Terminated, terminable
from kirie.errors import DeviceError, Interrupted, RunError
from kirie.models import check_pair, parameters_count
from kirie.prepare.store import Store
from kirie.runlog.start import check_log, end_log, save_best_model, save_diff, start_log
from kirie.runlog.throughput import Throughput
from kirie.tasks.load import load_checkpoint, load_run
from kirie.tasks.scoring import score_split
from kirie.tasks.semantic import SemanticTask
from kirie.train import provenance
from kirie.train.compose import as_yaml
from kirie.train.history import History
from kirie.train.identify import Identity, identify, is_done
from kirie.train.loop import build_data, build_task, build_trainer, facts_of, start_from
from kirie.train.progress import EpochLines
from kirie.train.record import Record
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
        RunError: The run folder is damaged.
        Interrupted: SIGTERM or SIGINT; the run can go on.
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
    with terminable():
        _train({**config, "model": model, "run_id": identity.id}, settings, store, identity, run, quiet)
    return run


def _train(
    config: Mapping[str, Any], settings: Settings, store: Store, identity: Identity, run: RunFolder, quiet: bool
) -> None:
    task = build_task(config, facts_of(store))
    resuming = run.last.is_file()
    init = None
    if settings.init_from is not None and not resuming:
        init = start_from(task, Path(settings.init_from), store.labels)
    if resuming:
        load_checkpoint(run.last)  # says in a sentence what is wrong with it, if anything is
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
    logger, where = start_log(config["log"], run, identity.id, {**config, **about})
    record = Record(run, {"id": identity.id, "folder": str(run.path), "labels": store.labels.to_dict(), **about})
    lines = EpochLines(settings.train.metric, quiet)
    lines.say(f"run {identity.id}  {about['name']}  {'resumed' if resuming else 'started'}  log {where}")
    if init is not None:
        lines.say(init.table())
    exit_code = 1
    try:
        save_diff(logger, run.diff)
        throughput = Throughput(settings.data.batch_size, settings.trainer.log_every)
        watchers: list[pl.Callback] = [lines, History(run.history)]
        if logger is not None:
            watchers += [throughput, pl.callbacks.LearningRateMonitor("step")]
            if config["log"]["pictures"]:
                watchers.append(
                    Pictures(
                        store.split("val"), store.labels, config["log"]["pictures"], config["log"]["pictures_every"]
                    )
                )
        _run_trainer(build_trainer(settings, run, logger, watchers), task, settings, run, resuming)
        found = _score(run, store, settings, task.device)
        files.write_json(run.metrics, found)
        if logger is not None:
            logger.log_metrics(
                {f"{split}/final/{k}": v for split in found for k, v in scores.flat(found[split]).items()}
            )
            save_best_model(logger, run, identity.id, scores.flat(found["val"]))
        record.change("done", images_per_s=throughput.images_per_s)
        exit_code = 0
    except (KeyboardInterrupt, Terminated, SystemExit) as stop:
        # Lightning turns SIGINT into SystemExit once it has cleaned up
        exit_code = 143 if isinstance(stop, Terminated) else 130
        record.change("interrupted", error=f"stopped by {'SIGTERM' if exit_code == 143 else 'SIGINT'}")
        raise Interrupted(
            f"The run {identity.id} was stopped; repeat the command to go on after its last whole epoch.", exit_code
        ) from None
    except torch.OutOfMemoryError as error:
        record.change("failed", error="out of memory")
        raise DeviceError(
            f"The device ran out of memory ({str(error).splitlines()[0]}); lower data.batch_size, use "
            "train.precision=bf16-mixed, or a smaller model.encoder."
        ) from None
    except BaseException as error:
        record.change("failed", error=f"{type(error).__name__}: {error}")
        raise
    finally:
        end_log(logger, exit_code)


def _run_trainer(trainer: pl.Trainer, task: SemanticTask, settings: Settings, run: RunFolder, resuming: bool) -> None:
    if settings.trainer.compile:
        task.model.compile()
    trainer.fit(task, datamodule=build_data(settings), ckpt_path=str(run.last) if resuming else None, weights_only=True)
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
