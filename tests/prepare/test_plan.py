"""Keys: everything that decides a picture's rows is in them, and nothing else."""

from __future__ import annotations

import os
from pathlib import Path

from tests.prepare.conftest import Draw, draw_picture

from kirie.formats import open_source
from kirie.prepare.layout import Frame
from kirie.prepare.plan import plan


def keys(folder: Path, frame: Frame | None = None) -> dict[str, str | None]:
    """The keys of a source by name."""
    source = open_source(folder)
    return {each.entry.name: each.key for each in plan(source, frame or Frame((32, 32)), 2, lambda: None)}


def test_place_and_time_do_not_count(draw: Draw, tmp_path: Path) -> None:
    """A source that was moved and touched has its keys."""
    folder = draw(4)
    before = keys(folder)
    folder.rename(tmp_path / "moved")
    for path in (tmp_path / "moved").rglob("*.*"):
        os.utime(path, (5, 5))
    assert keys(tmp_path / "moved") == before
    assert len(set(before.values())) == 4


def test_a_changed_file_of_equal_size_and_time_counts(draw: Draw) -> None:
    """Bytes decide, not what the file system says about them."""
    folder = draw(4)
    path = folder / "chapter 0/page-003.json"
    before, state = keys(folder), path.stat()
    path.write_text(path.read_text().replace('"hair"', '"Hair"', 1))
    os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))
    assert path.stat().st_size == state.st_size
    after = keys(folder)
    assert [name for name in after if after[name] != before[name]] == ["chapter 0/page-003"]


def test_meaning_of_labels_and_frame_count_but_not_colours(draw: Draw) -> None:
    """A merge or another frame changes every key; a colour none."""
    folder = draw(3)
    before = keys(folder)
    (folder / "labels.yaml").write_text("labels: [background, {name: hair, color: '#abcdef'}, eye]\n")
    assert keys(folder) == before
    assert not set(keys(folder, Frame((64, 64))).values()) & set(before.values())
    assert not set(keys(folder, Frame((32, 32), "tile", 0.25)).values()) & set(before.values())
    (folder / "labels.yaml").write_text("labels: [background, {name: hair, merge: [eye]}]\n")
    assert not set(keys(folder).values()) & set(before.values())


def test_every_entry_is_counted(draw: Draw) -> None:
    """Progress is told once for each entry, beyond one portion too."""
    folder = draw(2)
    for at in range(300):
        draw_picture(folder, f"many/{at}", size=(20, 24))
    ticks: list[None] = []
    assert len(plan(open_source(folder), Frame((32, 32)), 2, lambda: ticks.append(None))) == len(ticks) == 302
