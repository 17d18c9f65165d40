"""The data folder."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from kirie.errors import UsageError
from kirie.synth.folder import Folder, Plan, encoded


def filled(out: Path, plan: Plan) -> None:
    """Writes a whole folder."""
    with Folder(out, plan) as folder:
        for picture, drawing in plan.drawings():
            folder.add(drawing, picture)
        folder.publish()


def test_plan_shares_pictures_among_characters() -> None:
    """Ten pictures of four characters: 3, 3, 2, 2, numbered from 0."""
    found = list(Plan(10, 4, 64, 0).pictures())
    assert found == [(0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (1, 2), (2, 0), (2, 1), (3, 0), (3, 1)]


@pytest.mark.parametrize(
    ("plan", "word"),
    [
        ((3, 4, 64, 0), "at least one picture per"),
        ((0, 0, 64, 0), "0 picture"),
        ((4, 2, 8, 0), "32 to 2048"),
        ((4, 2, 9000, 0), "32 to 2048"),
        ((4, 2, 64, -1), "0 or more"),
    ],
)
def test_plans_that_cannot_be_are_refused(plan: tuple[int, int, int, int], word: str) -> None:
    """The sentence says what is allowed."""
    with pytest.raises(UsageError, match=word):
        Plan(*plan)


def test_what_fails_half_way_leaves_nothing(tmp_path: Path) -> None:
    """A folder that is not published, because the disk is full or a signal came, is taken away."""
    with pytest.raises(KeyboardInterrupt), Folder(tmp_path / "data", Plan(2, 1, 48, 5)):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_folder_holds_pictures_annotations_and_labels(tmp_path: Path) -> None:
    """One JSON beside each picture, naming it and its group; the picture has the size it says."""
    filled(tmp_path / "data", Plan(4, 2, 48, 5))
    annotations = sorted((tmp_path / "data").rglob("*.json"))
    assert len(annotations) == 4
    for path in annotations:
        record = json.loads(path.read_text(encoding="utf-8"))
        assert record["group"] == path.parent.name
        with Image.open(path.with_name(record["imagePath"])) as picture:
            assert picture.size == (48, 48)
    assert (tmp_path / "data" / "labels.yaml").is_file()
    assert [p.name for p in tmp_path.iterdir()] == ["data"]


def test_folder_is_the_same_to_the_byte(tmp_path: Path) -> None:
    """Drawn twice, every file has the same bytes."""
    content = []
    for name in ("a", "b"):
        filled(tmp_path / name, Plan(3, 2, 48, 5))
        content.append(
            {p.relative_to(tmp_path / name): p.read_bytes() for p in (tmp_path / name).rglob("*") if p.is_file()}
        )
    assert content[0] == content[1]
    assert len(content[0]) == 7


def test_a_growing_set_keeps_its_pictures() -> None:
    """More characters with as many pictures each do not change those that were there."""
    small = [d.picture_HWC.tobytes() for _, d in Plan(2, 2, 32, 5).drawings()]
    large = [d.picture_HWC.tobytes() for _, d in Plan(3, 3, 32, 5).drawings()]
    assert large[:2] == small


def test_a_folder_in_use_is_not_touched(tmp_path: Path) -> None:
    """A folder that is not empty is refused, and stays as it was."""
    (tmp_path / "mine.txt").write_text("x")
    with pytest.raises(UsageError, match="not empty"):
        Folder(tmp_path, Plan(1, 1, 32, 0))
    assert [p.name for p in tmp_path.iterdir()] == ["mine.txt"]


def test_an_interrupted_run_leaves_no_folder_and_is_repeated(tmp_path: Path) -> None:
    """Before publishing there is no data folder; a new run starts clean."""
    plan = Plan(1, 1, 32, 0)
    folder = Folder(tmp_path / "data", plan)
    (picture, drawing), *_ = plan.drawings()
    folder.add(drawing, picture)
    assert not (tmp_path / "data").exists()
    filled(tmp_path / "data", plan)
    assert len(list((tmp_path / "data").rglob("*.json"))) == 1


def test_png_is_lossless_and_jpeg_is_close() -> None:
    """A PNG gives the pixels back; a JPEG of a smooth picture nearly."""
    picture = np.linspace(0, 255, 32 * 32 * 3).reshape(32, 32, 3).astype(np.uint8)
    for ending, limit in (("png", 0), ("jpg", 8)):
        with Image.open(io.BytesIO(encoded(picture, ending))) as back:
            assert np.abs(np.asarray(back).astype(int) - picture).mean() <= limit
