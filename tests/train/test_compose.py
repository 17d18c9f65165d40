"""Hydra's configuration: every shipped file composes, and a typo names the valid choices."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from kirie.cli import main as kirie
from kirie.errors import ConfigError
from kirie.train.compose import as_yaml, compose_config, config_folder
from kirie.train.overrides import groups, readable
from kirie.train.settings import Settings

FOLDER = config_folder()
CHOICES = [(group, choice) for group, choices in groups(FOLDER).items() for choice in choices]


@pytest.mark.parametrize(("group", "choice"), CHOICES, ids=lambda word: str(word))
def test_every_choice_composes(group: str, choice: str) -> None:
    """Each file of each group composes and lands under its group (a recipe changes something)."""
    config = compose_config([f"{group}={choice}"], FOLDER)
    if group == "experiment":
        assert config != compose_config([], FOLDER)
    else:
        assert config[group]["name" if "name" in config[group] else next(iter(config[group]))] is not None


def test_groups_are_the_documented_ones() -> None:
    """A new group must be told in train.yaml's header."""
    header = (FOLDER / "train.yaml").read_text(encoding="utf-8").split("defaults:")[0]
    for group in groups(FOLDER):
        assert group in header


@pytest.mark.parametrize(
    ("override", "words"),
    [
        ("model=unett", ["There is no model 'unett'", "Did you mean 'unet'?", "fpn", "deeplabv3plus"]),
        ("modl=unet", ["There is no setting 'modl'", "Did you mean 'model'?", "augment"]),
        ("train.epoch=3", ["There is no setting 'train.epoch'", "Did you mean 'epochs'?", "accumulate"]),
        ("tran.epochs=3", ["There is no setting 'tran.epochs'", "Did you mean 'train.epochs'?"]),
        ("experiment=startr", ["There is no experiment 'startr'", "starter"]),
        ("train.epochs", ["'train.epochs' is neither an option nor an override", "model=fpn"]),
        ("train.epochs=[1", ["cannot be read", "key=value"]),
        ("--epochs", ["'--epochs' is neither an option nor an override"]),
        ("model=null", ["There is no model 'null'", "unet, unetplusplus"]),
        ("~model", ["without its model", "Allowed are deeplabv3"]),
        ("~log", ["without its log", "none, wandb"]),
        ("++model=fpn", ["write model=fpn without the plus"]),
        ("++hydra.run.dir=x", ["setting of Hydra's own runs"]),
        ("model={name: unet}", ["There is no model '{name: unet}'", "unet"]),
        ("model=[unet,fpn]", ["There is no model '[unet,fpn]'", "fpn"]),
        ("model@train=unet", ["write model=unet"]),
        ("+experiment=starter", ["write experiment=starter without the plus"]),
        ("hydra.run.dir=x", ["setting of Hydra's own runs"]),
        ("seed=1,2", ["'seed=1,2' names several values", "repeat the command for each", "multirun -m seed=1,2"]),
        ("seed=range(1,3)", ["'seed=range(1,3)' names several values"]),
        ("model=unet,fpn", ["'model=unet,fpn' names several values"]),
        ("data.store=/a,b", ["'data.store=/a,b' names several values", "\"data.store='/a,b'\""]),
        ("model=${nope}", ["'${nope}' does not tell what is chosen", "schedule"]),
        ("model=名", ["There is no model '名'"]),
        ("+train.epochs=3", ["'train.epochs' is there already", "without the leading +"]),
    ],
)
def test_a_typo_names_the_valid_choices(override: str, words: list[str]) -> None:
    """The sentence says what was found, what looks near, and what is allowed."""
    with pytest.raises(ConfigError) as caught:
        compose_config([override], FOLDER)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize(
    "path",
    [
        "名/st",
        "/tmp/wü é (1)/st",
        "/srv/~x/a",
        "a=b",
        "a#b",
        "it's",
        'a"b',
        "foo(1)",
        "名\\",
        "名\\'x",
        "a\nb=",
        " 名 ",
    ],
)
def test_a_path_is_typed_as_it_is(path: str) -> None:
    """Text that Hydra's grammar has no room for arrives letter by letter, without quotes of the user's."""
    config = compose_config([f"data.store={path}", f"++init_from={path}"], FOLDER)
    assert (config["data"]["store"], config["init_from"]) == (path, path)


@pytest.mark.parametrize(
    "word",
    [
        "seed=3",
        "data.store='a b'",
        'data.store="a=b"',
        "data.store=${runs}/st",
        "model.options.channels=[1,2]",
        "augment.rotate={p: 1}",
        "train.early_stopping=null",
        "~init_from",
        "seed=[1",
        "data.store='a",
        "nämé=1",
        "-m",
    ],
)
def test_what_hydra_reads_stays_as_it_is(word: str) -> None:
    """So does what is broken, which Hydra is to complain of."""
    assert readable(word) == word


def test_a_number_of_any_length_is_text() -> None:
    """What Python does not read as a number is left to those who know what the key means."""
    assert compose_config([f"seed={'9' * 5000}"], FOLDER)["seed"] == "9" * 5000


def test_an_interpolation_beside_other_text() -> None:
    """`${runs}` is read as Hydra reads it, where the rest of the text needs quotes, too."""
    assert compose_config(["data.store=${runs}/名"], FOLDER)["data"]["store"] == "runs/名"


