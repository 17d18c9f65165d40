"""Packages and machines of two runs."""

from __future__ import annotations

from pathlib import Path

from kirie.board.difference.environment import environment_difference, environment_of, packages_of


def test_packages_and_machine_are_compared(tmp_path: Path) -> None:
    """Versions come from W&B's list, and from the run record where it names them; the machine from both."""
    (tmp_path / "requirements.txt").write_text(
        "torch==2.1\nPillow==11.0\nruamel.yaml==0.18\n# note\n", encoding="utf-8"
    )
    one = environment_of({}, {"os": "Linux", "host": "left", "disk": {"/": 1}}, tmp_path)
    other = environment_of(
        {"versions": {"python": "3.12", "torch": "2.2"}, "hardware": {"host": "right", "gpus": []}},
        {"os": "Linux"},
        tmp_path,
    )
    assert environment_difference(one, other) == [
        {"key": "gpus", "a": None, "b": [], "only": "b", "kind": "machine"},
        {"key": "host", "a": "left", "b": "right", "kind": "machine"},
        {"key": "python", "a": None, "b": "3.12", "only": "b", "kind": "machine"},
        {"key": "torch", "a": "2.1", "b": "2.2", "kind": "package"},
    ]
    assert one["package.ruamel-yaml"] == "0.18"


def test_a_list_that_is_none_names_no_packages(tmp_path: Path) -> None:
    """A missing list, a folder or bytes that are no text give no packages."""
    (tmp_path / "folder").mkdir()
    (tmp_path / "bytes").write_bytes(bytes(range(256)))
    assert [packages_of(tmp_path / name) for name in ("missing", "folder", "bytes")] == [{}, {}, {}]
