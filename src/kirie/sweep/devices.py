"""What one worker may use of its machine: GPUs where there are some, else threads."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from kirie.core import programs
from kirie.errors import SweepError

VISIBLE = "CUDA_VISIBLE_DEVICES"

_PATIENCE_S = 20.0


@dataclass(frozen=True, slots=True)
class Share:
    """A worker's share.

    Attributes:
        gpus: Its GPUs, as CUDA_VISIBLE_DEVICES names them; none at all if this is empty, None: as it finds them.
        threads: Threads of its trainings on a CPU; None: as many as they take.
    """

    gpus: tuple[str, ...] | None = None
    threads: int | None = None

    def environ(self) -> dict[str, str]:
        """The variables that hold a process to its share."""
        threads = {} if self.threads is None else {"OMP_NUM_THREADS": str(self.threads)}
        return threads | ({} if self.gpus is None else {VISIBLE: ",".join(self.gpus)})


def gpus_here(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The GPUs that this process may use: those that its environment names, else all that the driver tells of."""
    environ = os.environ if environ is None else environ
    if VISIBLE in environ:
        # As CUDA reads it: a number below 0 hides itself and all after it
        named = [name.strip() for name in environ[VISIBLE].split(",") if name.strip()]
        end = next((at for at, name in enumerate(named) if name.startswith("-")), len(named))
        return tuple(named[:end])
    told = programs.ask(
        ["nvidia-smi", "--query-gpu=index", "--format=csv,noheader"], patience_s=_PATIENCE_S, environ=environ
    )
    if told is None or told.code:
        return ()
    return tuple(line.strip() for line in told.out.splitlines() if line.strip().isdecimal())


def cores_here() -> int:
    """The CPU cores that this process may run on."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_out(
    workers: int | None, *, gpus: int | None, cpus: int | None, here: Sequence[str], cores: int
) -> list[Share]:
    """Divides a machine among workers.

    Args:
        workers: How many; None: as many as its GPUs feed, and one on a machine without.
        gpus: GPUs of one trial; None: one on a machine that has some.
        cpus: Threads of one trial on a CPU; None: the cores divided by the workers.
        here: The machine's GPUs.
        cores: Its CPU cores.

    Raises:
        SweepError: There are not so many GPUs.
    """
    each = (1 if here else 0) if gpus is None else gpus
    if each == 0:
        count = 1 if workers is None else workers
        threads = max(1, cores // count) if cpus is None else cpus
        return [Share(() if here else None, threads)] * count
    fits = len(here) // each
    count = max(1, fits) if workers is None else workers
    if count > fits:
        raise SweepError(
            f"{count} workers with {each} GPUs each need {count * each}, and this machine has {len(here)}"
            f"{f' ({VISIBLE})' if VISIBLE in os.environ else ''}; allowed are {fits} workers"
            + (" here, others elsewhere." if fits else ": lower resources.gpus in the companion file.")
        )
    return [Share(tuple(here[at * each : (at + 1) * each])) for at in range(count)]
