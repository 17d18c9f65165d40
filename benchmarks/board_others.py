"""One metric of many runs: the board against MLflow's server and TensorBoard's, on the same curves and machine.

Each of the others is installed into a throw-away environment, and gets the curves by its own means. Asked is what its
page asks to draw one metric of all runs: of MLflow the call that its page makes; of TensorBoard the question of its
time series page, to its server with the fast loader that comes with it; of the board that of /api/curves. Of each:

    start_s   from the start of the server's process to the whole answer: TensorBoard and the board (`start_s`, without
              any cache) read logs then, MLflow has them in its database already, as has the board with its cache
              (`restart_s`).
    again_s   the same question again, the median of three.

    python -m benchmarks.board_others [--runs 100] [--steps 1000] [--tools mlflow,tensorboard] [--folder DIR]
"""

from __future__ import annotations

import argparse
import contextlib
import functools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

NEEDED = {"mlflow": ["mlflow"], "tensorboard": ["tensorboard", "setuptools<81"]}
AT_ONCE = 100
"""Runs that MLflow's page asks for with one call."""


def value(run: int, step: int) -> float:
    """The curves: the same for all."""
    return 1.0 / (1 + step) + run * 1e-4


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        found: int = listener.getsockname()[1]
        return found


def median(ask: Callable[[], object]) -> float:
    """Seconds that a question takes, the median of three."""
    took = []
    for _ in range(3):
        began = time.perf_counter()
        ask()
        took.append(time.perf_counter() - began)
    return round(statistics.median(took), 3)


@contextlib.contextmanager
def running(words: list[str], address: str) -> Iterator[None]:
    """A server, from when it answers."""
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        for _ in range(3000):
            with contextlib.suppress(urllib.error.URLError, ConnectionError):
                urllib.request.urlopen(address, timeout=5).close()
                break
            if process.poll() is not None:
                raise SystemExit(f"{words[2]} ended with {process.returncode} instead of serving")
            time.sleep(0.1)
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, 15)
        process.wait()


def mlflow(folder: Path, runs: int, steps: int) -> dict[str, float]:
    """Logs into a SQLite store and asks the server as the page does."""
    tracking, entities = import_module("mlflow.tracking"), import_module("mlflow.entities")
    store = f"sqlite:///{folder}/mlflow.db"
    client = tracking.MlflowClient(store)
    experiment = client.create_experiment("board")
    ids = []
    for run in range(runs):
        ids.append(client.create_run(experiment).info.run_id)
        for first in range(0, steps, 1000):
            last = min(steps, first + 1000)
            rows = [entities.Metric("loss", value(run, step), step, step) for step in range(first, last)]
            client.log_batch(ids[-1], metrics=rows)
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = [
        sys.executable,
        "-m",
        "mlflow",
        "server",
        "--backend-store-uri",
        store,
        "--port",
        str(port),
        "--workers",
        "1",
    ]

    def ask() -> int:
        points = 0
        for first in range(0, runs, AT_ONCE):
            asked = "&".join(f"run_ids={run}" for run in ids[first : first + AT_ONCE])
            path = f"/ajax-api/2.0/mlflow/metrics/get-history-bulk-interval?{asked}&metric_key=loss&max_results={steps}"
            with urllib.request.urlopen(address + path, timeout=600) as answer:
                points += len(json.load(answer)["metrics"])
        return points

    began = time.perf_counter()
    with running(words, f"{address}/health"):
        points, start = ask(), time.perf_counter() - began
        return {"start_s": round(start, 2), "again_s": median(ask), "points": points}