def test_a_folder_without_configuration_is_named(tmp_path: Path) -> None:
    """--config-dir must hold a train.yaml."""
    with pytest.raises(ConfigError, match=r"has no train\.yaml"):
        config_folder(tmp_path)


def test_a_file_that_is_no_yaml_is_a_sentence(tmp_path: Path) -> None:
    """With its place; it may be half edited."""
    shutil.copytree(FOLDER, tmp_path / "conf")
    (tmp_path / "conf" / "model" / "unet.yaml").write_text("name: [unet", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"is no YAML: .*unet\.yaml.*line 1"):
        compose_config([], tmp_path / "conf")


SLIPS = [
    "3",
    "- a",
    "defaults: 3",
    "defaults: {a: b}",
    "defaults: [3]",
    "defaults: [null]",
    "defaults: [[1]]",
    "defaults: [{}]",
    "defaults: [{1: 2}]",
    "defaults: [{a: b, c: d}]",
    "defaults: [{a: {b: c}}]",
    "defaults: [{override /model: fpn}]",
    "defaults: [{override /hydra/launcher: nope}]",
    "defaults: [unet]",
    "defaults: [nothere]",
    "# @package a b c",
    "# @package _global_\nhydra: 3",
    "# @package _global_\nhydra: {searchpath: 3}",
    "a: &a [*a]",
    "a: *b",
    f"a: {'[' * 500}",
    f"a: {'9' * 5000}",
    "a: \0",
    "a: 1\na: 2",
    "[1, 2]: 3",
    "a: !!python/object:os.system 1",
    "name: ${model.name}",
    "name: ${nope.x}",
    "name: ${",
    "name: ???",
]


@pytest.mark.parametrize("text", SLIPS, ids=lambda text: text[:40])
def test_whatever_is_wrong_with_a_file_is_a_sentence(tmp_path: Path, text: str) -> None:
    """Hydra raises a dozen kinds of errors about files that it has not thought of, of a group and train.yaml alike."""
    shutil.copytree(FOLDER, tmp_path / "conf")
    for name in ("train.yaml", "model/unet.yaml"):
        path = tmp_path / "conf" / name
        before = path.read_text()
        path.write_text(text)
        with pytest.raises(ConfigError):
            # Without a group of train.yaml's, settings that are asked for are missing
            Settings.of(compose_config(["model=unet", "train.epochs=3"], tmp_path / "conf"))
        path.write_text(before)
    compose_config([], tmp_path / "conf")


@pytest.mark.parametrize("text", ["defaults:\n  - model: [unet\n", "defaults: 3\n", "3\n"])
def test_a_broken_train_yaml_ends_the_command_with_a_sentence(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one line, no traceback."""
    (tmp_path / "train.yaml").write_text(text)
    assert kirie(["train", "log=none", "--config-dir", str(tmp_path)]) == 2
    assert re.fullmatch(r"kirie: .* configuration .*\n", capsys.readouterr().err)


def test_yaml_keeps_values_and_order() -> None:
    """The resolved configuration is written as it was composed."""
    import yaml

    config = compose_config(["train.epochs=3", "model=fpn"], FOLDER)
    assert yaml.safe_load(as_yaml(config)) == config
    assert list(yaml.safe_load(as_yaml(config))) == list(config)


def test_no_recipe_can_be_said() -> None:
    """`experiment=null`, train.yaml's own default, changes nothing."""
    assert compose_config(["experiment=null", "model=fpn"], FOLDER) == compose_config(["model=fpn"], FOLDER)


def test_a_project_may_keep_choices_in_sub_folders_and_groups_of_its_own(tmp_path: Path) -> None:
    """`model=mine/net` takes conf/model/mine/net.yaml; a group that is not among the defaults is added with a plus."""
    shutil.copytree(FOLDER, tmp_path / "conf")
    (tmp_path / "conf" / "model" / "mine").mkdir()
    shutil.copy(FOLDER / "model" / "fpn.yaml", tmp_path / "conf" / "model" / "mine" / "net.yaml")
    (tmp_path / "conf" / "tweak").mkdir()
    (tmp_path / "conf" / "tweak" / "short.yaml").write_text("# @package train\nepochs: 3\n")
    config = compose_config(["model=mine/net", "+tweak=short"], tmp_path / "conf")
    assert config["model"]["name"] == "fpn"
    assert config["train"]["epochs"] == 3
    assert compose_config(["+tweak@train=short"], tmp_path / "conf")["train"]["epochs"] == 3


def test_a_detector_has_no_loss_group() -> None:
    """Left out of the resolved configuration, also where a recipe chooses one; other models keep theirs."""
    assert "loss" not in compose_config(["model=mask_rcnn"], FOLDER)
    assert "loss" not in compose_config(["experiment=starter", "model=mask_rcnn"], FOLDER)
    assert "loss" in compose_config(["experiment=starter", "model=unet"], FOLDER)


@pytest.mark.parametrize("word", ["loss=dice", "loss.terms.dice.weight=2", "++loss.class_weights=none"])
def test_a_loss_typed_with_a_detector_is_refused(word: str) -> None:
    """Whoever types it expects something of it; the sentence says what to use."""
    model = ["model=mask_rcnn"]
    with pytest.raises(ConfigError, match=r"does not go with model=mask_rcnn: .* model\.options\.loss_weights"):
        compose_config([*model, word], FOLDER)
