"""Starting and ending the W&B run of a training, under kirie's own id, or under the one that an agent gave.

The same id is used online and offline and after every restart (`resume="allow"`); a restarted offline run adds a
segment, a further folder with the same id.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytorch_lightning.loggers import WandbLogger

from kirie.core.run import RunFolder
from kirie.errors import ConfigError
from kirie.runlog.agent import given_run, without_agent
from kirie.runlog.logged import STEP, OnceLogger, highest_steps, rows_of_others
from kirie.runlog.mode import check_mode, choose_mode

if TYPE_CHECKING:
    from wandb.sdk.wandb_run import Run

_TEXTS = ("project", "entity", "group", "sweep", "notes")
_KEYS = ("name", "mode", *_TEXTS, "tags", "pictures", "pictures_every")

FINISH_S = 900.0
"""How long the end of a run waits for uploads; wandb itself waits for ever when the server went away meanwhile.
What was not sent stays in the run's `wandb/`."""


def check_log(config: Mapping[str, Any]) -> None:
    """Checks the `log` group.

    Raises:
        ConfigError: A name, key or value is not allowed.
    """
    name = config.get("name")
    if name not in ("wandb", "none"):
        raise ConfigError(f"log.name is {name!r}; allowed are wandb, none.")
    if name == "none":
        return
    if strange := sorted(set(config) - set(_KEYS)):
        raise ConfigError(f"conf/log/wandb.yaml has no setting {', '.join(strange)}; allowed are {', '.join(_KEYS)}.")
    if missing := [key for key in _KEYS if key not in config]:
        raise ConfigError(f"`log` lacks {', '.join(missing)}; conf/log/wandb.yaml shows the defaults.")
    check_mode(config["mode"])
    for key in _TEXTS:
        if not isinstance(config[key], str | None):
            raise ConfigError(f"log.{key} is {config[key]!r}; allowed is text or null.")
    for key, least in (("pictures", 0), ("pictures_every", 1)):
        value = config[key]
        if not isinstance(value, int) or isinstance(value, bool) or value < least:
            raise ConfigError(f"log.{key} is {value!r}; allowed is a whole number from {least}.")
    tags = config["tags"]
    if not isinstance(tags, list) or not all(isinstance(tag, str) for tag in tags):
        raise ConfigError(f"log.tags is {tags!r}; allowed is a list of words, as [first,second].")


def start_log(config: Mapping[str, Any], run: RunFolder, run_id: str, details: Mapping[str, Any]) -> tuple[Any, str]:
    """Starts the run log.

    Args:
        config: The `log` group.
        run: The run's folder; W&B's files lie in its `wandb/`.
        run_id: kirie's run id; the W&B run has it too, except under an agent.
        details: What the W&B run shows as its configuration; `log.sweep` is added as `sweep`.

    Returns:
        Lightning's logger, or None with `log=none`; and one sentence on where the log goes.

    Raises:
        ConfigError: The group is wrong, or wandb refuses to start.
    """
    check_log(config)
    if config["name"] == "none":
        return None, "no run log (log=none)"
    import wandb

    mode, why = choose_mode(config["mode"])
    given = given_run()
    if given is not None and mode == "offline":
        why += "; the agent's sweep hears nothing of this run"
    run.path.mkdir(parents=True, exist_ok=True)
    wandb_id = given if given is not None and mode == "online" else run_id
    highest, earlier = highest_steps(run, wandb_id), rows_of_others(run, wandb_id)
    sweep = {"sweep": config["sweep"]} if config.get("sweep") else {}
    try:
        with contextlib.nullcontext() if wandb_id == given else without_agent():
            found = wandb.init(
                id=wandb_id,
                resume="allow",
                dir=str(run.path),
                mode=mode,
                # Under an agent both are the sweep's
                project=config["project"] if wandb_id == run_id else None,
                entity=config["entity"] if wandb_id == run_id else None,
                group=config["group"],
                name=details.get("name"),
                tags=config["tags"],
                notes=config["notes"],
                config={**details, **sweep},
                allow_val_change=True,
                settings=_settings(),
            )
    except wandb.errors.Error as error:
        raise ConfigError(f"W&B did not start ({error}); use log.mode=offline or log=none.") from None
    found.define_metric(STEP)
    found.define_metric("*", step_metric=STEP, step_sync=True)
    logger = OnceLogger(found, highest)
    logger.write_missing(earlier)
    return logger, f"{mode}: {why}"


def mark_preempting(logger: Any) -> None:
    """Tells W&B that the run will end early and go on later: it shows as preempted then, and not as crashed."""
    if isinstance(logger, WandbLogger):
        with contextlib.suppress(ConnectionError):
            logger.experiment.mark_preempting()


def end_log(logger: Any, exit_code: int) -> None:
    """Ends the run log with an exit code; without this call a killed run reads as finished."""
    if not isinstance(logger, WandbLogger):
        return
    experiment: Run = logger.experiment
    try:
        experiment.finish(exit_code=exit_code)
    except ConnectionError:
        import wandb

        # W&B's own process is gone (see OnceLogger.broken); without this it is missed again, aloud, at our exit
        with contextlib.suppress(ConnectionError):
            wandb.teardown()


def save_best_model(logger: Any, run: RunFolder, run_id: str, scores: Mapping[str, float]) -> None:
    """Keeps the best checkpoint as an artifact of an online run; offline it stays in the run folder.

    A server that went away only costs the artifact, with a warning: the training is done, and the checkpoint is kept.
    """
    if not isinstance(logger, WandbLogger) or logger.experiment.offline:
        return
    import wandb

    artifact = wandb.Artifact(f"model-{run_id}", type="model", metadata=dict(scores))
    artifact.add_file(str(run.best))
    try:
        logger.experiment.log_artifact(artifact, aliases=["best"])
    except wandb.errors.Error as error:
        warnings.warn(f"W&B did not take the best checkpoint ({error}); it stays at {run.best}.", stacklevel=2)


def save_diff(logger: Any, diff: Path) -> None:
    """Puts the git difference among the run's files: offline runs get none from wandb."""
    if isinstance(logger, WandbLogger) and diff.is_file():
        logger.experiment.save(str(diff), base_path=str(diff.parent), policy="now")


def _settings() -> Any:
    import wandb

    settings = wandb.Settings(silent=True, console="off", finish_timeout=FINISH_S)
    try:
        # What a SIGKILL loses: 1 s of rows instead of 15 s. Older versions do not know the setting.
        settings.x_transaction_log_flush_interval = 1.0
    except (AttributeError, ValueError) as error:
        warnings.warn(f"this wandb keeps rows for 15 s before writing them: {error}", stacklevel=2)
    return settings
