"""Curves read off: from the keyboard, of many runs, by the time of day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks import board_logs as logs
from playwright.sync_api import Locator, Page, expect
from tests.board.browser.conftest import Served, View

CHOSEN = "unet-1,unet-2,fpn-1,fpn-2"
MANY = 20


@pytest.fixture(scope="module")
def many(serve: Callable[[Path], Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A board over twenty runs."""
    folder = tmp_path_factory.mktemp("many") / "runs"
    logs.write_runs(folder, MANY, 100, 2)
    return serve(folder)


def _chart(page: Page, metric: str) -> Locator:
    return page.get_by_role("region", name=metric, exact=True)


def test_arrows_read_every_point_of_every_line(view: View) -> None:
    """Right and left go from point to point, down and up choose the line, whose value is told with all its digits."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou,val/loss")
    chart = _chart(page, "val/miou")
    expect(chart.locator(".values tr")).to_have_count(4)
    plot = chart.get_by_role("slider", name="val/miou by step: 4 lines")
    plot.press("ArrowRight")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^10: unet, first seed 0\.3649, unet, second seed"))
    expect(page.get_by_role("table", name="Values at the cursor")).to_have_count(2)
    plot.press("ArrowRight")
    plot.press("ArrowDown")
    expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^20: unet, first seed 0\.5523021$"))
    # The same run in the other chart, at the same place
    marked = _chart(page, "val/loss").locator(".values tr.marked")
    expect(marked).to_contain_text("unet, first seed")
    expect(marked).to_contain_text("20")
    plot.press("End")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("^60: "))
    plot.press("Escape")
    expect(page.get_by_role("table", name="Last values")).to_have_count(2)


def test_shift_and_enter_zoom_and_zero_goes_back(view: View) -> None:
    """A range is marked with Shift, told, and becomes the address's; `0` shows all again."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou")
    chart = _chart(page, "val/miou")
    expect(chart.locator(".values tr")).to_have_count(4)
    plot = chart.get_by_role("slider")
    for key in ("ArrowRight", "ArrowRight", "Shift+ArrowRight", "Shift+ArrowRight"):
        plot.press(key)
    expect(plot).to_have_attribute("aria-valuetext", "from 20 to 40; Enter zooms into it")
    box = chart.locator(".u-select").bounding_box()
    assert box is not None
    assert box["width"] > 50
    plot.press("Enter")
    expect(page).to_have_url(re.compile("from=20&to=40"))
    plot.press("Home")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("^20: "))
    plot.press("0")
    expect(page).not_to_have_url(re.compile("from="))


def test_more_runs_than_colours_are_told_apart_and_counted(page: Page, many: Served) -> None:
    """Past eight runs lines carry shapes; the list says how many there are, and shows all of them on demand."""
    ids = ",".join(f"s{number:07}" for number in range(MANY))
    View(page, many).open(f"curves?runs={ids}&metrics=val/metric_00")
    chart = _chart(page, "val/metric_00")
    rows = chart.locator(".values tr")
    expect(rows).to_have_count(MANY)
    looks = [row.locator("svg").inner_html() for row in rows.all()]
    assert len(set(looks)) == MANY
    expect(rows.nth(7).locator("polygon")).to_have_count(0)
    expect(rows.nth(8).locator("polygon")).to_have_count(1)
    expect(chart.get_by_text("6 of 20 lines in sight")).to_be_visible()
    # The line that is marked comes into sight in the list
    plot = chart.get_by_role("slider")
    plot.press("ArrowUp")
    expect(chart.locator(".values tr.marked")).to_contain_text("run 19")
    frame = chart.locator(".values").bounding_box()
    row = chart.locator(".values tr.marked").bounding_box()
    assert frame is not None
    assert row is not None
    assert frame["y"] <= row["y"] < row["y"] + row["height"] <= frame["y"] + frame["height"] + 1
    chart.get_by_role("button", name="Show all").click()
    expect(page).to_have_url(re.compile("list=all"))
    assert chart.locator(".values").evaluate("list => list.scrollHeight <= list.clientHeight + 1")


def test_times_of_day_have_room_and_are_times(view: View) -> None:
    """The axis is high enough for clock and date; the list has the clock, whole, and the moment as its title."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou&x=wall")
    chart = _chart(page, "val/miou")
    place = chart.locator(".values tr").first.locator("td").last
    expect(place).to_have_text(re.compile(r"^\d\d:\d\d:\d\d$"))
    expect(place).to_have_attribute("title", re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$"))
    assert place.evaluate("cell => cell.scrollWidth <= cell.clientWidth")
    inner, outer = chart.locator(".u-over").bounding_box(), chart.locator(".plot").bounding_box()
    assert inner is not None
    assert outer is not None
    # Two lines of 11 pixels, and the gap above them
    assert outer["y"] + outer["height"] - inner["y"] - inner["height"] >= 40


def test_a_logarithmic_axis_ends_with_the_points(view: View) -> None:
    """The last of 60 steps lies at the right edge, not at the 100 of the next power of ten."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou&logx=1")
    chart = _chart(page, "val/miou")
    expect(chart.locator(".values tr")).to_have_count(4)
    plot = chart.get_by_role("slider")
    plot.press("End")
    expect(plot).to_have_attribute("aria-valuemax", "60")
    inner, line = chart.locator(".u-over").bounding_box(), chart.locator(".u-cursor-x").bounding_box()
    assert inner is not None
    assert line is not None
    assert abs(line["x"] + line["width"] - inner["x"] - inner["width"]) <= 2
