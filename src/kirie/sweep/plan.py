"""What a trial's parameters come to: the run that they make, and the command that trains it."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kirie.core.run import RunFolder
from kirie.errors import ConfigError
from kirie.prepare.store import Store
from kirie.sweep.command_line import overrides_of, words
from kirie.sweep.companion import Companion
from kirie.sweep.composed import files_of
from kirie.sweep.devices import Share
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground, GroundError
from kirie.sweep.hydra_words import override
from kirie.sweep.spec import SweepSpec
from kirie.train.compose import compose_config, config_folder
from kirie.train.identify import identify
from kirie.train.settings import Settings


@dataclass(frozen=True, slots=True)
class Setting:
    """What the trials of one worker have in common.

    Attributes:
        folder: The sweep.
        spec: Its file.
        companion: What its companion file says.
        share: The worker's devices.
        config_dir: The folder of configuration, where it is given.
        launch: Words before a trial's command (srun and its options); none: it is started here.
        reuse: Whether runs are shared with all others, so that one that is done gives its score.
        ground: What the sweep was begun on; None: whatever there is now.
    """

    folder: SweepFolder
    spec: SweepSpec
    companion: Companion
    share: Share
    config_dir: Path | None = None
    launch: tuple[str, ...] = ()
    reuse: bool = True
    ground: Ground | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """A trial as it is to be trained.

    Attributes:
        run: The folder of its run.
        store: The store that it is trained on.
        words: The command that trains it.
    """

    run: RunFolder
    store: Path
    words: tuple[str, ...]


def plan_trial(setting: Setting, params: Mapping[str, Any]) -> Plan:
    """Works a trial out, without training anything.

    Raises:
        ConfigError: The parameters make no configuration.
        StoreError: The store is missing or damaged.
        GroundError: The sweep was begun on other data, with other code or another configuration.
        SweepError: The sweep's command is no training of kirie.
    """
    given = words(setting.spec.command, params, os.environ, program=setting.spec.program)
    overrides = overrides_of(given)
    config = _composed(overrides, setting)
    store = Path(Settings.of(config).data.store)
    own = _machine_words(setting, config)
    runs = Path(config["runs"]) if setting.reuse else setting.folder.runs
    identity = identify(config, Store.open(store).fingerprint)
    if setting.ground is not None:
        setting.ground.check(identity, str(store), setting.folder.name)
    run = identity.folder(runs)
    # The same kirie as this one, also where the PATH knows none
    program = [sys.executable, "-m", "kirie"] if given[0] == "kirie" else given[:1]
    return Plan(run, store, (*setting.launch, *program, *given[1:], *own))


def _composed(overrides: Sequence[str], setting: Setting) -> dict[str, Any]:
    """What overrides make of the configuration; what was changed there is no fault of a trial."""
    try:
        conf = config_folder(setting.config_dir)
    except ConfigError as error:
        raise GroundError(str(error)) from None
    try:
        config = compose_config(overrides, conf)
        Settings.of(config)
    except ConfigError:
        _check_files(overrides, conf, setting, composing=True)
        _check_sound(conf, setting)
        raise
    _check_files(overrides, conf, setting, composing=False)
    return config


def _check_files(overrides: Sequence[str], conf: Path, setting: Setting, *, composing: bool) -> None:
    if setting.ground is not None:
        setting.ground.check_files(conf, files_of(overrides, conf), setting.folder.name, composing=composing)


def _check_sound(conf: Path, setting: Setting) -> None:
    """Refuses to go on where not even what made a configuration at the sweep's beginning makes one."""
    if setting.ground is None or not setting.ground.sound:
        return
    try:
        Settings.of(compose_config(setting.ground.sound, conf))
    except ConfigError as error:
        raise GroundError(f"The sweep {setting.folder.name} cannot be gone on with here. {error}") from None


def runs_of(setting: Setting, params: Mapping[str, Any]) -> Path:
    """Where the runs lie that a sweep shares with others. No store is asked for, and one may be gone by now.

    Raises:
        SweepError: The sweep's command is no training of kirie.
    """
    given = overrides_of(words(setting.spec.command, params, os.environ, program=setting.spec.program))
    try:
        return Path(compose_config(given, config_folder(setting.config_dir))["runs"])
    except ConfigError:
        # The configuration was changed since, so that the parameters make none; the command may still name the place
        named = [word.partition("=")[2] for word in given if word.startswith("runs=")]
        return Path(named[-1] if named else "runs")


def _machine_words(setting: Setting, config: Mapping[str, Any]) -> list[str]:
    """What only this worker knows; none of it is part of the run's id."""
    params: dict[str, Any] = {}
    log = config["log"]
    if log.get("name") == "wandb":
        params["log.group"] = setting.folder.name if log.get("group") is None else log["group"]
        params["log.sweep"] = setting.folder.name
    if not setting.reuse:
        params["runs"] = str(setting.folder.runs)
    quoted = [override(name, value) for name, value in params.items()]
    return quoted if setting.config_dir is None else [*quoted, "--config-dir", str(setting.config_dir)]
