"""From a checked configuration to a task, its data and a trainer: all that decides the weights, and nothing else.

This module and what it imports are "the code that training runs": their fingerprint is part of the run's id. Logging,
progress and the run record are not imported here, so that a change to them does not make a new run.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping, EMAWeightAveraging
from pytorch_lightning.trainer.connectors.signal_connector import _SignalConnector

from kirie.cluster.place import Place
from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.core.task import is_detector
from kirie.data.augment import build_augmentation
from kirie.data.datamodule import StoreDataModule
from kirie.models.init_from import InitReport, init_from
from kirie.prepare.store import Store
from kirie.tasks.base import DataFacts, Task
from kirie.tasks.instance import InstanceTask
from kirie.tasks.losses import check_loss
from kirie.tasks.optimizer import check_optimizer, check_schedule
from kirie.tasks.semantic import SemanticTask
from kirie.train.checkpoints import RenamingCheckpointIO, best_checkpoint
from kirie.train.devices import PlaceEnvironment, accelerator_of, check_place
from kirie.train.settings import Settings


def facts_of(store: Store) -> DataFacts:
    """What a task must know of a store."""
    return DataFacts(
        labels=store.labels,
        mean=store.mean,
        std=store.std,
        pixel_counts=tuple(int(count) for count in store.pixel_counts("train")),
        fingerprint=store.fingerprint,
        train_names=tuple(store.split("train").names),
    )


def check_task(config: Mapping[str, Any]) -> None:
    """Refuses what `build_task` would refuse of the groups whose words do not depend on the data.

    Raises:
        ConfigError: A group of the configuration is wrong.
    """
    build_augmentation(config["augment"])
    if not is_detector(config["model"].get("name")):
        check_loss(config["loss"])
    check_optimizer(config["optimizer"])
    check_schedule(config["schedule"])


def build_task(config: Mapping[str, Any], facts: DataFacts) -> Task:
    """Builds the task that the model is for, with its augmentation; the weights are a function of the seed.

    Raises:
        ConfigError: A group of the configuration is wrong.
        ModelError: The model cannot be built or its weights cannot be had.
    """
    torch.manual_seed(int(config["seed"]))
    kind = InstanceTask if is_detector(config["model"].get("name")) else SemanticTask
    return kind(config, facts, build_augmentation(config["augment"]), build_augmentation({"name": "none"}))


def start_from(task: Task, source: Path, labels: LabelSet) -> InitReport:
    """Loads what fits from another run or checkpoint; see models.init_from."""
    return init_from(task.model, source, labels)


def build_data(settings: Settings) -> StoreDataModule:
    """Opens the store for batches, with instances where the model finds them."""
    more = {"instances": True} if settings.instances else {}
    return StoreDataModule(
        Path(settings.data.store),
        batch_size=settings.data.batch_size,
        workers=settings.data.workers,
        seed=settings.seed,
        **more,
    )


def build_trainer(
    settings: Settings,
    run: RunFolder,
    logger: Any,
    watchers: Sequence[pl.Callback],
    keeper: pl.Callback | None = None,
    place: Place | None = None,
) -> pl.Trainer:
    """The trainer with all callbacks that decide the weights, those that only watch, and the one that saves them all.

    Raises:
        DeviceError: The machine lacks what the configuration asks for.
    """
    machine, train = settings.trainer, settings.train
    accelerator = accelerator_of(settings)
    place = Place(0, 1, 0, "none") if place is None else place
    check_place(settings, place)
    if machine.threads is not None:
        torch.set_num_threads(machine.threads)
    callbacks: list[pl.Callback] = [*watchers]
    if train.ema_decay is not None:
        callbacks.append(EMAWeightAveraging(decay=train.ema_decay))
    if train.early_stopping is not None:
        # The setting counts epochs, Lightning validations
        patience = -(-train.early_stopping // train.validate_every)
        callbacks.append(EarlyStopping(monitor=f"val/{train.metric}", mode="max", patience=patience))
    # The resume points after the best checkpoint, so that they know of it
    callbacks += [best_checkpoint(run, train.metric), *([] if keeper is None else [keeper])]
    quiet_lightning()
    trainer = pl.Trainer(
        default_root_dir=run.path,
        accelerator=accelerator,
        devices=place.local_world,
        num_nodes=place.nodes,
        strategy="ddp" if place.world > 1 else "auto",
        precision=train.precision,  # type: ignore[arg-type] # Settings checks it against PRECISIONS
        max_epochs=train.epochs,
        accumulate_grad_batches=train.accumulate,
        gradient_clip_val=train.clip_norm,
        check_val_every_n_epoch=train.validate_every,
        log_every_n_steps=machine.log_every,
        num_sanity_val_steps=0,
        deterministic=machine.deterministic,
        use_distributed_sampler=False,
        logger=logger if logger is not None else False,
        callbacks=callbacks,
        plugins=[RenamingCheckpointIO(), PlaceEnvironment(place)],
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer._signal_connector = _NoHandlers(trainer)
    return trainer


class _NoHandlers(_SignalConnector):
    """Leaves all signals to core.signals: Lightning's handlers talk to other processes and requeue by themselves."""

    def register_signal_handlers(self) -> None:
        """Registers none."""


def quiet_lightning() -> None:
    """Takes Lightning's advice off the terminal where kirie has decided on purpose."""
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)
    logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)
    for message in (
        r".*Checkpoint directory .* exists and is not empty.*",  # a resumed run continues in its folder
        r".*`srun` command is available on your system but is not used.*",  # kirie knows by itself what started it
        r"Grad strides do not match bucket view strides.*",  # of 1x1 maps; costs a copy of a few kilobytes
        r".*GPU available but not used.*",  # trainer=cpu is a choice
        r".*is smaller than the logging interval.*",  # small sets are fine
        r".*`srun` command is available.*",  # training on a machine that has SLURM, without it, is a choice too
        r".*treespec, LeafSpec.*is deprecated.*",  # Lightning 2.6 with torch 2.15; its own matter
    ):
        warnings.filterwarnings("ignore", message=message)
