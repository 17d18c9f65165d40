"""A sweep is checked before anything starts, against the configuration and the models that there really are."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from kirie.errors import SweepError
from kirie.sweep.check import Checked, check_sweep
from kirie.sweep.companion import Companion
from kirie.sweep.spec import SweepSpec, companion_path
from kirie.train.compose import config_folder

HEAD = "method: {method}\nmetric: {{name: val/miou, goal: maximize}}\nparameters:\n"


def check(
    tmp_path: Path, store: Path, parameters: str, companion: str = "", *, method: str = "random", head: str = HEAD
) -> Checked:
    """Checks a sweep over these parameters on the drawn shapes."""
    path = tmp_path / "some.yaml"
    lines = "".join(f"  {line.strip()}\n" for line in parameters.strip().splitlines())
    path.write_text(head.format(method=method) + lines)
    companion_path(path).write_text(companion or "{}")
    spec = SweepSpec.read(path)
    found = Companion.read(companion_path(path), spec)
    return check_sweep(spec, found, config_folder(), [f"data.store={store}", "model.weights=none"])


def test_pairs_that_are_no_model_cost_no_trial(tmp_path: Path, shapes_store: Path) -> None:
    """A DPT wants a transformer's tokens, the others a pyramid: four pairs, of which two are models."""
    checked = check(
        tmp_path,
        shapes_store,
        """model: {values: [unet, dpt]}
        model.encoder: {values: [tu-mobilenetv3_small_050, tu-vit_tiny_patch16_224]}""",
        method="grid",
    )
    found = [dict(checked.space.combination(index)) for index in range(checked.space.size() or 0)]
    assert found == [
        {"model": "unet", "model.encoder": "tu-mobilenetv3_small_050"},
        {"model": "dpt", "model.encoder": "tu-vit_tiny_patch16_224"},
    ]
    assert {tuple(one.params.values()) for one in checked.left_out} == {
        ("unet", "tu-vit_tiny_patch16_224"),
        ("dpt", "tu-mobilenetv3_small_050"),
    }
    assert "tu-vit_tiny_patch16_224" in checked.left_out[0].reason
    assert "model=unet" in checked.overrides
    assert {"train.yaml", "model/unet.yaml", "model/dpt.yaml", "loss/ce_dice.yaml"} < checked.files
    assert "model/fpn.yaml" not in checked.files


def test_a_conditional_parameter_is_looked_for_only_where_it_takes_part(tmp_path: Path, shapes_store: Path) -> None:
    """SGD alone has a momentum: with the condition the sweep is right, without it the sentence says what to write."""
    parameters = """optimizer: {values: [adamw, sgd]}
        optimizer.momentum: {min: 0.5, max: 0.99}
        model.encoder: {value: tu-mobilenetv3_small_050}"""
    condition = "conditions: [{parameter: optimizer.momentum, when: {optimizer: sgd}}]"
    checked = check(tmp_path, shapes_store, parameters, condition)
    draws = [checked.space.draw(0, index) for index in range(20)]
    assert all(("optimizer.momentum" in draw) == (draw["optimizer"] == "sgd") for draw in draws)
    with pytest.raises(SweepError, match=r"no setting 'optimizer.momentum'.*needs a condition in the companion file"):
        check(tmp_path, shapes_store, parameters)


def test_a_model_that_takes_no_loss_is_told_with_its_condition(tmp_path: Path, shapes_store: Path) -> None:
    """Mask R-CNN brings its losses: the sentence has the entry of the companion file with which the grid is right."""
    parameters = """model: {values: [unet, fpn, mask_rcnn]}
        loss: {values: [ce_dice, ce_lovasz]}"""
    with pytest.raises(SweepError, match=r"'loss=ce_\w+' does not go with model=mask_rcnn") as refused:
        check(tmp_path, shapes_store, parameters, method="grid")
    condition = re.search(r"companion file .*some\.local\.yaml: `(.*)`", str(refused.value))
    assert condition is not None
    assert condition[1] == "conditions: [{parameter: loss, when: {model: [unet, fpn]}}]"
    head = HEAD.replace(
        "parameters:", "command: [kirie, train, model.encoder=resnet18, '${{args_no_hyphens}}']\nparameters:"
    )
    space = check(tmp_path, shapes_store, parameters, condition[1], method="grid", head=head).space
    found = [dict(space.combination(at)) for at in range(space.size() or 0)]
    assert len(found) == 5
    assert {"model": "mask_rcnn"} in found


