"""How long the table of `kirie board` takes to filter and to sort, in the machine's Chromium.

Writes --runs short runs, opens the real page over them, and measures in the page: from the change of the filter's text,
or the click on a heading, to the first frame that shows other rows. Each heading is clicked twice, so that both
directions are in. Prints one JSON object with milliseconds: the median and the worst; the bar is for the worst.

    python -m benchmarks.board_page [--runs 10000] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from benchmarks.board import asked, serving
from benchmarks.board_logs import write_runs
from playwright.sync_api import Page, sync_playwright

BAR_MS = 100.0
CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")

_MEASURE = """async ([kind, what]) => {
    const frame = () => new Promise(requestAnimationFrame);
    const text = (role) => document.querySelector(`[role=${role}]`).innerText;
    const seen = () => text("grid") + text("status");
    const heading = [...document.querySelectorAll("[role=columnheader] button")]
        .find((button) => button.title.startsWith(`${what}: sort`));
    const box = document.querySelector("[role=combobox]");
    const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set;
    const before = seen();
    await frame();
    const began = performance.now();
    if (kind === "filter") {
        set.call(box, what);
        box.dispatchEvent(new InputEvent("input", { bubbles: true }));
    } else {
        heading.click();
    }
    for (;;) {
        await frame();
        const took = performance.now() - began;
        if (took > 10000) throw new Error(`${kind} ${what}: no other rows after 10 s`);
        if (seen() !== before) return took;
    }
}"""


def measured(page: Page, rounds: int, filters: list[str], columns: list[str]) -> dict[str, list[float]]:
    """Milliseconds of each filter and sort."""
    found: dict[str, list[float]] = {"filter": [], "sort": []}
    for _ in range(rounds):
        for text in [*filters, ""]:
            found["filter"].append(page.evaluate(_MEASURE, ["filter", text]))
            page.wait_for_timeout(200)
        for column in [one for one in columns for _ in range(2)]:
            found["sort"].append(page.evaluate(_MEASURE, ["sort", column]))
            page.wait_for_timeout(200)
    return found


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=10000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--folder", type=Path, help="where the logs are written and removed (a temporary folder)")
    parser.add_argument("--json", action="store_true", help="taken for its habit: the result is JSON anyway")
    options = parser.parse_args()
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    if path is None:
        raise SystemExit(f"there is none of {', '.join(CHROMIUMS)} on this machine")
    load = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(dir=options.folder) as name, sync_playwright() as playwright:
        root = Path(name)
        write_runs(root / "runs", options.runs, 10, 20)
        environ = {"XDG_CACHE_HOME": str(root / "cache"), "XDG_DATA_HOME": str(root / "data")}
        with serving(root / "runs", environ) as (address, _):
            while len(table := json.loads(asked(address, "api/runs"))["ids"]) < options.runs:
                time.sleep(0.5)
            # As root a Chromium starts without its sandbox only
            words = ["--no-sandbox"] if os.geteuid() == 0 else []
            page = playwright.chromium.launch(executable_path=path, args=words).new_page()
            columns = ["config.optimizer.lr", "config.model.name", "val/metric_02"]
            page.goto(f"{address}#/runs?cols={','.join(columns)}")
            page.locator("[role=grid] .line.run").first.wait_for()
            filters = [
                "config.model.name = unet and val/metric_02 > 0.5",
                "config.optimizer.lr < 0.001",
                "name ~ 19 or 77",
            ]
            found = measured(page, options.rounds, filters, ["name", *columns])
    print(json.dumps({
        "benchmark": "board_page", "runs": len(table), "load": load,
        **{f"{kind}_{word}_ms": round(of(times), 1) for kind, times in found.items()
           for word, of in (("median", statistics.median), ("worst", max))},
        "bar_ms": BAR_MS, "meets": max(max(times) for times in found.values()) < BAR_MS,
    }))  # fmt: skip


if __name__ == "__main__":
    main()
