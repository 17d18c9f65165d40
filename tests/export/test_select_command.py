"""`kirie select` from its words to best.json, and the way back."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from kirie.cli import main
from kirie.errors import RunError
from kirie.export.best_file import read_best

from .conftest import MakeRun, as_good, table_of


@pytest.fixture
def project(make_run: MakeRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two trained and evaluated runs and an interrupted one, as the pipeline leaves them; the current folder."""
    good = table_of(0.8)
    for name, run, table, parameters in (("large", "a1", good, 9e6), ("small", "b2", as_good(good), 2e6)):
        make_run(f"out/train/{name}", run, table)
        speed = {"parameters": parameters, "latency_ms": 10.0, "images_per_s": 9.0}
        make_run(f"out/evaluate/{name}", run, table, speed=speed, checkpoint=False)
    make_run("out/train/broken", "c3", None, state="interrupted")
    monkeypatch.chdir(tmp_path)
    return tmp_path


WORDS = ["select", "out/train", "out/evaluate", "--resamples", "200"]


def test_best_json_holds_the_choice_and_how_it_came_about(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The file and `--json` agree, and hold run, path, ranking with intervals, runs left out and the reason."""
    assert main([*WORDS, "--json", "--out", "out/best.json"]) == 0
    content = json.loads((project / "out" / "best.json").read_text(encoding="utf-8"))
    assert json.loads(capsys.readouterr().out) == content
    assert (content["run"], content["path"]) == ("b2", "train/small")
    assert content["evaluations"] == ["evaluate/small"]
    assert content["best_score"]["run"] == "a1"
    assert [row["score"] for row in content["ranking"]] == sorted(
        (r["score"] for r in content["ranking"]), reverse=True
    )
    for row in content["ranking"]:
        assert row["interval"][0] < row["score"] < row["interval"][1]
        assert row["parameters"] in {9e6, 2e6}
    assert [row["run"] for row in content["left_out"]] == ["c3"]
    assert content["reason"].endswith(".")


def test_the_same_command_writes_the_same_bytes(project: Path) -> None:
    """Selection draws from a seed, so that a pipeline sees an unchanged file."""
    main([*WORDS, "--out", "one.json"])
    main([*WORDS, "--out", "two.json"])
    assert (project / "one.json").read_bytes() == (project / "two.json").read_bytes()


def test_a_person_sees_a_table(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without `--json` a table, the reason and what was left out are printed."""
    assert main(WORDS) == 0
    shown = capsys.readouterr().out
    for words in ("large", "small", "9.00 M", "→", "Left out: broken (c3)", "out/best.json"):
        assert words in shown


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--metric", "iuo"], "There is no metric 'iuo'"),
        (["--where", "parameters=5"], "cannot be read"),
        (["--where", "parameters<5"], "the nearest is small"),
        (["--rule", "luck"], "invalid choice: 'luck'"),
        (["--resamples", "3"], "--resamples is 3"),
        (["--split", "test"], "no per-image table of test"),
    ],
)
def test_mistakes_end_in_a_sentence(
    project: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    """Exit code 2, one sentence, and no file."""
    assert main([*WORDS, *words]) == 2
    assert message in capsys.readouterr().err
    assert not (project / "out" / "best.json").exists()


def test_a_list_names_what_takes_part(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Of what lies in the folders only that; the pipeline's list of models is read where it stands."""
    (project / "pipeline.yaml").write_text("models: [large]\nsweep: {files: []}\n")
    words = [*WORDS, "--named", "pipeline.yaml:models", "--named", "pipeline.yaml:sweep.files", "--json"]
    assert main(words) == 0
    found = json.loads(capsys.readouterr().out)
    assert ([row["run"] for row in found["ranking"]], found["left_out"]) == (["a1"], [])


@pytest.mark.parametrize(
    ("text", "key", "message"),
    [
        ("models: [unet]", "models", "names 'unet', and out/train and out/evaluate have no folder of that name"),
        ("models: unet", "models", "leads to no list of names"),
        ("models: [../small]", "models", "leads to no list of names"),
        ("models: ['']", "models", "leads to no list of names"),
        ("models: ['..']", "models", "leads to no list of names"),
        ("models: [small]", "model", "leads to no list of names"),
        ("models: [", "models", "the file cannot be read"),
    ],
)
def test_a_list_that_is_none_is_told(
    project: Path, capsys: pytest.CaptureFixture[str], text: str, key: str, message: str
) -> None:
    """Exit code 2, and one sentence."""
    (project / "pipeline.yaml").write_text(text)
    assert main([*WORDS, "--named", f"pipeline.yaml:{key}"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert message in line


def test_a_list_without_a_key_is_told(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Also where the file is there."""
    (project / "pipeline.yaml").write_text("models: [small]")
    assert main([*WORDS, "--named", "pipeline.yaml"]) == 2
    assert "names no key in a file; write FILE:KEY" in capsys.readouterr().err


def test_a_device_is_not_read(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It never ends."""
    assert main([*WORDS, "--named", "/dev/zero:models"]) == 2
    assert "/dev/zero cannot be read (it is no file)" in capsys.readouterr().err
    assert main([*WORDS, "--out", "/dev/zero"]) == 2
    assert "--out /dev/zero is a file that `kirie select` did not write" in capsys.readouterr().err


@pytest.mark.parametrize("place", [".", "notes.txt", "out/evaluate/small/metrics.json"])
def test_nothing_of_others_is_written_over(project: Path, capsys: pytest.CaptureFixture[str], place: str) -> None:
    """A folder, a note, another result: told, and left as it is; a former selection is replaced."""
    (project / "notes.txt").write_text("mine")
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    assert main([*WORDS, "--out", place]) == 2
    assert f"--out {place} is a f" in capsys.readouterr().err
    assert {path: path.read_bytes() for path in project.rglob("*") if path.is_file()} == before
    assert [main([*WORDS, "--out", "best.json"]) for _ in range(2)] == [0, 0]


def test_the_file_leads_back_to_the_run_wherever_the_project_lies(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Paths are relative to the file, so that a moved project and another current folder do not matter."""
    main(WORDS)
    chosen = json.loads((project / "out" / "best.json").read_text(encoding="utf-8"))
    (project / "out").rename(project / "moved")
    monkeypatch.chdir("/")
    run, evaluations = read_best(project / "moved" / "best.json")
    assert run.read_record()["id"] == chosen["run"]
    assert [one.read_record()["id"] for one in evaluations] == [chosen["run"]]


def test_a_file_that_no_longer_holds_is_refused(project: Path) -> None:
    """A run that was trained anew or removed since, and a damaged file, each end in a sentence."""
    main(WORDS)
    best = project / "out" / "best.json"
    content = json.loads(best.read_text(encoding="utf-8"))
    record = project / "out" / content["path"] / "run.json"
    record.write_text(json.dumps({"id": "other"}))
    with pytest.raises(RunError, match="now holds other"):
        read_best(best)
    shutil.rmtree(record.parent)
    with pytest.raises(RunError, match="not a run folder"):
        read_best(best)
    best.write_text("[]")
    with pytest.raises(RunError, match="names no run"):
        read_best(best)


def test_map_ranks_without_errors(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """By mAP the file has null where an error would be, and the table shows no number that is none."""
    for name, value in (("large", 0.3), ("small", 0.5)):
        metrics = project / "out" / "evaluate" / name / "metrics.json"
        content = json.loads(metrics.read_text(encoding="utf-8"))
        content["val"]["map"] = {"mask": {"map": value}}
        metrics.write_text(json.dumps(content), encoding="utf-8")
    assert main([*WORDS, "--metric", "map", "--out", "out/best.json"]) == 0
    text = capsys.readouterr().out
    assert "nan" not in text
    assert "-0.2000" in text or "+0.2000" in text
    content = json.loads((project / "out" / "best.json").read_text(encoding="utf-8"))
    assert (content["run"], content["score"], content["bootstrap"]) == ("b2", 0.5, None)
    assert all(row["interval"] == [None, None] and row["behind_error"] is None for row in content["ranking"])
    assert read_best(project / "out" / "best.json")[0].path.name == "small"
