"""What holds for addresses, tabs and marks, whichever the view."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.board.browser.conftest import View
from tests.board.browser.world import MARKUP


@pytest.mark.parametrize(
    ("address", "title"),
    [
        ("runs", "Runs · kirie board"),
        ("curves?runs=unet-1", "Curves · kirie board"),
        ("run/unet-1?tab=console", "unet, first seed · Run · kirie board"),
        ("run/markup", f"{MARKUP} · Run · kirie board"),
        ("sweeps/rates", "rates · Sweeps · kirie board"),
    ],
)
def test_a_tab_is_called_as_what_it_shows(view: View, address: str, title: str) -> None:
    """Tabs and the browser's history name the view, and the run or sweep that it is of."""
    page = view.open("report" if address.startswith("sweeps") else address)
    if address.startswith("sweeps"):
        # There is no such sweep, which the browser's console tells of: the title is there before
        page.route("**/api/sweeps/rates", lambda _: None)
        page.evaluate("address => { location.hash = `#/${address}` }", address)
    expect(page).to_have_title(title)


def test_a_group_by_no_column_says_so(view: View) -> None:
    """Columns that are there group all the same; another is named with what was perhaps meant, and can be left out."""
    page = view.open("runs?sort=name&group=config.model.names,config.seed")
    expect(page.locator(".line.group")).to_have_count(2)
    notice = page.locator(".notice")
    expect(notice).to_have_count(1)
    expect(notice).to_contain_text("no run has “config.model.names”; did you mean “config.model.name”")
    notice.get_by_role("button", name="Leave it out").click()
    expect(notice).to_have_count(0)
    expect(page).to_have_url(re.compile(r"group=config.seed(&|$)"))


def test_runs_are_found_by_day_and_by_marks_that_nobody_set(view: View) -> None:
    """A date is its whole day, and what was never pinned is not pinned."""
    page = view.open("runs?cols=started")
    day = page.locator(".line.run [role=gridcell]").first.inner_text().split()[0]
    page.get_by_role("combobox", name="Filter").fill(f"started = {day} and pinned = no and state not in (running)")
    expect(page.get_by_role("status").get_by_text("5 runs")).to_be_visible()
    expect(page.locator("[role=grid] .line.run")).to_have_count(5)
    page.get_by_role("combobox", name="Filter").fill(f"started != {day}")
    expect(page.get_by_role("heading", name="No run passes the filter")).to_be_visible()


def test_many_runs_are_tagged_in_one_request(view: View) -> None:
    """What is added to several runs is kept together."""
    page = view.open("runs?sort=name&cols=tags&runs=unet-1,unet-2,fpn-2")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "/api/notes" in request.url else None)
    page.get_by_role("button", name="Tag …").click()
    page.get_by_label("Tags, with commas between").fill("both")
    try:
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("dialog")).to_be_hidden()
        assert len(asked) == 1
        page.reload()
        expect(page.locator(".line.run", has_text="unet, first seed")).to_contain_text("paper")
        expect(page.locator(".line.run", has_text="both")).to_have_count(3)
    finally:
        back = [{"run": run, "tags": None} for run in ("unet-1", "unet-2", "fpn-2")]
        page.evaluate(
            """notes => fetch("/api/notes", {
                method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ notes })
            })""",
            back,
        )