def tensorboard(folder: Path, runs: int, steps: int) -> dict[str, float]:
    """Writes event files and asks the server as the page does, until it has read them all."""
    writer = import_module("tensorboard.summary.writer.event_file_writer")
    events = import_module("tensorboard.compat.proto.event_pb2")
    summaries = import_module("tensorboard.compat.proto.summary_pb2")
    for run in range(runs):
        out = writer.EventFileWriter(str(folder / f"run{run:04}"))
        for step in range(steps):
            scalar = summaries.Summary.Value(tag="loss", simple_value=value(run, step))
            out.add_event(events.Event(wall_time=step, step=step, summary=summaries.Summary(value=[scalar])))
        out.close()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    words = [sys.executable, "-m", "tensorboard.main", "--logdir", str(folder), "--port", str(port)]
    words += ["--load_fast", "true", "--samples_per_plugin", f"scalars={steps}"]
    question = urllib.parse.urlencode({"requests": json.dumps([{"plugin": "scalars", "tag": "loss"}])}).encode()

    def ask() -> int:
        path = f"{address}/experiment/defaultExperimentId/data/plugin/timeseries/timeSeries"
        with urllib.request.urlopen(path, question, timeout=600) as answer:
            return sum(len(points) for points in json.load(answer)[0].get("runToSeries", {}).values())

    began = time.perf_counter()
    with running(words, f"{address}/data/environment"):
        while (points := ask()) < runs * steps:
            time.sleep(0.05)
            if time.perf_counter() - began > 600:
                raise SystemExit(f"TensorBoard gives {points} of {runs * steps} points after 10 minutes")
        start = time.perf_counter() - began
        return {"start_s": round(start, 2), "again_s": median(ask), "points": points}


def board(folder: Path, runs: int, steps: int) -> dict[str, float]:
    """Writes logs and asks the real command, without a cache and then with it."""
    from benchmarks.board import asked, serving
    from benchmarks.board_logs import START, begun, ended, history, log_of, place, summary

    for run in range(runs):
        path = place(folder / "runs", f"r{run:04}", START + run)
        path.parent.mkdir(parents=True)
        rows = [{"loss": value(run, step), "_step": step, "_timestamp": START + step} for step in range(steps)]
        parts = [part for step, row in enumerate(rows) for part in (history(row, step), summary(row))]
        path.write_bytes(log_of([begun(f"r{run:04}", {}), *parts, ended()]))
    environ = {"XDG_CACHE_HOME": str(folder / "cache"), "XDG_DATA_HOME": str(folder / "data")}
    found: dict[str, float] = {}
    for name in ("start_s", "restart_s"):
        began = time.perf_counter()
        with serving(folder / "runs", environ) as (address, _):
            while len(ids := json.loads(asked(address, "api/runs"))["ids"]) < runs:
                time.sleep(0.05)
            series = [{"run": run, "metric": "loss"} for run in ids]
            ask = functools.partial(asked, address, "api/curves", {"series": series, "points": steps})
            ask()
            found[name] = round(time.perf_counter() - began, 2)
            found["again_s"] = median(ask)
    return {**found, "points": runs * steps}


def elsewhere(tool: str, folder: Path, runs: int, steps: int) -> dict[str, float]:
    """The same program in an environment that has the tool."""
    place = folder / "environment"
    uv = [str(Path(sys.executable).with_name("uv"))]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    python = str(place / "bin" / "python")
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *NEEDED[tool]], check=True)
    (folder / "data").mkdir()
    words = [python, __file__, "--inside", tool, "--runs", str(runs), "--steps", str(steps), "--folder"]
    done = subprocess.run([*words, str(folder / "data")], check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Compares and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=100)
    parser.add_argument("--steps", type=int, default=1000)
    parser.add_argument("--tools", default="mlflow,tensorboard")
    parser.add_argument("--folder", type=Path, help="where all is written and removed (a temporary folder)")
    parser.add_argument("--inside", choices=sorted(NEEDED), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.inside:
        print(
            json.dumps(
                {"mlflow": mlflow, "tensorboard": tensorboard}[options.inside](
                    options.folder, options.runs, options.steps
                )
            )
        )
        return
    found: dict[str, Any] = {"benchmark": "board_others", "runs": options.runs, "steps": options.steps}
    found["load"] = round(os.getloadavg()[0], 1)
    with tempfile.TemporaryDirectory(dir=options.folder) as name:
        found["board"] = board(Path(name) / "board", options.runs, options.steps)
        for tool in filter(None, options.tools.split(",")):
            (Path(name) / tool).mkdir()
            found[tool] = elsewhere(tool, Path(name) / tool, options.runs, options.steps)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
