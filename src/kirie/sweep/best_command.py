"""`kirie sweep best`: the best trials, and the command that trains the best one again."""

from __future__ import annotations

import math
import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kirie.core import command
from kirie.core.run import RunFolder
from kirie.errors import KirieError, SweepError, UsageError
from kirie.sweep.command_line import words
from kirie.sweep.devices import Share
from kirie.sweep.entry import Trial
from kirie.sweep.folder import SweepFolder
from kirie.sweep.hydra_words import override
from kirie.sweep.ledger import Ledger
from kirie.sweep.plan import Setting, plan_trial, runs_of
from kirie.sweep.ranking import Ranked, ranked
from kirie.sweep.record import SweepRecord
from kirie.sweep.spec import SweepSpec
from kirie.sweep.status_table import parameters
from kirie.sweep.sweeps import CONFIG_DIR, add_place, find_sweep

_TOP = 5

_DESCRIPTION = """Shows a sweep's best trials, and the command that trains the best one again; its run is there already,
so the command answers that it is done, as long as data, code and configuration are what they were.

With several objectives all trials are shown that no other one beats. Trials that were repeated with other seeds are
ranked by their mean, with its 95 % interval."""


def main(argv: Sequence[str]) -> int:
    """Runs `kirie sweep best`."""
    parser = command.Parser("sweep best", _DESCRIPTION)
    parser.add_argument("name", help="the sweep's name or folder")
    parser.add_argument("--top", type=int, default=_TOP, metavar="N", help=f"how many are shown (default: {_TOP})")
    parser.add_argument("--out", type=Path, metavar="DIR", help="copy the best run (weights, scores, tables) here")
    parser.add_argument("--config-dir", type=Path, help=CONFIG_DIR)
    add_place(parser)
    options = parser.parse_args(argv)
    if options.top < 1:
        raise UsageError(f"--top is {options.top}; allowed is a whole number from 1.")
    folder = find_sweep(options.name, options.sweeps)
    ledger, record, spec = Ledger.open(folder), SweepRecord.read(folder), SweepSpec.read(folder.spec)
    if not record.objectives:
        raise SweepError(f"The sweep {folder.name} has no metric, so none of its trials is the best one.")
    best = ranked(ledger.trials(), "maximize" if record.objectives[0][1] == "maximize" else "minimize")
    if not best:
        raise SweepError(
            f"No trial of sweep {folder.name} has finished yet; `kirie sweep status {folder.name}` shows how it stands."
        )
    front = list(ledger.pareto()) if len(record.objectives) > 1 else []
    first = best[0].trial
    setting = Setting(folder, spec, ledger.companion, Share(), record.conf(options.config_dir))
    again = _again(first, setting)
    if options.out is not None:
        run = _run_of(first, setting)
        if not run.record.is_file():
            raise SweepError(
                f"The best run of sweep {folder.name} is not in {run.path}: it was removed, or trained in another "
                f"folder. This trains it again: {again}"
            )
        run.publish(options.out)
    content: dict[str, Any] = {
        "sweep": folder.name,
        "trial": first.number,
        "run": first.run,
        "command": again,
        "params": dict(first.params),
        "best": [_content(one) for one in best[: options.top]],
        "pareto": [{"trial": one.number, "run": one.run, "values": list(one.values)} for one in front],
    }
    rows = [_front_cells(one, record) for one in front] or [_cells(one, record) for one in best[: options.top]]
    text = "\n".join([*_aligned(rows), "", again])
    now, told = _now(first, setting)
    if told:
        content |= {"now": now, "why": told}
        text += f"\n({told})"
    command.result(content, text, as_json=options.json)
    return 0


def _again(trial: Trial, setting: Setting) -> str:
    """The command that trains a trial."""
    found = list(words(setting.spec.command, trial.params, os.environ, program=setting.spec.program))
    if _own_run(setting.folder, trial).record.is_file():
        found.append(override("runs", str(setting.folder.runs)))
    if setting.config_dir is not None:
        found += ["--config-dir", str(setting.config_dir)]
    return shlex.join(found)


def _now(trial: Trial, setting: Setting) -> tuple[str | None, str]:
    """The run that a trial's command would train now, and what is to be said of it if it is not the trial's."""
    try:
        now = plan_trial(setting, trial.params).run.path.name
    except KirieError as error:
        return None, f"now it would train nothing: {error}"
    if now == trial.run:
        return now, ""
    return now, f"now another run, {now}: data, code or configuration were changed since"


def _run_of(trial: Trial, setting: Setting) -> RunFolder:
    """The folder of a trial's run: the sweep's own, or shared with all others. Its id is the ledger's: today's data and
    code may make another one."""
    own = _own_run(setting.folder, trial)
    return own if own.record.is_file() else RunFolder(runs_of(setting, trial.params) / str(trial.run))


def _own_run(folder: SweepFolder, trial: Trial) -> RunFolder:
    """The folder that a trial's run has in a sweep that shares none (`--no-reuse`)."""
    return RunFolder(folder.runs / str(trial.run))


def _content(one: Ranked) -> dict[str, Any]:
    interval = None if math.isnan(one.low) else [one.low, one.high]
    return {
        "trial": one.trial.number,
        "run": one.trial.run,
        "mean": one.mean,
        "values": list(one.values),
        "interval": interval,
        "params": dict(one.trial.params),
    }


def _cells(one: Ranked, record: SweepRecord) -> tuple[str, ...]:
    several = f" [{one.low:.4f}, {one.high:.4f}] over {len(one.values)} seeds" if len(one.values) > 1 else ""
    return _row(one.trial, f"{record.objectives[0][0]} {one.mean:.4f}{several}")


def _front_cells(one: Trial, record: SweepRecord) -> tuple[str, ...]:
    values = [f"{name} {_number(value)}" for (name, _), value in zip(record.objectives, one.values, strict=True)]
    return _row(one, *values)


def _row(trial: Trial, *values: str) -> tuple[str, ...]:
    return (f"trial {trial.number}", *values, f"run {trial.run}", parameters(trial.params))


def _number(value: float) -> str:
    """Short, but a count of parameters in full."""
    return f"{value:.0f}" if value.is_integer() else f"{value:.5g}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]
