"""Each step once: rows are read back from W&B's own files and not logged again."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import wandb
from tests.runlog.test_start import CONFIG

from kirie.core.run import RunFolder
from kirie.runlog.logged import STEP, OnceLogger, highest_steps
from kirie.runlog.reader.framing import read_records
from kirie.runlog.reader.rows import read_rows
from kirie.runlog.start import end_log, start_log

ROWS = 300


def _start(run: RunFolder) -> OnceLogger:
    logger, _ = start_log(CONFIG, run, "0123456789ab", {})
    assert isinstance(logger, OnceLogger)
    return logger


def _end(logger: OnceLogger) -> None:
    end_log(logger, 0)
    # W&B's process closes the file a moment after it says that the run is finished; its own end waits for that
    wandb.teardown()


def _logged(run: RunFolder) -> list[dict[str, Any]]:
    paths = sorted(run.path.glob("wandb/offline-run-*/run-*.wandb"))
    rows = [row for path in paths for row in read_rows(path)]
    return [{key: value for key, value in row.items() if not key.startswith("_")} for row in rows]


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A run whose first segment W&B wrote: 300 rows with ten metrics, several blocks of the file."""
    run = RunFolder(tmp_path_factory.mktemp("logged"))
    logger = _start(run)
    for step in range(ROWS):
        row = {f"train/metric_{number}": step + number / 8 for number in range(10)}
        logger.log_metrics(row | {"epoch": step // 100}, step)
    logger.log_metrics({"val/miou": 0.5, "epoch": 2}, ROWS - 1)
    _end(logger)
    return run


def _copy(run: RunFolder, to: Path, keep: float = 1.0) -> RunFolder:
    (path,) = run.path.glob("wandb/offline-run-*/run-*.wandb")
    content = path.read_bytes()
    copy = to / path.relative_to(run.path)
    copy.parent.mkdir(parents=True)
    copy.write_bytes(content[: int(keep * len(content))])
    return RunFolder(to)


def test_every_row_is_read_back(first: RunFolder) -> None:
    """Values and steps as they were logged, over the blocks' edges."""
    rows = [row for row in _logged(first) if "train/metric_0" in row]
    assert [row[STEP] for row in rows] == list(range(ROWS))
    assert all(row[f"train/metric_{number}"] == row[STEP] + number / 8 for row in rows for number in range(10))
    assert highest_steps(first, "0123456789ab")["val/miou"] == ROWS - 1


@pytest.mark.parametrize("keep", [0.0, 0.0001, 0.3, 0.7, 0.999])
def test_a_torn_file_is_read_up_to_the_tear(first: RunFolder, tmp_path: Path, keep: float) -> None:
    """What is there comes whole and in order; what was cut is missing, and nothing is made up."""
    torn = _copy(first, tmp_path, keep)
    steps = [row[STEP] for row in _logged(torn) if "train/metric_0" in row]
    assert steps == list(range(len(steps)))
    assert abs(len(steps) - keep * ROWS) < 0.1 * ROWS
    assert highest_steps(torn, "0123456789ab").get("train/metric_3", -1) == len(steps) - 1


def test_a_changed_byte_costs_the_rest_of_its_block(first: RunFolder, tmp_path: Path) -> None:
    """Each piece has a checksum: a block is left out from the change on, and the next is read."""
    damaged = _copy(first, tmp_path)
    (path,) = damaged.path.glob("wandb/*/*.wandb")
    whole = list(read_records(path))
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    left = list(read_records(path))
    assert len(whole) * 0.5 < len(left) < len(whole)
    assert set(left) < set(whole)
    assert left[-1] == whole[-1]
    assert highest_steps(damaged, "0123456789ab")["val/miou"] == ROWS - 1


@pytest.mark.long
def test_rows_after_the_end_of_its_own_process_are_not_lost(tmp_path: Path) -> None:
    """SLURM signals every process of a job, W&B's too: rows wait, ending makes no noise, the next start has them."""
    code = """
import os, signal, sys, time
from pathlib import Path
from tests.runlog.test_logged import _start
from kirie.core.run import RunFolder
from kirie.runlog.start import end_log, mark_preempting
logger = _start(RunFolder(Path(sys.argv[1])))
logger.log_metrics({"a": 1.0}, 1)
time.sleep(1.5)
(service,) = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
os.kill(int(service), signal.SIGTERM)
os.waitid(os.P_PID, int(service), os.WEXITED | os.WNOWAIT)
while not logger.broken:
    logger.log_metrics({"a": 2.0}, 2)
mark_preempting(logger)
print(logger.recent_rows()[-1])
end_log(logger, 143)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "({'a': 2.0}, 2)\n"
    run = RunFolder(tmp_path)
    logger = _start(run)
    logger.write_missing([({"a": 1.0}, 1), ({"a": 2.0}, 2)])
    _end(logger)
    assert [row["a"] for row in _logged(run)] == [1.0, 2.0]


def test_a_run_that_goes_on_from_before_logs_each_step_once(first: RunFolder, tmp_path: Path) -> None:
    """Rows at or below the highest step of a metric are dropped, another metric's of the same step are not."""
    run = _copy(first, tmp_path)
    logger = _start(run)
    for step in range(ROWS - 20, ROWS + 5):
        logger.log_metrics({"train/metric_0": float(step), "epoch": 2}, step)
    logger.log_metrics({"val/miou": 0.5, "val/new": 1.0, "epoch": 2}, ROWS - 1)
    # What a resume point carries: one row that the files have, one that a kill took
    logger.write_missing([({"train/metric_1": 1.0}, ROWS - 1), ({"train/metric_1": 2.0}, ROWS)])
    _end(logger)
    rows = _logged(run)
    assert [row[STEP] for row in rows if "train/metric_0" in row] == list(range(ROWS + 5))
    assert [row["train/metric_1"] for row in rows if "train/metric_1" in row][-1] == 2.0
    assert sum("train/metric_1" in row for row in rows) == ROWS + 1
    assert sum("val/miou" in row for row in rows) == 1
    assert sum("val/new" in row for row in rows) == 1
