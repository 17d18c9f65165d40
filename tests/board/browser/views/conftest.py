"""Runs to compare, with pictures, tables by picture and a sweep, and the page over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.board.browser.conftest import Served
from tests.board.small_runs import IMAGES, counts, foreign_run, kirie_run

MARKUP = "<img src=x onerror=document.title='run'>"
"""A name that must show as text."""

LONG = "a_name_of_another_program_without_any_place_to_break_it_that_a_phone_cannot_hold"
"""The beginning of two names."""

Tab = Callable[[str], Page]
"""Opens the page at an address like `pictures?runs=aaaa`, or a file."""


@pytest.fixture(scope="session")
def board(serve: Callable[[Path], Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A sweep of three runs: two seeds of one configuration, the second better; one with another rate on other data.

    Beside it `tiny`, hardly better than the second, two that were scored on one picture, and two seeds of another
    program with a score of its own.
    """
    place = tmp_path_factory.mktemp("views") / "runs"
    kirie_run(place, "aaaa", skill=0.7, seed=1, log={"sweep": "rates"})
    kirie_run(place, "bbbb", skill=0.8, seed=2, log={"sweep": "rates"})
    other = {"optimizer": {"lr": 0.01}}
    kirie_run(place, "cccc", data="e" * 64, config=other, log={"sweep": "rates"}, table=counts(0.5), name=MARKUP)
    kirie_run(place, "tiny", table=counts(0.8005), pictures=False, config={"optimizer": {"lr": 0.2}})
    for name, skill, rate in (("one1", 0.7, 0.3), ("one2", 0.8, 0.4)):
        one = counts(skill, images=IMAGES[:1])
        kirie_run(place, name, table=one, pictures=False, config={"optimizer": {"lr": rate}})
    for name, score in (("own1", 0.5), ("own2", 0.6)):
        (place / name).mkdir()
        foreign_run(place / name, name, score=score, seed=int(name[-1]), name=f"{LONG}-{name}")
    return serve(place)


@pytest.fixture
def tab(page: Page, board: Served) -> Tab:
    """A tab over these runs."""

    def opened(where: str) -> Page:
        page.goto(where if "://" in where else f"{board.url}/#/{where}")
        return page

    return opened
