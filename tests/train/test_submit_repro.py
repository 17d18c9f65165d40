"""`kirie submit repro`: a real DVC pipeline with two real trainings, and a batch system in memory that runs them."""

from __future__ import annotations

import json
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kirie.cli import main as kirie
from kirie.cluster.fake import FakeScheduler
from kirie.cluster.pending import Pending
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import Interrupted, RunError, UsageError
from kirie.train.stages import must_run, train_stages
from kirie.train.submit_repro import main

LOCAL = ["cluster=local", "cluster.repro.poll=1"]

PIPELINE = """\
stages:
  prepare:
    cmd: mkdir out && cp -r given out/store
    deps: [given]
    outs: [out/store]
  train:
    matrix: {{model: [fpn, unet]}}
    cmd: kirie train {words} model=${{item.model}} --out out/train/${{item.model}}
    deps: [out/store/store.json]
    outs: ["out/train/${{item.model}}"]
  later:
    cmd: kirie train {words} model=unet seed=7 && touch out/later
    deps: [out/train/unet]
    outs: [out/later]
  last:
    cmd: cat out/train/*/metrics.json > out/last
    deps: [out/train/unet, out/train/fpn]
    outs: [out/last]
"""


@pytest.fixture
def pipeline(
    tiny_overrides: list[str], shapes_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], str]:
    """A DVC repository whose stages train for a moment; returns what changes dvc.yaml."""
    words = [word for word in tiny_overrides if not word.startswith(("model=", "data.store"))]
    text = PIPELINE.format(words=shlex.join([*words, "train.epochs=1", "data.store=out/store"]))
    monkeypatch.chdir(tmp_path)
    # The stages call `kirie` and DVC by name
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    monkeypatch.setenv("DVC_NO_ANALYTICS", "1")
    shutil.copytree(shapes_store, tmp_path / "given")
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"], check=True, timeout=120)

    def write(without: str = "later") -> str:
        stages = text.split("\n  ")
        kept = "\n  ".join(stages)
        if without:
            start = kept.index(f"  {without}:\n")
            kept = kept[:start] + kept[kept.index("  last:\n") :]
        Path("dvc.yaml").write_text(kept, encoding="utf-8")
        return kept

    write()
    return write


def _at_second_look(act: Callable[[str], None]) -> Callable[[str], None]:
    """Acts when a job is looked at the second time: the first look is that of its submission."""
    seen: set[str] = set()

    def look(job: str) -> None:
        if job in seen:
            act(job)
        seen.add(job)

    return look


def _train(fake: FakeScheduler, job: str) -> None:
    """Runs a job's training, in this process."""
    line = fake.scripts[job].split("-m kirie ")[1].split(" &\n")[0]
    fake.move(job, "COMPLETED" if kirie(shlex.split(line)) == 0 else "FAILED")


@pytest.mark.long
def test_trainings_are_jobs_beside_each_other_and_survive_the_wait(
    pipeline: Callable[[str], str], capfd: pytest.CaptureFixture[str]
) -> None:
    """The time is up: pending. Repeated: the same jobs; one fails, the other is published. Repeated: all is through."""
    fake = FakeScheduler(on_look=_at_second_look(lambda _: signal.raise_signal(signal.SIGUSR1)))
    with pytest.raises(Interrupted, match=r"pending: 2 of 2 trainings are still queued or running; repeat") as stopped:
        main([*LOCAL, "--here"], fake)
    assert stopped.value.exit_code == 75
    folder = RunFolder(Path("runs/repro").absolute())
    waits = Pending.read(folder)
    assert waits is not None
    assert [(training.stage, training.job) for training in waits.trainings] == [("train@fpn", "1"), ("train@unet", "2")]
    assert not Path("out/train").exists()

    def one_fails(job: str) -> None:
        if job == "2":
            _train(fake, job)
        else:
            log = RunFolder(Path(waits.trainings[0].run)).log(job)
            files.write_text(log, "kirie: job 1 on n1, start 1\nRuntimeError: a card fell off the bus\n")
            fake.move(job, "FAILED")

    fake.on_look = _at_second_look(one_fails)
    with pytest.raises(RunError, match=r"1 of 2 trainings .*train@fpn \(RuntimeError: a card fell off the bus\)"):
        main([*LOCAL, "--here"], fake)
    assert len(fake.scripts) == 2, "a job was submitted twice"
    assert Path("out/train/unet/metrics.json").is_file()
    assert not Path("out/train/fpn").exists()

    fake.on_look = lambda job: _train(fake, job)
    capfd.readouterr()
    assert main([*LOCAL, "--here", "--json"], fake) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out.strip().splitlines()[-1])
    assert [training["stage"] for training in found["trainings"]] == ["train@fpn"]
    assert len(fake.scripts) == 3
    assert Path("out/last").is_file()
    assert must_run(["train@fpn", "train@unet"]) == []
    done = Pending.read(folder)
    assert done is not None
    assert done.state == "done"


def test_dvc_tells_which_stages_train(pipeline: Callable[[str], str]) -> None:
    """The matrix is resolved, what comes before is known, and a command that does more than train is not one."""
    pipeline("")
    fpn, unet = train_stages()
    assert (fpn.name, unet.name) == ("train@fpn", "train@unet")
    assert fpn.words[-3:] == ("model=fpn", "--out", "out/train/fpn")
    assert (fpn.others, fpn.trainings) == (("prepare",), frozenset())
    assert fpn.folder == Path.cwd()
    text = Path("dvc.yaml").read_text()
    Path("dvc.yaml").write_text(text.replace(" && touch out/later", ""))
    later = train_stages()[0]
    assert (later.name, set(later.trainings), later.others) == ("later", {"train@unet"}, ("prepare",))


def test_the_waiting_job_is_submitted_once(pipeline: Callable[[str], str], capsys: pytest.CaptureFixture[str]) -> None:
    """Its script waits with the words of the trainings; a repeat finds it in the queue."""
    fake = FakeScheduler()
    words = [*LOCAL, "nodes=2", "time=2:00", "cluster.signal_lead=30"]
    assert main([*words, "--json"], fake) == 0
    first = json.loads(capsys.readouterr().out)
    assert (first["state"], first["stages"]) == ("submitted", ["train@fpn", "train@unet"])
    script = fake.scripts[first["job"]]
    rest = "nodes=2 time=2:00 cluster.signal_lead=30"
    assert f"-m kirie submit repro --here cluster=local cluster.repro.poll=1 {rest} &\n" in script
    assert "#SBATCH --signal=B:USR1@30\n" in script
    assert main([*words, "--json"], fake) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "already in the queue"
    assert main([*words, "--dry-run"], fake) == 0
    assert capsys.readouterr().out.rstrip() == script.rstrip()
    assert len(fake.scripts) == 1


def test_where_there_is_no_pipeline_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No DVC repository, none of its stages trains, or a word that is dvc.yaml's to say."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(UsageError, match="is not in a DVC repository"):
        main(LOCAL, FakeScheduler())
    subprocess.run([sys.executable, "-m", "dvc", "init", "--quiet", "--no-scm"], check=True, timeout=120)
    with pytest.raises(UsageError, match="has no stage whose whole command is one `kirie train`"):
        main(LOCAL, FakeScheduler())
    with pytest.raises(UsageError, match=r"does not know 'model=fpn'; dvc\.yaml"):
        main([*LOCAL, "model=fpn"], FakeScheduler())
