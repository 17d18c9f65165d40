"""The table of runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.board.browser.conftest import View
from tests.board.browser.world import MARKUP

ALL = 5


def _state(folder: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def _rows(page: Page, many: int) -> None:
    expect(page.locator("[role=grid] .line.run")).to_have_count(many)


def test_a_filter_narrows_the_table_and_stands_in_the_address(view: View) -> None:
    """What is typed is applied at once; the address opens the same table again."""
    page = view.open("runs")
    _rows(page, ALL)
    page.keyboard.press("/")
    page.keyboard.type("config.model.name = unet and val/miou > 0.7")
    _rows(page, 1)
    assert view.names() == ["unet, first seed"]
    expect(page.get_by_role("status").get_by_text("1 of 5 runs")).to_be_visible()
    assert "filter=config.model.name+%3D+unet+and+val/miou+>+0.7" in page.url.replace("%3E", ">")
    page.reload()
    _rows(page, 1)


def test_a_wrong_filter_says_where_and_names_what_was_meant(view: View) -> None:
    """The table stays as it was; the place is marked; the near column is named."""
    page = view.open("runs?filter=state+%3D+finished+and+val/mio+>+0.7")
    alert = page.locator("#filter-error")
    expect(alert).to_contain_text("did you mean “val/miou”")
    expect(alert.locator("mark")).to_have_text("val/mio")
    _rows(page, ALL)


def test_names_of_columns_are_completed(view: View) -> None:
    """Arrow keys and Enter take a name; the values of the column follow."""
    page = view.open("runs")
    filter_ = page.get_by_role("combobox", name="Filter")
    filter_.fill("encod")
    expect(page.get_by_role("option").first).to_contain_text("config.model.encoder")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(filter_).to_have_value("config.model.encoder ")
    page.keyboard.type("= t")
    expect(page.get_by_role("option", name="tiny")).to_be_visible()


def test_tab_leaves_the_filter_and_takes_nothing(view: View) -> None:
    """What is typed stays as it is, unless a completion was chosen."""
    page = view.open("runs")
    filter_ = page.get_by_role("combobox", name="Filter")
    filter_.fill("unet")
    page.keyboard.type(" or se")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Tab")
    expect(filter_).to_have_value("unet or se")
    expect(filter_).not_to_be_focused()
    filter_.fill("encod")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(filter_).to_have_value("config.model.encoder ")


def test_what_is_wrong_before_the_cursor_is_said_at_once(view: View) -> None:
    """A mistake further up is told while completions of the next word are open; the word itself is waited for."""
    page = view.open("runs")
    filter_ = page.get_by_role("combobox", name="Filter")
    filter_.click()
    page.keyboard.type("seed between state")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(page.locator("#filter-error mark")).to_have_text("between")
    filter_.fill("")
    page.keyboard.type("stat")
    expect(page.get_by_role("option").first).to_be_visible()
    expect(page.locator("#filter-error")).to_have_count(0)


def test_runs_without_tags_are_found(view: View) -> None:
    """No tags are null, as no value is."""
    page = view.open("runs?filter=tags+%3D+null")
    _rows(page, 2)
    page = view.open("runs?filter=tags+!%3D+null")
    _rows(page, ALL - 2)


def test_each_view_has_one_heading_of_the_first_order(view: View) -> None:
    """Who goes by headings finds the view's name, or that of what it shows."""
    for address in ("runs", "curves", "pictures", "numbers", "sweeps", "difference", "system", "report", "run/unet-1"):
        page = view.open(address)
        page.locator("main .view").first.wait_for()
        heading = page.get_by_role("heading", level=1)
        expect(heading).to_have_count(1)
        expect(heading).to_have_text("unet, first seed" if "/" in address else re.compile(address[:4], re.IGNORECASE))


def test_without_pictures_there_is_no_grid_of_them(view: View) -> None:
    """The sentence stands alone."""
    page = view.open("pictures?runs=unet-1,fpn-1")
    expect(page.get_by_role("heading", name="These runs logged no pictures")).to_be_visible()
    expect(page.get_by_text("Truth", exact=True)).to_have_count(1)
    expect(page.locator(".pictures")).to_have_count(0)


