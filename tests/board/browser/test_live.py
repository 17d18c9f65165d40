"""What grows while one looks: how long it takes from a log on the disk to the page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from benchmarks import board_logs as logs
from playwright.sync_api import Page, expect
from tests.board.browser.conftest import Served, View
from tests.board.conftest import append, steps, write_log

WITHIN_MS = 5000
"""Live updates of running runs are promised within this time."""


def test_rows_of_a_running_run_are_on_the_page_within_five_seconds(
    serve: Callable[[Path], Served], page: Page, tmp_path: Path
) -> None:
    """A row that is added to a log shows in the table and in the curves in time, and so does the run's end."""
    folder = tmp_path / "runs"
    path = write_log(folder, "live", steps([0.9, 0.8]), exit_code=None, name="goes on")
    view = View(page, serve(folder))
    view.open("runs?cols=state,loss")
    row = page.locator(".line.run", has_text="goes on")
    expect(row).to_contain_text("0.8000")
    expect(row).to_contain_text("running")
    append(path, steps([0.7654], first=2), 2)
    expect(row).to_contain_text("0.7654", timeout=WITHIN_MS)
    view.open("curves?runs=live&metrics=loss")
    values = page.get_by_role("region", name="loss").locator(".values")
    expect(values).to_contain_text("0.7654")
    for at, value in ((3, 0.6543), (4, 0.5432)):
        append(path, steps([value], first=at), at)
        expect(values).to_contain_text(str(value), timeout=WITHIN_MS)
    view.open("runs?cols=state,loss")
    expect(row).to_contain_text("running")
    with path.open("ab") as stream:
        stream.write(logs.framed([logs.ended()], path.stat().st_size))
    expect(row).to_contain_text("finished", timeout=WITHIN_MS)
