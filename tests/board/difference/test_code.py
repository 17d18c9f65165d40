"""The difference of two runs' code, against real repositories."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.board.difference import code, repository
from kirie.board.difference.code import Code, code_difference, code_of
from kirie.board.difference.repository import diff, is_commit, roots
from kirie.core import programs


def _git(place: Path, *words: str) -> str:
    told = programs.ask(
        ["git", "-C", str(place), "-c", "user.name=x", "-c", "user.email=x@y", "-c", "commit.gpgsign=false", *words],
        patience_s=20,
    )
    assert told is not None
    assert told.code == 0, told.err
    return told.out.strip()


@pytest.fixture(scope="module")
def repository_of_two(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str, str]:
    """A repository and its two commits."""
    place = tmp_path_factory.mktemp("repository")
    _git(place, "init", "--quiet")
    (place / "net.py").write_text("depth = 3\nwidth = 8\n", encoding="utf-8")
    _git(place, "add", ".")
    _git(place, "commit", "--quiet", "-m", "one")
    first = _git(place, "rev-parse", "HEAD")
    (place / "net.py").write_text("depth = 4\nwidth = 8\n", encoding="utf-8")
    _git(place, "commit", "--quiet", "-am", "two")
    return place, first, _git(place, "rev-parse", "HEAD")


def test_the_difference_is_gits(repository_of_two: tuple[Path, str, str], tmp_path: Path) -> None:
    """Two commits of the repository that the runs lie in give git's difference; one commit with itself none."""
    place, first, second = repository_of_two
    (place / "runs" / "x").mkdir(parents=True, exist_ok=True)
    assert roots([place / "runs" / "x", place, tmp_path]) == [place]
    found = diff(first, second, roots([place / "runs" / "x"]))
    assert found.text is not None
    assert "-depth = 3\n+depth = 4\n" in found.text
    assert found.text.startswith("diff --git a/net.py b/net.py")
    assert not found.cut
    assert diff(first, first, []).text == ""


def test_a_repository_without_the_commit_is_told(repository_of_two: tuple[Path, str, str], tmp_path: Path) -> None:
    """Where a commit is not to be had the answer says which; where there is no repository, too."""
    place, first, _ = repository_of_two
    lost = "0" * 40
    assert diff(first, lost, [place]).reason.startswith("No repository around these runs has the commit 000000000000;")
    assert "no repository" in diff(first, lost, []).reason.lower()
    assert diff(first, lost, [tmp_path]).text is None


@pytest.mark.parametrize("name", ["HEAD", "--output=/tmp/x", "abc", "g" * 40, "a" * 65, "", None, 7, "a" * 40 + "\n"])
def test_what_is_no_commits_number_never_reaches_git(
    name: object, repository_of_two: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name from a log that is no hexadecimal number is not asked for."""

    def never(*_: object, **__: object) -> None:
        raise AssertionError("git was asked")

    monkeypatch.setattr(programs, "start", never)
    assert not is_commit(name)
    assert code_of({"git": {"commit": name, "dirty": False}}, {}, []).commit is None
    assert diff(str(name), repository_of_two[1], [repository_of_two[0]]).text is None


def test_a_repository_with_programs_of_its_own_starts_none(
    repository_of_two: tuple[Path, str, str], tmp_path: Path
) -> None:
    """External diffs, text conversions and monitors that a repository sets are not run."""
    place, first, second = repository_of_two
    trace = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f'#!/bin/sh\necho ran >> {trace}\ncat "$1"\n', encoding="utf-8")
    program.chmod(0o755)
    try:
        for key in ("diff.external", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
            _git(place, "config", key, str(program))
        (place / ".git" / "info" / "attributes").write_text("*.py diff=evil\n", encoding="utf-8")
        found = diff(first, second, [place])
        assert found.text is not None
        assert "+depth = 4" in found.text
        assert not trace.exists()
    finally:
        for key in ("diff.external", "diff.evil.command", "diff.evil.textconv", "core.fsmonitor", "core.pager"):
            _git(place, "config", "--unset", key)


def test_a_large_difference_is_cut(repository_of_two: tuple[Path, str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than the limit is read, and the answer says that there was more."""
    place, first, second = repository_of_two
    monkeypatch.setattr(repository, "MOST_BYTES", 50)
    found = diff(first, second, [place])
    assert found.cut
    assert found.text is not None
    assert len(found.text) == 50


def test_dirt_and_fingerprint_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not committed is shown as the run kept it; equal fingerprints mean that training ran the same code."""
    kept = tmp_path / "code.diff"
    kept.write_text("-a\n+b\n", encoding="utf-8")
    record = {"git": {"commit": "a" * 40, "dirty": True}, "made_of": {"code": "f"}}
    one = code_of(record, {"commit": "b" * 40}, [tmp_path / "missing", kept])
    assert one == Code("a" * 40, True, "-a\n+b\n", "f")
    foreign = code_of({}, {"commit": "b" * 40, "remote": "x"}, [kept])
    assert foreign == Code("b" * 40, True, "-a\n+b\n", None)
    answer = code_difference(one, one, [])
    assert answer["same_training_code"] is True
    assert answer["diff"] == ""
    assert code_difference(one, foreign, [])["same_training_code"] is None
    monkeypatch.setattr(code, "MOST_UNCOMMITTED", 3)
    assert code_of(record, {}, [kept]) == Code("a" * 40, True, "-a\n", "f", cut=True)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ((False, None), (False, None), True),
        ((False, None), (True, "+b"), False),
        ((True, "+a"), (True, "+b"), False),
        ((True, "+a"), (True, "+a"), True),
        ((True, "+a"), (True, None), None),
        ((None, None), (True, "+a"), None),
        ((True, "+a", True), (True, "+a", True), None),
    ],
)
def test_runs_of_one_commit_may_have_other_changes(
    a: tuple[bool | None, str | None], b: tuple[bool | None, str | None], same: bool | None
) -> None:
    """What was in no commit is the same only where both trees were clean, or both kept the same changes whole."""
    one, other = (Code("a" * 40, told[0], told[1], None, *told[2:]) for told in (a, b))
    answer = code_difference(one, other, [])
    assert (answer["diff"], answer["same_changes"]) == ("", same)
    assert code_difference(other, one, [])["same_changes"] is same


def test_runs_without_a_commit_say_so() -> None:
    """Without a commit there is a reason and no difference."""
    nothing = code_of({}, {}, [])
    assert code_difference(nothing, nothing, [])["reason"] == "Neither run names a git commit."
    named = code_of({}, {"commit": "a" * 40}, [])
    assert code_difference(nothing, named, [])["reason"] == "One of the runs does not name a git commit."
