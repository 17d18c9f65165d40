"""From bands to a label map: how a picture is divided does not show."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kirie.predict import bands as bands_module
from kirie.predict.segment import PROBABILITY_ONE, segment
from kirie.predict.session import Session


def test_bands_do_not_change_the_answer(color_bundle: Path, draw: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture done in bands of one row equals the picture done at once."""
    session = Session(color_bundle)
    picture, _ = draw(301, 203)
    whole = segment(session, picture, probabilities=True)
    monkeypatch.setattr(bands_module, "_BAND_VALUES", 1)
    rows = segment(session, picture, probabilities=True)
    np.testing.assert_array_equal(rows.labels_HW, whole.labels_HW)
    assert rows.probabilities_LHW is not None
    np.testing.assert_array_equal(rows.probabilities_LHW, whole.probabilities_LHW)


def test_probabilities_are_kept_when_asked_for(color_bundle: Path, draw: Any) -> None:
    """16-bit fractions that add up to one, whose largest is the label; none if nobody asked."""
    session = Session(color_bundle)
    picture, ids_HW = draw(64, 96)
    assert segment(session, picture).probabilities_LHW is None
    found = segment(session, picture, probabilities=True).probabilities_LHW
    assert found is not None
    assert found.dtype == np.uint16
    np.testing.assert_array_equal(found.argmax(axis=0), ids_HW)
    np.testing.assert_allclose(found.sum(axis=0, dtype=np.int64), PROBABILITY_ONE, atol=4)
