"""What a person sees of a training: a bar on a terminal, and one line per validated epoch everywhere."""

from __future__ import annotations

import sys
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn


class EpochLines(pl.Callback):
    """Prints progress on standard error.

    Args:
        metric: The validation score to show and whose best value to remember.
        quiet: Print nothing.
    """

    def __init__(self, metric: str, quiet: bool = False) -> None:
        self.metric = metric
        self.console = Console(file=sys.stderr, quiet=quiet, highlight=False)
        self.best: float | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def say(self, words: str) -> None:
        """Prints a line; a long one is not cut where the output is no terminal."""
        self.console.print(words, soft_wrap=True, markup=False)

    def state_dict(self) -> dict[str, Any]:
        """The best score, for a run that goes on."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Takes the best score up again."""
        self.best = state_dict["best"]

    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Opens the epoch's bar."""
        self._close()
        if not trainer.is_global_zero or not self.console.is_terminal:
            return
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}"),
            BarColumn(bar_width=30),
            MofNCompleteColumn(),
            TimeRemainingColumn(compact=True),
            TextColumn("{task.fields[loss]}"),
            console=self.console,
            transient=True,
        )
        self._task = self._bar.add_task(
            "", total=trainer.num_training_batches, epoch=f"{trainer.current_epoch + 1}/{trainer.max_epochs}", loss=""
        )
        self._bar.start()

    def on_train_batch_end(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Moves the bar; the loss is read rarely, because reading it waits for the device."""
        if self._bar is None or self._task is None:
            return
        if batch_idx % 10 == 0:
            self._bar.update(self._task, loss=f"loss {float(outputs['loss']):.3f}")
        self._bar.advance(self._task)

    def on_validation_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Prints the epoch's line."""
        self._close()
        score = trainer.callback_metrics.get(f"val/{self.metric}")
        if trainer.sanity_checking or not trainer.is_global_zero or score is None:
            return
        value = float(score)
        self.best = value if self.best is None else max(self.best, value)
        loss = trainer.callback_metrics.get("train/loss")
        words = [f"epoch {trainer.current_epoch + 1:>3}/{trainer.max_epochs}"]
        if loss is not None:
            words.append(f"loss {float(loss):.3f}")
        words += [f"val {self.metric} {value:.4f}", f"best {self.best:.4f}"]
        if (speed := trainer.callback_metrics.get("perf/images_per_s")) is not None:
            words.append(f"{float(speed):.1f} images/s")
        self.say("  ".join(words))

    def on_exception(self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException) -> None:
        """Leaves the terminal as it was."""
        self._close()

    def on_fit_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leaves the terminal as it was."""
        self._close()

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.stop()
        self._bar = self._task = None
