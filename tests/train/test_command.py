"""`kirie train` as it is typed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from kirie.cli import main
from kirie.core.resume import resume_points
from kirie.core.run import RunFolder


def test_a_repeated_command_answers_without_torch(
    tiny_overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The first call trains and publishes; the second says it is done, with the scores, and never imports torch."""
    words = ["train", *tiny_overrides, "train.epochs=1", f"runs={tmp_path / 'runs'}", "--json"]
    assert main([*words, "--out", str(tmp_path / "out")]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["state"] == "trained"
    published = RunFolder(tmp_path / "out")
    assert published.read_record()["id"] == first["run"]
    assert published.best.is_file()
    assert published.history.is_file()
    assert not resume_points(published)

    published.speed.write_text("{}", encoding="utf-8")
    assert main([*words, "--out", str(published.path)]) == 0
    capsys.readouterr()
    assert published.speed.is_file(), "what kirie evaluate added to the copy is gone"

    script = """
import sys
from kirie.cli import main
code = main(sys.argv[1:])
print('torch' in sys.modules)
sys.exit(code)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True, timeout=120
    )
    answer, torch_loaded = done.stdout.splitlines()
    second = json.loads(answer)
    assert second["state"] == "already done"
    assert (second["run"], second["scores"]) == (first["run"], first["scores"])
    assert torch_loaded == "False"


def test_show_prints_the_resolved_configuration(capsys: pytest.CaptureFixture[str]) -> None:
    """--show composes, prints and trains nothing."""
    assert main(["train", "model=fpn", "train.epochs=3", "--show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["model"]["name"] == "fpn"
    assert shown["train"]["epochs"] == 3


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["model=unett"], "There is no model 'unett'"),
        (["train.epochs=0"], "train.epochs is 0"),
        (["data.store=nowhere"], "nowhere"),
        (["--epochs", "3"], "unrecognized arguments: --epochs"),
        (["log=none", "log.mode=offline"], "log"),
        (["+foo.bar=1"], "has no setting foo; allowed are augment"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(
    words: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is left behind, nothing is on standard output, and there is no traceback."""
    assert main(["train", f"runs={tmp_path / 'runs'}", *words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert not (tmp_path / "runs").exists()


def test_a_number_that_is_not_finite_is_named(
    tiny_overrides: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """NaN and infinity are no numbers of a configuration."""
    words = ["train", *tiny_overrides, f"runs={tmp_path / 'runs'}"]
    for value in ("nan", "1e400"):
        assert main([*words, f"optimizer.lr={value}"]) == 2
        assert "optimizer.lr=" in capsys.readouterr().err
