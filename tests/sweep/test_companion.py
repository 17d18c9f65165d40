"""Companion files: what W&B's schema has no key for, checked against the sweep file they belong to."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.errors import SweepError
from kirie.sweep.companion import Companion, Resources
from kirie.sweep.spec import SweepSpec, companion_path
from kirie.sweep.spec_fields import Metric

SWEEP = "{method: bayes, metric: {name: val/miou, goal: maximize}, parameters: {model: {values: [unet, fpn]}}}"


def read(tmp_path: Path, text: str, sweep: str = SWEEP) -> Companion:
    """A companion file's text, read beside a sweep file."""
    path = tmp_path / "some.yaml"
    path.write_text(sweep)
    companion_path(path).write_text(text)
    return Companion.read(companion_path(path), SweepSpec.read(path))


def test_it_stands_beside_the_sweep_file() -> None:
    """unet.local.yaml beside unet.yaml."""
    assert companion_path(Path("conf/sweep/unet.yaml")) == Path("conf/sweep/unet.local.yaml")


def test_without_one_all_is_as_the_sweep_file_says() -> None:
    """Three attempts, TPE, no repeats, any budget."""
    found = Companion.read(None, SweepSpec.parse(SWEEP, Path("some.yaml")))
    assert found.objectives == (Metric("val/miou", "maximize"),)
    assert (found.attempts, found.sampler, found.repeats, found.budget_s, found.pruner) == (3, "tpe", 1, None, None)
    assert found.resources == Resources()
    assert not found.conditions.any


def test_everything_is_read(tmp_path: Path) -> None:
    """All keys at once."""
    found = read(
        tmp_path,
        "conditions: [{forbid: {model: unet}}]\nobjectives: [{name: latency_ms, goal: minimize}]\nbudget: 1d 8h\n"
        "attempts: 2\nsampler: gp\nseed: 5\nresources: {gpus: 2, cpus: 8, nodes: 1, time: '4:00:00', workers: 3}\n",
    )
    assert found.objectives == (Metric("val/miou", "maximize"), Metric("latency_ms", "minimize"))
    assert found.budget_s == 32 * 3600
    assert (found.attempts, found.sampler, found.seed) == (2, "gp", 5)
    assert found.resources == Resources(2, 8, 1, "4:00:00", 3)
    assert found.conditions.any
    assert read(tmp_path, "repeats: 3\ntop: 2\npruner: median\n").repeats == 3


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("repeat: 3", "Did you mean 'repeats'"),
        ("repeats: 0", "from 1"),
        ("repeats: true", "from 1"),
        ("top: 2", "add it"),
        ("budget: 8", "8h, 90m"),
        ("budget: 8x", "8h, 90m"),
        ("budget: 0h", "above 0"),
        ("sampler: gpr", "Did you mean 'gp'"),
        ("pruner: hyperband", "median"),
        ("attempts: 0", "from 1"),
        ("seed: -1", "from 0"),
        ("objectives: []", "list of entries"),
        ("objectives: [{name: latency_ms}]", "lacks `goal`"),
        ("objectives: [{name: val/miou, goal: minimize}]", "say the same"),
        ("objectives: [{name: parameters, goal: minimize}, {name: parameters, goal: minimize}]", "already"),
        ("objectives: [{name: parameters, goal: minimize}]\nrepeats: 2", "one metric"),
        ("resources: {gpu: 2}", "Did you mean 'gpus'"),
        ("resources: {time: 4:00:00}", "quotes"),
        ("resources: {time: soon}", "SLURM"),
        ("resources: {nodes: 0}", "from 1"),
        ("resources: 2", "mapping"),
        ("conditions: {forbid: {model: unet}}", "list of entries"),
    ],
)
def test_mistakes_end_in_a_sentence(tmp_path: Path, text: str, says: str) -> None:
    """Each names the file, what was found and what is allowed."""
    with pytest.raises(SweepError) as refused:
        read(tmp_path, text)
    assert says in str(refused.value)
    assert "some.local.yaml" in str(refused.value)


def test_it_must_fit_the_sweep_file(tmp_path: Path) -> None:
    """A sampler is for bayes; two ways to end trials exclude each other."""
    grid = "{method: grid, metric: {name: m}, parameters: {model: {values: [unet]}}}"
    with pytest.raises(SweepError, match="`method: bayes`"):
        read(tmp_path, "sampler: gp", grid)
    stopping = grid.replace("parameters", "early_terminate: {type: hyperband, min_iter: 1}, parameters")
    with pytest.raises(SweepError, match="keep one"):
        read(tmp_path, "pruner: median", stopping)
