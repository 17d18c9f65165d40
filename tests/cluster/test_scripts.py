"""The batch scripts of slurm/, run by bash as they are, with stand-ins for srun and scontrol that note what is asked.

How real SLURM treats them is tested in tests/slurm.
"""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from kirie.cluster.settings import load_cluster
from kirie.cluster.shape import Shape
from kirie.cluster.template import CLONE, Words, fill
from kirie.train.target import Target

CONF = CLONE.parent / "conf"
REQUEUED = "scontrol requeue"


class Scene:
    """A folder with a filled-in script, stand-ins, and what they noted.

    Args:
        folder: An empty folder.
        name: The template.
        settings: Overrides of the cluster's settings.
    """

    def __init__(self, folder: Path, name: str, *settings: str) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        self.program("srun", 'echo "srun $* $MASTER_ADDR $MASTER_PORT" >> notes; exec python')
        # Under both templates what ends with the code is one process
        self.program("python", "eval exec $TASK")
        self.program(
            "scontrol",
            'echo "scontrol $*" >> notes\n'
            'case "$*" in *"show job"*) echo "JobId=1 JobState=$STATE Reason=None" ;;\n'
            '*hostnames*) printf "n1\\nn2\\n" ;; esac',
        )
        python = f"cluster.python={folder / 'bin' / 'python'}"
        cluster = load_cluster("local", [python, *settings], CONF)
        target = Target("local", cluster, Shape.of(cluster, 2, None), ())
        values = dict.fromkeys(("time", "mem", "nodes", "tasks_per_node", "gpus_per_node", "cpus_per_task", "gpus"), 1)
        script = fill(
            CLONE / name,
            {
                **target.values(),
                **values,
                "name": "kirie-x",
                "log": f"{str(folder).replace('%', '%%')}/run 5%%/logs/%j.log",
                "run": "x",
                "srun": Words(["--mpi=none"]),
                "overrides": Words(["model=fpn", "log.notes=a b"]),
                "words": Words(["cluster=local"]),
            },
        )
        (folder / "job").write_text(script.text, encoding="utf-8")

    def program(self, name: str, text: str) -> None:
        """Puts a stand-in on the PATH."""
        path = self.folder / "bin" / name
        path.write_text(f"#!/bin/bash\n{text}\n", encoding="utf-8")
        path.chmod(0o755)

    def start(self, task: str, state: str = "RUNNING", **more: str) -> subprocess.Popen[str]:
        """Starts the script as SLURM does, with a task in the place of Python."""
        environ = {
            "PATH": f"{self.folder / 'bin'}:/usr/bin:/bin",
            "TASK": task,
            "STATE": state,
            "SLURM_JOB_ID": "20007",
            "SLURM_JOB_NODELIST": "n[1-2]",
            "SLURM_JOB_NUM_NODES": "2",
            **more,
        }
        return subprocess.Popen(
            ["bash", "job"], cwd=self.folder, env=environ, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, task: str, state: str = "RUNNING", **more: str) -> tuple[int, str]:
        """Runs it; its code, and what was noted and said."""
        with self.start(task, state, **more) as process:
            _, said = process.communicate(timeout=60)
        notes = self.folder / "notes"
        return process.returncode, (notes.read_text() if notes.is_file() else "") + said


@pytest.fixture(params=["train.sbatch", "repro.sbatch"])
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Scene:
    """Each of the two scripts."""
    return Scene(tmp_path, request.param)


@pytest.mark.parametrize("code", [75, 137, 138, 139])
def test_stopped_in_order_or_killed_is_queued_again_once(scene: Scene, code: int) -> None:
    """75 asks for it; 128 and a signal means killed without a word."""
    ended, notes = scene.run(f"bash -c 'exit {code}'")
    assert ended == code
    assert notes.count(f"{REQUEUED} 20007\n") == 1


@pytest.mark.parametrize("code", [0, 1, 2, 130, 143, 255])
def test_done_failed_or_ended_on_purpose_is_not_queued_again(scene: Scene, code: int) -> None:
    """An error would only come again, and who cancels means it."""
    ended, notes = scene.run(f"bash -c 'exit {code}'")
    assert ended == code
    assert REQUEUED not in notes


@pytest.mark.parametrize("state", ["CANCELLED", "COMPLETING", "PENDING", "TIMEOUT", "PREEMPTED"])
def test_slurm_has_the_last_word(scene: Scene, state: str) -> None:
    """A job that is being cancelled, or waits in the queue again already, is left alone."""
    assert REQUEUED not in scene.run("bash -c 'exit 75'", state)[1]


