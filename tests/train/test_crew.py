"""What cannot be started as several processes is told before any is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kirie.cli import main


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trainer.devices=4000"], r"trainer\.devices is 4000, and this machine has \d+ CPU core"),
        (["trainer.nodes=2"], r"trainer\.nodes is 2, and nothing has started kirie on the other nodes; use `kirie sub"),
        (["trainer.devices=3"], r"data\.batch_size is 8, which 3 processes cannot share equally"),
        (["trainer.devices=2", "trainer.nodes=0"], r"trainer\.nodes is 0; allowed is a whole number from 1"),
    ],
)
def test_what_cannot_be_started_is_one_sentence(
    tiny_overrides: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Before any process is started: exit code 2, one line."""
    assert main(["train", *tiny_overrides, *words, f"runs={tmp_path}"]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert re.search(message, line), line
    assert list(tmp_path.iterdir()) == []


def test_fewer_pictures_than_processes_are_one_sentence(
    tiny_overrides: list[str], tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sixteen pictures for twenty processes."""
    monkeypatch.setattr("kirie.train.devices.PROCESSES_A_CORE", 100)
    words = ["trainer.devices=20", "data.batch_size=40", f"runs={tmp_path}"]
    assert main(["train", *tiny_overrides, *words]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "has 16 picture(s) for 20 processes; use at most 16" in line


def test_a_meeting_place_that_does_not_resolve_is_named(
    tiny_overrides: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name, the variable that sets it, and what to do."""
    place = {"SLURM_STEP_ID": "0", "SLURM_PROCID": "0", "SLURM_NTASKS": "2", "SLURM_LOCALID": "0"}
    for name, value in (place | {"MASTER_ADDR": "no-such-host.invalid"}).items():
        monkeypatch.setenv(name, value)
    assert main(["train", *tiny_overrides]) == 2
    (line,) = capfd.readouterr().err.splitlines()
    assert "'no-such-host.invalid' from MASTER_ADDR does not resolve" in line
