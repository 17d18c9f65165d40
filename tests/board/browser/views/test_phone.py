"""The page at the width of a phone: what matters is in sight, and names are cut only there."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.board.browser.views.conftest import LONG, MARKUP, Tab

WIDTH = 390


@pytest.fixture
def phone(tab: Tab) -> Tab:
    """A tab of 390 by 800 pixels."""

    def opened(where: str) -> Page:
        page = tab("runs")
        page.set_viewport_size({"width": WIDTH, "height": 800})
        return tab(where)

    return opened


def _inside(inner: Locator, outer: Locator) -> bool:
    inner.scroll_into_view_if_needed()
    own, room = inner.bounding_box(), outer.bounding_box()
    assert own is not None
    assert room is not None
    right = min(WIDTH, room["x"] + room["width"])
    return room["x"] <= own["x"] and own["x"] + own["width"] <= right + 0.5


def test_the_ends_of_long_names_are_in_sight(phone: Tab) -> None:
    """A long name is cut in its middle: its last letters, by which runs differ, lie within its cell."""
    page = phone("runs")
    cell = page.get_by_role("rowheader").filter(has=page.get_by_role("link", name=MARKUP, exact=True))
    end = cell.get_by_text(MARKUP[-5:], exact=True)
    expect(end).to_be_visible()
    assert _inside(end, cell)
    assert cell.locator("a").text_content() == MARKUP


def test_intervals_are_in_sight(phone: Tab) -> None:
    """The paired comparison needs no scrolling to the side: figures and drawing stand below the run's name."""
    page = phone("numbers?runs=aaaa,bbbb")
    card = page.get_by_role("region", name="Paired comparison")
    row = card.get_by_role("row", name="unet-bbbb")
    expect(row).to_contain_text("]")
    assert _inside(row.get_by_text("]"), card)
    assert _inside(row.locator("svg.interval"), card)


def test_differing_values_are_in_sight(phone: Tab) -> None:
    """Both values of a key stand below it, within the page."""
    page = phone("difference?runs=aaaa,cccc&a=aaaa&b=cccc")
    row = page.get_by_role("row", name="optimizer.lr")
    expect(row.get_by_role("cell").last).to_be_visible()
    assert all(_inside(cell, page.locator("main")) for cell in row.get_by_role("cell").all())


def test_names_are_whole_where_there_is_room(tab: Tab) -> None:
    """On a wide page nothing of a long name is cut."""
    page = tab("runs")
    head = page.get_by_role("link", name=MARKUP, exact=True).locator(".cut").last
    assert head.evaluate("part => part.scrollWidth <= part.clientWidth")


@pytest.mark.parametrize("where", ["run/own1", "numbers?runs=own1,own2"])
def test_names_without_a_place_to_break_stay_in_the_page(phone: Tab, where: str) -> None:
    """The page does not scroll to the side, and no name is painted over what stands beside it."""
    page = phone(where)
    name = page.locator("h1:not(.unseen)") if where.startswith("run") else page.locator(".forest th.text")
    expect(name).to_contain_text(LONG[:40])
    assert page.locator("main").evaluate("main => main.scrollWidth") <= WIDTH
    assert name.evaluate("part => part.scrollWidth <= part.clientWidth")


@pytest.mark.parametrize("where", ["curves?runs=aaaa,bbbb", "pictures?runs=aaaa,bbbb", "pictures?runs=aaaa"])
def test_no_control_stands_alone_below_the_others(tab: Tab, where: str) -> None:
    """At 1280 pixels no line of a toolbar holds one control only."""
    page = tab(where)
    page.locator("canvas").first.wait_for()
    for bar in page.locator(".controls, .picture-tools > .row").all():
        middles = bar.locator("> *").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => Math.round((box.top + box.bottom) / 2))"
        )
        assert len(set(middles)) == 1, middles
