"""Tests of the page in a real Chromium, with `kirie board` itself over runs that wandb wrote."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

WANTED = "KIRIE_TEST_BROWSER"
"""Set by `make test-page`: then these run, and a Chromium or a page that is missing is a failure."""

CHROMIUMS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
HERE = Path(__file__).parent


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The one place where these tests are left out: they need a Chromium, and minutes that `make test` has not."""
    if os.environ.get(WANTED) == "1":
        return
    mine = [item for item in items if HERE in item.path.parents]
    config.hook.pytest_deselected(items=mine)
    items[:] = [item for item in items if item not in mine]


@dataclass(frozen=True)
class Served:
    """A running board.

    Attributes:
        url: Its address, without a slash at the end.
        folder: The folder of runs that it shows.
    """

    url: str
    folder: Path


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The machine's own Chromium, without a window."""
    path = next(filter(None, map(shutil.which, CHROMIUMS)), None)
    assert path, f"{WANTED}=1, but there is none of {', '.join(CHROMIUMS)} on this machine"
    with sync_playwright() as playwright:
        # As root a Chromium starts without its sandbox only
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"] if os.geteuid() == 0 else [])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def runs_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The runs of world.py."""
    folder = tmp_path_factory.mktemp("board") / "runs"
    subprocess.run([sys.executable, HERE / "world.py", folder], check=True, timeout=240, stdout=subprocess.DEVNULL)
    return folder


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], Served]]:
    """Starts `kirie board` over a folder; ends all that were started."""
    started: list[subprocess.Popen[str]] = []

    def start(folder: Path) -> Served:
        home = tmp_path_factory.mktemp("home")
        places = {"XDG_CACHE_HOME": str(home / "cache"), "XDG_DATA_HOME": str(home / "data")}
        command = [sys.executable, "-m", "kirie", "board", str(folder), "--port", "0", "--no-browser"]
        environment = os.environ | places | {"PYTHONUNBUFFERED": "1"}
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
        started.append(process)
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://\S+?(?=/?\s)", line)
        assert found, f"`kirie board` said {line!r}"
        return Served(found[0].rstrip("/"), folder)

    yield start
    for process in started:
        process.terminate()
        process.wait(timeout=20)
        if process.stdout is not None:
            process.stdout.close()


@pytest.fixture(scope="session")
def board(serve: Callable[[Path], Served], runs_folder: Path) -> Served:
    """A board over the runs of world.py."""
    return serve(runs_folder)


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A fresh tab; what the page says on the console as an error fails the test, and so does what it asks of others."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab = context.new_page()
    tab.set_default_timeout(15_000)
    wrong: list[str] = []
    tab.on("pageerror", lambda error: wrong.append(str(error)))
    tab.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    tab.on("request", lambda request: wrong.append(request.url) if not _own(request.url) else None)
    yield tab
    context.close()
    assert not wrong


def _own(url: str) -> bool:
    return url.startswith(("http://127.0.0.1:", "http://localhost:", "data:", "blob:", "file:"))


@dataclass(frozen=True)
class View:
    """The page of a board, opened at an address.

    Attributes:
        page: The tab.
        board: What it shows.
    """

    page: Page
    board: Served

    def open(self, address: str) -> Page:
        """Opens an address, as `runs?sort=name`."""
        # A change of the part after # alone loads nothing
        self.page.goto("about:blank")
        self.page.goto(f"{self.board.url}/#/{address}")
        return self.page

    def names(self) -> list[str]:
        """Names of the runs in the table, from above."""
        self.page.locator("[role=grid]").wait_for()
        return self.page.locator("[role=grid] .line.run [role=rowheader] a").all_inner_texts()


@pytest.fixture
def view(page: Page, board: Served) -> View:
    """A tab and the board of world.py."""
    return View(page, board)
