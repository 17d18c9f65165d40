"""What W&B's agent writes on a command line must be what Hydra reads there; else the file is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from kirie.errors import SweepError
from kirie.sweep.agent_words import check_agent_words
from kirie.sweep.spec import SweepSpec

HEAD = "method: grid\ncommand: [kirie, train, '${args_no_hyphens}']\nparameters:\n"


def _spec(tmp_path: Path, text: str) -> SweepSpec:
    return SweepSpec.parse(text, tmp_path / "sweep.yaml")


@pytest.mark.parametrize("value", ["3", "0.5", "1.0e-05", "true", "fpn", "'two words'", "[1, 2]", "-1"])
def test_values_that_arrive_as_they_are(value: str, tmp_path: Path) -> None:
    """The client's own words for the value, read by Hydra's own parser, give the value."""
    spec = _spec(tmp_path, f"{HEAD}  key: {{values: [{value}]}}\n")
    check_agent_words(spec)
    (found,) = spec.parameters[0].distribution.grid() or ()
    (word,) = create_sweep_command_args({"args": {"key": {"value": found}}})["args_no_hyphens"]
    assert OverridesParser.create().parse_override(word).value() == found


@pytest.mark.parametrize("value", ["null", "'3'", "'true'", "'a,b'", "'a=(b'"])
def test_values_that_would_arrive_as_others(value: str, tmp_path: Path) -> None:
    """None becomes a text, and texts in quotes lose them: the message names the engine that quotes."""
    with pytest.raises(SweepError, match=r"sweep\.yaml: W&B's agent would write key=.*--engine local"):
        check_agent_words(_spec(tmp_path, f"{HEAD}  key: {{values: [{value}]}}\n"))


def test_nested_parameters_and_a_missing_command_are_refused(tmp_path: Path) -> None:
    """The agent hands a nested one over as a dictionary in Python's words, and runs a program by default."""
    with pytest.raises(SweepError, match=r"as optimizer=\{'lr': \.\.\.\}, which Hydra cannot read.*`optimizer\.lr:`"):
        check_agent_words(_spec(tmp_path, f"{HEAD}  optimizer: {{parameters: {{lr: {{value: 0.5}}}}}}\n"))
    with pytest.raises(SweepError, match=r"has no `command`.*write command: \[kirie, train"):
        check_agent_words(_spec(tmp_path, "method: grid\nparameters: {key: {value: 1}}\n"))
    # Another program takes its parameters as it likes
    check_agent_words(
        _spec(tmp_path, "method: grid\ncommand: [python, x.py, '${args}']\nparameters: {key: {value: null}}\n")
    )
