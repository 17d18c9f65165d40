"""README and the pages of docs/ that have commands are held to what they say: commands exist, links lead on."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from pathlib import Path

import pytest
from tests.conftest import draw_shapes

from kirie.cli import COMMANDS, main
from kirie.sweep.command import ACTIONS
from kirie.train.compose import compose_config, config_folder
from kirie.train.overrides import groups

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
CLUSTER = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")
SWEEPS = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
RUNLOG = (ROOT / "docs" / "runlog.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", README + CLUSTER + SWEEPS + RUNLOG, re.DOTALL)
LINES = [part.strip() for block in BLOCKS for line in block.splitlines() for part in line.split("&&")]


def _section(title: str) -> str:
    return README.split(f"## {title}\n")[1].split("\n## ")[0]


PAGES = [*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_pages_keep_their_lines(page: Path) -> None:
    """Fences of code stand on lines of their own and are closed; a heading is a title and no sentence. A paragraph that
    was wrapped anew together with what stands around it has neither."""
    fence, title = re.compile(r"```[a-z]*"), re.compile(r"#{1,6} .{1,88}[^.]")
    inside = False
    for number, line in enumerate(page.read_text(encoding="utf-8").splitlines(), 1):
        if "```" in line:
            assert fence.fullmatch(line.strip()), f"line {number}: {line}"
            assert not inside or line.strip() == "```", f"line {number} opens a block in a block"
            inside = not inside
        elif line.startswith("#") and not inside:
            assert title.fullmatch(line), f"line {number}: {line}"
    assert not inside, "a block of code is not closed"


def test_make_targets_exist() -> None:
    """Every `make X` of the README is a target."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    spans = re.findall(r"(?<!`)`([^`\n]+)`(?!`)", README)
    named = set(re.findall(r"^make ([a-z-]+)", "\n".join([*spans, *BLOCKS]), re.MULTILINE))
    assert {"demo", "test", "setup", "check"} <= named
    for target in named:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("kirie ")])
def test_commands_exist_with_their_options(line: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every `kirie X --option` of the README is a command that knows the option."""
    words = shlex.split(line, comments=True)
    assert words[1] in COMMANDS
    # `kirie submit` and `kirie sweep` have commands of their own
    named = words[1:3] if words[1] == "submit" or (words[1] == "sweep" and words[2] in ACTIONS) else words[1:2]
    with pytest.raises(SystemExit) as ended:
        main([*named, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    for option in (word for word in words[2:] if word.startswith("--")):
        assert option in told, option


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("kirie train ")])
def test_training_commands_compose(line: str) -> None:
    """The overrides of the README's training commands are valid."""
    words = shlex.split(line)[2:]
    overrides = [word for at, word in enumerate(words) if "=" in word and words[at - 1] != "--out"]
    assert compose_config(overrides, config_folder())["model"]["name"]


@pytest.mark.parametrize("line", [line for line in LINES if line.startswith("kirie submit train ")])
def test_submitting_commands_fill_their_script(
    line: str, shapes_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each `kirie submit train` ends in a batch script that runs the training with those words."""
    words = shlex.split(line, comments=True)[1:]
    assert main([*words, f"data.store={shapes_store}", *(() if "--dry-run" in words else ("--dry-run",))]) == 0
    assert "model=fpn" in capsys.readouterr().out


def test_choices_are_complete() -> None:
    """The table of choices names every file of each group."""
    table = _section("Training")
    for group, choices in groups(config_folder()).items():
        for choice in choices:
            assert group == "experiment" or re.search(rf"\b{choice}\b", table), f"{group}={choice}"


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", README))))
def test_links_lead_somewhere(target: str) -> None:
    """Every relative link is a file of the repository."""
    assert (ROOT / target).exists()


def test_the_label_file_is_valid(tmp_path: Path) -> None:
    """The label file shown is read as it is told."""
    from kirie.formats.labels_file import read_labels

    (tmp_path / "labels.yaml").write_text(re.findall(r"```yaml\n(.*?)```", README, re.DOTALL)[0], encoding="utf-8")
    labels = read_labels(tmp_path / "labels.yaml")
    assert labels.names == ("background", "eye", "hair", "sky")
    assert labels.things == (1, 2)
    assert labels.id_of("eyelash") == 1
    assert labels.id_of("unsure") == 255
    assert labels.id_of("guide line") is None


@pytest.mark.long
def test_own_data_runs_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The five lines, with other folders and a smaller training, end in parts of every picture."""
    monkeypatch.chdir(tmp_path)
    drawings = draw_shapes(tmp_path / "drawings", count=24, seed=3)
    (tmp_path / "new").mkdir()
    for name in ("shape-00.png", "shape-05.png"):
        shutil.copy(drawings / name, tmp_path / "new")
    lines = re.findall(r"```sh\n(.*?)```", _section("Your own data"), re.DOTALL)[0]
    lines = lines.replace("~/drawings", "drawings").replace("~/new-pictures", "new").replace("--size 256", "--size 64")
    smaller = [
        "model.encoder=tu-mobilenetv3_small_050",
        "train.epochs=3",
        "data.batch_size=4",
        "trainer=cpu",
        "log=none",
    ]
    ran = []
    for line in lines.strip().splitlines():
        for command in line.split("&&"):
            words = shlex.split(command)[1:]
            ran.append(words[0])
            assert main([*words, *(smaller if words[0] == "train" else []), "--json"]) == 0, command
            json.loads(capsys.readouterr().out)
    assert ran == ["import", "prepare", "train", "evaluate", "select", "export", "predict"]
    for name in ("shape-00", "shape-05"):
        assert (tmp_path / "mine" / "parts" / name / "parts.psd").is_file()
