"""`kirie board` as it is used: a process, a socket, Ctrl+C; and what it refuses."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.board.conftest import append, steps, write_log

from kirie.cli import main

PATIENCE_S = 60.0


class Served:
    """The command over a folder, on a free port."""

    def __init__(self, folder: Path, home: Path, *words: str) -> None:
        environ = {**os.environ, "XDG_CACHE_HOME": str(home / "cache"), "XDG_DATA_HOME": str(home / "data")}
        command = [sys.executable, "-m", "kirie", "board", str(folder), "--port", "0", "--no-browser", "--json", *words]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ, start_new_session=True
        )
        assert self.process.stdout is not None
        self.told = json.loads(self.process.stdout.readline())
        self.port = int(self.told["address"].split(":")[2].split("/")[0])

    def get(self, path: str) -> tuple[int, Any]:
        """Status and JSON of one answer."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        line.request("GET", path)
        answer = line.getresponse()
        found = answer.status, json.loads(answer.read())
        line.close()
        return found

    def end(self, signum: signal.Signals) -> tuple[int, str]:
        """Sends a signal; gives exit code and standard error."""
        self.process.send_signal(signum)
        _, complaints = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, complaints


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Over a folder with one living run."""
    write_log(tmp_path / "runs", "lives", steps([1.0]), exit_code=None)
    found = Served(tmp_path / "runs", tmp_path)
    yield found
    if found.process.poll() is None:
        found.process.kill()
        found.process.communicate()


def test_it_starts_answers_and_ends_at_ctrl_c(served: Served) -> None:
    """The address is printed once it answers; Ctrl+C ends it at once, with code 0 and without a word."""
    assert served.get("/api/board")[0] == 200
    assert served.told["address"].startswith("http://127.0.0.1:")
    began = time.monotonic()
    assert served.end(signal.SIGINT) == (0, "")
    assert time.monotonic() - began < 10


def test_sigterm_ends_it_in_order(served: Served) -> None:
    """With the code that shells know."""
    served.get("/api/runs")
    code, complaints = served.end(signal.SIGTERM)
    assert code == 143
    assert "Traceback" not in complaints


def test_new_rows_reach_the_page_within_5_s(served: Served, tmp_path: Path) -> None:
    """The stream of events tells a living run's new row, and /api/runs has it."""
    (path,) = (tmp_path / "runs").rglob("*.wandb")
    line = http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)
    line.request("GET", "/api/events")
    answer = line.getresponse()
    assert answer.headers["content-type"].startswith("text/event-stream")
    version = _settled(served)
    append(path, steps([0.5], first=1), 1)
    began = time.monotonic()
    watch = threading.Timer(PATIENCE_S, served.process.kill)
    watch.start()
    while _next_version(answer) <= version:
        pass
    took = time.monotonic() - began
    watch.cancel()
    _, news = served.get(f"/api/runs?since={version}")
    assert news["ids"] == ["lives"]
    steps_column = next(column for column in news["columns"] if column["key"] == "steps")
    assert steps_column["values"] == [1]
    assert took < 5
    answer.close()
    line.close()


def test_an_open_stream_does_not_hold_up_the_end(served: Served) -> None:
    """A page that is left open hears that it ends."""
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", served.port, timeout=PATIENCE_S)) as line:
        line.request("GET", "/api/events")
        with line.getresponse() as answer:
            assert _next_version(answer) > 0
            began = time.monotonic()
            assert served.end(signal.SIGINT) == (0, "")
            assert time.monotonic() - began < 10


def _settled(served: Served) -> int:
    """The version once the run is there."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        _, found = served.get("/api/runs")
        if found["ids"] == ["lives"]:
            version: int = found["version"]
            return version
        time.sleep(0.05)
    raise AssertionError("the run never came")


def _next_version(answer: http.client.HTTPResponse) -> int:
    """The version that the next event of runs tells."""
    event = ""
    while line := answer.readline().decode():
        if line.startswith("event: "):
            event = line.removeprefix("event: ").strip()
        elif line.startswith("data: ") and event == "runs":
            version: int = json.loads(line.removeprefix("data: "))["version"]
            return version
    raise AssertionError("the stream ended")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["none"], "There is no folder none"),
        ([".", "--port", "70000"], "There is no port 70000"),
        ([".", "--port", "many"], "invalid int value"),
        ([".", "--host", "192.0.2.1"], "no address of this machine"),
        ([".", "--export", ""], "--export is ''; it names the HTML file"),
        ([".", "--export", "."], "--export is '.'; it names the HTML file"),
        ([".", "--export", "r.html", "--runs", ""], "--runs is '', which names no run"),
        ([".", "--export", "r.html", "--runs", " ,"], "--runs is ' ,', which names no run"),
        ([".", "--export", "r.html", "--port", "0"], "leave out --host and --port"),
    ],
)
def test_what_it_refuses(
    words: list[str], sentence: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 and one sentence, before anything is written."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert main(["board", *words, "--no-browser"]) == 2
    assert sentence in capsys.readouterr().err
    assert not (tmp_path / "cache").exists()
