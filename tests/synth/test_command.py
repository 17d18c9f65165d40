"""`kirie synth`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from kirie.cli import main


def test_it_writes_a_folder_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The JSON result counts what lies in the folder, and label shares sum to one."""
    out = tmp_path / "data"
    assert (
        main(["synth", "--out", str(out), "--count", "3", "--characters", "2", "--size", "40", "--seed", "4", "--json"])
        == 0
    )
    found = json.loads(capsys.readouterr().out)
    assert (found["pictures"], found["characters"], found["seed"]) == (3, 2, 4)
    assert len(list(out.rglob("*.json"))) == 3
    assert sum(found["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert found["bytes"] == pytest.approx(sum(p.stat().st_size for p in out.rglob("*-*.*")), rel=0.01)


def test_it_writes_a_contact_sheet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A sheet alone needs no data folder."""
    sheet = tmp_path / "sheet.png"
    assert main(["synth", "--sheet", str(sheet), "--count", "8", "--size", "40", "--sheet-count", "6"]) == 0
    with Image.open(sheet) as picture:
        assert picture.size == (240, 80)
    assert "Contact sheet" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "needs a place to write to"),
        (["--out", "x", "--count", "2", "--characters", "3"], "one picture per"),
        (["--out", "x", "--size", "4"], "32 to 2048"),
        (["--sheet", "x.png", "--sheet-count", "0"], "1 to 200"),
        (["--sheet", "x.txt"], "name it with .png"),
        (["--out", "x", "--count", "many"], "invalid int value"),
    ],
)
def test_mistakes_end_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Exit code 2, one sentence, and nothing written."""
    monkeypatch.chdir(tmp_path)
    assert main(["synth", *words]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_use_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and the folder is as it was."""
    (tmp_path / "keep.txt").write_text("x")
    assert main(["synth", "--out", str(tmp_path), "--count", "1"]) == 2
    assert "not empty" in capsys.readouterr().err
    assert [p.name for p in tmp_path.iterdir()] == ["keep.txt"]
