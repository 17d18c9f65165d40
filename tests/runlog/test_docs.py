"""docs/runlog.md: its examples run as they stand, over a run that wandb wrote."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "runlog.md").read_text(encoding="utf-8"), re.DOTALL)


def test_the_examples_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One after the other, in a folder that has `runs`; they print what the run has."""
    shutil.copytree(ROOT / "tests" / "runlog" / "reader" / "golden" / "0.31.0", tmp_path / "runs")
    monkeypatch.chdir(tmp_path)
    assert len(BLOCKS) == 4
    exec("\n".join(BLOCKS), {})
    told = capsys.readouterr().out
    assert "golden01 a <b>run</b> failed 0.75" in told
    assert "sample 1" in told
    assert "config.model.name" in told
