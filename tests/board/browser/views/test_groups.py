"""Runs of another program that share a W&B group, beside a run of kirie."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from tests.board.browser.conftest import Served
from tests.board.browser.views.conftest import Tab
from tests.board.conftest import write_log
from tests.board.small_runs import kirie_run

SCORES = (0.2, 0.5, 0.4, 0.7, 0.3, 0.6, 0.1, 0.45, 0.65)
BEST = 3
"""The trial that came to most; nothing after it changes the best so far."""


@pytest.fixture(scope="session")
def board(serve: Callable[[Path], Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """Nine runs of a group, of which the rate says how good they are, and one of kirie."""
    place = tmp_path_factory.mktemp("groups") / "runs"
    kirie_run(place, "mine", pictures=False)
    for at, score in enumerate(SCORES):
        rows = [
            {
                "reward": score * (step + 1) / 4,
                "loss": 1 - score * step / 4,
                "reward_again": score * (step + 1) / 4,
                "_step": step,
            }
            for step in range(4)
        ]
        write_log(
            place, f"run{at}", rows, config={"rate": score / 10, "kind": at % 2}, group="ablation", started=1.7e9 + at
        )
    return serve(place)


def test_a_group_is_called_one(tab: Tab) -> None:
    """The list and the page say that it is a group, and from how many trials importance is told."""
    page = tab("sweeps")
    row = page.get_by_role("row", name="ablation")
    expect(row.get_by_text("group", exact=True)).to_be_visible()
    row.get_by_role("link").click()
    expect(page.get_by_text("no sweep is known to have started them")).to_be_visible()
    mattered = page.get_by_role("region", name="Importance")
    expect(mattered).to_contain_text("from 9 finished trials only")
    expect(mattered).not_to_contain_text(re.compile(r"\b0 %"))


def _dot(panel: Locator) -> list[int]:
    """Colours at the middle of the dot that is pointed at: its ring on the upper canvas tells where it is."""
    found: list[int] = panel.evaluate(
        """async (panel) => {
            for (let k = 0; k < 3; k++) await new Promise(requestAnimationFrame);
            const [lower, upper] = panel.querySelectorAll("canvas");
            const { data, width } = upper.getContext("2d").getImageData(0, 0, upper.width, upper.height);
            const places = [];
            for (let at = 3; at < data.length; at += 4) if (data[at] > 60) places.push((at - 3) / 4);
            const middle = (of) => {
                const all = places.map(of);
                return Math.round((Math.min(...all) + Math.max(...all)) / 2);
            };
            const [x, y] = [middle((at) => at % width), middle((at) => Math.floor(at / width))];
            return [...lower.getContext("2d").getImageData(x, y, 1, 1).data.slice(0, 3)];
        }"""
    )
    return found


def test_no_line_hides_the_best_trial(tab: Tab, page: Page) -> None:
    """The line of the best so far runs below the dots: the best trial has its own colour, night blue."""
    tab("sweeps/ablation?metric=reward&goal=maximize")
    row = page.get_by_role("region", name="Trials", exact=True).locator("tbody tr").first
    expect(row.locator("td").first).to_have_text(str(BEST))
    row.hover()
    red, green, blue = _dot(page.get_by_role("region", name="Best so far"))
    assert blue > 80, (red, green, blue)
    # The line's own colour has far more green, and the ground is bright
    assert green < 75, (red, green, blue)


def test_curves_open_with_what_the_selected_runs_logged(tab: Tab) -> None:
    """Runs of another program show their own metrics first, counted among themselves, and of two equal ones one."""
    page = tab("curves?runs=run0,run1")
    expect(page.get_by_role("region", name="loss", exact=True)).to_be_visible()
    expect(page.locator(".charts > *")).to_have_count(2)
    expect(page.get_by_role("region", name="reward", exact=True)).to_be_visible()
    expect(page.get_by_text("None of the selected runs has this metric")).to_have_count(0)
    expect(page.get_by_placeholder("Search 3 metrics")).to_be_visible()
    expect(page.get_by_title("reward: in 2 selected runs")).to_be_visible()
    page = tab("curves?runs=mine")
    expect(page.get_by_role("region", name="val/miou", exact=True)).to_be_visible()
    expect(page.get_by_role("region", name="loss", exact=True)).to_have_count(0)
