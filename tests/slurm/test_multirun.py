"""Plain Hydra multirun, one SLURM job a training, through the submitit launcher."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.slurm.cluster import PATIENCE_S, Desk, Sent, ask, training
from tests.train.stops import differing

from kirie.core.run import RunFolder


def test_a_preempted_combination_goes_on(desk: Desk, whole: RunFolder) -> None:
    """Two seeds, an array of two; the one that is told to end is queued again, and Hydra waits for both."""
    words = [sys.executable, "-m", "kirie.train.multirun", "-m", *training(desk.store), "seed=1,2"]
    words += ["hydra/launcher=slurm", "hydra.launcher.partition=main", "hydra.launcher.cpus_per_task=1"]
    words += ["+hydra.launcher.additional_parameters.nodelist=kirie-n1", "hydra.launcher.name=kirie-multirun"]
    with subprocess.Popen(
        [*words, "hydra.sweep.dir=sweep"], cwd=desk.folder, stderr=subprocess.PIPE, text=True
    ) as sweep:
        try:
            run = RunFolder(desk.folder / "runs" / whole.path.name)
            sent = Sent("", run, desk.folder / "no.log")
            sent.until_step(12)
            # The folder of a task's log and results is named by it: ARRAY_TASK
            (first,) = (path.name for path in Path(desk.folder, "sweep", ".submitit").glob("*_0"))
            sent = Sent(first, run, desk.folder / f"sweep/.submitit/{first}/{first}_0_log.out")
            ask("scancel", "--signal=USR2", first)
            sent.until_queued_again()
            sent.until_over()
            _, said = sweep.communicate(timeout=PATIENCE_S)
        finally:
            sweep.kill()
            for path in Path(desk.folder, "sweep", ".submitit").glob("*_0"):
                ask("scancel", path.name.removesuffix("_0"), check=False)
    assert sweep.returncode == 0, said
    assert sent.restarts() == 1
    assert differing(whole, run) == []
    assert {found.read_record()["state"] for found in map(RunFolder, (desk.folder / "runs").iterdir())} == {"done"}
