"""Curves, the view of the system, and what comes while one looks."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Locator, Page, expect
from tests.board.browser.conftest import HERE, Served, View

CHOSEN = "unet-1,unet-2,fpn-1,fpn-2"


def _chart(page: Page, metric: str) -> Locator:
    return page.get_by_role("region", name=metric, exact=True)


def _lines(chart: Locator, many: int) -> None:
    expect(chart.locator(".plot")).to_have_attribute("aria-label", re.compile(rf": {many} lines?$"))
    expect(chart.locator(".values tr")).to_have_count(many)


def _drawn(chart: Locator) -> int:
    """Pixels of the lines' own colours on the canvas."""
    count: int = chart.locator("canvas").evaluate(
        """(canvas) => {
            const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
            let found = 0;
            for (let i = 0; i < data.length; i += 4) {
                const wide = Math.max(data[i], data[i + 1], data[i + 2]) - Math.min(data[i], data[i + 1], data[i + 2]);
                if (data[i + 3] > 200 && wide > 80) found++;
            }
            return found;
        }"""
    )
    return count


def test_selected_runs_are_drawn_with_their_last_values(view: View) -> None:
    """Each has a line and a value; the values are those of the log."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou,train/loss")
    chart = _chart(page, "val/miou")
    _lines(chart, 4)
    expect(chart.locator(".values tr", has_text="unet, first seed")).to_contain_text("0.7363")
    assert _drawn(chart) > 300


def test_no_spike_is_lost_and_a_zoom_has_every_point(view: View) -> None:
    """3,060 steps are shown by their extremes, the one step of 9.4 too; dragging asks for all points of a range."""
    page = view.open("curves?runs=unet-1&metrics=train/loss&large=train/loss")
    chart = _chart(page, "train/loss")
    _lines(chart, 1)
    page.evaluate("location.hash = '#/curves?runs=unet-1&metrics=train/loss'")
    expect(chart.get_by_text(re.compile("min–max of"))).to_be_visible()
    with page.expect_response("**/api/curves") as answer:
        box = chart.locator(".u-over").bounding_box()
        assert box is not None
        page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] * 0.7, box["y"] + 60, steps=4)
        page.mouse.up()
    asked = answer.value.request.post_data_json
    assert asked is not None
    assert asked["from"] > 1500
    expect(page).to_have_url(re.compile(r"from=[\d.]+&to=[\d.]+"))
    expect(chart.get_by_text(re.compile("min–max of"))).to_be_hidden()
    chart.locator(".u-over").dblclick()
    expect(page).not_to_have_url(re.compile("from="))


def test_the_cursor_reads_all_charts_at_once(view: View) -> None:
    """The pointer on one chart shows values there in every chart."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou,val/loss")
    for metric in ("val/miou", "val/loss"):
        _lines(_chart(page, metric), 4)
    _chart(page, "val/miou").locator(".u-over").hover(position={"x": 3, "y": 60})
    expect(page.get_by_role("table", name="Values at the cursor")).to_have_count(2)
    # 0.75 (1 - exp(-10 / 15)) at the first of the points
    expect(_chart(page, "val/miou").locator(".values tr", has_text="unet, first seed")).to_contain_text("0.3649")
    expect(_chart(page, "val/loss").locator(".values tr", has_text="unet, first seed")).to_contain_text("0.6351")


def test_bands_are_over_seeds_or_groups(view: View) -> None:
    """Runs that differ in the seed alone become one line with a band from the least to the greatest."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=val/miou")
    page.get_by_label("Bands over").select_option("seeds")
    chart = _chart(page, "val/miou")
    _lines(chart, 2)
    expect(chart.locator(".values tr").first).to_contain_text("0.697 … 0.7363")
    page.get_by_label("Bands over").select_option("config.seed")
    expect(chart.locator(".values tr").first).to_contain_text("×2")
    page.get_by_role("radio", name="± std").click()
    expect(page).to_have_url(re.compile("spread=std"))


def test_axes_smoothing_and_logarithms_stand_in_the_address(view: View) -> None:
    """Each choice is in the address and changes what is shown."""
    page = view.open(f"curves?runs={CHOSEN}&metrics=train/loss")
    chart = _chart(page, "train/loss")
    _lines(chart, 4)
    page.get_by_role("radio", name="Epoch").click()
    expect(chart.locator(".plot")).to_have_attribute("aria-label", re.compile("by epoch"))
    page.keyboard.press("s")
    expect(page).to_have_url(re.compile(r"smooth=0\.5"))
    # The value itself stands behind the smoothed one
    expect(chart.locator(".values tr").first).to_contain_text("(")
    page.get_by_label("log y").check()
    expect(page).to_have_url(re.compile("logy=1"))
    assert _drawn(chart) > 200


def test_metrics_are_searched_and_added(view: View) -> None:
    """What is found is added at once."""
    page = view.open("curves?runs=unet-1&metrics=train/loss")
    _lines(_chart(page, "train/loss"), 1)
    page.keyboard.press("/")
    page.keyboard.type("val")
    page.get_by_role("button", name="Add all 2").click()
    _lines(_chart(page, "val/loss"), 1)
    expect(page.get_by_role("region")).to_have_count(3)


def test_the_system_tells_the_cost(view: View) -> None:
    """Runtimes of the selected runs stand together."""
    page = view.open("system?runs=unet-1,fpn-1")
    expect(page.get_by_role("row", name=re.compile("unet, first seed"))).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Together"))).to_be_visible()


def test_without_selected_runs_there_is_a_way_on(view: View) -> None:
    """The empty state takes the newest runs."""
    page = view.open("curves")
    page.get_by_role("button", name=re.compile("Take the newest")).click()
    expect(page.get_by_role("region").first.locator(".values tr").first).to_be_visible()


def test_a_running_run_comes_to_the_page_and_goes_on(
    serve: Callable[[Path], Served], page: Page, tmp_path: Path
) -> None:
    """A run that starts while one looks appears by itself; its rows reach the curves while it runs."""
    folder = tmp_path / "runs"
    folder.mkdir()
    view = View(page, serve(folder))
    view.open("runs")
    expect(page.get_by_role("heading", name="No runs here yet")).to_be_visible()
    writer = subprocess.Popen(
        [sys.executable, HERE / "world.py", folder, "live"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        row = page.locator(".line.run", has_text="goes on")
        expect(row).to_be_visible(timeout=30_000)
        expect(row).to_contain_text("running")
        view.open("curves?runs=live&metrics=train/loss")
        place = _chart(page, "train/loss").locator(".values tr td").last
        expect(place).to_have_text(re.compile(r"\d"))
        first = int(place.inner_text())
        page.wait_for_function(
            "(before) => Number([...document.querySelectorAll('.values tr td')].pop()?.innerText) > before", arg=first
        )
    finally:
        writer.kill()
        writer.wait(timeout=20)
