"""Opening a store: what it gives, and that a damaged one is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kirie.core.instances import Instance
from kirie.core.labels import LabelSet
from kirie.errors import StoreError
from kirie.prepare.index import Picture, fingerprint
from kirie.prepare.layout import Frame
from kirie.prepare.store import Store
from kirie.prepare.writer import write_store

LABELS = LabelSet.from_dict({"labels": ["background", "hair", "eye"]})
SPLITS = ("train", "train", "val", "test", "train")


def drawn(count: int = 5) -> list[tuple[str, str, np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    """Rows with random pixels; the names are out of order on purpose of nothing but length."""
    random = np.random.default_rng(7)
    return [
        (
            f"s{at}",
            SPLITS[at % 5],
            random.integers(0, 256, (32, 64, 3)).astype(np.uint8),
            random.choice([0, 1, 2, 255], (8, 16)).astype(np.uint8).repeat(4, axis=0).repeat(4, axis=1),
        )
        for at in range(count)
    ]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """A store of five rows in shards of two."""
    return write_store(tmp_path / "store", LABELS, drawn(), per_shard=2)


def test_rows_come_back_as_written(store: Store) -> None:
    """Every image and target is read bit for bit, one by one and in any order at once."""
    wanted = drawn()
    train = store.split("train")
    assert list(train.names) == ["s0", "s1", "s4"]
    for i, at in enumerate((0, 1, 4)):
        assert np.array_equal(train.image(i), wanted[at][2])
        assert np.array_equal(train.target(i), wanted[at][3])
    images, targets = train.read([2, 0, 2])
    assert np.array_equal(images, np.stack([wanted[4][2], wanted[0][2], wanted[4][2]]))
    assert np.array_equal(targets, np.stack([wanted[4][3], wanted[0][3], wanted[4][3]]))
    assert images.flags.writeable
    assert [len(store.split(name)) for name in ("train", "val", "test")] == [3, 1, 1]
    assert (store.size, store.mode, store.labels) == ((32, 64), "fit", LABELS)


def test_instances_come_back_with_their_rows(store: Store) -> None:
    """A row's map names the instances of its list, which have the labels of the target; batches copy both."""
    train = store.split("train")
    images, ids, instances = train.read_instances([2, 0])
    assert np.array_equal(images, train.read([2, 0])[0])
    assert np.array_equal(train.read_targets([2, 0]), train.read([2, 0])[1])
    assert instances == (train.instances(2), train.instances(0))
    for at, i in enumerate((2, 0)):
        assert np.array_equal(ids[at], train.instance_ids(i))
        label_of = np.full(256, 255, np.uint8)
        label_of[0] = 0
        label_of[1 : len(instances[at]) + 1] = [each.label for each in instances[at]]
        assert len(instances[at]) > 3
        assert np.array_equal(label_of[ids[at]], train.target(i))
    assert ids.flags.writeable


@pytest.mark.parametrize(
    "rows",
    [[], [[], []], [[[1]]], [[[1, 2]]], [[[0, 0]]], [[[9, 0]]], [[["1", 0]]], [[[1, 0]] * 255], None, [[1]], [{}]],
)
def test_instances_that_cannot_be_are_refused(store: Store, rows: object) -> None:
    """A stranger's index with other rows, labels without instances or too many of them ends in one sentence."""
    index = store.folder / "index.json"
    content = json.loads(index.read_text())
    content["pictures"][1]["instances"] = rows
    index.write_text(json.dumps(content))
    pointer = json.loads((store.path / "store.json").read_text())
    pointer["index_sha256"] = hashlib.sha256(index.read_bytes()).hexdigest()
    (store.path / "store.json").write_text(json.dumps(pointer))
    if rows == [{}]:
        # A row of no instances, written oddly, is one all the same; the fingerprint tells
        with pytest.raises(StoreError, match="fingerprint"):
            Store.open(store.path).verify()
        return
    with pytest.raises(StoreError, match="damaged"):
        Store.open(store.path)


def test_views_cannot_be_written(store: Store) -> None:
    """A mapped row is read-only: training cannot change the data."""
    with pytest.raises(ValueError, match="read-only"):
        store.split("val").image(0)[0, 0, 0] = 1


