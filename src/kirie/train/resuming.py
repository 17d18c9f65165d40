"""Resume points while training: at an interval, at each epoch's end, and when a signal asks to end.

A point is written only where a training can go on from exactly: after an optimizer step (never in the middle of an
accumulation), before or within a validation (which is then run again from its start), and at an epoch's end.
"""

from __future__ import annotations

import signal
import time
from typing import Any

import pytorch_lightning as pl
from pytorch_lightning.callbacks import Checkpoint, WeightAveraging

from kirie.cluster.lease import Lease
from kirie.core.run import RunFolder
from kirie.core.signals import GRACE, Notice, Terminated
from kirie.errors import DeviceError, RunError
from kirie.runlog.logged import OnceLogger, row_step
from kirie.train.agreement import Agreement
from kirie.train.checkpoints import resume_target

_SIGNALS = (signal.SIGINT, *GRACE)
"""In the order of their weight, should several come at once: SIGINT is a person's, who wants no requeue."""


class ResumePoints(Checkpoint):
    """Writes resume points, and ends the training when a signal or a lost lease says so.

    It must be the last callback: what the others do at a batch's end belongs into the point.

    Args:
        run: The run.
        notice: The signals that came to this process.
        lease: The lease on the run; None in all processes but the first.
        steps: Optimizer steps between points, or None.
        minutes: Minutes between points, or None.
        log_every: Steps between rows of the run log.

    Attributes:
        written: Points written so far.
        seconds: Time spent on writing them.
    """

    def __init__(
        self,
        run: RunFolder,
        *,
        notice: Notice,
        lease: Lease | None,
        steps: int | None,
        minutes: float | None,
        log_every: int,
    ) -> None:
        super().__init__()
        self.written, self.seconds = 0, 0.0
        self._run, self._notice, self._lease, self._log_every = run, notice, lease, log_every
        self._every_steps, self._every_s = steps, None if minutes is None else 60 * minutes
        self._agreement = Agreement()
        self._seen_step = self._saved_step = 0
        self._saved_at = time.monotonic()
        self._within_batch = self._before_validation_ends = False
        self._place: dict[str, int] | None = None

    def setup(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        """Opens the connection between the processes."""
        self._agreement.set_up(trainer)

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Counts from here, and takes up the place in the epoch.

        Lightning would give the loader its state back, but not to one that was made before the state was read: the
        schedule asks for the number of steps by then, and so for the loader.
        """
        if self._place is not None and trainer.train_dataloader is not None:
            trainer.train_dataloader.load_state_dict(self._place)
        self._seen_step = self._saved_step = trainer.global_step
        self._saved_at = time.monotonic()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Looks after each optimizer step; after an epoch's last one the validation or the epoch's end looks."""
        if trainer.global_step == self._seen_step or trainer.is_last_batch:
            return
        self._seen_step = trainer.global_step
        self._within_batch = True
        self._look(trainer, due=self._due(trainer))
        self._within_batch = False

    def on_validation_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Looks after the last step of an epoch."""
        self._seen_step = trainer.global_step
        self._before_validation_ends = True
        if self._lease is not None:
            # Its end writes the best checkpoint and the history
            self._lease.renew()
        self._look(trainer, due=self._due(trainer))

    def on_validation_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Looks for a reason to end; there is nothing new to save."""
        self._look(trainer, validating=True)

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """From here on the validation counts as done."""
        self._before_validation_ends = False

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Saves each epoch's end."""
        self._seen_step = trainer.global_step
        self._save(trainer)
        self._look(trainer, saved=True)

    def on_save_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Adds what Lightning forgets: place, early stop, newest rows of the log, a validation still to be done."""
        if trainer.train_dataloader is not None:
            checkpoint["place"] = trainer.train_dataloader.state_dict()
        checkpoint["stopping"] = bool(trainer.should_stop)
        if isinstance(trainer.logger, OnceLogger):
            checkpoint["rows"] = [*trainer.logger.recent_rows(), *self._row_to_come(trainer)]
        if self._before_validation_ends:
            # Lightning takes a whole epoch's batches for "validated too", unless the validation was begun and not ended
            begun = checkpoint["loops"]["fit_loop"]["epoch_loop.val_loop.batch_progress"]
            none = {"ready": 0, "started": 0, "processed": 0, "completed": 0}
            begun |= {"total": none | {"ready": 1, "started": 1}, "current": none, "is_last_batch": False}

    def on_load_checkpoint(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Takes that up again."""
        self._place = checkpoint.get("place")
        trainer.should_stop = checkpoint["stopping"]
        if trainer.is_global_zero and isinstance(trainer.logger, OnceLogger):
            trainer.logger.write_missing(checkpoint.get("rows", []))

    def _row_to_come(self, trainer: pl.Trainer) -> list[tuple[dict[str, float], int]]:
        """The row of a step after which a point is written: Lightning logs it once all callbacks have had the batch."""
        if not self._within_batch or trainer.global_step % self._log_every:
            return []
        row = {name: value for name, value in trainer.logged_metrics.items() if name.startswith(("train/", "perf/"))}
        return [
            (
                {**{name: float(value) for name, value in row.items()}, "epoch": float(trainer.current_epoch)},
                row_step(trainer),
            )
        ]

    def _due(self, trainer: pl.Trainer) -> bool:
        """Whether it is time, by the first process's clock."""
        if not trainer.is_global_zero:
            return False
        steps, seconds = trainer.global_step - self._saved_step, time.monotonic() - self._saved_at
        return (self._every_steps is not None and steps >= self._every_steps) or (
            self._every_s is not None and seconds >= self._every_s
        )

    def _look(self, trainer: pl.Trainer, *, due: bool = False, validating: bool = False, saved: bool = False) -> None:
        came = [each in self._notice.noted for each in _SIGNALS]
        lost = self._lease is not None and self._lease.lost
        broken = isinstance(trainer.logger, OnceLogger) and trainer.logger.broken
        due, lost, broken, *came = self._agreement.any([due, lost, broken, *came])
        if lost:
            raise self._taken_over()
        told = next((signum for signum, noted in zip(_SIGNALS, came, strict=True) if noted), None)
        if validating and (told is not None or broken):
            for callback in trainer.callbacks:  # type: ignore[attr-defined] # Trainer sets it in its constructor
                if isinstance(callback, WeightAveraging):
                    # In a validation the averaged weights stand in the model's place; the point needs both in theirs
                    callback.on_validation_epoch_end(trainer, trainer.lightning_module)
        if (due or broken or told is not None) and not saved:
            self._save(trainer)
        if told is not None:
            raise Terminated(told)
        if broken:
            raise DeviceError(
                f"W&B's own process (wandb-core) ended during the run {self._run.path.name}, which keeps its steps and "
                "rows; repeat the command to go on, or use log=none."
            )

    def _save(self, trainer: pl.Trainer) -> None:
        if self._lease is not None:
            self._lease.renew()
        (lost,) = self._agreement.any([self._lease is not None and self._lease.lost])
        if lost:
            raise self._taken_over()
        began = time.monotonic()
        trainer.save_checkpoint(resume_target(self._run))
        self._saved_step, self._saved_at = trainer.global_step, time.monotonic()
        self.written += 1
        self.seconds += self._saved_at - began

    def _taken_over(self) -> RunError:
        return RunError(self._lease.heir() if self._lease is not None else "Another process has taken this run over.")
