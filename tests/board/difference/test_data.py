"""Which files came, went or changed between two runs' data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kirie.board.difference import data
from kirie.board.difference.data import Data, data_difference, data_of
from kirie.board.difference.lists import listed

OLD, NEW = "0" * 32 + ".dir", "1" * 32 + ".dir"


def _keep(cache: Path, version: str, files: dict[str, str]) -> None:
    path = cache / version[:2] / version[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps([{"md5": md5, "relpath": name} for name, md5 in files.items()]), encoding="utf-8")


@pytest.mark.parametrize("place", [".dvc/cache/files/md5", ".dvc/cache", ".dvc/starter/files/md5"])
def test_lists_of_files_are_compared(tmp_path: Path, place: str) -> None:
    """The lists are found in the cache in its new and its old form, and in a remote inside the repository."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(
        "[core]\n    remote = starter\n['remote \"starter\"']\n    url = starter\n", encoding="utf-8"
    )
    _keep(tmp_path / place, OLD, {"a": "1", "b": "2", "c": "3"})
    _keep(tmp_path / place, NEW, {"b": "2", "c": "4", "d": "5"})
    found = data_difference(Data(OLD, "x", None), Data(NEW, "y", None), [tmp_path])
    assert (found["came"], found["went"], found["changed"]) == (["d"], ["a"], ["c"])
    assert found["counts"] == {"came": 1, "went": 1, "changed": 1, "same": 1}
    assert "reason" not in found


def test_a_remote_outside_the_repository_is_not_read(tmp_path: Path) -> None:
    """Lists in a folder that a configuration leads to, out of the repository, are left alone."""
    root = tmp_path / "root"
    (root / ".dvc").mkdir(parents=True)
    (root / ".dvc" / "config").write_text("['remote \"out\"']\n url = ../../outside\n", encoding="utf-8")
    for version in (OLD, NEW):
        _keep(tmp_path / "outside" / "files" / "md5", version, {"a": version})
    assert "dvc fetch" in data_difference(Data(OLD, "x", None), Data(NEW, "y", None), [root])["reason"]


@pytest.mark.parametrize("level", ["local", "repository", "user", "system"])
def test_the_cache_that_dvc_is_told_of_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str) -> None:
    """A cache that lies elsewhere, as a cluster's shared one, is read, whoever's configuration names it."""
    root = tmp_path / "root"
    (root / ".dvc").mkdir(parents=True)
    homes = {"user": tmp_path / "user", "system": tmp_path / "system"}
    for word, variable in (("user", "DVC_GLOBAL_CONFIG_DIR"), ("system", "DVC_SYSTEM_CONFIG_DIR")):
        homes[word].mkdir()
        monkeypatch.setenv(variable, str(homes[word]))
    file = {"local": root / ".dvc" / "config.local", "repository": root / ".dvc" / "config"}.get(level)
    shared = tmp_path / "shared # cache"
    (file or homes[level] / "config").write_text(f'[cache]\n    dir = "{shared}"\n', encoding="utf-8")
    _keep(shared / "files" / "md5", OLD, {"a": "1"})
    _keep(shared / "files" / "md5", NEW, {"a": "2"})
    found = data_difference(Data(OLD, "x", None), Data(NEW, "y", None), [root])
    assert found["changed"] == ["a"]
    assert "reason" not in found


def test_the_nearest_configuration_names_the_cache(tmp_path: Path) -> None:
    """A clone's own entry goes before the repository's, is relative to its file, and of both places lists count."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text("[cache]\n dir = ../far\n", encoding="utf-8")
    (tmp_path / ".dvc" / "config.local").write_text("[cache]\n dir = ../near  # here\n", encoding="utf-8")
    _keep(tmp_path / "far", OLD, {"far": "1"})
    assert listed(OLD, [tmp_path]) is None
    _keep(tmp_path / "near", OLD, {"near": "1"})
    assert listed(OLD, [tmp_path]) == {"near": "1"}
    _keep(tmp_path / ".dvc" / "cache", NEW, {"old": "1"})
    assert listed(NEW, [tmp_path]) == {"old": "1"}


def test_a_cache_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The sentence says where lists were looked for, and when that place cannot be opened."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(f"[cache]\n dir = {tmp_path / 'far'}\n", encoding="utf-8")
    runs = Data(OLD, "x", None), Data(NEW, "y", None)
    assert "far, which this repository's configuration names, cannot" in data_difference(*runs, [tmp_path])["reason"]
    (tmp_path / "far").mkdir()
    assert f"DVC cache ({tmp_path / 'far'}), nor" in data_difference(*runs, [tmp_path])["reason"]
    assert data_difference(*runs, [])["reason"].startswith("There is no repository with DVC around these runs")


@pytest.mark.parametrize("written", ["", "s3://bucket/cache", "~nobody-of-this-name/cache", "a\0b"])
def test_a_cache_that_is_no_folder_is_passed_over(tmp_path: Path, written: str) -> None:
    """What names no folder of this machine leaves DVC's own cache."""
    (tmp_path / ".dvc").mkdir()
    (tmp_path / ".dvc" / "config").write_text(f"[cache]\n dir = {written}\n", encoding="utf-8")
    _keep(tmp_path / ".dvc" / "cache", OLD, {"a": "1"})
    assert listed(OLD, [tmp_path]) == {"a": "1"}