def test_statistics_are_those_of_the_training_rows(store: Store) -> None:
    """Mean, deviation and pixel counts equal a direct computation over the training split."""
    train = [row for row in drawn() if row[1] == "train"]
    pixels = np.stack([row[2] for row in train]).reshape(-1, 3) / 255
    assert store.mean == pytest.approx(pixels.mean(axis=0), abs=1e-12)
    assert store.std == pytest.approx(pixels.std(axis=0), abs=1e-12)
    ids = np.stack([row[3] for row in train])
    assert store.pixel_counts("train").tolist() == [int((ids == at).sum()) for at in range(3)]
    assert store.pixel_counts("train").dtype == np.int64


def test_a_store_can_be_sent_to_a_process(store: Store) -> None:
    """Pickling carries the place, not the pixels."""
    split = store.split("train")
    split.image(0)
    sent = pickle.dumps(split)
    assert len(sent) < 3000
    assert np.array_equal(pickle.loads(sent).image(0), split.image(0))


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    """Two stores of the same rows have the same files, byte for byte."""
    found = []
    for name in ("a", "b"):
        write_store(tmp_path / name, LABELS, drawn(), per_shard=2)
        found.append(
            {
                path.relative_to(tmp_path / name).as_posix(): path.read_bytes()
                for path in sorted((tmp_path / name).rglob("*"))
                if path.is_file()
            }
        )
    assert found[0] == found[1]
    assert {name.split("/")[-1] for name in found[0]} >= {
        "images-0000.u8",
        "images-0002.u8",
        "index.json",
        "store.json",
    }


def test_the_fingerprint_ignores_order_and_sees_everything_else() -> None:
    """Order of pictures does not count; pixels, instances, split, name, labels and frame do."""
    a = Picture("a", None, "train", (9, 9), 0, "11")
    b = Picture("b", "g", "val", (9, 9), 1, "22")
    frame = Frame((32, 32))
    base = fingerprint(LABELS, frame, [a, b])
    assert fingerprint(LABELS, frame, [b, a]) == base
    other = {
        fingerprint(LABELS, frame, [a, Picture("b", "g", "val", (9, 9), 1, "33")]),
        fingerprint(LABELS, frame, [a, Picture("b", "g", "test", (9, 9), 1, "22")]),
        fingerprint(LABELS, frame, [a, Picture("c", "g", "val", (9, 9), 1, "22")]),
        fingerprint(LabelSet.from_dict({"labels": ["background", "hair", "eyes"]}), frame, [a, b]),
        fingerprint(LABELS, Frame((32, 64)), [a, b]),
        fingerprint(LABELS, Frame((32, 32), "tile", 0.25), [a, b]),
        fingerprint(LABELS, Frame((32, 32), instances="components"), [a, b]),
        fingerprint(LABELS, Frame((32, 32), max_instances=9), [a, b]),
        fingerprint(
            LabelSet.from_dict({"labels": ["background", "hair", {"name": "eye", "stuff": True}]}), frame, [a, b]
        ),
        fingerprint(LABELS, frame, [a, Picture("b", "g", "val", (9, 9), 1, "22", ((Instance(1),),))]),
        fingerprint(LABELS, frame, [a, Picture("b", "g", "val", (9, 9), 1, "22", ((Instance(1, True),),))]),
        fingerprint(LABELS, frame, [a, Picture("b", "g", "val", (9, 9), 1, "22", ((Instance(2),),))]),
    }
    assert len(other) == 12
    assert base not in other


def test_a_replaced_store_stays_readable_to_whoever_has_it_open(tmp_path: Path) -> None:
    """An open split goes on reading its rows after another store took its place."""
    old = write_store(tmp_path, LABELS, drawn()).split("train")
    before = old.image(0).copy(), old.target(0).copy()
    new = write_store(tmp_path, LABELS, drawn(4)[::-1])
    assert np.array_equal(old.image(0), before[0])
    assert np.array_equal(old.target(0), before[1])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([new.folder.name, "store.json"])


