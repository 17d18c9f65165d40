"""What differs between two runs, and a view frozen into a file."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.board.browser.conftest import Served
from tests.board.browser.views.conftest import MARKUP, Tab
from tests.board.small_runs import kirie_run


def test_only_what_differs_is_listed(tab: Tab) -> None:
    """The rate differs and shows both values; the model does not and is not there. The data's versions are told."""
    page = tab("difference?runs=aaaa,cccc")
    config = page.get_by_role("region", name="Configuration")
    row = config.get_by_role("row", name="optimizer.lr")
    expect(row.get_by_role("cell").nth(0)).to_have_text("0.1")
    expect(row.get_by_role("cell").nth(1)).to_have_text("0.01")
    expect(config).not_to_contain_text("model.name")
    expect(config).to_contain_text(MARKUP)
    expect(page.get_by_role("region", name="Data")).to_contain_text("dddd")


def test_keys_can_be_a_tree_and_the_runs_swapped(tab: Tab) -> None:
    """As a tree the parts of a key stand under each other; the swap turns the columns."""
    page = tab("difference?runs=aaaa,cccc")
    config = page.get_by_role("region", name="Configuration")
    config.get_by_role("radio", name="Tree").click()
    page.get_by_role("button", name="Swap the two").click()
    row = config.get_by_role("row").filter(has_text="0.01")
    expect(row.get_by_role("cell").first).to_have_text("0.01")
    assert "keys=tree" in page.url


def test_one_run_is_too_few(tab: Tab) -> None:
    """With one run selected the view says what is needed."""
    page = tab("difference?runs=aaaa")
    expect(page.get_by_role("heading", name="Two runs make a difference")).to_be_visible()


def test_a_report_opens_from_disk(tab: Tab, board: Served, tmp_path: Path) -> None:
    """The saved file shows the view it was made of, and the others, without a server."""
    page = tab("numbers?runs=aaaa,bbbb")
    sentence = page.locator(".sentence").inner_text()
    page.get_by_role("link", name="Report").click()
    expect(page.get_by_role("radio", name="Numbers")).to_be_checked()
    expect(page.get_by_text(f"kirie board {board.folder} --export report.html --runs aaaa,bbbb")).to_be_visible()
    expect(page.get_by_text("before you publish it")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    expect(page.get_by_text("It opens without a server")).to_be_visible()
    page = tab(file.as_uri())
    expect(page.locator(".sentence")).to_have_text(sentence)
    select = page.get_by_label(re.compile("^Score ?mIoU"))
    scores = select.locator("option")
    assert scores.all_inner_texts()[-2:] == ["IoU of background", "IoU of eye"]
    for score in scores.evaluate_all("options => options.map((one) => one.value)"):
        select.select_option(score)
        expect(page.get_by_role("region", name="Paired comparison")).to_contain_text(re.compile(r"\[.*\]"))
        expect(page.locator(".failure")).to_have_count(0)
    page.get_by_role("link", name="Pictures").click()
    expect(page.locator(".frame[data-ready=true]")).to_have_count(6)
    page.get_by_role("link", name="Differences").click()
    expect(page.get_by_role("region", name="Configuration")).to_be_visible()
    expect(page.get_by_role("link", name="Report")).to_have_count(0)


def test_a_report_of_many_runs_offers_what_it_holds(
    page: Page, serve: Callable[[Path], Served], tmp_path: Path
) -> None:
    """Of seven runs each is compared with the base; other pairs are not offered, and two without it are told why."""
    names = [f"run{at}" for at in range(7)]
    for at, name in enumerate(names):
        about = {"optimizer": {"lr": 0.1 + at}}
        kirie_run(tmp_path / "runs", name, skill=0.6 + at / 50, config=about, log={"group": "seven"}, pictures=False)
    kirie_run(tmp_path / "runs", "other", config={"optimizer": {"lr": 9.0}}, log={"group": "seven"}, pictures=False)
    board = serve(tmp_path / "runs")
    page.goto(f"{board.url}/#/numbers?runs={','.join(names)}&a=run3")
    expect(page.locator(".sentence")).to_be_visible()
    page.get_by_role("link", name="Report").click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save the report").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    page.goto(file.as_uri())
    expect(page.locator(".sentence")).to_contain_text("unet-run3")
    assert page.get_by_label("Base").locator("option").all_inner_texts() == ["unet-run3"]
    card = page.get_by_role("region", name="Paired comparison")
    expect(card.locator("svg.interval")).to_have_count(6)
    page.get_by_role("radio", name="Test").click()
    expect(card).to_contain_text("has no per-image table of test")
    page.goto(f"{file.as_uri()}#/difference?runs={','.join(names)}&a=run1&b=run2")
    expect(page.get_by_role("region", name="Configuration")).to_contain_text("optimizer.lr")
    told = page.get_by_label(re.compile("^to"))
    assert told.locator("option").all_inner_texts() == ["unet-run1", "unet-run3"]
    page.goto(f"{file.as_uri()}#/difference?runs=run1,run2")
    expect(page.get_by_text("it holds the comparisons with unet-run3")).to_be_visible()
    page.goto(f"{file.as_uri()}#/numbers?runs=run1,run2")
    expect(card).to_contain_text("it holds the comparisons with unet-run3")
    page.get_by_role("link", name="Sweeps").click()
    expect(page.get_by_role("row", name="seven")).to_contain_text("7 of 8")
    page.get_by_role("link", name="seven").click()
    expect(page.get_by_text("This report holds 7 of the sweep's 8 trials")).to_be_visible()
    expect(page.locator(".failure")).to_have_count(0)
