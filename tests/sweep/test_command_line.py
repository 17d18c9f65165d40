"""A trial's command: W&B's macros as W&B's own client expands them, values through Hydra unchanged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hydra import compose, initialize_config_dir
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf
from wandb.sdk.launch.sweeps.utils import create_sweep_command_args

from kirie.errors import SweepError
from kirie.sweep.command_line import as_agent_writes, overrides_of, words
from kirie.sweep.hydra_words import override
from kirie.sweep.values import Value

PLAIN: dict[str, Value] = {
    "model": "unet",
    "optimizer.lr": 1e-05,
    "train.epochs": 3,
    "trainer.compile": True,
    "train.ema": False,
}


@pytest.mark.parametrize(
    "macro",
    [
        "args",
        "args_no_hyphens",
        "args_no_equals",
        "args_no_boolean_flags",
        "args_json",
        "args_append_hydra",
        "args_override_hydra",
    ],
)
def test_macros_are_expanded_as_wandbs_client_does(macro: str) -> None:
    """Against the function of the installed client that its agent calls; in Hydra's words true is Hydra's own."""
    theirs = create_sweep_command_args({"args": {name: {"value": value} for name, value in PLAIN.items()}})[macro]
    ours = words(["train.py", f"${{{macro}}}", "last"], PLAIN, {})
    if "hydra" in macro or macro == "args_no_hyphens":
        theirs = [word.replace("=True", "=true").replace("=False", "=false") for word in theirs]
    assert ours == ["train.py", *theirs, "last"]


def test_the_other_macros() -> None:
    """Interpreter, program, environment variables inside a word, and a file of JSON."""
    command = ["${env}", "${interpreter}", "${program}", "--user=${envvar:USER}-${envvar:NONE}", "${args_json_file}"]
    found = words(command, {}, {"USER": "me"}, program="p.py", json_file=Path("/x/a.json"))
    assert found == ["/usr/bin/env", "python", "p.py", "--user=me-NONE", "/x/a.json"]
    assert words(None, {"model": "fpn"}, {}) == ["kirie", "train", "model=fpn"]
    for command, says in (
        (["${arg}"], "allowed are"),
        (["${program}"], "there is none"),
        (["${args_json_file}"], "none"),
    ):
        with pytest.raises(SweepError, match=says):
            words(command, {}, {})


@pytest.mark.parametrize(
    "start",
    [
        ["kirie"],
        ["/usr/bin/env", "kirie"],
        ["env", "A=1", "/opt/bin/kirie"],
        ["python", "-m", "kirie"],
        ["/usr/bin/env", "python3.12", "-m", "kirie"],
    ],
)
def test_trainings_are_known_in_all_their_forms(start: list[str]) -> None:
    """The overrides are what stands after `kirie train`."""
    assert overrides_of([*start, "train", "experiment=starter", "model=fpn"]) == ["experiment=starter", "model=fpn"]


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["python", "train.py", "a=1"], "kirie's trainings only"),
        (["kirie", "evaluate"], "kirie's trainings only"),
        (["kirie"], "kirie's trainings only"),
        ([], "kirie's trainings only"),
        (["kirie", "train", "--lr=1"], "args_no_hyphens"),
        (["kirie", "train", "--out", "x"], "'--out'"),
    ],
)
def test_what_is_no_training_is_refused(command: list[str], says: str) -> None:
    """Without W&B only kirie's trainings run, and only with overrides."""
    with pytest.raises(SweepError) as refused:
        overrides_of(command)
    assert says in str(refused.value)


@pytest.fixture(scope="module")
def conf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Hydra configuration with one setting."""
    folder = tmp_path_factory.mktemp("conf")
    (folder / "train.yaml").write_text(
        "a: {b0: null, b1: null, b2: null, b3: null, b4: null, b5: null, b6: null, b7: null}\n"
    )
    return folder


def composed(conf: Path, *words: str) -> list[Any]:
    """What a configuration holds after overrides of a.b0, a.b1 and so on."""
    with initialize_config_dir(str(conf), version_base="1.3"):
        found: Any = OmegaConf.to_container(compose("train", overrides=list(words)), resolve=True)
    return [found["a"][f"b{at}"] for at in range(len(words))]


TEXT = st.text(st.characters(exclude_categories=("Cc", "Cs")), max_size=12) | st.sampled_from(
    [
        "null",
        "true",
        "1",
        "1e5",
        "a,b",
        "[x]",
        "{a:1}",
        "it's",
        "\\",
        "\\'",
        "${x}",
        "\\${x}",
        "$",
        "a=b",
        " a ",
        "é",
        "_",
    ]
)
SCALAR = (
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False) | TEXT
)
KEYS = st.from_regex(r"[A-Za-z_][a-z0-9_.-]{0,5}", fullmatch=True).filter(
    lambda key: key.lower() not in {"null", "true", "false", "nan", "inf"}
)
VALUES = st.recursive(
    SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=5
)


@given(st.lists(VALUES, min_size=8, max_size=8))
@settings(max_examples=30)
def test_values_reach_the_configuration_unchanged(conf: Path, values: list[Any]) -> None:
    """Commas, quotes, braces, backslashes, interpolations, unicode, null, numbers, lists, mappings: type and value."""
    found = composed(conf, *(override(f"a.b{at}", value) for at, value in enumerate(values)))
    assert json.dumps(found, sort_keys=True) == json.dumps(values, sort_keys=True)


def test_what_no_override_can_hold_is_refused() -> None:
    """A line break, a key with a blank."""
    for value in ("a\nb", ["\x00"], {"a b": 1}, {"null": 1}):
        with pytest.raises(SweepError, match="no override"):
            override("a.b", value)


def test_plain_values_are_written_as_wandbs_agent_writes_them(conf: Path) -> None:
    """Names and numbers are one word for both; of null and of a comma the agent's word is another value to Hydra."""
    plain: list[Value] = ["unet", "tu-mobilenetv3_small_100", "runs/a:b", 3, 0.1, 1e-05, [1, 2.5]]
    assert composed(conf, *(as_agent_writes(f"a.b{at}", value) for at, value in enumerate(plain))) == plain
    assert composed(conf, as_agent_writes("a.b0", None)) == ["None"]
