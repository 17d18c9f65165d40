"""Result folders: never somebody else's."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from kirie.core.labels import Label
from kirie.predict.folder import RECORD, file_name, is_free, save_png


def test_what_is_free(tmp_path: Path) -> None:
    """Nothing, an empty folder and our own results may be replaced; a file, a full folder and its inside may not."""
    assert is_free(tmp_path / "nothing")
    assert is_free(tmp_path / "no" / "thing")
    (tmp_path / "empty").mkdir()
    assert is_free(tmp_path / "empty")
    (tmp_path / "file").touch()
    assert not is_free(tmp_path / "file")
    assert not is_free(tmp_path / "file" / "inside")
    assert not is_free(tmp_path)
    (tmp_path / RECORD).write_text('{"created_by": "somebody"}', encoding="utf-8")
    assert not is_free(tmp_path)
    (tmp_path / RECORD).write_text('{\n  "created_by": "kirie 0.1.0"\n}\n', encoding="utf-8")
    assert is_free(tmp_path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("hair", "3-hair.png"),
        ("眼 left", "3-眼_left.png"),
        ("a/b", "3-a_b.png"),
        ("..", "3-label.png"),
        ("../../etc/passwd", "3-etc_passwd.png"),
        ("C:\\x\0y\n", "3-C_x_y.png"),
        ("眼" * 200, f"3-{'眼' * 40}.png"),
        ("-rf", "3--rf.png"),
    ],
)
def test_file_names_of_labels(name: str, expected: str) -> None:
    """A label's file name stays in its folder and on every file system, whatever the label is called."""
    assert file_name(Label(3, name, (0, 0, 0)), ".png") == expected


@pytest.mark.parametrize("alpha", [False, True])
def test_screentone_stays_small(tmp_path: Path, alpha: bool) -> None:
    """Dots that repeat are no runs: a picture of them, and a layer that they fill, is as small as PNGs mostly are."""
    dots_HW = (np.indices((256, 256)) % 8 < 4).all(axis=0).astype(np.uint8) * 255
    image = PIL.Image.fromarray(np.stack([dots_HW] * 3 + [np.full_like(dots_HW, 255)] * alpha, axis=2))
    save_png(image, tmp_path / "ours.png")
    image.save(tmp_path / "theirs.png")
    assert (tmp_path / "ours.png").stat().st_size < 2 * (tmp_path / "theirs.png").stat().st_size
    assert PIL.Image.open(tmp_path / "ours.png").tobytes() == image.tobytes()
