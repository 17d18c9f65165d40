"""Two runs of one commit: what was in no commit, and data that was prepared in two ways, through the real page."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.board.browser.conftest import Served, View
from tests.board.small_runs import kirie_run

PATCH = """diff --git a/train.py b/train.py
--- a/train.py
+++ b/train.py
@@ -1,2 +1,2 @@
-rate = 1
+rate = {}
 depth = 2
"""


@pytest.fixture(scope="module")
def trees(serve: Callable[[Path], Served], tmp_path_factory: pytest.TempPathFactory) -> Served:
    """A clean run and three with changes, two of them the same, all of one commit and one version of the data."""
    place = tmp_path_factory.mktemp("trees") / "runs"
    for name, patch in (("clean", None), ("nine", 9), ("five", 5), ("again", 5)):
        run = kirie_run(place, name, pictures=False)
        record = json.loads(run.record.read_text(encoding="utf-8"))
        record["git"] = {"commit": "a" * 40, "dirty": patch is not None}
        record["data"] = {"dvc": "0" * 32 + ".dir", "fingerprint": name * 8}
        run.record.write_text(json.dumps(record), encoding="utf-8")
        if patch is not None:
            run.diff.write_text(PATCH.format(patch), encoding="utf-8")
    return serve(place)


def test_other_uncommitted_code_is_drawn(page: Page, trees: Served) -> None:
    """Two patches beside one commit stand as each run's own, and nobody says that the code is the same."""
    View(page, trees).open("difference?runs=nine,five")
    code = page.get_by_role("region", name="Code")
    expect(code).to_contain_text("what was changed beside it differs")
    expect(code).not_to_contain_text("of the same code")
    patches = code.get_by_role("region", name="Uncommitted changes")
    for at, (name, line) in enumerate((("unet-nine", "rate = 9"), ("unet-five", "rate = 5"))):
        expect(patches.nth(at)).to_contain_text(f"Uncommitted in {name}")
        expect(patches.nth(at).locator("tr.added")).to_contain_text(line)
    page.goto(f"{trees.url}/#/difference?runs=clean,nine")
    expect(patches).to_have_count(1)
    expect(code).to_contain_text("what was changed beside it differs")


def test_the_same_uncommitted_code_is_drawn_once(page: Page, trees: Served) -> None:
    """Equal patches are said to be equal, and stand once."""
    View(page, trees).open("difference?runs=five,again")
    code = page.get_by_role("region", name="Code")
    expect(code).to_contain_text("of the same changes beside it")
    expect(code.get_by_role("region", name="Uncommitted changes")).to_have_count(1)
    expect(code).to_contain_text("Uncommitted in both runs")


def test_data_prepared_in_two_ways_is_not_the_same(page: Page, trees: Served) -> None:
    """Of one version with two fingerprints one sentence is said, and none that contradicts it."""
    View(page, trees).open("difference?runs=clean,nine")
    data = page.get_by_role("region", name="Data")
    expect(data).to_contain_text("The annotations are the same, and were prepared or split differently.")
    expect(data).not_to_contain_text("saw the same data")
