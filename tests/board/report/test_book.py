"""What a report's book holds: what belongs to its runs, the reasons of what the board refuses, and no other run."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.board_logs import START
from starlette.applications import Starlette
from starlette.testclient import TestClient
from tests.board.conftest import ADDRESS, steps, write_log
from tests.board.small_runs import foreign_run, kirie_run

from kirie.board.app import make_board
from kirie.board.place import BoardPlace
from kirie.board.report import book
from kirie.board.report.asks import Asker
from kirie.board.report.book import make_book
from kirie.board.report.questions import MOST_PAIRED

Book = dict[str, Any]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three runs of one group, two of a sweep, one with scores of its own, and several that logged a loss only."""
    place = tmp_path_factory.mktemp("book") / "runs"
    for at, name in enumerate(("trial-a", "trial-b", "trial-c")):
        config = {"lr": 0.1 * (at + 1), "secret-c": 1} if name == "trial-c" else {"lr": 0.1 * (at + 1)}
        key = "only-of-c" if name == "trial-c" else "val/miou"
        rows, begun = steps([0.5, 0.6 + at / 10], key=key), START + at
        write_log(place, name, rows, started=begun, config=config, group="shared", name=f"called {name}")
    for name in ("swept-a", "swept-b"):
        kirie_run(place, name, config={"optimizer": {"lr": len(name)}}, log={"sweep": "of others"}, pictures=False)
    foreign_run(place, "own", score=0.5)
    for at in range(MOST_PAIRED):
        write_log(place, f"many-{at}", steps([1.0]), config={"depth": at}, name="many")
    return place


@pytest.fixture(scope="module")
def app(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Starlette]:
    """The board over these runs."""
    home = tmp_path_factory.mktemp("home")
    found = make_board(runs, BoardPlace(home / "cache", home / "notes"))
    found.state.index.look()
    yield found
    found.state.library.cache.close()


def _book(app: Starlette, *runs: str, base: str = "") -> Book:
    return asyncio.run(make_book(Asker(app), runs, f"#/runs?runs={','.join(runs)}", base))


def _sweep(found: Book, name: str) -> Any:
    return found["answers"][f"/api/sweeps/{name}"]


def test_nothing_of_other_runs_is_in_a_report(app: Starlette) -> None:
    """Ids, names, sweeps, metrics, columns and how many runs there are: of the others none is in the file."""
    found = _book(app, "trial-a", "trial-b")
    text = json.dumps(found)
    for word in ("trial-c", "secret-c", "only-of-c", "swept", "of others", "many", '"own"', "f1", "optimizer"):
        assert word not in text, word
    table = found["answers"]["/api/runs"]
    assert {one["key"]: one["runs"] for one in table["metrics"]} == {"epoch": 2, "val/miou": 2}
    assert found["answers"]["/api/board"]["indexing"] == {"done": 2, "total": 2}


def test_a_report_of_all_runs_has_the_boards_table(app: Starlette) -> None:
    """With no run left out the table is the board's, to the last word and count."""
    told = TestClient(app, base_url=ADDRESS).get("/api/runs").json()
    assert _book(app, *told["ids"])["answers"]["/api/runs"] == told


def test_a_sweep_is_told_as_far_as_its_runs_are_in_the_report(app: Starlette) -> None:
    """Runs of a group are a sweep in a report, too; its trials keep their numbers, and how many lack is told."""
    found = _book(app, "trial-c", "trial-b")
    (line,) = found["answers"]["/api/sweeps"]
    assert (line["name"], line["kind"], line["runs"], line["total"]) == ("shared", "group", 2, 3)
    assert {one["run"]: one["number"] for one in _sweep(found, "shared")["trials"]} == {"trial-b": 1, "trial-c": 2}
    assert _sweep(found, "shared")["left_out"] == 1
    whole = _book(app, "trial-a", "trial-b", "trial-c", "own")
    client = TestClient(app, base_url=ADDRESS)
    assert _sweep(whole, "shared") == client.get("/api/sweeps/shared").json()
    assert whole["answers"]["/api/sweeps"] == [
        one for one in client.get("/api/sweeps").json() if one["name"] == "shared"
    ]


def test_what_the_board_refuses_keeps_its_reason(app: Starlette) -> None:
    """A mixed pair has no comparison, and the report says why as the board does."""
    question = "/api/compare?a=own&b=swept-a&score=miou&split=val"
    found = _book(app, "swept-a", "own")
    said = TestClient(app, base_url=ADDRESS).get(question).json()["error"]
    assert "it has f1" in said
    assert found["refusals"][question] == said
    assert question not in found["answers"]


def test_of_many_runs_each_can_be_compared_with_the_base(app: Starlette) -> None:
    """Every pair with the base is answered or refused with a reason, both ways round where that means something."""
    chosen = [f"many-{at}" for at in range(MOST_PAIRED)] + ["trial-a"]
    found = _book(app, *chosen, base="many-3")
    asked = found["answers"].keys() | found["refusals"].keys()
    for other in set(chosen) - {"many-3"}:
        assert f"/api/compare?a=many-3&b={other}&score=miou&split=val" in asked
        for a, b in (("many-3", other), (other, "many-3")):
            assert found["answers"][f"/api/difference?a={a}&b={b}"]["config"]
    assert "/api/difference?a=many-1&b=many-2" not in asked


def test_too_much_that_differs_is_left_out_and_told(app: Starlette, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pairs beyond the limit are no part of the report, which says how many."""
    monkeypatch.setattr(book, "MOST_DIFFERENCES", 1)
    found = _book(app, "trial-a", "trial-b")
    assert not [one for one in found["answers"] if one.startswith("/api/difference")]
    (note,) = found["answers"]["/api/board"]["notes"]
    assert note.startswith("The differences of 2 pairs of runs were left out")
