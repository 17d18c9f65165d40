"""Identity: what makes a new run, and what does not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest

from kirie.errors import ConfigError
from kirie.train.compose import compose_config, config_folder
from kirie.train.identify import identify
from kirie.train.settings import MACHINE_KEYS


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    """The shipped defaults."""
    return compose_config([], config_folder())


@pytest.mark.parametrize(
    "override",
    [
        "trainer=gpu",
        "trainer.devices=4",
        "data.workers=8",
        "data.store=elsewhere/store",
        "log=none",
        "log.tags=[a]",
        "runs=scratch",
    ],
)
def test_the_machine_does_not_change_the_id(config: dict[str, Any], override: str) -> None:
    """Devices, workers, paths and logging leave the id as it is."""
    assert identify(compose_config([override], config_folder()), "data").id == identify(config, "data").id


@pytest.mark.parametrize(
    "override", ["seed=2", "train.epochs=3", "model=fpn", "augment=none", "optimizer.lr=0.1", "data.batch_size=3"]
)
def test_the_configuration_changes_the_id(config: dict[str, Any], override: str) -> None:
    """Whatever decides the weights makes another run."""
    assert identify(compose_config([override], config_folder()), "data").id != identify(config, "data").id


def test_the_data_changes_the_id(config: dict[str, Any]) -> None:
    """The store's fingerprint is part of the id."""
    assert identify(config, "data").id != identify(config, "other").id


def test_named_files_count_by_content(config: dict[str, Any], tmp_path: Path) -> None:
    """A weights file under another name is the same; another content is not; a missing one is named."""
    for name, content in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(content)

    def with_weights(path: Path) -> str:
        changed = copy.deepcopy(config)
        changed["model"]["weights"] = changed["init_from"] = str(path)
        return identify(changed, "data").id

    assert with_weights(tmp_path / "a") == with_weights(tmp_path / "b") != with_weights(tmp_path / "c")
    with pytest.raises(ConfigError, match=r"model\.weights names .*missing, which is not there"):
        with_weights(tmp_path / "missing")


def test_published_weights_are_no_file() -> None:
    """torchvision's COCO weights count by their name."""
    words = ["model=maskrcnn_resnet50_fpn"]
    none, coco = (compose_config([*words, *more], config_folder()) for more in ([], ["model.weights=coco"]))
    assert identify(none, "data").id != identify(coco, "data").id


def test_machine_keys_exist(config: dict[str, Any]) -> None:
    """A renamed setting must be renamed among the machine keys, too."""
    for key in MACHINE_KEYS:
        node: Any = config
        for part in key.split("."):
            assert part in node, key
            node = node[part]
