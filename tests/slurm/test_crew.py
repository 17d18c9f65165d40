"""Processes of one training meet, speak with one voice and end together (real processes, see crew_worker.py).

It needs no SLURM. It stands here because it takes a minute, which `make test` has not.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from kirie.core.run import RunFolder

ROOT = Path(__file__).resolve().parents[2]
Outcome = Callable[[str], list[dict[str, Any]]]


@pytest.fixture(scope="module")
def outcome(tiny_overrides: list[str], tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """What the processes of each scenario printed, and how they ended, in the order of their ranks."""
    folder = tmp_path_factory.mktemp("commands")
    train = ["train", *tiny_overrides, "trainer.devices=auto", "train.epochs=1", "--json"]

    def scenario(
        name: str, words: list[str], own_words: Sequence[str] = (), killed_at: int = 0, **more: bool
    ) -> dict[str, Any]:
        arguments = {"words": [*words, f"runs={folder / name}"], "own_words": list(own_words), "killed_at": killed_at}
        return {"name": name, "world": 2, "do": "commands", "with": arguments | more}

    scenarios = [
        scenario("well", [*train, "--out", str(folder / "out")]),
        scenario("typo", [*train, "modelt=unet"]),
        scenario("elsewhere", train, [f"data.store={folder / 'nowhere'}"]),
        scenario("killed", train, killed_at=2),
        scenario("told", train, told_while_scoring=True),
        scenario("devices", [*train, "trainer.devices=3"]),
    ]
    (folder / "scenarios.json").write_text(json.dumps(scenarios))
    done = subprocess.run(
        [sys.executable, "-m", "tests.slurm.crew_worker", str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr[-6000:]
    print(done.stdout)

    def read(name: str) -> list[dict[str, Any]]:
        found = [folder / f"{name}-{rank}.json" for rank in range(2)]
        return [json.loads(path.read_text()) | {"folder": str(folder)} for path in found if path.exists()]

    return read


def test_the_first_process_writes_and_speaks(outcome: Outcome) -> None:
    """One JSON object, one line per epoch, one copy of the run; the other process prints nothing and ends alike."""
    first, second = outcome("well")
    assert (first["code"], second["code"]) == (0, 0)
    found = json.loads(first["out"])
    assert found["state"] == "trained"
    assert "epoch   1/1" in first["err"]
    assert (second["out"], second["err"]) == ("", "")
    run = RunFolder(Path(found["folder"]))
    assert run.read_record()["state"] == "done"
    assert RunFolder(Path(first["folder"]) / "out").read_metrics() == run.read_metrics()
    assert len(run.history.read_text().splitlines()) == 2


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("typo", "no setting 'modelt'"),
        ("devices", "trainer.devices is 3, and torchrun has started 2 process"),
        ("elsewhere", r"nowhere.*\(Process 1 of 2, on "),
    ],
)
def test_an_error_is_told_once(outcome: Outcome, name: str, words: str) -> None:
    """Of all processes alike, or of one alone: the first one tells it, and all end with its exit code."""
    first, second = outcome(name)
    assert (first["code"], second["code"]) == (2, 2)
    (line,) = first["err"].splitlines()
    assert re.search(words, line), line
    assert (second["out"], second["err"]) == ("", "")


def test_a_killed_process_does_not_leave_the_others_hanging(outcome: Outcome) -> None:
    """SIGKILL of one in the middle: the other ends within seconds with a sentence, and the record says so."""
    (first,) = outcome("killed")
    assert first["code"] == 2
    assert "went away without a word" in first["err"].splitlines()[-1]
    assert first["seconds"] < 60
    (run,) = (Path(first["folder"]) / "killed").iterdir()
    assert json.loads((run / "run.json").read_text())["state"] == "failed"


def test_a_signal_to_one_process_is_meant_for_all(outcome: Outcome) -> None:
    """While scoring, where no step joins them: the run is preempted and not failed, the batch script is to ask for a
    requeue by the code of both, and one marker says that this start has asked."""
    first, second = outcome("told")
    assert (first["code"], second["code"]) == (75, 75)
    line = first["err"].splitlines()[-1]
    assert "was stopped by SIGTERM and keeps what it had done; the batch script asks SLURM to start it again." in line
    assert (second["out"], second["err"]) == ("", "")
    (run,) = map(RunFolder, (Path(first["folder"]) / "told").iterdir())
    record = run.read_record()
    assert (record["state"], record["error"]) == ("preempted", "stopped by SIGTERM")
    assert len(list(run.requeues.iterdir())) == 1


def test_kirie_starts_the_processes_of_its_node(tiny_overrides: list[str], tmp_path: Path) -> None:
    """trainer.devices=2 trains on two processes and says one thing."""
    words = [*tiny_overrides, "trainer=ddp", "trainer.accelerator=cpu", "trainer.devices=2", "train.epochs=1"]
    done = subprocess.run(
        [sys.executable, "-m", "kirie", "train", *words, f"runs={tmp_path}", "--json"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["state"] == "trained"
    assert done.stderr.count("epoch   1/1") == 1
    assert "Traceback" not in done.stderr
