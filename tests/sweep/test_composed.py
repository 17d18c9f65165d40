"""The files that a trial is composed from, of the configuration that kirie comes with."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kirie.sweep.composed import files_of
from kirie.train.compose import config_folder


@pytest.mark.parametrize(
    ("overrides", "more"),
    [
        (["train.epochs=3"], {"model/unet.yaml", "schedule/cosine.yaml"}),
        (["model=fpn", "schedule=onecycle"], {"model/fpn.yaml", "schedule/onecycle.yaml"}),
        # A recipe chooses for itself, and the command line against it
        (["experiment=nested", "schedule=onecycle"], {"model/fpn.yaml", "schedule/onecycle.yaml", *("a", "b")}),
    ],
)
def test_it_is_the_defaults_the_choices_and_what_these_name(
    tmp_path: Path, overrides: list[str], more: set[str]
) -> None:
    """And no other one of the folder; Hydra's own and the machine's are among them."""
    conf = tmp_path / "conf"
    shutil.copytree(config_folder(), conf)
    recipes = conf / "experiment"
    (recipes / "nested.yaml").write_text(
        "# @package _global_\ndefaults: [inner, {override /model: fpn}, {override /schedule: cosine}]\n"
    )
    (recipes / "inner.yaml").write_text("# @package _global_\ntrain: {epochs: 2}\n")
    named = {"a": "experiment/nested.yaml", "b": "experiment/inner.yaml"}
    expected = {named.get(one, one) for one in more} | {"train.yaml", "augment/light.yaml", "loss/ce_dice.yaml"}
    found = files_of([*overrides, "log=none", "trainer=cpu"], conf)
    assert found is not None
    assert {name for name in found if not name.startswith(("hydra/", "log/", "trainer/"))} == {
        *expected,
        "optimizer/adamw.yaml",
    }


@pytest.mark.parametrize("text", ["name: [unet", "3", "defaults: 3", "defaults: [unet]", "# @package a b c", None])
def test_where_a_file_is_broken_or_gone_it_cannot_be_told(tmp_path: Path, text: str | None) -> None:
    """Nor what a choice that does not exist is composed from."""
    conf = tmp_path / "conf"
    shutil.copytree(config_folder(), conf)
    file = conf / "model" / "unet.yaml"
    assert files_of(["model=unett"], conf) is None
    assert files_of([], conf) is not None
    if text is None:
        file.unlink()
    else:
        file.write_text(text)
    assert files_of([], conf) is None
