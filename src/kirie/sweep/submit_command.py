"""`kirie submit sweep`: a sweep whose workers are an array of SLURM jobs."""

from __future__ import annotations

from collections.abc import Sequence

from kirie.cluster.scheduler import Scheduler
from kirie.sweep import start_command


def main(argv: Sequence[str], scheduler: Scheduler | None = None) -> int:
    """Runs `kirie submit sweep`: `kirie sweep` with `--launcher slurm`.

    Args:
        argv: Its words.
        scheduler: The batch system; SLURM by default.
    """
    return start_command.main([*argv, "--launcher", "slurm"], scheduler)
