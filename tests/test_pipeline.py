"""dvc.yaml is held to the commands it calls and the files they leave, without training."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from kirie.cli import COMMANDS, main
from kirie.core.run import RunFolder

ROOT = Path(__file__).resolve().parents[1]
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
