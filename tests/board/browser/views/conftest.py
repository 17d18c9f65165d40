"""Runs to compare, with pictures, tables by picture and a sweep, and the page over them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page
from tests.board.browser.conftest import Served
from tests.board.small_runs import counts, kirie_run

MARKUP = "<img src=x onerror=document.title='run'>"
"""A name that must show as text."""

Tab = Callable[[str], Page]
"""Opens the page at an address like `pictures?runs=aaaa`, or a file."""


@pytest.fixture(scope="session")
def board(serve: Callable[[Path], Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A sweep of three runs: two seeds of one configuration, the second better; one with another rate on other data."""
    place = tmp_path_factory.mktemp("views") / "runs"
    kirie_run(place, "aaaa", skill=0.7, seed=1, log={"sweep": "rates"})
    kirie_run(place, "bbbb", skill=0.8, seed=2, log={"sweep": "rates"})
    other = {"optimizer": {"lr": 0.01}}
    kirie_run(place, "cccc", data="e" * 64, config=other, log={"sweep": "rates"}, table=counts(0.5), name=MARKUP)
    return serve(place)


@pytest.fixture
def tab(page: Page, board: Served) -> Tab:
    """A tab over these runs."""

    def opened(where: str) -> Page:
        page.goto(where if "://" in where else f"{board.url}/#/{where}")
        return page

    return opened
