"""The definition of the scores, and the table they come from.

Shapes: N images, L labels, K columns.
"""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.core.scores import (
    COLUMNS,
    INSTANCE,
    INSTANCE_PER_LABEL,
    PRECISION,
    CountTable,
    flat,
    image_miou,
    miou,
    panoptic,
    scores,
)
from kirie.errors import RunError

LABELS = ("sky", "tree", "bird")


def _counts(*rows: tuple[int, ...]) -> np.ndarray:
    return np.array([[*row, *[0] * (len(COLUMNS) - len(row))] for row in rows], dtype=np.int64)


def test_scores_by_hand() -> None:
    """IoU, Dice and averages of two labels whose fractions are easy."""
    found = scores(_counts((6, 2, 2), (1, 1, 2)), LABELS[:2])
    assert found["per_label"]["sky"]["iou"] == pytest.approx(0.6)
    assert found["per_label"]["tree"]["iou"] == pytest.approx(0.25)
    assert found["per_label"]["sky"]["dice"] == pytest.approx(0.75)
    assert found["miou"] == pytest.approx((0.6 + 0.25) / 2)
    assert found["dice"] == pytest.approx((0.75 + 0.4) / 2)
    assert found["micro_iou"] == pytest.approx(7 / 14)
    assert found["micro_dice"] == pytest.approx(14 / 21)
    assert found["accuracy"] == pytest.approx(7 / 11)


def test_absent_label_is_absent_not_zero() -> None:
    """A label without truth has None, and macro averages leave it out; its false positives stay in micro averages."""
    found = scores(_counts((8, 0, 2), (0, 0, 0), (0, 2, 0)), LABELS)
    assert found["per_label"]["tree"] == dict.fromkeys(("iou", "dice", "boundary_iou", "small_recall"))
    assert found["per_label"]["bird"]["iou"] is None
    assert found["miou"] == pytest.approx(0.8)
    assert found["micro_iou"] == pytest.approx(8 / 12)


def test_label_never_found_is_zero_not_absent() -> None:
    """A label that the truth has and the prediction misses wholly has 0."""
    found = scores(_counts((8, 2, 0), (0, 0, 2)), LABELS[:2])
    assert found["per_label"]["tree"]["iou"] == found["per_label"]["tree"]["dice"] == 0
    assert found["miou"] == pytest.approx(0.4)


def test_boundaries_and_small_parts_have_their_own_presence() -> None:
    """Boundary IoU and recall of small parts are taken over the labels that have boundaries and small parts."""
    counts = _counts((9, 0, 0, 3, 1, 0, 0, 0), (9, 0, 0, 1, 0, 3, 3, 4), (9, 0, 0, 0, 0, 0, 0, 1))
    found = scores(counts, LABELS)
    assert found["boundary_iou"] == pytest.approx((0.75 + 0.25) / 2)
    assert found["per_label"]["bird"]["boundary_iou"] is None
    assert found["small_recall"] == pytest.approx(3 / 5)
    assert [found["per_label"][name]["small_recall"] for name in LABELS] == [None, 0.75, 0.0]


def test_nothing_counted_has_no_scores() -> None:
    """Without a pixel every score is None, and nothing warns of a division."""
    found = scores(_counts((0, 0, 0)), LABELS[:1])
    assert all(value is None for key, value in found.items() if key != "per_label")
    assert flat(found) == {}


@settings(max_examples=60, deadline=None)
@given(data=st.data(), n_images=st.integers(1, 5), n_labels=st.integers(1, 4))
def test_miou_of_many_equals_that_of_each(data: st.DataObject, n_images: int, n_labels: int) -> None:
    """miou over leading axes is the macro IoU of each, NaN where there is none; image_miou is the mean of them."""
    numbers = st.lists(st.integers(0, 9), min_size=3, max_size=3)
    counts = np.array(
        [[*data.draw(numbers), 0, 0, 0, 0, 0] for _ in range(n_images * n_labels)], dtype=np.int64
    ).reshape(n_images, n_labels, len(COLUMNS))
    counts[data.draw(st.integers(0, n_images - 1))] = 0
    each = [scores(row, LABELS * 2)["miou"] for row in _padded(counts)]
    found = miou(counts)
    assert [None if np.isnan(value) else pytest.approx(value) for value in found] == each
    held = [value for value in each if value is not None]
    assert image_miou(counts) == (pytest.approx(np.mean(held)) if held else None)


def _padded(counts_NLK: np.ndarray) -> np.ndarray:
    """The same counts with absent labels added, up to six."""
    n_images, n_labels, columns = counts_NLK.shape
    return np.concatenate([counts_NLK, np.zeros((n_images, 6 - n_labels, columns), np.int64)], axis=1)