def test_no_store_says_how_to_make_one(tmp_path: Path) -> None:
    """A missing store names the command that writes it."""
    with pytest.raises(StoreError, match="kirie prepare --out"):
        Store.open(tmp_path)


def test_no_samples_make_no_store(tmp_path: Path) -> None:
    """A store without rows is refused."""
    with pytest.raises(StoreError, match="no samples"):
        write_store(tmp_path / "store", LABELS, [])


@pytest.mark.parametrize("kind", ["images", "targets", "instances"])
@pytest.mark.parametrize("change", [-1, 1, None])
def test_a_shard_of_another_size_is_refused(store: Store, kind: str, change: int | None) -> None:
    """Cut off, too long or missing: opening says which file."""
    path = store.folder / f"{kind}-0001.u8"
    if change is None:
        path.unlink()
    else:
        os.truncate(path, path.stat().st_size + change)
    with pytest.raises(StoreError, match=f"{kind}-0001.u8"):
        Store.open(store.path)


def test_verify_finds_one_changed_byte(store: Store) -> None:
    """Opening does not read pixels; verify does, and names the picture."""
    store.verify()
    with (store.folder / "targets-0001.u8").open("r+b") as stream:
        stream.seek(32 * 64 + 5)
        byte = stream.read(1)[0]
        stream.seek(32 * 64 + 5)
        stream.write(bytes([byte ^ 1]))
    with pytest.raises(StoreError, match="'s3'"):
        Store.open(store.path).verify()


def test_verify_finds_a_changed_split(store: Store) -> None:
    """An index that was edited, its checksum too, no longer gives the fingerprint."""
    index = store.folder / "index.json"
    index.write_bytes(index.read_bytes().replace(b'"val"', b'"train"'))
    pointer = json.loads((store.path / "store.json").read_text())
    pointer["index_sha256"] = hashlib.sha256(index.read_bytes()).hexdigest()
    (store.path / "store.json").write_text(json.dumps(pointer))
    with pytest.raises(StoreError, match="fingerprint"):
        Store.open(store.path).verify()


@pytest.mark.parametrize(
    "change",
    [
        {"folder": "../elsewhere"},
        {"folder": "data-000000000000"},
        {"folder": 3},
        {"size": [32]},
        {"size": [32, -64]},
        {"size": [32, 10**9]},
        {"size": ["32", 64]},
        {"mode": "crop"},
        {"overlap": 1.5},
        {"rows": 4},
        {"rows": 10**18},
        {"rows": "5"},
        {"rows_per_shard": 0},
        {"mean": [0.1, 0.2]},
        {"std": [0.1, 0.2, 7]},
        {"mean": "abc"},
        {"labels": []},
        {"labels": {"labels": ["background"]}},
        {"pixel_counts": {}},
        {"pixel_counts": {"train": [1], "val": [1], "test": [1]}},
        {"index_sha256": "0" * 64},
        {"instances": "guessed"},
        {"max_instances": 0},
        {"max_instances": 255},
        {"max_instances": "9"},
        {"labels": {"labels": ["background", {"name": "hair", "stuff": True}, "eye"]}},
    ],
)
def test_a_record_that_does_not_fit_is_refused(store: Store, change: dict[str, object]) -> None:
    """A stranger's store.json with a wrong value ends in one sentence, and in no allocation."""
    pointer = store.path / "store.json"
    pointer.write_text(json.dumps(json.loads(pointer.read_text()) | change))
    with pytest.raises(StoreError, match=r"damaged|missing|changed"):
        Store.open(store.path)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 99}', "null", "\xff\xfe"])
def test_a_record_that_is_none_is_refused(store: Store, text: str) -> None:
    """Broken JSON and other versions are told apart from a store."""
    (store.path / "store.json").write_text(text, encoding="latin-1")
    with pytest.raises(StoreError, match=r"damaged|version"):
        Store.open(store.path)


def test_an_unknown_split_is_refused(store: Store) -> None:
    """The message lists the splits there are."""
    with pytest.raises(StoreError, match="train, val, test"):
        store.split("valid")
    with pytest.raises(StoreError, match="train, val, test"):
        store.pixel_counts("all")
