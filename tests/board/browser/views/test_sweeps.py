"""Sweeps: brushes select trials in all plots."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from tests.board.browser.views.conftest import Tab


def test_the_list_leads_to_a_sweep(tab: Tab) -> None:
    """Runs of one sweep are one line of the list."""
    page = tab("sweeps")
    page.get_by_role("link", name="rates").click()
    expect(page.get_by_role("heading", name="rates")).to_be_visible()
    expect(page.get_by_text("3 of 3 trials selected")).to_be_visible()


def test_a_drag_along_an_axis_selects(tab: Tab) -> None:
    """A brush over the low rates keeps the one trial that has it, everywhere; a click clears it."""
    page = tab("sweeps/rates")
    box = page.locator(".parallel canvas.over").bounding_box()
    assert box is not None
    x = box["x"] + 46
    page.mouse.move(x, box["y"] + box["height"] - 4)
    page.mouse.down()
    page.mouse.move(x, box["y"] + box["height"] * 0.7, steps=3)
    page.mouse.up()
    expect(page.get_by_text("1 of 3 trials selected")).to_be_visible()
    expect(page.get_by_role("region", name="Trials", exact=True).locator("tbody tr")).to_have_count(1)
    assert "brush=" in page.url
    page.get_by_role("button", name="Clear brushes").click()
    expect(page.get_by_text("3 of 3 trials selected")).to_be_visible()


def test_a_brush_comes_back_from_the_address(tab: Tab) -> None:
    """The whole selection is in the address."""
    page = tab("sweeps/rates?brush=optimizer.lr:0.5-1")
    expect(page.get_by_text("2 of 3 trials selected")).to_be_visible()


def test_the_keyboard_brushes(tab: Tab) -> None:
    """Arrows move the ends of an axis's brush, and Delete takes it away."""
    page = tab("sweeps/rates")
    axis = page.get_by_role("button", name="optimizer.lr: all")
    axis.press("ArrowUp")
    expect(page.get_by_text("2 of 3 trials selected")).to_be_visible()
    page.locator(".parallel .axis-name").first.press("Delete")
    expect(page.get_by_text("3 of 3 trials selected")).to_be_visible()


def test_a_trial_is_kept_and_leads_to_its_run(tab: Tab) -> None:
    """A trial of the table stays pointed at, with its parameters in words and a link to its run."""
    page = tab("sweeps/rates")
    page.get_by_role("region", name="Trials", exact=True).locator("button.link").first.click()
    page.mouse.move(0, 0)
    one = page.locator(".one-trial")
    expect(one).to_contain_text("optimizer.lr")
    one.get_by_role("link", name="its run").click()
    expect(page).to_have_url(re.compile("#/run/"))


def test_the_plots_give_way_to_a_table(tab: Tab) -> None:
    """As a table, nothing is drawn and every trial is a row."""
    page = tab("sweeps/rates")
    page.get_by_label("As a table").check()
    expect(page.locator("main canvas")).to_have_count(0)
    expect(page.get_by_role("region", name="Trials", exact=True).locator("tbody tr")).to_have_count(3)


def test_the_best_become_the_selection(tab: Tab) -> None:
    """One press takes the best trials over into the selection of all views."""
    page = tab("sweeps/rates")
    page.get_by_role("button", name="Select the best 3").click()
    expect(page.get_by_role("button", name="Selected runs: 3")).to_be_visible()


def test_the_goal_is_turned(tab: Tab) -> None:
    """Lower is better makes the lowest the best, in words, order and address; another metric has its own goal."""
    page = tab("sweeps/rates")
    expect(page.get_by_role("main")).to_contain_text("highest val/miou 0.8")
    first = page.get_by_role("region", name="Trials", exact=True).locator("tbody tr td:nth-child(3)").first
    expect(first).to_have_text("0.8")
    page.get_by_role("radio", name="Lower is better").click()
    expect(page.get_by_role("main")).to_contain_text("lowest val/miou 0.35")
    expect(first).to_have_text("0.35")
    assert "goal=minimize" in page.url
    page.get_by_label("Metric").select_option("epoch")
    expect(page.get_by_role("main")).to_contain_text("highest epoch 2")
    assert "goal=" not in page.url
    expect(page.get_by_text("3 finished trials are too few to tell; it takes 8.")).to_be_visible()


@pytest.mark.parametrize("address", ["sweeps", "sweeps/rates"])
def test_sweeps_fit_a_phone(tab: Tab, address: str) -> None:
    """At phone width tables and axes scroll in their panels, and the page does not."""
    page = tab(address)
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("table").last).to_be_visible()
    assert page.locator("main").evaluate("main => main.scrollWidth") <= 390
