"""The kill test in its short form: a real training, killed without warning and by signals, ends as if nothing was.

It needs no SLURM. It stands here because it takes a minute, which `make test` has not.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

KILLTEST = Path(__file__).resolve().parents[2] / "benchmarks" / "killtest.py"


def test_three_kills() -> None:
    """SIGKILL, SIGTERM and SIGUSR1: weights to the bit, each logged step once, the same scores and no traceback."""
    words = [sys.executable, str(KILLTEST), "--kills", "3", "--epochs", "2", "--json"]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=280)
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["equal"] is True, found
    assert found["kills"] >= 1
    assert done.returncode == 0
