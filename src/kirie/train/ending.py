"""How a training ends that was told to: what is written down, whom it tells, and whether it asks to be run again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import torch

from kirie.cluster.lease import Lease
from kirie.cluster.requeue import EX_TEMPFAIL, Outcome, request_requeue
from kirie.core.run import RunFolder
from kirie.core.signals import Terminated, heed_no_more, obeyed
from kirie.errors import DeviceError, Interrupted, RunError, first_line
from kirie.runlog.start import end_log, mark_preempting
from kirie.train.record import Record
from kirie.train.starting import is_preemption

_GOES_ON: dict[Outcome | Literal["first_asks"], str] = {
    "requeued": "SLURM starts it again",
    "already": "SLURM was asked before to start it again",
    "by_script": "the batch script asks SLURM to start it again",
    "first_asks": "the first process sees to it that it goes on",
    "ending": "SLURM ends this job on purpose, so submit it again to go on",
    "by_parent": "who started it goes on with it",
    "no_job": "repeat the command to go on",
}


@dataclass(slots=True)
class Opened:
    """What a training has opened so far and must close."""

    record: Record | None = None
    logger: Any = None


@contextlib.contextmanager
def ending(run: RunFolder, lease: Lease | None) -> Iterator[Opened]:
    """Ends what the block opened, however the block ends: the record says how, the log is closed with an exit code.

    Args:
        run: The run.
        lease: This process's lease; a lost one means that the run is another process's to write to.

    Raises:
        Interrupted: A signal ended the block.
        DeviceError: The device ran out of memory.
    """
    opened = Opened()
    exit_code = 1
    try:
        yield opened
        exit_code = 0
    except Terminated as told:
        # It may have come from another process, and SLURM sends one to this one as soon as it is asked
        obeyed(told)
        exit_code = told.exit_code
        if lease is not None and lease.lost:
            raise RunError(lease.heir()) from None
        raise _ended_by(told, run, opened, first=lease is not None) from None
    except (torch.OutOfMemoryError, MemoryError, RuntimeError) as error:
        if not _is_memory(error):
            _failed(opened, lease, f"{type(error).__name__}: {error}")
            raise
        _failed(opened, lease, "out of memory")
        raise DeviceError(
            f"The device ran out of memory ({first_line(error)}); lower data.batch_size, use "
            "train.precision=bf16-mixed, or a smaller model.encoder."
        ) from None
    except BaseException as error:
        _failed(opened, lease, f"{type(error).__name__}: {error}")
        raise
    finally:
        end_log(opened.logger, exit_code)


def _is_memory(error: Exception) -> bool:
    # On a CPU torch has no type of its own for it
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or "can't allocate memory" in str(error)


def still_ours(lease: Lease | None) -> None:
    """Makes sure that the run is this process's, before results are written.

    Raises:
        RunError: Another process has taken it over.
    """
    if lease is not None:
        lease.renew()
        if lease.lost:
            raise RunError(lease.heir())


def _failed(opened: Opened, lease: Lease | None, words: str) -> None:
    if opened.record is not None and not (lease is not None and lease.lost):
        opened.record.change("failed", error=words)


def _ended_by(told: Terminated, run: RunFolder, opened: Opened, *, first: bool) -> Interrupted:
    """Writes down that a run was stopped, and asks SLURM to start it again where that is right.

    SLURM ends the job as soon as it was asked, so all that must be kept is on the disk before.

    Args:
        told: The signal.
        run: The run.
        opened: Its record and its log, as far as the training had come.
        first: Whether this is the process that writes, and that asks.

    Returns:
        The error that tells it, with the exit code.
    """
    outcome: Outcome | Literal["first_asks"] = "no_job"
    preempted = is_preemption(told)
    if (record := opened.record) is not None:
        record.change("preempted" if preempted else "interrupted", error=f"stopped by {told.signum.name}")
    if preempted:
        mark_preempting(opened.logger)
        outcome = request_requeue(run.requeues) if first else "first_asks"
        # SLURM sends SIGTERM again, to all processes of the job; what is left is to end the log
        heed_no_more()
        if outcome == "ending" and record is not None:
            record.change("interrupted", error=f"stopped by {told.signum.name}: SLURM ends the job")
    return Interrupted(
        f"The run {run.path.name} was stopped by {told.signum.name} and keeps what it had done; {_GOES_ON[outcome]}.",
        # The batch script looks what SLURM has done before it asks; the highest code of all processes is what it sees
        EX_TEMPFAIL if outcome in {"by_script", "already", "first_asks"} else told.exit_code,
    )
