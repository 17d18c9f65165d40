"""`kirie submit train` as it is typed, to a batch system in memory."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from kirie.cli import main as kirie
from kirie.cluster.fake import FakeScheduler
from kirie.cluster.submissions import submissions
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import ClusterError, KirieError
from kirie.train.compose import compose_config, config_folder
from kirie.train.identify import identify
from kirie.train.submit import SUBMITTABLE
from kirie.train.submit_train import main, plan_training, submit_training
from kirie.train.target import take_target

Out = pytest.CaptureFixture[str]


@pytest.fixture
def words(tiny_overrides: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A training of seconds on the local cluster, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIRIE_CLUSTER", raising=False)
    return [*tiny_overrides, "cluster=local"]


def _json(capsys: Out) -> dict[str, str]:
    found: dict[str, str] = json.loads(capsys.readouterr().out)
    return found


def test_a_training_is_submitted_once(words: list[str], tmp_path: Path, capsys: Out) -> None:
    """The run's folder has the script and the submission; a repeat finds the job, then the finished run."""
    fake = FakeScheduler()
    assert main([*words, "nodes=2", "--json"], fake) == 0
    first = _json(capsys)
    run = RunFolder(tmp_path / "runs" / first["run"])
    assert first["state"] == "submitted"
    assert run.script.read_text() == fake.scripts[first["job"]]
    assert [made.job for made in submissions(run)] == [first["job"]]
    assert first["log"] == str(run.log(first["job"]))
    assert run.log("x").parent.is_dir(), "SLURM makes no folder for its log"

    # One node more or less makes no other run
    for state, said in (("PENDING", "already in the queue"), ("RUNNING", "already running")):
        fake.move(first["job"], state)
        assert main([*words, "nodes=1", "--json"], fake) == 0
        again = _json(capsys)
        assert "`scancel 1` and repeat" in again.pop("warning")
        assert again == first | {"state": said}
    fake.move(first["job"], "FAILED")
    assert main([*words, "--json"], fake) == 0
    assert _json(capsys)["job"] == "2"
    files.write_json(run.record, {"id": first["run"], "state": "done"})
    assert main(words, fake) == 0
    assert capsys.readouterr().out.startswith(f"run {first['run']} is done already")
    assert len(fake.scripts) == 2


def test_the_job_trains_the_run_that_was_promised(words: list[str], capsys: Out) -> None:
    """The command in the script composes to the same id, and brings nodes, devices, --out and --config-dir along."""
    words += ["data.batch_size=6"]
    assert main([*words, "nodes=2", "cluster.tasks_per_node=3", "runs=a b", "--out", "o", "--dry-run"], None) == 0
    shown = capsys.readouterr().out
    line = shown.split("-m kirie train ")[1].split(" &\n")[0]
    found = shlex.split(line)
    assert found[-4:] == ["trainer.nodes=2", "trainer.devices=3", "--out", "o"]
    assert "runs=a b" in found
    config = compose_config(found[:-2], config_folder())
    run = identify(config, _fingerprint(config["data"]["store"])).id
    assert f"#SBATCH --job-name=kirie-{run}\n" in shown
    assert "#SBATCH --nodes=2\n" in shown
    assert "#SBATCH --ntasks-per-node=3\n" in shown


def _fingerprint(store: str) -> str:
    from kirie.prepare.store import Store

    return Store.open(Path(store)).fingerprint


def test_a_dry_run_writes_nothing(words: list[str], tmp_path: Path, capsys: Out) -> None:
    """It prints the script, from one's own template where there is one, and needs no SLURM."""
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "train.sbatch").write_text("#!/bin/bash\n#SBATCH --chdir={{folder}}\n{{run}} {{overrides}}\n")
    assert main([*words, "--dry-run", "--json"]) == 0
    found = _json(capsys)
    assert found["script"].startswith(f"#!/bin/bash\n#SBATCH --chdir={tmp_path}\n{found['run']} ")
    assert [place.name for place in tmp_path.iterdir()] == ["slurm"]


def test_gpus_become_processes(words: list[str], capsys: Out) -> None:
    """Eight GPUs over two nodes: four each, one process for each; time= is the limit of the job."""
    assert main([*words[:-1], "cluster=mycluster", "gpus=8", "nodes=2", "time=3:00:00", "--dry-run"]) == 0
    lines = capsys.readouterr().out.splitlines()
    for line in ("--gres=gpu:4", "--ntasks-per-node=4", "--nodes=2", "--time=3:00:00", "--partition=gpu"):
        assert f"#SBATCH {line}" in lines
    assert not any("--account" in line or "--qos" in line for line in lines)


def test_a_percent_sign_in_the_path_is_not_slurms(words: list[str], tmp_path: Path, capsys: Out) -> None:
    """SLURM reads %j in a log's path as the job's number; a folder's own sign is doubled."""
    assert main([*words, f"runs={tmp_path}/100%j", "--dry-run"]) == 0
    assert f"#SBATCH --output={tmp_path}/100%%j/" in capsys.readouterr().out.replace("'", "")


