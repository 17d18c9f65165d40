"""Writing a store: a folder is filled beside the old one, and one rename makes it the store.

Nothing that `store.json` points to is touched before the new `store.json` is in place, so a reader, and a kill at
any moment, finds the old store or the new one.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from kirie.core import files
from kirie.core.identity import digest
from kirie.core.instances import chosen, find_instances
from kirie.core.labels import LabelSet
from kirie.errors import StoreError
from kirie.prepare.index import Picture, fingerprint, index_bytes
from kirie.prepare.journal import JOURNAL, Journal
from kirie.prepare.layout import ATTEMPT, INDEX, POINTER, RGB, SPLITS, Frame, Pointer
from kirie.prepare.record import Record, measure
from kirie.prepare.rows import Bytes, Pixels, Rows, RowWriter, row_digest, rows_per_shard
from kirie.prepare.store import Store

_LEAST_STD = 1 / 255


def write_store(
    path: Path,
    labels: LabelSet,
    samples: Iterable[tuple[str, str, Bytes, Bytes]],
    per_shard: int | None = None,
) -> Store:
    """Writes pictures that already have one size; their instances are the connected parts of their targets.

    Args:
        path: The store's folder.
        labels: Their label set.
        samples: Name, split, uint8 image (H, W, 3) and uint8 target (H, W) of each, all of one size.
        per_shard: Rows in a shard; as many as 256 MiB hold by default.

    Raises:
        StoreError: There are no samples.
        DeviceError: The disk is full.
    """
    attempt = path / ATTEMPT
    shutil.rmtree(attempt, ignore_errors=True)
    records: list[Record] = []
    splits: dict[str, str] = {}
    writer: RowWriter | None = None
    journal: Journal | None = None
    frame = Frame((0, 0), instances="components")
    for name, split, image_HWC, target_HW in samples:
        if writer is None or journal is None:
            frame = Frame(target_HW.shape, instances="components")
            held = per_shard or rows_per_shard(frame.size)
            journal = Journal.create(attempt, frame, held)
            writer = RowWriter(attempt, frame.size, held)
        things = find_instances(target_HW, (), labels, "components")
        ids_HW, instances, _ = chosen(things.ids_HW, things)
        rows = Pixels(image_HWC[None], target_HW[None], ids_HW[None])
        found = measure(rows, np.ones(rows.targets_BHW.shape, dtype=np.bool_), len(labels))
        record = Record(
            key=found.digest,
            name=name,
            group=None,
            given=split,
            size=frame.size,
            digest=found.digest,
            pixels=hashlib.sha256(np.ascontiguousarray(image_HWC).data).hexdigest(),
            counts=found.counts,
            ignored=found.ignored,
            valid=found.valid,
            sums=found.sums,
            squares=found.squares,
            notes={},
            instances=(instances,),
        )
        writer.append(*rows)
        journal.append(record)
        records.append(record)
        splits[name] = split
    if writer is None or journal is None:
        raise StoreError(f"There are no samples to write into the store {path}.")
    writer.sync()
    journal.close()
    return publish(path, labels, frame, writer.per_shard, records, splits)


def publish(
    path: Path,
    labels: LabelSet,
    frame: Frame,
    per_shard: int,
    records: Sequence[Record],
    splits: Mapping[str, str],
) -> Store:
    """Makes the filled attempt the store, and removes what nothing points to any more.

    Args:
        path: The store's folder, with the attempt in it.
        labels: The label set.
        frame: How samples became rows.
        per_shard: Rows in a shard.
        records: Every picture in order of its rows.
        splits: The split of every picture's name.

    Raises:
        DeviceError: The disk is full.
    """
    attempt = path / ATTEMPT
    pointer, index = contents(labels, frame, per_shard, records, splits)
    files.write_bytes(attempt / INDEX, index)
    folder = path / pointer.folder
    with files.disk_errors(path):
        if _is_whole(folder, index, frame, per_shard, records):
            # Only what the pictures were made from has changed (a comment in an annotation, say), not the pixels
            (attempt / JOURNAL).replace(folder / JOURNAL)
        else:
            shutil.rmtree(folder, ignore_errors=True)
            attempt.rename(folder)
        files.write_json(path / POINTER, pointer.to_dict())
    clean(path, keep=folder)
    return Store.open(path)


def contents(
    labels: LabelSet, frame: Frame, per_shard: int, records: Sequence[Record], splits: Mapping[str, str]
) -> tuple[Pointer, bytes]:
    """What store.json and index.json hold for these pictures."""
    pictures: list[Picture] = []
    row = 0
    for record in records:
        split = splits[record.name]
        pictures.append(Picture(record.name, record.group, split, record.size, row, record.digest, record.instances))
        row += frame.rows_of(record.size)
    index = index_bytes(pictures)
    index_sha256 = hashlib.sha256(index).hexdigest()
    mean, std = statistics([record for record in records if splits[record.name] == "train"])
    pointer = Pointer(
        folder=f"data-{digest([index_sha256, frame.to_dict(), per_shard])[:12]}",
        rows=row,
        per_shard=per_shard,
        frame=frame,
        labels=labels,
        fingerprint=fingerprint(labels, frame, pictures),
        mean=mean,
        std=std,
        pixel_counts={split: counted(records, splits, split, len(labels)) for split in SPLITS},
        index_sha256=index_sha256,
    )
    return pointer, index


def counted(records: Iterable[Record], splits: Mapping[str, str], split: str, n_labels: int) -> tuple[int, ...]:
    """Target pixels per label of one split, L numbers."""
    totals = [0] * n_labels
    for record in records:
        if splits[record.name] == split:
            totals = [total + count for total, count in zip(totals, record.counts, strict=True)]
    return tuple(totals)


def statistics(records: Sequence[Record]) -> tuple[RGB, RGB]:
    """Mean and standard deviation per channel in [0, 1], of pixels that are not padding."""
    valid = max(1, sum(record.valid for record in records))
    means, deviations = [], []
    for channel in range(3):
        total = sum(record.sums[channel] for record in records)
        square = sum(record.squares[channel] for record in records)
        # Whole numbers until the last division: the same to the bit in whatever order pictures came
        means.append(total / (valid * 255))
        deviations.append(max(_LEAST_STD, max(0, square * valid - total * total) ** 0.5 / (valid * 255)))
    return (means[0], means[1], means[2]), (deviations[0], deviations[1], deviations[2])


def clean(path: Path, keep: Path) -> None:
    """Removes generations and attempts that nothing points to any more, and files torn by a kill."""
    for found in (*path.glob("data-*"), *path.glob("spare-*"), path / ATTEMPT):
        if found != keep:
            shutil.rmtree(found, ignore_errors=True)
    for torn in (*path.glob(".*.part"), *keep.glob(".*.part")):
        torn.unlink(missing_ok=True)


def _is_whole(folder: Path, index: bytes, frame: Frame, per_shard: int, records: Sequence[Record]) -> bool:
    """Whether a folder of an earlier run already holds exactly these rows."""
    try:
        if (folder / INDEX).read_bytes() != index:
            return False
        rows = Rows(folder, sum(frame.rows_of(record.size) for record in records), frame.size, per_shard)
        rows.check()
        first = 0
        for record in records:
            count = frame.rows_of(record.size)
            if row_digest(rows.load(first, count)) != record.digest:
                return False
            first += count
    except (OSError, StoreError):
        return False
    return True
