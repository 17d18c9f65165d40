"""Pictures side by side, laid over each other, and over training."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect
from tests.board.browser.conftest import Served
from tests.board.browser.views.conftest import Tab

SIDE = 8
"""Pixels of a side of the small runs' pictures."""


def _masks(step: int) -> NDArray[np.uint8]:
    """The true masks of the two pictures at a step; each is the other's prediction."""
    return np.random.default_rng(step).integers(0, 2, (2, SIDE, SIDE), dtype=np.uint8)


def _points(truth: NDArray[Any], prediction: NDArray[Any]) -> str:
    ious = [((truth == at) & (prediction == at)).sum() / ((truth == at) | (prediction == at)).sum() for at in (0, 1)]
    return f"{100 * np.mean(ious):.1f}"


def _pixels(page: Page, at: int) -> NDArray[np.uint8]:
    """The colour at the middle of each pixel of a cell's picture, as the canvas shows it: (8, 8, 3)."""
    found = (
        page.locator(".picture canvas")
        .nth(at)
        .evaluate(
            """(canvas, side) => {
            const context = canvas.getContext("2d");
            const middle = (pixel, length) => Math.floor((pixel + 0.5) * length / side);
            return Array.from({length: side * side}, (_, k) => {
                const [x, y] = [middle(k % side, canvas.width), middle(Math.floor(k / side), canvas.height)];
                return [...context.getImageData(x, y, 1, 1).data.slice(0, 3)];
            });
        }""",
            SIDE,
        )
    )
    return np.array(found, dtype=np.uint8).reshape(SIDE, SIDE, 3)


def _ready(page: Page, cells: int) -> None:
    expect(page.locator(".frame[data-ready=true]")).to_have_count(cells)


def test_runs_stand_side_by_side_with_scores_of_what_is_seen(tab: Tab) -> None:
    """Each picture has the truth and a cell per run; the captions are the mean IoU of the masks that are shown."""
    page = tab("pictures?runs=aaaa,bbbb")
    _ready(page, 6)
    first, second = _masks(10)
    expect(page.locator(".picture[data-run=bbbb] b").first).to_have_text(_points(first, second))
    expect(page.locator(".line-of").first.locator("h3")).to_have_text("picture-00")


def test_masks_reach_the_canvas_pixel_by_pixel(tab: Tab) -> None:
    """At full opacity each pixel has its label's colour, so ids survive the way through the canvas.

    The background has the picture's own, as long as nobody asks for it.
    """
    page = tab("pictures?runs=aaaa&opacity=1")
    _ready(page, 4)
    colors = np.array([[90, 90, 90], [0x3F, 0x8E, 0xFC]])
    truth, prediction = _masks(10)
    assert (_pixels(page, 0) == colors[truth]).all()
    assert (_pixels(page, 1) == colors[prediction]).all()
    page.get_by_role("button", name="Labels that show").click()
    page.get_by_label("background").check()
    page.keyboard.press("Escape")
    _ready(page, 4)
    assert (_pixels(page, 1) == np.array([[0, 0, 0], [90, 90, 90]])[prediction]).all()


def test_the_error_map_marks_what_is_wrong(tab: Tab) -> None:
    """Wrong pixels have the error's colour, right ones are the greyed picture."""
    page = tab("pictures?runs=aaaa&opacity=1&layer=errors")
    _ready(page, 4)
    truth, prediction = _masks(10)
    marked = (_pixels(page, 1) == (0xD8, 0x1B, 0x60)).all(axis=2)
    assert (marked == (truth != prediction)).all()


def test_a_label_filter_tells_missed_from_invented(tab: Tab) -> None:
    """With one label shown, what the truth alone has is missed and what the prediction alone has is invented."""
    page = tab("pictures?runs=aaaa&opacity=1&layer=errors")
    page.get_by_role("button", name="Labels that show").click()
    page.get_by_label("eye").check()
    page.keyboard.press("Escape")
    _ready(page, 4)
    truth, prediction = _masks(10)
    expect(page.get_by_text("missed: in the truth only")).to_be_visible()
    pixels = _pixels(page, 1)
    assert ((pixels == (0x1E, 0x88, 0xE5)).all(axis=2) == ((truth == 1) & (prediction == 0))).all()
    assert ((pixels == (0xFF, 0xB3, 0x00)).all(axis=2) == ((truth == 0) & (prediction == 1))).all()


def test_arrows_go_over_training(tab: Tab) -> None:
    """The arrow to the left shows the step before; the address has it."""
    page = tab("pictures?runs=aaaa")
    _ready(page, 4)
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".picture[data-run=aaaa] b").first).to_have_text(_points(*_masks(5)))
    assert "step=5" in page.url
    page.keyboard.press("ArrowRight")
    expect(page.locator(".picture[data-run=aaaa] b").first).to_have_text(_points(*_masks(10)))
    assert "step=" not in page.url


def test_all_cells_zoom_in_step(tab: Tab) -> None:
    """A zoom shows the same quarter in every cell."""
    page = tab("pictures?runs=aaaa,bbbb&opacity=1&layer=truth")
    _ready(page, 6)
    page.keyboard.press("+")
    expect(page.get_by_text("2.0×")).to_be_visible()
    quarter = _masks(10)[0][2:6, 2:6].repeat(2, axis=0).repeat(2, axis=1)
    for cell in (1, 2):
        assert ((_pixels(page, cell)[..., 2] == 0xFC) == quarter).all()
    page.keyboard.press("0")
    expect(page.get_by_text("1×")).to_be_visible()