def test_a_refusal_leaves_no_submission(words: list[str], tmp_path: Path) -> None:
    """The sentence has SLURM's reason and the template's line; the next try is a first one."""
    refusal = "sbatch: error: invalid partition specified: main"
    with pytest.raises(
        KirieError, match=r"invalid partition specified: main\. It came from .*train\.sbatch line 14 \("
    ):
        main(words, FakeScheduler(refuse=refusal))
    assert not list(tmp_path.iterdir()), "something half-made is left"


def test_submitted_at_once_it_is_one_job(words: list[str], tmp_path: Path, capsys: Out) -> None:
    """Six processes of one command: one sends the job, and the others find it."""

    class Slow(FakeScheduler):
        def submit(self, script: Path, more: Sequence[str] = ()) -> str:
            time.sleep(0.3)
            return super().submit(script, more)

    fake = Slow()
    target, overrides = take_target(words, config_folder())
    training = plan_training(overrides, target)
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda _: submit_training(training, fake), range(6)))
    assert sorted(each["state"] for each in found) == ["already in the queue"] * 5 + ["submitted"]
    assert {each["job"] for each in found} == {"1"}


def test_a_job_that_can_never_start_is_told(words: list[str], capsys: Out) -> None:
    """One look right after the submission: SLURM's reason, and how to cancel."""
    fake = FakeScheduler()
    fake.on_look = lambda job: fake.move(job, "PENDING", "PartitionNodeLimit")
    assert main(words, fake) == 0
    assert "it cannot start: SLURM says PartitionNodeLimit. Cancel it with `scancel 1`" in capsys.readouterr().out


def test_a_template_that_starts_nothing_is_refused(words: list[str], tmp_path: Path) -> None:
    """Nothing in it says what to train."""
    files.write_text(tmp_path / "slurm" / "train.sbatch", "#!/bin/bash\n")
    with pytest.raises(ClusterError, match=r"has the word \{\{overrides\}\} nowhere"):
        main([*words, "--dry-run"])


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["nodes=2", "!cluster=local"],
            "'nodes=2' asks a cluster for something, and no cluster is named; add cluster=",
        ),
        (["!cluster=local"], "No cluster is named; add cluster=NAME, or set KIRIE_CLUSTER. In "),
        (["cluster=locale"], "There is no cluster 'locale'"),
        (["nodes=0"], "nodes is '0'; allowed is a whole number from 1"),
        (["gpus=two"], "gpus is 'two'; allowed is a whole number from 0"),
        (["nodes=2", "gpus=3", "cluster=mycluster"], "gpus=3 over nodes=2 is not a whole number"),
        (["time=soon"], "is 'soon'; allowed are SLURM's forms"),
        (["nodes=2", "data.batch_size=3"], "data.batch_size is 3, which 2 processes cannot share equally"),
        (["trainer.devices=2"], "trainer.devices follows from nodes= and gpus="),
        (["model=unett"], "There is no model 'unett'"),
        (["data.store=nowhere"], "nowhere"),
        (["cluster.mem=much"], "cluster.mem is 'much'"),
    ],
)
def test_a_mistake_is_one_sentence(
    more: list[str], message: str, words: list[str], tmp_path: Path, capsys: Out
) -> None:
    """Exit code 2, nothing on standard output, and nothing is left behind."""
    dropped = [word[1:] for word in more if word.startswith("!")]
    given = [word for word in words if word not in dropped] + [word for word in more if word[0] != "!"]
    assert kirie(["submit", "train", *given]) == 2
    said = capsys.readouterr()
    assert message in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not list(tmp_path.iterdir())


def test_without_slurm_the_sentence_says_so(
    words: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Out
) -> None:
    """No sbatch on the PATH: exit code 2, and nothing counts as submitted."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert kirie(["submit", "train", *words]) == 2
    assert "There is no `sbatch` on the PATH" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_the_table_of_what_can_be_sent(capsys: Out) -> None:
    """Help lists it; each entry leads to a command with help of its own; a typo names the near one."""
    assert kirie(["submit"]) == 0
    listed = capsys.readouterr().out
    for name in SUBMITTABLE:
        assert f"\n  {name} " in listed
        with pytest.raises(SystemExit):
            kirie(["submit", name, "--help"])
        assert "cluster=NAME" in capsys.readouterr().out.replace("cluster=mycluster", "cluster=NAME")
    assert kirie(["submit", "trai"]) == 2
    assert "Did you mean `kirie submit train`?" in capsys.readouterr().err


def test_words_of_a_cluster_are_not_for_kirie_train(capsys: Out) -> None:
    """`kirie train nodes=2` says where that belongs."""
    for word in ("nodes=2", "cluster=local", "gpus=4", "cluster.time=1"):
        assert kirie(["train", word]) == 2
        assert f"'{word}' asks for a cluster, and `kirie train` trains here" in capsys.readouterr().err


def test_submitting_needs_no_torch(words: list[str], tmp_path: Path) -> None:
    """A login node answers at once."""
    script = (
        "import sys; from kirie.cli import main; code = main(sys.argv[1:]); sys.exit(code or 'torch' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, "submit", "train", *words, "--dry-run"], cwd=tmp_path, timeout=120, check=False
    )
    assert done.returncode == 0
