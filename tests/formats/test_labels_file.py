"""The label file: read, written, and refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core.labels import IGNORE, LabelSet
from kirie.errors import SourceError
from kirie.formats import labels_file
from kirie.formats.labels_file import as_text, find_labels, read_labels, write_labels

# the letters that annotations may use in a label
LETTERS = st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"])
NAMES = st.lists(st.text(LETTERS, min_size=1, max_size=12).filter(str.strip), min_size=1, max_size=12, unique=True)


@settings(max_examples=60)
@given(names=NAMES.filter(lambda names: not {"__ignore__", "_background_"} & set(names)), cut=st.integers(0, 3))
def test_written_is_read_equal(tmp_path_factory: pytest.TempPathFactory, names: list[str], cut: int) -> None:
    """Any label set survives the file: names in any script, aliases, ignored and skipped names."""
    rest = names[1:]
    raw = {
        "labels": [{"name": names[0], "aliases": rest[:cut]}],
        "ignore": rest[cut : cut + 2],
        "skip": rest[cut + 2 :],
    }
    labels = LabelSet.from_dict(raw)
    path = tmp_path_factory.mktemp("labels") / "labels.yaml"
    write_labels(path, labels)
    assert read_labels(path) == labels


def test_unlabelled_survives(tmp_path: Path) -> None:
    """`unlabelled: ignore` is written and read."""
    labels = LabelSet.from_dict({"labels": ["a", "b"], "unlabelled": "ignore"})
    write_labels(tmp_path / "labels.yaml", labels)
    assert read_labels(tmp_path / "labels.yaml").unlabelled == IGNORE


def test_the_file_says_how_to_change_it() -> None:
    """The written file shows how labels are merged and ignored."""
    assert "merge:" in as_text(LabelSet.from_names(["eye"])).splitlines()[0]


def test_lines(tmp_path: Path) -> None:
    """labelme's list: `__ignore__` is no label, a background is put in front where pixels may be unmarked."""
    path = tmp_path / "labels.txt"
    path.write_text("\ufeff__ignore__\n\nroad\n car \n", encoding="utf-8")
    assert read_labels(path).names == ("background", "road", "car")
    assert read_labels(path, implicit_background=False).names == ("road", "car")
    path.write_text("__ignore__\n_background_\nroad\n")
    assert read_labels(path).names == ("background", "road")


def test_found_in_this_order(tmp_path: Path) -> None:
    """`labels.yaml` is taken before `labels.txt`."""
    (tmp_path / "labels.txt").write_text("a")
    assert find_labels(tmp_path) == tmp_path / "labels.txt"
    (tmp_path / "labels.yaml").write_text("labels: [a]")
    assert find_labels(tmp_path) == tmp_path / "labels.yaml"
    assert find_labels(tmp_path / "none") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"labels: [a", "not YAML"),
        (b"labels: &x [a]\nskip: *x", "alias"),
        (b"a: &a [l, l]\nb: &b [*a, *a]\nc: &c [*b, *b]", "alias"),
        (b"labels: !!python/object/apply:os.system ['true']", "not YAML"),
        (b"labels: [" * 5000, "not YAML"),
        (b"labels: [no]", "has no name"),
        (b"lables: [a]", "no list `labels:`"),
        (b"labels: [a]\nignored: [b]", "unknown keys `ignored`"),
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"", "no list `labels:`"),
        (b"#" * 1_100_000, "more than 1,000,000 bytes"),
    ],
)
def test_refused(tmp_path: Path, content: bytes, words: str) -> None:
    """What is no label file is told in a sentence that names it."""
    path = tmp_path / "labels.yaml"
    path.write_bytes(content)
    with pytest.raises(SourceError, match=words) as caught:
        read_labels(path)
    assert "labels.yaml" in str(caught.value)


def test_missing(tmp_path: Path) -> None:
    """A missing file is said to be missing; a folder cannot be read."""
    with pytest.raises(SourceError, match="not there"):
        read_labels(tmp_path / "gone.yaml")
    with pytest.raises(SourceError, match="cannot be read"):
        read_labels(tmp_path)
    assert labels_file.NAMES[0] == "labels.yaml"
