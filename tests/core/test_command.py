"""What every command shares."""

import json

import pytest

from kirie.core.command import Parser, result
from kirie.errors import UsageError


def _parser() -> Parser:
    parser = Parser("cut", "Cuts.\n\nIn two paragraphs.")
    parser.add_argument("--size", type=int)
    return parser


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["--sise", "3"], "unrecognized arguments: --sise 3"),
        (["--siz", "3"], "unrecognized arguments"),
        (["--size", "big"], "argument --size: invalid int value: 'big'"),
        (["--size"], "expected one argument"),
    ],
)
def test_mistakes_are_usage_errors(argv: list[str], said: str) -> None:
    """A wrong, shortened or incomplete option raises instead of printing and leaving, and names the help."""
    with pytest.raises(UsageError, match=said) as told:
        _parser().parse_args(argv)
    assert str(told.value).startswith("kirie cut: ")
    assert str(told.value).endswith("See `kirie cut --help`.")


def test_help_keeps_its_paragraphs(capsys: pytest.CaptureFixture[str]) -> None:
    """--help prints the description as written and leaves with 0."""
    with pytest.raises(SystemExit) as left:
        _parser().parse_args(["--help"])
    assert left.value.code == 0
    shown = capsys.readouterr().out
    assert "usage: kirie cut" in shown
    assert "Cuts.\n\nIn two paragraphs." in shown
    assert "--json" in shown


def test_result_for_a_person_or_a_machine(capsys: pytest.CaptureFixture[str]) -> None:
    """Every parser knows --json; with it one JSON object is printed, in any script, else the words."""
    assert _parser().parse_args(["--json"]).json is True
    assert _parser().parse_args([]).json is False
    result({"label": "口", "miou": None}, "words", as_json=True)
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"label": "口", "miou": None}
    assert "口" in shown.out
    result({"x": 1}, "words", as_json=False)
    assert capsys.readouterr().out == "words\n"


def test_result_is_json_that_every_machine_reads() -> None:
    """NaN is no JSON and is refused."""
    with pytest.raises(ValueError, match="JSON compliant"):
        result({"miou": float("nan")}, "", as_json=True)
