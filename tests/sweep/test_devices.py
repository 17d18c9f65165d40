"""One machine, several workers: nobody gets what another one has."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.errors import SweepError
from kirie.sweep.devices import Share, gpus_here, share_out


def test_gpus_are_dealt_out_without_overlap() -> None:
    """Two workers of two GPUs each; a fifth GPU is left over."""
    shares = share_out(None, gpus=2, cpus=None, here=("0", "1", "2", "3", "4"), cores=8)
    assert [share.gpus for share in shares] == [("0", "1"), ("2", "3")]
    assert shares[1].environ() == {"CUDA_VISIBLE_DEVICES": "2,3"}


def test_without_words_every_gpu_feeds_a_worker() -> None:
    """One GPU a trial is the default."""
    assert [share.gpus for share in share_out(None, gpus=None, cpus=None, here=("0", "1"), cores=8)] == [("0",), ("1",)]


def test_too_many_workers_are_refused() -> None:
    """The sentence says how many fit."""
    with pytest.raises(SweepError, match=r"3 workers with 2 GPUs each need 6, and this machine has 4.*allowed are 2"):
        share_out(3, gpus=2, cpus=None, here=("0", "1", "2", "3"), cores=8)
    with pytest.raises(SweepError, match=r"lower resources\.gpus"):
        share_out(None, gpus=8, cpus=None, here=("0", "1", "2", "3"), cores=8)


def test_on_a_cpu_the_cores_are_shared() -> None:
    """Each worker gets its part of the threads; one at least; the companion file's number counts before it."""
    assert share_out(3, gpus=None, cpus=None, here=(), cores=8) == [Share(None, 2)] * 3
    assert share_out(4, gpus=None, cpus=None, here=(), cores=2) == [Share(None, 1)] * 4
    assert share_out(None, gpus=0, cpus=4, here=(), cores=2) == [Share(None, 4)]
    assert Share(None, 4).environ() == {"OMP_NUM_THREADS": "4"}


def test_gpus_that_are_not_wanted_are_hidden() -> None:
    """`resources: {gpus: 0}` trains on the CPU of a machine with GPUs."""
    (share,) = share_out(1, gpus=0, cpus=2, here=("0",), cores=8)
    assert share.environ() == {"CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "2"}


def test_which_gpus_there_are(tmp_path: Path) -> None:
    """Those that the environment names, as CUDA reads it; else the driver's; none without a driver."""
    assert gpus_here({"CUDA_VISIBLE_DEVICES": "3, GPU-1f,-1,2"}) == ("3", "GPU-1f")
    assert gpus_here({"CUDA_VISIBLE_DEVICES": ""}) == ()
    assert gpus_here({"PATH": str(tmp_path)}) == ()
    driver = tmp_path / "nvidia-smi"
    driver.write_text("#!/bin/sh\nprintf '0\\n1\\n'\n")
    driver.chmod(0o755)
    assert gpus_here({"PATH": f"{tmp_path}:/bin:/usr/bin"}) == ("0", "1")
