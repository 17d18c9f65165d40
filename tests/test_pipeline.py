"""dvc.yaml is held to the commands it calls and the files they leave, without training."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from kirie.cli import COMMANDS, main
from kirie.core.run import RunFolder
from kirie.prepare.layout import Frame

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "kirie"
WITHOUT_EFFECT = {"cluster", "runlog", "sweep"}
"""How a training is watched, stopped and begun; trials are trainings, and a sweep that is done stays."""
STORE_ALONE = {"prepare"}
"""For what reads the store only: its pointer, which names every byte, is a dependency."""
PIPELINE: dict[str, Any] = yaml.safe_load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
PARAMETERS: dict[str, Any] = yaml.safe_load((ROOT / "conf" / "pipeline.yaml").read_text(encoding="utf-8"))


def _filled(text: str, model: str) -> str:
    def value(match: re.Match[str]) -> str:
        node: Any = PARAMETERS | {"item": {"model": model, "file": "architectures"}}
        for key in match[1].split("."):
            node = node[key]
        # DVC writes truth values as flags
        return " ".join(f"--{key}" for key, on in node.items() if on) if isinstance(node, dict) else str(node)

    return re.sub(r"\$\{([\w.]+)\}", value, text)


@pytest.mark.parametrize("name", PIPELINE["stages"])
def test_a_stage_calls_a_command_with_options_it_knows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every command and option of a stage exists, every parameter has a value."""
    commands = PIPELINE["stages"][name]["cmd"]
    for command in [commands] if isinstance(commands, str) else commands:
        words = shlex.split(_filled(command, "unet"))
        words = words[words.index("kirie") + 1 :]
        assert words[0] in COMMANDS
        with pytest.raises(SystemExit):
            main([*words[: 2 if words[:2] == ["sweep", "best"] else 1], "--help"])
        told = capsys.readouterr().out
        for option in (word for word in words if word.startswith("--")):
            assert option in told, option


@pytest.mark.parametrize("name", PIPELINE["stages"])
def test_dependencies_exist_or_are_made(name: str) -> None:
    """A dependency is tracked by git, is the data, or is what a stage leaves."""
    for model in PARAMETERS["models"]:
        for path in (_filled(dep, model) for dep in PIPELINE["stages"][name]["deps"]):
            assert path == "data" or path.startswith("out/") or (ROOT / path).exists(), path


def _imported(path: Path) -> Iterator[str]:
    """Names of modules that a file imports, at its top or where it needs them, but not for types alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = [
        node for node in ast.walk(tree) if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    ]
    for_types = {id(inner) for node in guarded for statement in node.body for inner in ast.walk(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and id(node) not in for_types:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _rooms(module: str) -> set[str]:
    """The rooms of kirie whose code a module runs, by what it imports and what that imports."""
    seen: set[Path] = set()
    todo = [module]
    while todo:
        place = SOURCE.parent.joinpath(*todo.pop().split("."))
        path = next((each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file()), None)
        if path and path.is_relative_to(SOURCE) and path not in seen:
            seen.add(path)
            todo += _imported(path)
    return {path.relative_to(SOURCE).parts[0] for path in seen if path.parent != SOURCE}


def test_rooms_are_found_by_imports() -> None:
    """What a command imports within a function counts, and so does what is imported there."""
    assert {"formats", "prepare", "core"} <= _rooms("kirie.predict.command")
    assert _rooms("kirie.core.labels") == {"core"}


@pytest.mark.parametrize("name", PIPELINE["stages"])
def test_a_stage_depends_on_the_code_that_decides_its_outputs(name: str) -> None:
    """Every room that a stage's commands import is a dependency, but for those that change no result."""
    stage = PIPELINE["stages"][name]
    commands = [stage["cmd"]] if isinstance(stage["cmd"], str) else stage["cmd"]
    words = [command.split() for command in commands]
    rooms = set().union(*(_rooms(COMMANDS[each[each.index("kirie") + 1]][0].split(":")[0]) for each in words))
    named = {dep.split("/")[2] for dep in stage["deps"] if dep.startswith("src/kirie/")}
    assert rooms - named <= WITHOUT_EFFECT | (STORE_ALONE if name in {"train", "evaluate"} else set())


def test_what_prepare_may_be_told_is_a_parameter() -> None:
    """The instances, their limit and strictness are set in conf/pipeline.yaml, with the command's own defaults."""
    command = PIPELINE["stages"]["prepare"]["cmd"]
    usual = Frame((256, 256))
    assert (
        _filled("${prepare.instances} ${prepare.max_instances}", "unet") == f"{usual.instances} {usual.max_instances}"
    )
    for key in ("instances", "max_instances", "flags"):
        assert f"${{prepare.{key}}}" in command
    assert PARAMETERS["prepare"]["flags"] == {"strict": False}


def test_plots_read_what_a_published_run_holds(tmp_path: Path) -> None:
    """Each plotted file is one that `kirie train --out` copies, for a model of the pipeline, and has the column."""
    run = RunFolder(tmp_path / "run")
    for path in (run.config, run.record, run.metrics, run.best, run.history):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("epoch,step,train_loss,val_loss,val_miou,val_dice\n", encoding="utf-8")
    published = run.publish(tmp_path / "out")
    plotted = [item for plot in PIPELINE["plots"] for entry in plot.values() for item in entry["y"].items()]
    assert plotted
    for path, column in plotted:
        place = Path(path)
        assert place.parent.name in PARAMETERS["models"]
        copy = published.path / place.name
        assert column in copy.read_text(encoding="utf-8").split("\n")[0].split(",")
