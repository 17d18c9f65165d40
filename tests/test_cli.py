"""The command table: loading on use, and how commands end."""

import importlib
import importlib.util
import json
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from kirie import __version__, cli
from kirie.core.signals import Terminated
from kirie.errors import GateFailed, KirieError, RunError

HEAVY = ("torch", "torchvision", "pytorch_lightning", "kornia", "optuna", "segmentation_models_pytorch", "wandb")
LIGHT = ("kirie.cli", "kirie.core", "kirie.errors", "kirie.formats", "kirie.prepare", "kirie.predict")


def _python(code: str, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", code, *argv], capture_output=True, text=True, check=False)


@pytest.mark.parametrize("argv", [[], ["-h"], ["--help"], ["help"]])
def test_help_names_every_command(argv: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Without words, or asked for help, kirie shows its commands and ends with 0."""
    assert cli.main(argv) == 0
    shown = capsys.readouterr()
    assert all(f"\n  {name} " in shown.out for name in cli.COMMANDS)
    assert shown.err == ""


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    """--version says the package's version."""
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"kirie {__version__}\n"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_there(name: str) -> None:
    """Each entry of the table leads to a function that takes words."""
    module, _, function = cli.COMMANDS[name][0].partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_unknown_command_names_the_near_one(capsys: pytest.CaptureFixture[str]) -> None:
    """A mistyped command ends with 2 and one line that names the near one and all."""
    assert cli.main(["trainn", "model=unet"]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(
        "kirie: There is no command 'trainn'. Did you mean `train`? Commands are synth, import,"
    )
    assert shown.err.count("\n") == 1


def test_unknown_command_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    """With --json the mistake is one JSON object on standard output, beside the line for people."""
    assert cli.main(["zzz", "--json"]) == 2
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"error": shown.err.removeprefix("kirie: ").rstrip("\n")}


def _with_command(monkeypatch: pytest.MonkeyPatch, ends: BaseException | None, code: int = 0) -> None:
    """Puts a command `try` into the table that raises, or returns a code."""

    def main(argv: Sequence[str]) -> int:
        if ends is not None:
            raise ends
        return code + len(argv)

    module = ModuleType("kirie_try")
    module.__dict__["main"] = main
    monkeypatch.setitem(sys.modules, "kirie_try", module)
    monkeypatch.setitem(cli.COMMANDS, "try", ("kirie_try:main", "for this test"))


@pytest.mark.parametrize(
    ("ends", "code", "said"),
    [
        (RunError("The run is not finished."), 2, "kirie: The run is not finished.\n"),
        (GateFailed("The models differ."), 1, "kirie: The models differ.\n"),
        (KeyboardInterrupt(), 130, "kirie: Interrupted. Repeat the command to go on.\n"),
        (BrokenPipeError(), 141, ""),
        (Terminated(), 143, "kirie: Told to end (SIGTERM). Repeat the command to go on.\n"),
    ],
)
def test_how_a_command_ends(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    ends: BaseException,
    code: int,
    said: str,
) -> None:
    """The user's mistakes end with 2, a refused export with 1, a signal with 128 and its number, each with one line."""
    _with_command(monkeypatch, ends)
    assert cli.main(["try"]) == code
    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", said)


def test_a_command_gets_its_words_and_gives_its_code(monkeypatch: pytest.MonkeyPatch) -> None:
    """What follows the command's name is the command's, and its code is kirie's."""
    _with_command(monkeypatch, None, code=40)
    assert cli.main(["try", "a", "--b"]) == 42


def test_our_own_mistakes_keep_their_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that no user causes is not dressed up as one."""
    _with_command(monkeypatch, ZeroDivisionError("ours"))
    with pytest.raises(ZeroDivisionError):
        cli.main(["try"])
    assert not issubclass(ZeroDivisionError, KirieError)


def test_without_the_training_stack_the_extra_is_named() -> None:
    """Where torch is not installed, `kirie train` says which extra to install, and ends with 2."""
    code = (
        "import sys, importlib.abc\n"
        "class Absent(importlib.abc.MetaPathFinder):\n"
        " def find_spec(self, name, path=None, target=None):\n"
        "  if name.split('.')[0] in {'torch', 'hydra', 'omegaconf', 'pytorch_lightning'}:\n"
        "   raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from kirie.cli import main\nsys.exit(main(['train']))"
    )
    done = _python(code)
    assert done.returncode == 2
    assert "`kirie train` needs the training stack" in done.stderr
    assert 'pip install "kirie[train]"' in done.stderr
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["trainn"], ["predict", "--nonsense"]])
def test_answers_do_not_import_torch(words: list[str]) -> None:
    """Help, version, a mistyped command and a light command's mistake answer without the training stack."""
    code = (
        "import sys; from kirie.cli import main; main(sys.argv[1:]);"
        f"found = set({HEAVY}) & set(sys.modules); sys.exit(str(found) if found else 0)"
    )
    done = _python(code, *words)
    assert done.returncode == 0, done.stderr


def test_the_light_half_does_not_import_torch() -> None:
    """Every module of cli, core, formats, prepare and predict can be imported without the training stack."""
    code = (
        "import sys, pkgutil, importlib\n"
        f"for room in {LIGHT}:\n"
        " module = importlib.import_module(room)\n"
        " for found in pkgutil.walk_packages(getattr(module, '__path__', []), room + '.'):\n"
        "  importlib.import_module(found.name)\n"
        "print(sum(name.startswith('kirie.') for name in sys.modules))\n"
        f"found = set({HEAVY}) & set(sys.modules); sys.exit(str(found) if found else 0)"
    )
    done = _python(code)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15


def test_a_reader_that_goes_away_is_no_error() -> None:
    """`kirie --help | head -c 1` leaves nothing on standard error and ends with 0."""
    reads, writes = os.pipe()
    os.close(reads)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "kirie", "--help"],
            stdout=writes,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            # Buffered, as a shell has it: only then is the loss noticed at the exit
            env={key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"},
        )
    finally:
        os.close(writes)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("option", ["--version", "synth --help"])
@pytest.mark.parametrize(
    ("shell", "code", "said"),
    [
        (">&-", 0, ""),
        ("2>&-", 0, ""),
        (">/dev/full", 2, "kirie: The result cannot be written to standard output (No space left on device)"),
        (">/dev/full 2>/dev/full", 2, ""),
    ],
)
def test_output_that_leads_nowhere(option: str, shell: str, code: int, said: str) -> None:
    """A closed output is nobody's trouble; a full disk is one sentence, and no second one from Python at its exit."""
    words = f"{shlex.quote(sys.executable)} -m kirie {option} {shell}"
    done = subprocess.run(["sh", "-c", words], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert done.stderr.startswith(said) if said else done.stderr == ""
    assert len(done.stderr.splitlines()) == bool(said)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_table_that_leads_nowhere(tmp_path: Path, unbuffered: str) -> None:
    """A table is drawn before it is written, also where Python does not buffer."""
    run = tmp_path / "runs" / "0123456789ab"
    run.mkdir(parents=True)
    (run / "run.json").write_text('{"id": "0123456789ab", "state": "done"}')
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "kirie", "runs", str(run.parent)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            env=os.environ | {"PYTHONUNBUFFERED": unbuffered},
        )
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)


