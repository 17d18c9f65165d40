"""One run's page, and the page without a server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import expect
from tests.board.browser.conftest import View
from tests.board.browser.world import MARKUP

import kirie.web

BUILT = Path(kirie.web.__file__).parent / "page"


def test_a_run_shows_what_it_is(view: View) -> None:
    """Facts, last values and log files stand on one page."""
    page = view.open("run/unet-1")
    expect(page.get_by_role("heading", level=1)).to_have_text("unet, first seed")
    expect(page.get_by_role("region", name="Run")).to_contain_text("unet-1")
    expect(
        page.get_by_role("region", name="Last values").get_by_role("row", name=re.compile("val.miou"))
    ).to_contain_text("0.7363")
    expect(page.get_by_role("region", name="1 log file")).to_contain_text("run-unet-1.wandb")


def test_the_configuration_is_searched(view: View) -> None:
    """A search lists what fits, by dotted keys."""
    page = view.open("run/unet-1?tab=config")
    page.get_by_label("Search the configuration").fill("name")
    expect(page.get_by_role("row", name=re.compile("model.name"))).to_contain_text("unet")
    expect(page.get_by_role("row", name=re.compile("epochs"))).to_be_hidden()


def test_the_console_shows_any_line_without_its_colours(view: View) -> None:
    """The first and the last of 1,500 lines are there, as text."""
    page = view.open("run/unet-1?tab=console")
    console = page.get_by_role("log", name="Console")
    expect(console).to_contain_text("line 0 of <i>many</i>")
    page.get_by_role("button", name="To the end").click()
    expect(console).to_contain_text("line 1499 of <i>many</i>")
    assert "\x1b" not in console.inner_text()


def test_histograms_and_tables_are_shown(view: View) -> None:
    """A logged histogram is drawn; a logged table shows markup as text."""
    page = view.open("run/unet-1?tab=histograms")
    expect(page.get_by_role("img", name=re.compile("weights: histograms of 1 step"))).to_be_visible()
    page.get_by_role("link", name="Tables").click()
    expect(page.get_by_role("cell", name=MARKUP)).to_be_visible()
    assert page.title() == "unet, first seed · Run · kirie board"


def test_a_frozen_page_opens_from_disk(view: View, tmp_path: Path) -> None:
    """With an answer book in it, the page asks nobody, says when it was frozen, and offers no notes."""
    page = view.open("runs")
    page.locator("[role=grid]").wait_for()
    runs = page.request.get(f"{view.board.url}/api/runs").json()
    book = {"frozen_at": 1_700_000_000, "of": "runs", "view": "#/runs?sort=name", "answers": {"/api/runs": runs}}
    inside = json.dumps(book).replace("<", "\\u003c")
    script = (BUILT / "page.js").read_text(encoding="utf-8").replace("</script", "<\\/script")
    style = (BUILT / "page.css").read_text(encoding="utf-8")
    html = f"""<!doctype html><meta charset="utf-8"><title>frozen</title><style>{style}</style><div id="page"></div>
        <script type="application/json" id="frozen">{inside}</script><script type="module">{script}</script>"""
    (tmp_path / "report.html").write_text(html, encoding="utf-8")
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((tmp_path / "report.html").as_uri())
    expect(page.get_by_role("status").get_by_text("nothing here changes any more")).to_be_visible()
    assert view.names()[0] == MARKUP
    page.get_by_label("Select unet, first seed").click()
    expect(page.get_by_role("button", name="Hide")).to_be_hidden()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
