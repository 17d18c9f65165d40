"""Where a run comes from, in and outside of a git repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from kirie.train import provenance


def test_git_state_has_commit_and_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A changed file makes the tree dirty, and the difference shows the change."""
    monkeypatch.chdir(tmp_path)
    for name in ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"):
        monkeypatch.delenv(name, raising=False)
    assert provenance.git_state() == ({"commit": None, "dirty": None}, "")

    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *words], check=True, capture_output=True
        )

    git("init", "-q")
    Path("file").write_text("one\n")
    git("add", "file")
    git("commit", "-qm", "one")
    state, diff = provenance.git_state()
    assert (state["dirty"], diff) == (False, "")
    Path("file").write_text("two\n")
    state, diff = provenance.git_state()
    assert state["dirty"]
    assert "+two" in diff


def test_data_version_is_dvcs_hash(tmp_path: Path) -> None:
    """The hash of the folder that DVC tracks, or None."""
    pointer = tmp_path / "data.dvc"
    assert provenance.data_version(pointer) is None
    pointer.write_text("outs:\n- md5: 0123456789abcdef0123456789abcdef.dir\n  size: 1\n  path: data\n")
    assert provenance.data_version(pointer) == "0123456789abcdef0123456789abcdef.dir"