def test_headings_sort_and_shift_adds_a_second_order(view: View) -> None:
    """Numbers fall first; a second click turns; Shift sorts ties by another column."""
    page = view.open("runs?cols=val/miou,config.model.name")
    page.get_by_role("button", name="val/miou").click()
    expect(page.get_by_role("columnheader", name="val/miou")).to_have_attribute("aria-sort", "descending")
    falling = view.names()
    assert falling[0] == "unet, first seed"
    page.get_by_role("button", name="val/miou").click()
    expect(page.get_by_role("columnheader", name="val/miou")).to_have_attribute("aria-sort", "ascending")
    assert view.names() == falling[::-1]
    page.get_by_role("button", name="model.name").click()
    page.get_by_role("button", name="val/miou").click(modifiers=["Shift"])
    expect(page).to_have_url(re.compile(r"sort=config.model.name,-val/miou"))
    assert view.names()[:2] == ["fpn, second seed", "fpn, first seed"]


def test_groups_have_counts_and_means_and_fold(view: View) -> None:
    """A group tells how many runs it has and the mean of their numbers; closed, its runs are away."""
    page = view.open("runs?cols=val/miou&sort=name&group=config.model.name")
    unet = page.locator(".line.group").filter(has_text="unet")
    expect(unet).to_contain_text("2 runs")
    # 0.75 and 0.71, both times 1 - exp(-4)
    expect(unet.locator(".mean")).to_have_text("0.7166")
    _rows(page, ALL)
    unet.click()
    _rows(page, ALL - 2)
    expect(unet).to_have_attribute("aria-expanded", "false")


