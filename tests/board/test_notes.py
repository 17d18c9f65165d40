"""What people add to runs, through the routes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.board.conftest import Board, table


@pytest.mark.parametrize(
    ("wrong", "status"),
    [
        ({"run": "none", "note": "x"}, 404),
        ({"run": "first", "pinned": 1}, 400),
        ({"run": "first", "stars": 1}, 400),
        ({"note": "x"}, 400),
        ("first", 400),
    ],
)
def test_notes_on_many_runs_are_kept_together_or_not_at_all(
    runs: Path, board: Board, wrong: object, status: int
) -> None:
    """One request changes several runs; with one note that is refused, none of them is changed."""
    with board(runs) as client:
        both = [{"run": "first", "tags": ["a"]}, {"run": "second", "tags": ["b"]}]
        assert client.post("/api/notes", json={"notes": both}).status_code == 200
        later = [{"run": "second", "tags": ["c"]}, wrong]
        assert client.post("/api/notes", json={"notes": later}).status_code == status
        assert [table(client)[run]["tags"] for run in ("first", "second")] == [["a"], ["b"]]
        assert client.post("/api/notes", json={"run": "first", "note": "x"}).status_code == 400