@pytest.mark.parametrize(
    ("parameters", "says"),
    [
        ("optimizer.lrr: {values: [0.1]}", "Did you mean 'lr'"),
        ("modelx: {values: [unet]}", "Did you mean 'model'"),
        ("model: {values: [unet, fpnn]}", "Did you mean 'fpn'"),
        ("train.epochs: {min: 1.5, max: 3.5}", "train.epochs"),
        ("train.precision: {values: [32-true, half]}", "half"),
        ("data.batch_size: {values: [8, 0]}", "data.batch_size"),
        ("optimizer.lr: {values: [0.001, high]}", "optimizer.lr is 'high'; allowed is a number above 0.0"),
        ("optimizer.lr: {distribution: uniform, min: -1.0, max: 0.1}", "optimizer.lr is -1.0"),
        ("augment.crop: {values: [5]}", "augment.crop"),
        ("trainer.threads: {values: [1, 2]}", "only the machine decides"),
        ("trainer: {values: [cpu, gpu]}", "only the machine decides"),
        ("runs: {value: here}", "only the machine decides"),
        ("model.encoder: {values: [tu-mobilenetv3_small_050, resnet81]}", "resnet81"),
        ("optimiser.lr: {values: [0.1, 0.2]}", "Did you mean 'optimizer.lr'"),
        ("optimizer.lr: {values: [0.1, None]}", "YAML writes Python's None as null"),
        ("train: {value: {epochs: 2}}\n train.epochs: {values: [1, 3]}", "train.epochs is one of its settings"),
        ("model.options.channels: {values: [[256, 128, 64, 32, 16], [1, 2]]}", "options.channels"),
    ],
)
def test_what_can_never_work_ends_in_a_sentence(tmp_path: Path, shapes_store: Path, parameters: str, says: str) -> None:
    """Misspelt settings and choices, values of the wrong type, settings that make no difference to a run."""
    with pytest.raises(SweepError) as refused:
        check(tmp_path, shapes_store, parameters)
    assert says in str(refused.value)
    assert "some.yaml" in str(refused.value)
    assert "condition" not in str(refused.value), "no choice of the others would make it right"


@pytest.mark.parametrize(
    ("head", "says"),
    [
        ("method: random\nmetric: {{name: val/miou}}\nparameters:\n", "goal: maximize"),
        ("method: random\nmetric: {{name: val/loss, goal: maximize}}\nparameters:\n", "goal: minimize"),
        ("method: random\nprogram: train.py\nparameters:\n", "no command"),
        ("method: random\ncommand: [python, train.py]\nparameters:\n", "kirie's trainings only"),
        ("method: random\ncommand: [kirie, train, model=unet]\nparameters:\n", "does not pass seed on"),
        ("method: random\njob: some\nparameters:\n", "--engine wandb"),
        ("method: custom\nscheduler: {{engine: ax}}\nparameters:\n", "--engine wandb"),
    ],
)
def test_what_only_wandb_runs_and_goals_the_wrong_way_round(
    tmp_path: Path, shapes_store: Path, head: str, says: str
) -> None:
    """Refused before anything starts; the sentence says what to write."""
    with pytest.raises(SweepError) as refused:
        check(tmp_path, shapes_store, "seed: {values: [1, 2]}", head=head)
    assert says in str(refused.value)