def test_flat_names_labels_and_leaves_out_what_is_not_there() -> None:
    """A logger gets one level of names, without None."""
    found = flat(scores(_counts((6, 2, 2), (0, 0, 0)), LABELS[:2]))
    assert found["miou"] == found["iou/sky"] == pytest.approx(0.6)
    assert "iou/tree" not in found
    assert "boundary_iou" not in found


def test_flat_names_of_instances() -> None:
    """All scores of an instance run get names, those of boxes with `box_`, and only defined ones come."""
    averages = dict.fromkeys(PRECISION, 0.5)
    quality = {"pq": 0.5, "sq": 0.5, "rq": 0.5}
    found = flat(
        {
            "miou": 0.5,
            "per_label": {"sky": {"iou": 0.5}},
            "map": {
                "mask": averages,
                "box": averages | {"map_large": None},
                "per_label": {"sky": {"mask": 0.5, "box": 0.5}, "tree": {"mask": None, "box": None}},
            },
            "pq": quality | {"per_label": {"sky": quality}},
        }
    )
    of_label = {f"{key}/sky" for key in INSTANCE_PER_LABEL}
    assert found == dict.fromkeys({"miou", "iou/sky", *INSTANCE, *of_label} - {"box_map_large"}, 0.5)


def test_panoptic_quality_by_hand() -> None:
    """Quality is fit times recognition; a label without truth has none, and averages leave it out."""
    counts = np.array([[1.5, 2, 1, 1], [0, 0, 0, 4], [0, 0, 3, 0]], dtype=np.float64)
    found = panoptic(counts, LABELS)
    assert found["per_label"]["sky"] == {"pq": 0.5, "sq": 0.75, "rq": pytest.approx(2 / 3)}
    assert found["per_label"]["tree"] == dict.fromkeys(("pq", "sq", "rq"), 0.0)
    assert found["per_label"]["bird"] == dict.fromkeys(("pq", "sq", "rq"))
    assert (found["pq"], found["sq"]) == (0.25, 0.375)


def _table(images: tuple[str, ...], labels: tuple[str, ...], seed: int = 0) -> CountTable:
    shape = (len(images), len(labels), len(COLUMNS))
    return CountTable(images, labels, np.random.default_rng(seed).integers(0, 2**40, shape))


def test_table_scores_are_those_of_its_sum() -> None:
    """A table's scores are the set's, with the image-wise average beside them."""
    table = _table(("a", "b", "c"), LABELS)
    found = table.scores()
    assert found.pop("image_miou") == image_miou(table.counts_NLK)
    assert found == scores(table.counts_NLK.sum(axis=0), LABELS)


_NAMES = st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=4, unique=True)


@settings(max_examples=60, deadline=None)
@given(images=_NAMES, labels=_NAMES)
def test_table_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, images: list[str], labels: list[str]
) -> None:
    """Any names (commas, quotes, line ends, any script) and large counts survive the file."""
    path = tmp_path_factory.getbasetemp() / "table.csv"
    table = _table(tuple(images), tuple(labels))
    table.write(path)
    found = CountTable.read(path)
    assert (found.images, found.labels) == (table.images, table.labels)
    np.testing.assert_array_equal(found.counts_NLK, table.counts_NLK)


_HEAD = "image,label," + ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"image,label\n",
        (_HEAD + "a,sky,1,2\n").encode(),
        (_HEAD + "a,sky,1,2,3,4,5,6,7,x\n").encode(),
        (_HEAD + "a,sky,1,2,3,4,5,6,7,-8\n").encode(),
        (_HEAD + f"a,sky,1,2,3,4,5,6,7,{10**30}\n").encode(),
        (_HEAD + "a,sky,1,2,3,4,5,6,7,8\na,sky,1,2,3,4,5,6,7,8\n").encode(),
        (_HEAD + "a,sky,1,2,3,4,5,6,7,8\nb,tree,1,2,3,4,5,6,7,8\n").encode(),
        (_HEAD + "a\n").encode(),
        b"\xff\xfe\x00",
    ],
    ids=["empty", "columns", "short", "word", "negative", "huge", "doubled", "gap", "one cell", "bytes"],
)
def test_damaged_table_is_told(tmp_path: Path, content: bytes) -> None:
    """A file that is no such table is refused with a sentence that says how to write it anew."""
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(RunError, match="is not a per-image table"):
        CountTable.read(path)


def test_missing_table_is_told(tmp_path: Path) -> None:
    """A missing table names the command that writes it."""
    with pytest.raises(RunError, match="kirie evaluate"):
        CountTable.read(tmp_path / "none.csv")


def test_table_of_a_wrong_shape_cannot_be_made() -> None:
    """Counts must fit the names."""
    with pytest.raises(ValueError, match="for 2 images"):
        CountTable(("a", "b"), ("sky",), np.zeros((1, 1, len(COLUMNS)), np.int64))
