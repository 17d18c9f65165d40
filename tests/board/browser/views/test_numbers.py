"""Numbers one can trust, as they are read off the page."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.board.browser.conftest import Served
from tests.board.browser.views.conftest import MARKUP, Tab


def test_a_better_run_is_said_to_be_better(tab: Tab) -> None:
    """The card has the sentence with its interval, and the same in the table below."""
    page = tab("numbers?runs=aaaa,bbbb")
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".sentence")).to_contain_text(
        re.compile(r"unet-bbbb is better than unet-aaaa: \+\d+\.\d mIoU \[")
    )
    row = card.get_by_role("row", name="unet-bbbb")
    expect(row.locator("svg.interval circle")).to_have_count(1)
    expect(row).to_contain_text(re.compile(r"\+\d+\.\d"))
    expect(card.locator(".notice")).to_have_count(0)


def test_other_data_is_warned_of_and_names_are_text(tab: Tab) -> None:
    """A run on other data comes with a warning; a name with markup shows as its letters."""
    page = tab("numbers?runs=aaaa,bbbb,cccc&b=cccc")
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".notice").first).to_contain_text("different data")
    expect(card.locator(".sentence")).to_contain_text(MARKUP)
    assert page.locator("main img").count() == 0
    assert page.title() == "Numbers · kirie board"


def test_another_base_turns_the_sign(tab: Tab) -> None:
    """With the better run as base the other one is worse, in words, sign and shade."""
    page = tab("numbers?runs=aaaa,bbbb")
    page.get_by_label("Base").select_option("bbbb")
    expect(page.locator(".sentence")).to_contain_text("unet-aaaa is worse than unet-bbbb")
    row = page.get_by_role("region", name="Labels").get_by_role("row", name="unet-aaaa")
    expect(row.locator("td.worse")).to_have_count(3)
    expect(row.locator("td").first).to_contain_text("−")


def test_the_matrix_turns_and_changes_its_score(tab: Tab) -> None:
    """Labels become rows, and the boundary's score is another number than the area's."""
    page = tab("numbers?runs=aaaa,bbbb")
    matrix = page.get_by_role("region", name="Labels")
    expect(matrix.locator("td").first).to_be_visible()
    area = matrix.locator("td").first.inner_text()
    matrix.get_by_role("radio", name="Boundary").click()
    expect(matrix.locator("td").first).not_to_have_text(area)
    matrix.get_by_role("button", name="Turn").click()
    expect(matrix.get_by_role("row", name="eye").locator("td")).to_have_count(2)
    assert "kind=boundary" in page.url


def test_an_image_leads_to_its_pictures(tab: Tab) -> None:
    """A click on an image of the table opens Pictures at it, with the worst falls first."""
    page = tab("numbers?runs=aaaa,bbbb&as=table")
    page.get_by_role("button", name="picture-01").click()
    expect(page.locator(".line-of.wanted h3")).to_have_text("picture-01")
    assert "order=regression" in page.url


def test_the_strip_is_walked_by_keys(tab: Tab) -> None:
    """Arrows go from image to image, told in words; Enter opens the one that is told, logged or not."""
    page = tab("numbers?runs=aaaa,bbbb")
    strip = page.get_by_role("slider", name="Images, the worst fall first")
    strip.press("Home")
    expect(strip).to_have_attribute("aria-valuetext", re.compile(r"picture-\d\d: \d+\.\d to \d+\.\d, "))
    strip.press("Enter")
    expect(page.get_by_role("radio", name="Worst falls first")).to_be_checked()


def test_seeds_show_their_spread(tab: Tab) -> None:
    """Two seeds of one configuration are one line with two dots and an interval."""
    page = tab("numbers?runs=aaaa,bbbb,cccc")
    seeds = page.get_by_role("region", name="Over seeds")
    expect(seeds.locator("circle")).to_have_count(2)
    expect(seeds.locator("rect.band")).to_have_count(1)


def test_a_split_that_was_not_scored_is_said_once(chromium: Browser, board: Served) -> None:
    """The server's sentence stands where the numbers would, once, and no empty table below it."""
    page = chromium.new_page()
    page.goto(f"{board.url}/#/numbers?runs=aaaa,bbbb,cccc&split=test")
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".empty")).to_contain_text("'unet-aaaa' has no per-image table of test")
    expect(page.get_by_text("has no per-image table")).to_have_count(1)
    expect(card.get_by_role("table")).to_have_count(0)
    expect(page.get_by_role("region", name="Image by image")).to_have_count(0)
    expect(page.get_by_role("region", name="Labels").locator(".empty")).to_contain_text("None of these runs has IoU")
    page.close()


