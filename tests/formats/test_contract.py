"""What every format promises, run over every registered one."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from tests.formats import fake

from kirie.core.labels import IGNORE
from kirie.errors import KirieError, SourceError
from kirie.formats import Source, open_source
from kirie.formats.importing import import_source
from kirie.formats.source import FORMATS


@pytest.fixture(params=sorted(FORMATS))
def name(request: pytest.FixtureRequest) -> str:
    """Each format's name."""
    return str(request.param)


@pytest.fixture
def folder(name: str, tmp_path: Path) -> Path:
    """A drawn source of the format."""
    fake.SOURCES[name](tmp_path / "source")
    return tmp_path / "source"


def test_every_format_is_drawn() -> None:
    """A new format needs a drawer, or nothing here tests it."""
    assert set(fake.SOURCES) == set(FORMATS)


def test_detected(name: str, folder: Path) -> None:
    """The format is found out from the folder, and the label file in it is taken."""
    source = open_source(folder)
    assert source.format_name == name
    assert source.labels.names == ("background", "face", "eye")
    assert not source.generated_labels


def test_listing_is_sorted_unique_and_stable(folder: Path) -> None:
    """Two listings agree; names are sorted, unique, relative and without ending."""
    names = [entry.name for entry in open_source(folder).entries]
    assert names == sorted(set(names))
    assert len(names) == 3
    assert [entry.name for entry in open_source(folder).entries] == names
    assert all((folder / name).parent.is_dir() and not name.endswith((".json", ".png")) for name in names)


def test_samples_are_whole(folder: Path) -> None:
    """Every sample has an 8-bit RGB picture and regions inside it, and paints known ids."""
    source = open_source(folder)
    for entry in source:
        sample = source.read(entry)
        assert sample.name == entry.name
        assert sample.image_HWC.dtype == np.uint8
        assert sample.image_HWC.shape == (fake.HEIGHT, fake.WIDTH, 3)
        for region in sample.regions:
            x0, y0, x1, y1 = region.box
            assert 0 <= x0 <= x1 <= fake.WIDTH
            assert 0 <= y0 <= y1 <= fake.HEIGHT
            assert region.crop.shape == (y1 - y0, x1 - x0)
            assert region.crop.dtype == np.bool_
        assert set(np.unique(sample.paint(source.labels))) == {0, 1, 2, IGNORE}


def test_picklable(folder: Path) -> None:
    """A worker process that gets the source and an entry reads the same sample."""
    source = open_source(folder)
    copy: Source = pickle.loads(pickle.dumps(source))
    for entry in source:
        ours, theirs = source.read(entry), copy.read(pickle.loads(pickle.dumps(entry)))
        np.testing.assert_array_equal(ours.image_HWC, theirs.image_HWC)
        np.testing.assert_array_equal(ours.paint(source.labels), theirs.paint(copy.labels))


def test_files_decide_the_sample(folder: Path) -> None:
    """An entry names every file that it is read from: without any one of them, reading fails."""
    source = open_source(folder)
    for entry in source:
        for path in entry.files:
            content = path.read_bytes()
            path.unlink()
            with pytest.raises(SourceError):
                source.read(entry)
            path.write_bytes(content)
        source.read(entry)


@pytest.mark.parametrize("keep", [0, 1, 40, 0.5, 0.75])
def test_truncated_files_are_refused(folder: Path, keep: float) -> None:
    """A file cut short anywhere is an error that names it, not half a sample."""
    source = open_source(folder)
    for entry in source:
        for path in entry.files:
            content = path.read_bytes()
            path.write_bytes(content[: int(keep if keep >= 1 else keep * len(content))])
            with pytest.raises(SourceError, match=path.name):
                source.read(entry)
            path.write_bytes(content)


def test_random_damage_never_crashes(folder: Path) -> None:
    """Flipped bytes give a sample or a KirieError, nothing else."""
    source, rng = open_source(folder), np.random.default_rng(0)
    for _ in range(40):
        entry = source.entries[int(rng.integers(len(source.entries)))]
        path = entry.files[int(rng.integers(len(entry.files)))]
        content = bytearray(path.read_bytes())
        kept = bytes(content)
        for at in rng.integers(0, len(content), 3):
            content[at] = rng.integers(256)
        path.write_bytes(content)
        try:
            source.read(entry)
        except KirieError:
            continue
        finally:
            path.write_bytes(kept)


def test_import_keeps_every_pixel(folder: Path, tmp_path: Path) -> None:
    """The data folder holds the same pictures, targets, groups and splits, bit for bit."""
    source = open_source(folder)
    import_source(source, tmp_path / "data")
    data = open_source(tmp_path / "data")
    assert data.labels == source.labels
    assert [entry.name for entry in data] == [entry.name for entry in source]
    for before, after in zip(source, data, strict=True):
        one, other = source.read(before), data.read(after)
        np.testing.assert_array_equal(one.image_HWC, other.image_HWC)
        np.testing.assert_array_equal(one.paint(source.labels), other.paint(data.labels))
        assert (one.group, one.split) == (other.group, other.split)
        assert [(region.label, region.instance, region.crowd) for region in one.regions] == [
            (region.label, region.instance, region.crowd) for region in other.regions
        ]


def test_readers_need_no_torch(name: str) -> None:
    """The light half stays light: reading imports nothing of the training stack."""
    code = (
        "import sys, kirie.formats.command, kirie.formats.source;"
        "sys.exit(bool({'torch', 'torchvision', 'pytorch_lightning', 'labelme', 'cv2'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
