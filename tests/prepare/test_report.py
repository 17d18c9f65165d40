"""The report: shares that add up, warnings that name what is missing."""

from __future__ import annotations

import pytest

from kirie.core.instances import Instance
from kirie.core.labels import LabelSet
from kirie.prepare.layout import Frame
from kirie.prepare.record import Record
from kirie.prepare.report import describe, table
from kirie.prepare.split import Duplicate, Splits

LABELS = LabelSet.from_dict({"labels": ["background", "髪", "eye"]})


def record(name: str, counts: tuple[int, int, int], *instances: Instance, **notes: int) -> Record:
    """A picture of 100 pixels, of which those without a label are ignored."""
    ignored = 100 - sum(counts)
    sums = ((0, 0, 0), (0, 0, 0))
    return Record("k", name, None, None, (10, 10), "d", name, counts, ignored, 100, *sums, notes, (instances,))


RECORDS = [
    record("a", (50, 50, 0), Instance(1), Instance(1, crowd=True), clipped=2),
    record("b", (90, 10, 0), Instance(1), Instance(1), clipped=1),
    record("c", (80, 0, 0)),
    record("d", (40, 30, 30), Instance(2), Instance(1)),
]
SPLITS = Splits({"a": "train", "b": "train", "c": "val", "d": "test"}, {"train": 2, "val": 1, "test": 1})


def test_shares_are_of_the_pixels_that_count() -> None:
    """Ignored pixels are left out of a label's share, and told beside it."""
    report = describe(LABELS, Frame((10, 10)), RECORDS, SPLITS)
    assert report["labels"]["background"] == {
        "train": {"share": 0.7, "pictures": 2},
        "val": {"share": 1.0, "pictures": 1},
        "test": {"share": 0.4, "pictures": 1},
    }
    assert report["labels"]["eye"]["train"] == {"share": 0.0, "pictures": 0, "instances": 0}
    assert report["splits"]["val"] == {
        "pictures": 1,
        "rows": 1,
        "groups": 1,
        "ignored": 0.2,
        "instances": 0,
        "crowds": 0,
    }
    assert report["notes"] == {"clipped": 3}


def test_instances_are_counted_by_label_and_split() -> None:
    """Crowds are counted apart, and the background has no instances."""
    report = describe(LABELS, Frame((10, 10)), RECORDS, SPLITS)
    assert [report["labels"]["髪"][split]["instances"] for split in ("train", "val", "test")] == [3, 0, 1]
    assert "instances" not in report["labels"]["background"]["train"]
    assert (report["splits"]["train"]["instances"], report["splits"]["train"]["crowds"]) == (3, 1)
    assert report["splits"]["test"]["instances"] == 2
    lines = [line.split() for line in table(report).splitlines()]
    assert ["instances", "3", "0", "2"] in lines
    assert ["髪", "3", "0", "1"] in lines
    assert ["crowds", "1", "0", "0"] in lines


def test_absent_labels_are_named_with_their_effect() -> None:
    """eye is missing from train and val, 髪 from val; test has all."""
    warnings = describe(LABELS, Frame((10, 10)), RECORDS, SPLITS)["warnings"]
    assert warnings == [
        "No train picture shows eye: it cannot be learned.",
        "No val picture shows 髪, eye: it does not count in choosing the best model.",
    ]


def test_the_table_lines_up_wide_letters() -> None:
    """A label in Japanese takes two cells a letter, and the columns still end together."""
    from rich.cells import cell_len

    lines = table(describe(LABELS, Frame((10, 10)), RECORDS, SPLITS)).splitlines()
    rows = [line for line in lines if "%" in line]
    assert len(rows) == 4
    assert len({cell_len(line) for line in rows}) == 1
    assert "note: clipped: 3" in lines


def test_names_cannot_command_a_terminal() -> None:
    """Escape sequences in a label, a group or a picture's name are not printed as such."""
    labels = LabelSet.from_dict({"labels": ["background", "\x1b[31mred", "eye"]})
    splits = Splits(SPLITS.of, SPLITS.groups, (Duplicate(("a\x1b[2J", "b"), ("train",)),), {"\x1b]0;x": "val"})
    assert "\x1b" not in table(describe(labels, Frame((10, 10)), RECORDS, splits))


@pytest.mark.parametrize(("splits", "says"), [(("train",), "put in one split"), (("train", "test"), "a leak")])
def test_duplicates_are_told_by_name(splits: tuple[str, ...], says: str) -> None:
    """Pictures that occur twice are named, mended or not."""
    found = Splits(SPLITS.of, SPLITS.groups, (Duplicate(("a", "d"), splits),))
    warning = describe(LABELS, Frame((10, 10)), RECORDS, found)["warnings"][-1]
    assert says in warning
    assert "a = d" in warning
