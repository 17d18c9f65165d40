"""A sweep's workers run on this machine, from the opening of the sweep to its end."""

from __future__ import annotations

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence

from rich.console import Console
from rich.live import Live

from kirie.core import command
from kirie.errors import Interrupted, SweepError
from kirie.sweep.devices import cores_here, gpus_here, share_out
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger
from kirie.sweep.local import Left, work_here
from kirie.sweep.opening import Opening
from kirie.sweep.status import Status, status_of
from kirie.sweep.status_command import as_content
from kirie.sweep.status_table import as_renderable, headline
from kirie.sweep.stopping import take_back


def run_here(opening: Opening, options: argparse.Namespace) -> int:
    """Opens a sweep and works for it here until nothing is left to do.

    Args:
        opening: The sweep.
        options: The words of `kirie sweep`.

    Raises:
        SweepError: A sweep of that name is another one, or all workers ended in error.
        Interrupted: A signal ended it; what was trained is kept.
    """
    resources = opening.companion.resources
    shares = share_out(
        options.workers or resources.workers,
        gpus=resources.gpus,
        cpus=resources.cpus,
        here=gpus_here(),
        cores=cores_here(),
    )
    folder = opening.open(options.sweeps, renew=options.renew)
    take_back(folder)
    ledger = Ledger.open(folder)
    if (status := status_of(folder, ledger)).over:
        return told_over(status, folder, options)
    with _shown(status, quiet=options.json) as show:
        left, told = work_here(folder, shares, worker_words(options), show=lambda: show(status_of(folder, ledger)))
    return _ended(status_of(folder, ledger), folder, left, told, options)


def worker_words(options: argparse.Namespace) -> list[str]:
    """What `kirie sweep` hands on to each `kirie sweep work`."""
    return ["--no-reuse"] if options.no_reuse else []


def told_over(status: Status, folder: SweepFolder, options: argparse.Namespace) -> int:
    """Tells that a sweep is over, and how it ended."""
    if options.engine == "local" and status.counts.get("failed", 0) == len(status.trials) > 0:
        last = status.trials[-1]
        raise SweepError(
            f"{headline(status)}: all trials failed, the last one because: {last.error} `kirie sweep status "
            f"{folder.name}` shows all; mend that and give the sweep another name, or remove {folder.path}."
        )
    best = f"\n`kirie sweep best {folder.name}` shows the best trials" if status.best else ""
    command.result(as_content(status), f"{headline(status)}{best}", as_json=options.json)
    return 0


def _ended(
    status: Status,
    folder: SweepFolder,
    left: Sequence[Left],
    told: signal.Signals | None,
    options: argparse.Namespace,
) -> int:
    if status.over:
        return told_over(status, folder, options)
    if told is not None:
        raise Interrupted(
            f"The sweep {folder.name} was stopped by {told.name} and keeps what was trained; repeat the command to go "
            "on.",
            128 + told,
        )
    if failed := [worker for worker in left if worker.code]:
        raise SweepError(f"{failed[0].words} (Worker log {failed[0].log}; {headline(status)}.)")
    # Stopped from elsewhere, or the rest is with workers of another machine
    command.result(as_content(status), headline(status), as_json=options.json)
    return 0


@contextlib.contextmanager
def _shown(status: Status, *, quiet: bool) -> Iterator[Callable[[Status], None]]:
    """Shows how a sweep stands: a table that lives on a terminal, else a line whenever something has ended."""
    if not quiet and sys.stderr.isatty():
        with Live(as_renderable(status), console=Console(stderr=True), auto_refresh=False) as live:
            yield lambda now: live.update(as_renderable(now), refresh=True)
        return
    said = ""

    def say(now: Status) -> None:
        nonlocal said
        # The estimate changes all the time
        line = headline(now).partition("; about ")[0]
        if not quiet and line != said:
            said = line
            print(line, file=sys.stderr, flush=True)

    say(status)
    yield say