def test_a_tiny_difference_is_the_same_in_words_rows_and_labels(tab: Tab) -> None:
    """The row has the sentence's digits, the axis ones that differ, and the matrix does not read 0.0."""
    page = tab("numbers?runs=bbbb,tiny")
    card = page.get_by_role("region", name="Paired comparison")
    told = re.search(r"(\+0\.0\d) mIoU \[(.+), (.+)\]", card.locator(".sentence").inner_text())
    assert told is not None
    row = card.get_by_role("row", name="unet-tiny")
    expect(row).to_contain_text(told[1])
    expect(row).to_contain_text(f"[{told[2]}, {told[3]}]")
    ticks = card.locator("text.tick").all_text_contents()
    assert len(ticks) > 2
    assert len(set(ticks)) == len(ticks)
    expect(page.get_by_role("region", name="Labels").get_by_role("row", name="unet-tiny")).to_contain_text(told[1])


def test_one_run_is_compared_with_none(tab: Tab) -> None:
    """It says what to do and asks for nothing, or the console would have an error (`page`)."""
    page = tab("numbers?runs=aaaa")
    card = page.get_by_role("region", name="Paired comparison")
    expect(page.get_by_role("region", name="Labels").locator("td.number").first).to_be_visible()
    expect(card.locator(".empty")).to_have_count(1)
    expect(card.locator(".empty")).to_contain_text("Select a second run to compare the two.")


def test_one_picture_shows_nobody_to_be_better(tab: Tab) -> None:
    """No interval, no colour, and the sentence says why."""
    page = tab("numbers?runs=one1,one2")
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".sentence")).to_contain_text("one picture is too few to tell which is better")
    expect(card.locator(".verdict.good")).to_have_count(0)
    expect(card.get_by_role("row", name="unet-one2")).to_contain_text("none")
    expect(card.locator("svg.interval circle")).to_have_count(1)
    expect(card.locator("svg.interval path")).to_have_count(0)


def test_the_numbers_fit_a_phone(tab: Tab) -> None:
    """At 390 pixels tables scroll in their panels, not the page."""
    page = tab("numbers?runs=aaaa,bbbb,cccc")
    page.set_viewport_size({"width": 390, "height": 844})
    expect(page.get_by_role("region", name="Labels").locator("td.number").first).to_be_visible()
    assert page.locator("main").evaluate("main => main.scrollWidth") <= 390


def _scores(page: Page) -> Locator:
    return page.locator("label.field").filter(has=page.get_by_text("Score", exact=True)).locator("select")


def test_scores_of_other_programs_are_offered_and_told_in_one_unit(tab: Tab) -> None:
    """The table's own score is the default; its difference reads the same in words, row, picture by picture and seeds.

    That nothing is asked in vain is told by the console, which has no error (`page`).
    """
    page = tab("numbers?runs=own1,own2&as=table")
    expect(_scores(page)).to_have_value("f1")
    assert _scores(page).locator("option").all_inner_texts() == ["f1"]
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".sentence")).to_contain_text("+0.1000 f1 [+0.1000, +0.1000]")
    expect(card.get_by_role("row", name="own2")).to_contain_text("+0.1000")
    strip = page.get_by_role("region", name="Image by image")
    expect(strip.get_by_role("row").nth(1)).to_contain_text("+0.100")
    expect(page.get_by_role("region", name="Over seeds").locator("td b")).to_have_text(re.compile(r"^0\.5\d+$"))
    expect(page.get_by_role("region", name="Labels").locator(".empty")).to_contain_text("None of these runs has IoU")


def test_all_scores_that_can_be_drawn_are_offered(tab: Tab) -> None:
    """Accuracy is among the scores of kirie's runs, and a score that only the address names is shown as chosen."""
    page = tab("numbers?runs=aaaa,bbbb")
    _scores(page).select_option("accuracy")
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator(".sentence")).to_contain_text("pixel accuracy [")
    assert "score=accuracy" in page.url
    page = tab("numbers?runs=aaaa,bbbb&score=dice/eye")
    expect(_scores(page)).to_have_value("dice/eye")
    expect(card.locator(".sentence")).to_contain_text("Dice of eye")


@pytest.mark.parametrize("where", ["numbers", "pictures", "difference", "differences", "curves", "system"])
def test_a_view_without_runs_offers_the_newest(tab: Tab, where: str) -> None:
    """One click selects them, and the view shows them."""
    page = tab(where)
    expect(page.get_by_role("heading", name="No runs are selected")).to_be_visible()
    page.get_by_role("button", name="Take the newest 8 runs").click()
    expect(page.get_by_role("heading", name="No runs are selected")).to_have_count(0)
    expect(page.locator("header.bar")).to_contain_text("8 selected")
