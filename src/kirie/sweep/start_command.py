"""`kirie sweep FILE`: starts a sweep or goes on with it, with workers here or on a cluster."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kirie.cluster.scheduler import Scheduler, Slurm
from kirie.core import command
from kirie.errors import UsageError
from kirie.sweep.command import actions
from kirie.sweep.creating import check_searchable
from kirie.sweep.here import run_here, told_over
from kirie.sweep.opening import Opening, read_opening
from kirie.sweep.sending import planned_script, send_workers
from kirie.sweep.status import status_of
from kirie.sweep.status_table import headline, parameters
from kirie.sweep.sweeps import add_place

_DESCRIPTION = """Searches parameters as a sweep file in W&B's schema says (conf/sweep/*.yaml).

--engine local needs no account and no server: the ledger lies in sweeps/NAME, every worker asks it, trains, and tells.
--engine wandb registers the file with W&B and starts agents. The same command goes on with a sweep that was stopped or
died, to its total.

  kirie sweep conf/sweep/architectures.yaml
  kirie sweep conf/sweep/augmentation.yaml --trials 40 --workers 2
  kirie sweep conf/sweep/augmentation.yaml --launcher slurm cluster=mycluster workers=8
"""


def main(argv: Sequence[str], scheduler: Scheduler | None = None) -> int:
    """Runs `kirie sweep FILE`.

    Args:
        argv: Its words.
        scheduler: The batch system; SLURM by default.
    """
    options = _parsed(argv)
    opening = read_opening(
        options.file,
        name=options.name,
        trials=options.trials,
        budget=options.budget,
        seed=options.seed,
        config_dir=options.config_dir,
    )
    if options.engine == "wandb":
        from kirie.sweep.wandb_engine import run_agents

        return run_agents(opening, options, scheduler)
    opening.check_end()
    if not options.json:
        for one in opening.left_out:
            print(f"left out: {parameters(one.params)}: {one.reason}", file=sys.stderr)
    if options.dry_run:
        return _dry_run(opening, options)
    if options.launcher == "slurm":
        return send_workers(opening, options, Slurm() if scheduler is None else scheduler)
    return run_here(opening, options)


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = command.Parser("sweep", f"{_DESCRIPTION}\n{actions()}")
    parser.add_argument("file", type=Path, help="the sweep file; FILE.local.yaml beside it is its companion")
    parser.add_argument(
        "words", nargs="*", metavar="key=value", help="words of a cluster: cluster=NAME workers=N time="
    )
    parser.add_argument("--engine", choices=("local", "wandb"), default="local", help="who searches (default: local)")
    parser.add_argument("--name", help="the sweep's name (default: the file's `name`, or its own name)")
    parser.add_argument("--workers", type=int, metavar="N", help="trials at a time (default: one a GPU; else one)")
    parser.add_argument("--launcher", choices=("local", "slurm"), default="local", help="where workers run")
    parser.add_argument("--trials", type=int, metavar="N", help="how many trials in all (default: the file's run_cap)")
    parser.add_argument("--budget", metavar="TIME", help="device time in all, as 8h or 90m")
    parser.add_argument("--seed", type=int, help="of the search (default: the companion's, or 0)")
    parser.add_argument("--no-reuse", action="store_true", help="train also what other runs have trained already")
    parser.add_argument(
        "--renew",
        action="store_true",
        help="where the sweep of that name was another one (file, data, code): put that aside as NAME.1, begin anew",
    )
    parser.add_argument("--dry-run", action="store_true", help="check all, show the first trials, start nothing")
    parser.add_argument("--config-dir", type=Path, help="folder with train.yaml (default: conf/ here)")
    add_place(parser)
    options = parser.parse_intermixed_args(argv)
    for word in options.words:
        if word.startswith("workers="):
            options.workers = _number(word)
    options.words = [word for word in options.words if not word.startswith("workers=")]
    for name in ("workers", "trials"):
        if (number := getattr(options, name)) is not None and number < 1:
            raise UsageError(f"--{name} is {number}; allowed is a whole number from 1.")
    if options.words and options.launcher == "local":
        raise UsageError(
            f"'{options.words[0]}' is a word of a cluster; add --launcher slurm. What trials are run with stands in "
            "the sweep file."
        )
    return options


def _number(word: str) -> int:
    value = word.partition("=")[2]
    if not (value.isascii() and value.isdecimal() and len(value) < 7):
        raise UsageError(f"'{word}' is no number; allowed is a whole number from 1, as workers=8.")
    return int(value)


def _dry_run(opening: Opening, options: argparse.Namespace) -> int:
    check_searchable(opening.spec, opening.companion, opening.total, opening.budget_s)
    there = opening.there(options.sweeps, renew=options.renew)
    examples = opening.examples()
    count = "as many trials as the budget pays for" if opening.total is None else f"{opening.total} trials"
    total = "1 trial" if opening.total == 1 else count
    lines = [f"sweep {opening.name} ({opening.spec.method}): {total}; nothing was started"]
    content: dict[str, Any] = {
        "sweep": opening.name,
        "total": opening.total,
        "commands": [list(words) for words in examples],
    }
    if there is not None:
        status = status_of(there, opening.ledger(there))
        if status.over and not opening.adds_to(status.record):
            return told_over(status, there, options)
        lines.append(f"goes on with {headline(status)}")
        content["there"] = {"counts": dict(status.counts), "over": status.over}
    drawn = opening.spec.method != "bayes"
    lines += [f"{f'trial {at}' if drawn else 'as'}  {shlex.join(words)}" for at, words in enumerate(examples)]
    if options.launcher == "slurm":
        content["script"] = planned_script(opening, options).text
        lines += ["", str(content["script"]).rstrip()]
    command.result(content, "\n".join(lines), as_json=options.json)
    return 0