@pytest.mark.parametrize("trouble", ["x" * 300, "loop/x"])
@pytest.mark.parametrize(
    "words", [["predict", "PATH", "--bundle", "b", "--out", "o"], ["import", "PATH"], ["runs", "PATH"]]
)
def test_a_path_that_cannot_be_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], trouble: str
) -> None:
    """A name that is too long, a link in a circle: exit code 2 and one line."""
    (tmp_path / "loop").symlink_to("loop")
    assert cli.main([str(tmp_path / trouble) if word == "PATH" else word for word in words]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize("coding", ["ascii", "utf-8"])
def test_a_word_that_cannot_be_shown_is_escaped(coding: str) -> None:
    """A terminal without Japanese letters, and a name in another encoding: both end in the sentence."""
    done = subprocess.run(
        [os.fsencode(sys.executable), b"-m", b"kirie", b"import", "目/".encode() + b"\x96\xda"],
        capture_output=True,
        check=False,
        env=os.environ | {"PYTHONIOENCODING": coding},
    )
    assert done.returncode == 2
    shown = done.stderr.decode()
    assert shown.startswith("kirie: ")
    assert ("\\u76ee/\\udc96" if coding == "ascii" else "目/\\udc96") in shown


def test_module_and_script_are_one_program() -> None:
    """`python -m kirie` ends as the script does."""
    done = subprocess.run([sys.executable, "-m", "kirie", "trainn"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("kirie: There is no command 'trainn'.")