def test_a_swipe_moves_with_the_hand(tab: Tab) -> None:
    """The divider follows a drag, in all cells, and a slider moves it from the keyboard."""
    page = tab("pictures?runs=aaaa,bbbb&mode=swipe&layer=none")
    _ready(page, 2)
    box = page.locator("canvas.swipes").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + 40)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + 40)
    page.mouse.up()
    expect(page.get_by_label("Divider")).to_have_value("0.75")
    page.get_by_label("Divider").press("ArrowLeft")
    expect(page.get_by_label("Divider")).to_have_value("0.74")


def test_flicker_shows_one_run_and_the_other(tab: Tab) -> None:
    """The key f changes the run in its place; it alternates by itself only when that is asked for."""
    page = tab("pictures?runs=aaaa,bbbb&mode=flicker")
    _ready(page, 2)
    expect(page.locator(".picture").first).to_have_attribute("data-run", "aaaa")
    page.keyboard.press("f")
    expect(page.locator(".picture").first).to_have_attribute("data-run", "bbbb")
    expect(page.get_by_role("button", name="Alternate")).to_be_visible()


def test_reduced_motion_leaves_flicker_to_the_key(chromium: Browser, board: Served) -> None:
    """Whoever asked the system for less motion gets no alternating."""
    page = chromium.new_page(reduced_motion="reduce")
    page.goto(f"{board.url}/#/pictures?runs=aaaa,bbbb&mode=flicker")
    expect(page.get_by_role("radio", name="Flicker")).to_be_checked()
    expect(page.get_by_role("button", name="Alternate")).to_have_count(0)
    page.close()


@pytest.mark.parametrize("mode", ["swipe", "flicker"])
def test_the_choices_of_two_runs_fit_a_phone(tab: Tab, mode: str) -> None:
    """The choices of a pair stay inside the width of a phone."""
    page = tab(f"pictures?runs=aaaa,bbbb&mode={mode}")
    page.set_viewport_size({"width": 390, "height": 844})
    _ready(page, 2)
    assert page.locator("main").evaluate("main => main.scrollWidth") <= 390


@pytest.mark.parametrize("layer", ["prediction", "truth", "errors", "outlines", "none"])
def test_each_layer_shows_on_a_phone(tab: Tab, layer: str) -> None:
    """At phone width every layer draws and the page itself does not scroll sideways."""
    page = tab(f"pictures?runs=aaaa,bbbb&layer={layer}&lines=true")
    page.set_viewport_size({"width": 390, "height": 844})
    _ready(page, 6)
    assert page.locator("main").evaluate("main => main.scrollWidth") <= 390


def test_the_pictures_are_a_table_for_readers(tab: Tab) -> None:
    """The switch shows the scores of all cells as a table."""
    page = tab("pictures?runs=aaaa,bbbb")
    page.get_by_label("As a table").check()
    expect(page.get_by_role("row", name="picture-01").get_by_role("cell").first).to_have_text(
        _points(*_masks(10)[::-1])
    )


def test_the_table_has_what_orders_the_pictures(tab: Tab) -> None:
    """With the worst falls first the table says how far each picture fell, in rising order; by name it does not."""
    page = tab("pictures?runs=aaaa,bbbb&order=regression&as=table")
    expect(page.get_by_role("columnheader", name="Change in the tables")).to_be_visible()
    cells = page.locator("table.scores tbody tr td:nth-child(2)").all_inner_texts()
    falls = [float(cell.replace("−", "-")) for cell in cells if cell != "in no table"]
    assert len(falls) > 1
    assert falls == sorted(falls)
    page.get_by_role("radio", name="By name").click()
    expect(page.get_by_role("columnheader", name="Change in the tables")).to_have_count(0)


def test_without_a_selection_it_says_what_to_do(tab: Tab) -> None:
    """An empty view leads to the table."""
    page = tab("pictures")
    expect(page.get_by_role("heading", name="No runs are selected")).to_be_visible()


def test_the_worst_falls_come_first_with_what_orders_them(tab: Tab) -> None:
    """Each picture has its change in the tables beside its name, the least first; the other way round they turn."""
    told = {}
    for a, b in (("aaaa", "bbbb"), ("bbbb", "aaaa")):
        page = tab(f"pictures?runs=aaaa,bbbb&order=regression&a={a}&b={b}")
        page.reload()
        expect(page.locator(".line-of .fall")).to_have_count(2)
        names = page.locator(".line-of h3").all_inner_texts()
        told_falls = page.locator(".line-of .fall").all_inner_texts()
        falls = [float(text.split()[0].replace("\N{MINUS SIGN}", "-")) for text in told_falls]
        assert falls == sorted(falls)
        told[a] = dict(zip(names, falls, strict=True))
        expect(page.get_by_text("In the order of mIoU in the per-image tables of val")).to_be_visible()
        page.keyboard.press("ArrowLeft")
        expect(page).to_have_url(re.compile("step=5"))
        assert page.locator(".line-of h3").all_inner_texts() == names
    assert list(told["aaaa"]) == list(told["bbbb"])[::-1]
    assert all(told["aaaa"][name] == -fall for name, fall in told["bbbb"].items())
