"""The run id: which changes make a new run, and which do not."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core.identity import ID_LENGTH, code_fingerprint, digest, run_id, without

SOURCE = '''"""A module."""
# A comment
import os

LIMIT = 1.0


class Thing:
    """What it is."""

    size: int = 3

    def grow(self, by: int = 2, *, fast: bool = False) -> str:
        """Grows."""
        match by:
            case 0 | None:
                return "none"
        return f"{self.size + by!r:>{by}}" f"{fast=}" "px" f""
'''

GOLDEN = "392d9e4d507d72893219ecbbcd684712508373388c98faab450c9451841a49b9"
"""The fingerprint of SOURCE as `thing.py`. Every supported Python must find this one, or a run that was begun on one
machine would be another run on the next. Whoever changes it makes all recorded runs new ones: say so in CHANGELOG."""


def _fingerprint(folder: Path, source: str, name: str = "thing.py") -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(source, encoding="utf-8")
    return code_fingerprint([path], folder)


def test_fingerprint_is_golden(tmp_path: Path) -> None:
    """The fingerprint is the recorded one, on every supported Python."""
    assert _fingerprint(tmp_path, SOURCE) == GOLDEN


def test_every_python_here_finds_the_same(tmp_path: Path) -> None:
    """Each supported Python that this machine has, this one first, gives the golden fingerprint."""
    (tmp_path / "thing.py").write_text(SOURCE, encoding="utf-8")
    identity = sys.modules["kirie.core.identity"].__file__
    assert identity is not None
    # By its file: importing it by name would import numpy with the package, which that Python may not have
    code = (
        "import runpy, pathlib, sys; room = runpy.run_path(sys.argv[1]); at = pathlib.Path(sys.argv[2]); "
        "print(room['code_fingerprint']([at / 'thing.py'], at))"
    )
    named = (shutil.which(f"python3.{minor}") for minor in range(11, 16))
    for python in [sys.executable, *filter(None, named)]:
        # A launcher of a version manager may stand there for a version that is not installed
        if subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0:
            command = [python, "-I", "-c", code, identity, str(tmp_path)]
            found = subprocess.run(command, capture_output=True, text=True, check=True)
            assert found.stdout.strip() == GOLDEN, python


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("# A comment", "# Another comment\n# of two lines"),
        ("# A comment\n", ""),
        ('"""A module."""', '"""A better module."""'),
        ('"""A module."""\n', ""),
        ('"""Grows."""', "'''Grows by a number.'''"),
        ('    """What it is."""\n', ""),
        ("LIMIT = 1.0", 'LIMIT = 1.0\n"""What it bounds."""'),
        ("LIMIT = 1.0", "LIMIT=(1.0)"),
        ("by: int = 2, *,", "\n        by: int = 2,\n        *,"),
        ('return "none"', "return 'none'"),
        ('f"{fast=}" "px"', 'f"{fast=}px"'),
    ],
)
def test_edits_without_meaning_keep_the_run(tmp_path: Path, old: str, new: str) -> None:
    """Comments, docstrings, bare strings, formatting and quotes do not change the fingerprint."""
    assert old in SOURCE
    assert _fingerprint(tmp_path, SOURCE.replace(old, new)) == GOLDEN


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LIMIT = 1.0", "LIMIT = 1.5"),
        ("LIMIT = 1.0", "LIMIT = 1"),
        ("LIMIT = 1.0", 'LIMIT = "1.0"'),
        ("LIMIT = 1.0", "LIMIT = True"),
        ("LIMIT = 1.0", "LIMIT = None"),
        ("LIMIT = 1.0", "limit = 1.0"),
        ("by: int = 2", "by: int = 3"),
        ("self.size + by", "self.size - by"),
        ("import os", "import re"),
        ('"px"', '"cm"'),
        ("by!r", "by!s"),
        (":>{by}", ":<{by}"),
        ('return "none"', 'return b"none"'),
        ("*, fast", "fast"),
    ],
)
def test_edits_with_meaning_make_a_new_run(tmp_path: Path, old: str, new: str) -> None:
    """Any changed constant, name, operator, import or signature changes the fingerprint."""
    assert old in SOURCE
    assert _fingerprint(tmp_path, SOURCE.replace(old, new)) != GOLDEN


def test_files_count_by_name_not_by_order_or_place(tmp_path: Path) -> None:
    """The order of files and where the tree lies do not matter; a file's name and a new file do."""
    found = []
    for root in (tmp_path / "here", tmp_path / "there"):
        paths = [root / "a.py", root / "b" / "c.py"]
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"x = '{path.name}'")
        found += [code_fingerprint(paths, root), code_fingerprint(paths[::-1], root)]
    assert len(set(found)) == 1
    renamed = (tmp_path / "here" / "a.py").rename(tmp_path / "here" / "z.py")
    others = [tmp_path / "here" / "b" / "c.py"]
    assert (
        len(
            {
                found[0],
                code_fingerprint([renamed, *others], tmp_path / "here"),
                code_fingerprint(others, tmp_path / "here"),
            }
        )
        == 3
    )


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)
@given(content=st.dictionaries(st.text(), _JSON, min_size=2, max_size=5))
def test_digest_does_not_depend_on_the_order_of_keys(content: dict[str, Any]) -> None:
    """The same mapping written in another order has the same digest; one more key has another."""
    assert digest(dict(reversed(content.items()))) == digest(content)
    assert digest(content | {"_".join(content) + "x": 1}) != digest(content)


def test_digest_is_golden() -> None:
    """Canonical JSON is hashed, so that other programs can check an id."""
    # printf '%s' '{"a":[1,null,"\\u00e9"],"b":0.1}' | sha256sum
    expected = "c4a3605abc4d143576ed174e5f059c47c1d1264f7c618237a86d8fba19d4df12"
    assert digest({"b": 0.1, "a": [1, None, "é"]}) == expected


@pytest.mark.parametrize(("content", "error"), [(float("nan"), ValueError), ({1, 2}, TypeError), (Path(), TypeError)])
def test_what_is_not_json_has_no_digest(content: object, error: type[Exception]) -> None:
    """NaN and foreign types are refused instead of being hashed by their address or spelling."""
    with pytest.raises(error):
        digest({"x": content})


def test_machine_keys_are_left_out() -> None:
    """A dotted key drops one entry, a plain one a whole group, one that is not there nothing; the rest is untouched."""
    config = {"trainer": {"devices": 2, "epochs": 3, "deep": {"x": 1}}, "log": {"mode": "a"}, "devices": 1}
    kept = without(config, ["trainer.devices", "log", "trainer.deep.y", "none.at.all"])
    assert kept == {"trainer": {"epochs": 3, "deep": {"x": 1}}, "devices": 1}
    assert config["log"] == {"mode": "a"}


def test_run_id_follows_each_of_its_parts() -> None:
    """Configuration, data, code and seed each make another id; the same four make the same."""
    base: dict[str, Any] = {"config": {"lr": 0.1}, "data": "d", "code": "c", "seed": 1}
    changed = [base, base | {"config": {"lr": 0.2}}, base | {"data": "e"}, base | {"code": "d"}, base | {"seed": 2}]
    ids = [run_id(**parts) for parts in changed]
    assert len(set(ids)) == 5
    assert run_id(**base) == ids[0]
    assert len(ids[0]) == ID_LENGTH
    assert int(ids[0], 16) >= 0
