"""Contact sheets."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from kirie.synth.draw import draw
from kirie.synth.sheet import contact_sheet, overlay
from kirie.synth.starter import starter_labels


def test_sheet_has_each_picture_with_its_labels_below() -> None:
    """Three pictures in two columns: four rows, the first picture at the upper left as it is."""
    drawings = [draw(3, k, 0, 48) for k in range(3)]
    with Image.open(io.BytesIO(contact_sheet(drawings, starter_labels(), columns=2))) as sheet:
        assert sheet.size == (96, 192)
        pixels = np.asarray(sheet)
    assert (pixels[:48, :48] == drawings[0].picture_HWC).all()
    assert (pixels[48:96, :48] != drawings[0].picture_HWC).any()


def test_overlay_shows_the_labels_colors() -> None:
    """Inside a label the tint is its colour; at the border of two it is lighter."""
    labels = starter_labels()
    target = np.zeros((4, 4), np.uint8)
    target[:, 2:] = 5
    found = overlay(np.zeros((4, 4, 3), np.uint8), target, labels, strength=1.0)
    assert found[0, 3].tolist() == list(labels.labels[5].color)
    assert found[0, 2].sum() > found[0, 3].sum()


def test_small_sheets_are_smaller_and_look_alike() -> None:
    """In 256 colours the file shrinks, and a pixel is off by little on average."""
    drawings = [draw(3, k, 0, 64) for k in range(2)]
    full, small = (contact_sheet(drawings, starter_labels(), small=s) for s in (False, True))
    assert len(small) < len(full)
    with Image.open(io.BytesIO(full)) as one, Image.open(io.BytesIO(small)) as other:
        assert np.abs(np.asarray(one).astype(int) - np.asarray(other.convert("RGB"))).mean() < 12


def test_no_drawings_no_sheet() -> None:
    """An empty sheet is a mistake of the caller."""
    with pytest.raises(ValueError, match="at least one"):
        contact_sheet([], starter_labels())
