"""Shards: appending, cutting back, reading across their borders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kirie.errors import DeviceError, StoreError
from kirie.prepare.rows import SHARD_BYTES, Pixels, Rows, RowWriter, rows_per_shard

SIZE = (4, 6)


def drawn(count: int, seed: int = 0) -> Pixels:
    """Random rows."""
    random = np.random.default_rng(seed)
    shapes = ((count, *SIZE, 3), (count, *SIZE), (count, *SIZE))
    return Pixels(*(random.integers(0, 256, shape).astype(np.uint8) for shape in shapes))


def equal(one: Pixels, other: Pixels) -> bool:
    """Whether rows are the same in every kind."""
    return all(np.array_equal(*kinds) for kinds in zip(one, other, strict=True))


@settings(max_examples=30)
@given(count=st.integers(1, 12), per_shard=st.integers(1, 5), data=st.data())
def test_any_stretch_is_read_across_shards(
    tmp_path_factory: pytest.TempPathFactory, count: int, per_shard: int, data: st.DataObject
) -> None:
    """Mapped and plain reading both give what was appended, wherever shards end."""
    folder = tmp_path_factory.mktemp("rows")
    wanted = drawn(count)
    with RowWriter(folder, SIZE, per_shard) as writer:
        writer.append(*wanted)
        writer.sync()
    rows = Rows(folder, count, SIZE, per_shard)
    rows.check()
    first = data.draw(st.integers(0, count - 1))
    length = data.draw(st.integers(1, count - first))
    stretch = range(first, first + length)
    copied = Pixels(rows.images(stretch), rows.targets(stretch), rows.instance_maps(stretch))
    views = (rows.image(first)[None], rows.target(first)[None], rows.instance_ids(first)[None])
    assert equal(Pixels(*views), Pixels(*(kind[first : first + 1] for kind in wanted)))
    for found in (rows.load(first, length), copied):
        assert equal(found, Pixels(*(kind[first : first + length] for kind in wanted)))


@settings(max_examples=30)
@given(count=st.integers(0, 9), kept=st.integers(0, 9), per_shard=st.integers(1, 4))
def test_a_writer_that_continues_cuts_what_it_does_not_keep(
    tmp_path_factory: pytest.TempPathFactory, count: int, kept: int, per_shard: int
) -> None:
    """Rows behind the kept ones are replaced; the files are those of one writer that was never interrupted."""
    kept = min(kept, count)
    folder = tmp_path_factory.mktemp("rows")
    wanted = drawn(count + 3)
    with RowWriter(folder, SIZE, per_shard) as writer:
        writer.append(*drawn(count, seed=1))
        writer.count = 0
    with RowWriter(folder, SIZE, per_shard) as writer:
        writer.append(*(kind[:kept] for kind in wanted))
        writer.append(*drawn(count - kept, seed=2))
    with RowWriter(folder, SIZE, per_shard, count=kept) as writer:
        writer.append(*(kind[kept:] for kind in wanted))
    rows = Rows(folder, count + 3, SIZE, per_shard)
    rows.check()
    assert equal(rows.load(0, count + 3), wanted)


def test_rows_without_instances_have_empty_maps(tmp_path: Path) -> None:
    """Who writes images and targets only gets maps of zeros."""
    images, targets, _ = drawn(2)
    with RowWriter(tmp_path, SIZE, 2) as writer:
        writer.append(images, targets)
    assert not Rows(tmp_path, 2, SIZE, 2).instance_maps([0, 1]).any()


def test_a_row_outside_is_an_index_error(tmp_path: Path) -> None:
    """Negative and too large rows are not wrapped round."""
    with RowWriter(tmp_path, SIZE, 2) as writer:
        writer.append(*drawn(3))
    rows = Rows(tmp_path, 3, SIZE, 2)
    for row in (-1, 3):
        with pytest.raises(IndexError):
            rows.image(row)


def test_a_row_of_another_shape_is_not_written(tmp_path: Path) -> None:
    """The size of a store is one."""
    with RowWriter(tmp_path, SIZE, 2) as writer, pytest.raises(ValueError, match="store of"):
        writer.append(np.zeros((1, 5, 6, 3), np.uint8), np.zeros((1, 5, 6), np.uint8))


def test_files_that_vanish_are_a_store_error(tmp_path: Path) -> None:
    """A shard removed after opening is told, by mapping and by reading."""
    with RowWriter(tmp_path, SIZE, 2) as writer:
        writer.append(*drawn(3))
    rows = Rows(tmp_path, 3, SIZE, 2)
    (tmp_path / "targets-0001.u8").unlink()
    with pytest.raises(StoreError, match="replaced or damaged"):
        rows.target(2)
    with pytest.raises(StoreError, match="damaged"):
        rows.load(1, 2)


@pytest.mark.parametrize("size", [(32, 32), (256, 256), (8192, 8192)])
def test_a_shard_stays_below_its_limit(size: tuple[int, int]) -> None:
    """As many rows as fit, and at least one."""
    held = rows_per_shard(size)
    assert held * size[0] * size[1] * 3 <= max(SHARD_BYTES, size[0] * size[1] * 3)
    assert (held + 1) * size[0] * size[1] * 3 > SHARD_BYTES


def test_a_limit_on_file_sizes_is_told_like_a_full_disk(tmp_path: Path) -> None:
    """EFBIG (`ulimit -f`, FAT32) ends in the same sentence, with the row before it intact."""
    script = (
        "import resource, sys; from pathlib import Path; import numpy as np\n"
        "from kirie.prepare.rows import RowWriter\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5000, 5000))\n"
        "folder = Path(sys.argv[1])\n"
        "rows = np.ones((2, 32, 32, 3), np.uint8), np.ones((2, 32, 32), np.uint8)\n"
        "with RowWriter(folder, (32, 32), 9) as writer:\n"
        "    try:\n        writer.append(*rows)\n"
        "    except Exception as error:\n        print(type(error).__name__, writer.count, error)\n"
    )
    found = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True)
    assert found.stdout.startswith(f"{DeviceError.__name__} 1 The disk")
    assert (tmp_path / "images-0000.u8").stat().st_size == 5000
