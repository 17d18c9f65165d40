"""Sweep files: what W&B's schema takes is taken, what it refuses is refused in a sentence.

golden/files.yaml holds sweep files written for this test, each with what the package `sweeps` 0.3.0, W&B's own schema,
does with it: `schema_violations_from_proposed_config`, then `SweepConfig`, called once for each in an environment of
its own (the package pins numpy<2 and cannot stand beside torch).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from kirie.errors import SweepError
from kirie.sweep.companion import Companion
from kirie.sweep.spec import Hyperband, Metric, SweepSpec, companion_path

GOLDEN: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "golden" / "files.yaml").read_text())
SHIPPED = sorted(
    path for path in (Path(__file__).parents[2] / "conf" / "sweep").glob("*.yaml") if not path.stem.endswith(".local")
)


def parse(text: str) -> SweepSpec:
    """A sweep file's text, read."""
    return SweepSpec.parse(text, Path("here/some.yaml"))


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case["name"])
def test_files_are_taken_or_refused_as_wandb_does(case: dict[str, Any]) -> None:
    """Where kirie does otherwise than W&B's schema, the list says why."""
    text = yaml.safe_dump(case["file"], sort_keys=False)
    assert ("why" in case) == ("kirie" in case)
    if case.get("kirie", case["wandb"]) == "accept":
        assert parse(text).raw == case["file"]
        return
    with pytest.raises(SweepError) as refused:
        parse(text)
    assert case["says"] in str(refused.value)
    assert "here/some.yaml" in str(refused.value)
    assert len(str(refused.value)) < 500


def test_every_part_is_read() -> None:
    """Fields have W&B's meaning and defaults; the name is the file's where it has none."""
    found = parse(
        "{method: bayes, program: p.py, project: q, metric: {name: val/miou, goal: maximize, target: 0.9},"
        " run_cap: 7, early_terminate: {type: hyperband, min_iter: 2},"
        " command: [kirie, train, '${args_no_hyphens}', 3], parameters: {b: {value: 1}, a: {min: 1, max: 2}}}"
    )
    assert found.name == "some"
    assert found.metric == Metric("val/miou", "maximize", 0.9)
    assert found.early_terminate == Hyperband(eta=3, min_iter=2, max_iter=None, s=None, strict=True)
    assert (found.run_cap, found.program, found.project) == (7, "p.py", "q")
    assert found.command == ("kirie", "train", "${args_no_hyphens}", "3")
    assert [parameter.name for parameter in found.parameters] == ["a", "b"]
    assert parse("{method: random, metric: {name: m}, parameters: {a: {value: 1}}}").metric == Metric("m", "minimize")


def test_nested_parameters_are_flat_and_known_as_nested() -> None:
    """Names are joined by dots, each level in order of its names, as W&B goes through them."""
    found = parse("{method: grid, parameters: {b.a: {value: 1}, a: {parameters: {z: {value: 1}, b: {value: 2}}}}}")
    assert [(one.name, one.nested) for one in found.parameters] == [("a.b", True), ("a.z", True), ("b.a", False)]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("method: grid\nmethod: random\nparameters: {a: {value: 1}}", "a second time"),
        ("method: grid\nparameters: {a: {value: 2020-01-01}}", "quotes"),
        ("method: grid\nparameters: {a: {values: [.inf]}}", "finite"),
        ("method: grid\nparameters: {1: {value: 1}}", "not text"),
        ("method: [grid", "not YAML"),
        ("- method", "not a mapping"),
        ("", "not a mapping"),
        ("method: grid\nparameters: !!python/object:os.system {}", "not YAML"),
        (
            "a: &a [1,1,1,1,1,1,1,1,1]\n"
            + "".join(f"b{i}: &b{i} [{','.join([f'*b{i - 1}' if i else '*a'] * 9)}]\n" for i in range(9)),
            "values",
        ),
        ("a: &a {b: *a}", "deep"),
        ("method: grid\nparameters: " + "{a: " * 3000 + "1" + "}" * 3000, ""),
    ],
)
def test_what_is_no_sweep_file_ends_in_a_sentence(text: str, says: str) -> None:
    """Broken, hostile and ambiguous YAML is refused by name, in no time."""
    with pytest.raises(SweepError) as refused:
        parse(text)
    assert says in str(refused.value)


def test_a_file_that_cannot_be_read_ends_in_a_sentence(tmp_path: Path) -> None:
    """Missing, a folder, not UTF-8, far too large, a device that never ends."""
    (tmp_path / "latin.yaml").write_bytes("name: é".encode("latin-1"))
    (tmp_path / "large.yaml").write_bytes(b"#" * 1_000_001)
    for name, says in (
        ("no.yaml", "not there"),
        ("", "cannot be read"),
        ("latin.yaml", "UTF-8"),
        ("large.yaml", "bytes"),
        ("/dev/zero", "is no file"),
    ):
        with pytest.raises(SweepError, match=says):
            SweepSpec.read(tmp_path / name)


def test_three_sweeps_are_shipped() -> None:
    """conf/sweep/ has at least three files, each with its companion, both valid, each saying how to run it."""
    assert len(SHIPPED) >= 3
    for path in SHIPPED:
        spec = SweepSpec.read(path)
        beside = companion_path(path)
        Companion.read(beside if beside.is_file() else None, spec)
        assert spec.text.startswith("#")
        assert f"kirie sweep conf/sweep/{path.name}" in spec.text
        assert spec.metric == Metric("val/miou", "maximize")