def test_the_table_works_by_keys_alone(view: View) -> None:
    """Arrows move, Space selects, Shift selects on the way, Enter opens, ? lists the keys."""
    page = view.open("runs?sort=name")
    _rows(page, ALL)
    page.keyboard.press("g")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    expect(page.locator("#line-1")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Shift+ArrowDown")
    page.keyboard.press("Shift+ArrowDown")
    expect(page).to_have_url(re.compile(r"runs=[\w-]+,[\w-]+,[\w-]+$"))
    expect(page.get_by_role("button", name="Selected runs: 3")).to_be_visible()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#/run/"))
    expect(page.get_by_role("navigation", name="Parts of the run")).to_be_visible()
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keys")).to_contain_text("show this list")


def test_a_colour_stays_while_its_run_is_selected(view: View) -> None:
    """Taking one run out changes the colour of no other; the next one takes its place."""
    page = view.open("runs?sort=name&runs=unet-1,fpn-1,fpn-2")
    swatch = page.locator(".line.run", has_text="fpn, second seed").locator(".swatch")
    before = swatch.evaluate("element => getComputedStyle(element).backgroundColor")
    page.get_by_label("Select fpn, first seed").click()
    expect(page).to_have_url(re.compile(r"runs=unet-1,,fpn-2"))
    assert swatch.evaluate("element => getComputedStyle(element).backgroundColor") == before
    page.get_by_label("Select unet, second seed").click()
    expect(page).to_have_url(re.compile(r"runs=unet-1,unet-2,fpn-2"))


def test_markup_in_a_name_is_text(view: View) -> None:
    """A name with a script shows as it is written and does nothing."""
    page = view.open("runs")
    _rows(page, ALL)
    assert MARKUP in view.names()
    assert page.title() == "Runs · kirie board"
    page = view.open("run/markup")
    expect(page.get_by_role("heading", level=1)).to_have_text(MARKUP)
    expect(page.get_by_text("failed")).to_be_visible()


def test_tags_and_notes_are_kept_beside_the_runs(view: View) -> None:
    """A tag, a note and a pin outlast a reload; nothing in the runs' folder changes."""
    before = _state(view.board.folder)
    page = view.open("runs?cols=tags,note&sort=name")
    page.locator(".line.run", has_text="fpn, first seed").click(position={"x": 200, "y": 15})
    page.keyboard.press("e")
    page.get_by_label("Tags, with commas between").fill("paper, ablation")
    page.get_by_label("Note").last.fill("lower rate <b>next</b>")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_be_hidden()
    row = page.locator(".line.run", has_text="fpn, first seed")
    expect(row).to_contain_text("ablation")
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(row.get_by_label("Pinned")).to_be_visible()
    page.reload()
    expect(row).to_contain_text("lower rate <b>next</b>")
    assert view.names()[0] == "fpn, first seed"
    page.keyboard.press("g")
    page.keyboard.press("p")
    expect(row.get_by_label("Pinned")).to_be_hidden()
    assert _state(view.board.folder) == before


def test_columns_are_chosen_and_ordered(view: View) -> None:
    """A searched column comes to the table; Alt with an arrow key moves it."""
    page = view.open("runs?cols=state,val/miou")
    page.get_by_role("button", name="Columns").click()
    page.get_by_label("Search columns").fill("encoder")
    page.get_by_label("model.encoder").check()
    expect(page.get_by_role("columnheader")).to_have_text(["Run", "State", "val/miou", "model.encoder"])
    page.get_by_label("Search columns").fill("")
    page.get_by_role("listitem").filter(has_text="model.encoder").focus()
    page.keyboard.press("Alt+ArrowUp")
    expect(page.get_by_role("columnheader")).to_have_text(["Run", "State", "model.encoder", "val/miou"])


def test_a_row_is_copied_for_a_spreadsheet(view: View) -> None:
    """The selected rows have headings, tabs between, and all digits."""
    page = view.open("runs?cols=val/miou&runs=unet-1")
    page.get_by_role("button", name="Copy").click()
    page.get_by_role("button", name="Selected rows").click()
    expect(page.get_by_text("Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()").split("\n")
    assert copied[0] == "id\tname\tval/miou"
    assert copied[1].startswith("unet-1\tunet, first seed\t0.736")


def test_a_phone_scrolls_the_table_and_not_the_page(view: View) -> None:
    """At 390 pixels the page is no wider than the screen, and the views are behind a button."""
    view.page.set_viewport_size({"width": 390, "height": 800})
    for address in (
        "runs",
        "curves?runs=unet-1,fpn-1",
        "difference?runs=unet-1,fpn-1",
        "system?runs=unet-1,markup",
        "report?runs=unet-1",
        "run/unet-1",
    ):
        page = view.open(address)
        page.locator("main .view").first.wait_for()
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        # The page's own scroll bars are main's: the document is never wider than the screen
        assert page.locator("main").evaluate("main => main.scrollWidth") <= 390, address
    page.get_by_role("button", name="Views").click()
    page.get_by_role("link", name="Curves").first.click()
    expect(page).to_have_url(re.compile("#/curves"))


def test_a_phone_shows_what_runs_cost(view: View) -> None:
    """The numbers stay on the screen, and long names give way."""
    view.page.set_viewport_size({"width": 390, "height": 800})
    page = view.open("system?runs=unet-1,markup")
    for row in page.locator(".cost tbody tr").all():
        box = row.locator("td").last.bounding_box()
        assert box is not None
        assert box["x"] + box["width"] <= 390
    expect(page.locator(".cost tbody tr")).to_have_count(2)


def test_every_view_has_one_heading_of_the_first_order(view: View) -> None:
    """A screen reader that lists headings finds where it is."""
    for address, name in (
        ("runs", "Runs"),
        ("curves?runs=unet-1", "Curves"),
        ("numbers", "Numbers"),
        ("sweeps", "Sweeps"),
        ("system?runs=unet-1", "System"),
        ("run/unet-1", "unet, first seed"),
    ):
        page = view.open(address)
        expect(page.get_by_role("heading", level=1)).to_have_text([name])


def test_light_and_dark_follow_the_system_and_the_switch(view: View) -> None:
    """The system's word holds until the switch is used, which is remembered."""
    view.page.emulate_media(color_scheme="dark")
    page = view.open("runs")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Colours").click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.reload()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_every_control_has_a_name(view: View) -> None:
    """No button, link or field is without a name for a screen reader."""
    for address in ("runs?runs=unet-1", "curves?runs=unet-1", "run/unet-1?tab=console", "system?runs=unet-1"):
        page = view.open(address)
        page.locator("main .view").first.wait_for()
        nameless = page.evaluate(
            """() => [...document.querySelectorAll("button, a, input, select, textarea, [role=grid]")].filter(
                (one) => !(one.ariaLabel || one.innerText || one.closest("label")?.innerText || "").trim()
            ).map((one) => one.outerHTML)"""
        )
        assert nameless == [], address


@pytest.mark.parametrize("key", ["Enter", " "])
def test_buttons_above_the_table_are_pressed_from_the_keyboard(view: View, key: str) -> None:
    """Enter and the space bar press the button that has the focus; Escape closes what it opened and goes back to it."""
    page = view.open("runs")
    button = page.get_by_role("button", name="Group runs")
    button.focus()
    page.keyboard.press(key)
    expect(page.get_by_role("dialog", name="Group runs")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.get_by_role("dialog", name="Group runs")).to_have_count(0)
    expect(button).to_be_focused()
