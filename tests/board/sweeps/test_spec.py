"""What a sweep's own folder says."""

from __future__ import annotations

import json
from pathlib import Path

from tests.sweep.small_sweeps import small_sweep

from kirie.board.sweeps.spec import Spec, folders, read_spec


def test_a_sweeps_folder_tells_metric_and_parameters(tmp_path: Path) -> None:
    """Metric, goal, method, total and the parameters with their scales are those of the sweep file."""
    ledger = small_sweep(tmp_path, total=4, rates="{distribution: log_uniform_values, min: 0.001, max: 1.0}")
    assert read_spec(ledger.folder.path) == Spec("val/miou", "maximize", (("lr", True), ("model", None)), "random", 4)
    assert folders([tmp_path / "nowhere", tmp_path]) == {"small": ledger.folder.path}


def test_nested_fixed_and_uniform_parameters(tmp_path: Path) -> None:
    """Nested names are joined by dots, a fixed value is no parameter, a uniform range has no logarithm."""
    (tmp_path / "sweep.yaml").write_text(
        "metric: {name: loss}\nparameters:\n  optimizer:\n    parameters:\n      lr: {min: 0.0, max: 1.0}\n"
        "      name: {value: adam}\n  decay: {distribution: log_normal, mu: 0, sigma: 1}\n",
        encoding="utf-8",
    )
    assert read_spec(tmp_path) == Spec("loss", "minimize", (("optimizer.lr", False), ("decay", True)))


def test_sweeps_at_wandb_are_found_by_their_id(tmp_path: Path) -> None:
    """The folder that remembers a sweep at W&B is found by the id that its runs carry."""
    folder = tmp_path / "sweeps" / "small.wandb"
    folder.mkdir(parents=True)
    (folder / "wandb.json").write_text(json.dumps({"id": "abc123"}), encoding="utf-8")
    assert folders([tmp_path]) == {"abc123": folder}


def test_damaged_files_say_nothing(tmp_path: Path) -> None:
    """Files that are no YAML or JSON, bombs of aliases and wrong types are as if they were not there."""
    bomb = "a: &a [x, x]\n" + "".join(f"b{at}: &b{at} [*{'a' if not at else f'b{at - 1}'}, *a]\n" for at in range(30))
    for text in ("{", "[]", "parameters: 5\nmetric: x\n", "!!python/object:os.system {}", bomb):
        (tmp_path / "sweep.yaml").write_text(text, encoding="utf-8")
        (tmp_path / "sweep.json").write_text('{"objectives": [5], "total": "x"}', encoding="utf-8")
        assert read_spec(tmp_path) == Spec()