def test_restarts_are_bounded(tmp_path: Path) -> None:
    """The last start allowed does not ask again; one that SLURM made beyond it trains nothing."""
    scene = Scene(tmp_path, "train.sbatch", "cluster.max_restarts=2")
    assert REQUEUED in scene.run("bash -c 'exit 137'", SLURM_RESTART_COUNT="1")[1]
    (tmp_path / "notes").unlink()
    code, notes = scene.run("bash -c 'exit 137'", SLURM_RESTART_COUNT="2")
    assert code == 137
    assert REQUEUED not in notes
    assert "queued again 2 times already; allowed are 2 (max_restarts" in notes
    (tmp_path / "notes").unlink()
    code, notes = scene.run("true", SLURM_RESTART_COUNT="3")
    assert code == 1
    assert "srun" not in notes


def test_a_crash_that_leaves_the_training_where_it_was_is_tried_three_times(tmp_path: Path) -> None:
    """The fourth in a row is the end, and the log says why; a newer resume point or an orderly stop begins anew."""
    scene = Scene(tmp_path, "train.sbatch")
    points = tmp_path / "run 5%" / "checkpoints"
    points.mkdir(parents=True)
    (points / "step-00000009-0123.ckpt").touch()
    crash = "bash -c 'exit 139'"
    further = f"bash -c 'touch \"{points}/step-00000010-0000.ckpt\"; exit 139'"
    tasks = [crash, crash, further, crash, crash, "bash -c 'exit 75'", crash, crash, crash, crash]
    requeued = []
    for restarts, task in enumerate(tasks):
        (tmp_path / "notes").unlink(missing_ok=True)
        code, notes = scene.run(task, SLURM_RESTART_COUNT=str(restarts))
        assert code == (75 if "75" in task else 139)
        requeued.append(REQUEUED in notes)
    assert requeued == [*[True] * 9, False]
    assert "code 139, the crash number 4 in a row without a new resume point, so it is not queued again" in notes
    # A job that is submitted anew has its own tries
    assert REQUEUED in scene.run(crash)[1]


def test_of_an_array_only_the_own_task_is_queued_again(tmp_path: Path) -> None:
    """The array's number alone would mean all of its tasks."""
    array = {"SLURM_ARRAY_JOB_ID": "20000", "SLURM_ARRAY_TASK_ID": "7"}
    _, notes = Scene(tmp_path, "train.sbatch").run("bash -c 'exit 75'", **array)
    assert f"{REQUEUED} 20000_7\n" in notes
    assert notes.count(REQUEUED) == 1


def test_the_training_is_started_by_srun_with_its_meeting_place(tmp_path: Path) -> None:
    """One task a device meets at the first node, at a port of the job's own; words keep their spaces."""
    scene = Scene(tmp_path, "train.sbatch", "cluster.container=[nice, -n, '0']")
    _, notes = scene.run("true", SLURM_CPUS_PER_TASK="3")
    line = next(line for line in notes.splitlines() if line.startswith("srun "))
    assert "--wait=60 --cpus-per-task=3 --mpi=none nice -n 0" in line
    assert line.endswith("-m kirie train model=fpn log.notes=a b n1 20007")
    assert " 127.0.0.1 20007\n" in scene.run("true", SLURM_JOB_NUM_NODES="1")[1]


@pytest.mark.parametrize("name", ["USR1", "USR2"])
def test_a_signal_to_the_shell_reaches_the_training_and_its_code_is_read(name: str, tmp_path: Path) -> None:
    """`wait` ends early at a trap; the shell waits on and reads the training's own code, not the trap's."""
    scene = Scene(tmp_path, "train.sbatch")
    task = f"bash -c 'trap \"touch heard; sleep 0.3; exit 75\" {name}; touch ready; while :; do sleep 0.05; done'"
    with scene.start(task) as process:
        _until(tmp_path / "ready")
        process.send_signal(getattr(signal, f"SIG{name}"))
        _, said = process.communicate(timeout=60)
    assert process.returncode == 75, said
    assert (tmp_path / "heard").exists()
    assert (tmp_path / "notes").read_text().count(REQUEUED) == 1


def test_the_shell_outlives_sigterm_until_the_training_has_ended(scene: Scene) -> None:
    """SLURM sends SIGTERM to all at once; the shell does not die of it before it has read the code."""
    folder = scene.folder
    with scene.start("bash -c 'touch ready; while ! [ -e go ]; do sleep 0.05; done; exit 75'") as process:
        _until(folder / "ready")
        process.send_signal(signal.SIGTERM)
        time.sleep(0.2)
        assert process.poll() is None
        (folder / "go").touch()
        process.communicate(timeout=60)
    assert process.returncode == 75


def test_a_module_that_cannot_be_loaded_ends_the_job(tmp_path: Path) -> None:
    """Without its libraries the training is not even begun."""
    scene = Scene(tmp_path, "train.sbatch", "cluster.modules=[cuda/99]")
    code, notes = scene.run("true")
    assert code == 2
    assert "srun" not in notes


def _until(path: Path) -> None:
    for _ in range(600):
        if path.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} did not come")
