"""The board over logs that W&B itself wrote, in each of the versions that are kept."""

from __future__ import annotations

import json
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from starlette.applications import Starlette
from tests.board.conftest import Board, table, whole

from kirie.board import media
from kirie.board.library import Library
from kirie.board.row import NOTE_COLUMNS, RUN_COLUMNS

GOLDEN = sorted((Path(__file__).resolve().parents[1] / "runlog" / "reader" / "golden").glob("*/expected.json"))


def test_there_are_golden_logs() -> None:
    """Else what follows would test nothing."""
    assert len(GOLDEN) >= 2


@pytest.mark.parametrize("expected", GOLDEN, ids=lambda path: path.parent.name)
def test_a_real_log_is_shown(expected: Path, board: Board) -> None:
    """What was said, curves of all metrics, pictures, histogram, table and output, as W&B was given them."""
    right = json.loads(expected.read_text(encoding="utf-8"))
    with board(expected.parent) as client:
        whole(client)
        row = table(client)["golden01"]
        for key in ("name", "project", "group", "job_type", "notes", "tags"):
            assert row[key] == right["said"][key]
        assert row["exit_code"] == right["exit_code"]
        assert row["config.model.depth"] == 4
        assert row["best"] == 0.75
        summary = {key for key in row if key not in RUN_COLUMNS | NOTE_COLUMNS and not key.startswith("config.")}
        assert summary == right["summary"].keys()
        library: Library = cast(Starlette, client.app).state.library
        detail = client.get("/api/run/golden01").json()
        for key, points in right["history"].items():
            steps, values = library.curve("golden01", key)
            assert np.array_equal(np.array(points, float).T, [steps, values], equal_nan=True), key
        assert detail["media"] == ["val/pictures"]
        (picture, _) = media.pictures(library, "golden01", "val/pictures")
        assert client.get(f"/api/run/golden01/file/{picture.image.path}").headers["content-type"] == "image/png"
        found = client.get("/api/run/golden01/histogram?key=hist").json()
        assert (found["bins"], found["counts"]) == ([[0, 1, 2]], [[1, 3]])
        assert client.get("/api/run/golden01/table?key=rows").json()["rows"] == [["a", 0.5], ["b", None]]