def test_the_starters_own_list_is_found() -> None:
    """The repository's own data version has a list, with pictures and annotations."""
    root = Path(__file__).parents[3]
    version = next(
        line.split()[-1] for line in (root / "data.dvc").read_text(encoding="utf-8").splitlines() if "md5:" in line
    )
    assert listed(version, [root])


def test_stores_stand_in_for_lists(tmp_path: Path) -> None:
    """Without DVC's lists the stores of both runs say which pictures they hold, where they are still there."""
    for name, pictures in (("one", {"a": "x", "b": "y"}), ("two", {"b": "z"})):
        folder = tmp_path / "out" / name / "data-0123456789ab"
        folder.mkdir(parents=True)
        (folder.parent / "store.json").write_text(
            json.dumps({"fingerprint": name, "folder": "data-0123456789ab"}), encoding="utf-8"
        )
        index = {"pictures": [{"name": at, "split": "val", "digest": digest} for at, digest in pictures.items()]}
        (folder / "index.json").write_text(json.dumps(index), encoding="utf-8")
    one, two = Data(None, "one", "out/one"), Data(None, "two", "out/two")
    prepared = data_difference(Data(OLD, "one", "out/one"), Data(OLD, "two", "out/two"), [tmp_path])
    assert (prepared["same"], prepared["prepared"], prepared["went"]) == (False, True, ["a"])
    found = data_difference(one, two, [tmp_path])
    assert (found["of"], found["came"], found["went"], found["changed"]) == ("pictures", [], ["a"], ["b"])
    gone = data_difference(one, Data(None, "three", "out/two"), [tmp_path])
    assert gone["reason"].startswith("The runs do not both name a DVC version")
    assert "reason" in data_difference(one, Data(None, "two", "../out/two"), [tmp_path / "out"])


def test_what_is_no_list_is_none(tmp_path: Path) -> None:
    """A damaged list, or a version that is no hash, leads nowhere and out of no folder."""
    (tmp_path / ".dvc").mkdir()
    path = tmp_path / ".dvc" / "cache" / "files" / "md5" / OLD[:2] / OLD[2:]
    path.parent.mkdir(parents=True)
    path.write_text("[{", encoding="utf-8")
    assert listed(OLD, [tmp_path]) is None
    assert listed("../../../etc/passwd", [tmp_path]) is None


def test_equal_unknown_and_differently_prepared_data_are_told() -> None:
    """Equal data differs in nothing; unknown data has a reason; one version may be prepared in two ways."""
    same = Data(OLD, "x", None)
    found = data_difference(same, same, [])
    assert (found["same"], found["prepared"]) == (True, False)
    assert found["counts"] == {"came": 0, "went": 0, "changed": 0, "same": None}
    nothing = data_of({}, {})
    assert data_difference(nothing, nothing, [])["reason"] == "Neither run names a version of its data."
    assert data_difference(same, nothing, [])["reason"] == "One of the runs does not name a version of its data."
    other = data_of({"data": {"dvc": OLD, "fingerprint": "y"}}, {"data": {"store": "out/store"}})
    assert other == Data(OLD, "y", "out/store")
    found = data_difference(same, other, [])
    assert (found["a"], found["b"], found["same"], found["prepared"]) == ("x", "y", False, True)
    assert found["reason"] == "The stores are not both there any more to say which pictures they hold."


def test_names_are_told_up_to_a_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of very many names some are told, and how many there are."""
    (tmp_path / ".dvc").mkdir()
    _keep(tmp_path / ".dvc" / "cache", OLD, {})
    _keep(tmp_path / ".dvc" / "cache", NEW, {f"{at:03}": "x" for at in range(20)})
    monkeypatch.setattr(data, "MOST_NAMES", 5)
    found = data_difference(Data(OLD, None, None), Data(NEW, None, None), [tmp_path])
    assert found["came"] == [f"{at:03}" for at in range(5)]
    assert found["counts"]["came"] == 20
