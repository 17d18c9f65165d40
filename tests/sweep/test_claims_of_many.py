"""Many processes on one ledger, killed at random: every trial ends once, and the number is exact."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from tests.sweep.small_sweeps import small_sweep

from kirie.sweep.attempts import read_attempts
from kirie.sweep.ledger import Ledger

WORKING = """
import random, sys, time
from pathlib import Path
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ledger import Ledger, TakenOverError
ledger = Ledger.open(SweepFolder(Path(sys.argv[1])))
ended = open(sys.argv[2], "a", buffering=1)
while not ledger.over():
    claim = ledger.claim(sys.argv[2])
    if claim is None:
        time.sleep(0.02)
        continue
    claim.begin(f"run-{claim.number}")
    for step in range(4):
        time.sleep(random.uniform(0, 0.02))
        claim.report(step)
    claim.finish([claim.params["lr"]])
    ended.write(f"{claim.number}\\n")
"""

TRIALS, KILLS = 24, 5


def _start(folder: Path, out: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", WORKING, str(folder), str(out)])


def test_killed_at_random_each_trial_ends_exactly_once(tmp_path: Path) -> None:
    """24 trials, 4 workers at a time, 5 SIGKILLs: 24 finished, their parameters those of the seed, none ended twice."""
    ledger = small_sweep(tmp_path, total=TRIALS)
    wanted = [trial.params for trial in ledger.trials()]
    draw = random.Random(7)
    workers = [_start(ledger.folder.path, tmp_path / f"out-{at}") for at in range(4)]
    killed = started = 0
    try:
        while any(worker.poll() is None for worker in workers):
            time.sleep(0.05)
            ended = sum(trial.state == "finished" for trial in ledger.trials())
            # Spread over the sweep, and none before it has come to its first trial
            if killed < KILLS and ended > killed * TRIALS / (KILLS + 1):
                at = draw.randrange(len(workers))
                workers[at].kill()
                workers[at].wait()
                killed, started = killed + 1, started + 1
                workers[at] = _start(ledger.folder.path, tmp_path / f"out-again-{started}")
    finally:
        for worker in workers:
            worker.kill()
            worker.wait()
    trials = Ledger.open(ledger.folder).trials()
    assert [trial.state for trial in trials] == ["finished"] * TRIALS
    assert [trial.params for trial in trials] == wanted
    assert killed == KILLS
    said = Counter(int(line) for path in tmp_path.glob("out-*") for line in path.read_text().split())
    assert max(said.values()) == 1
    exits = Counter(one.exit for trial in trials for one in read_attempts(ledger.folder.trial(trial.number)))
    assert exits["finished"] + exits[None] == TRIALS
    assert exits["lost"] <= killed
