"""Does the memory of `kirie predict` grow with the number of pictures? Peak resident size at 100 and at 2,000.

Each run is a process of its own over pictures of mixed sizes, with everything written (parts, PSD and all), so its
peak is the kernel's own count and not an estimate. The model is a small convolutional network with random weights:
what it says does not matter here, what passes through it does.

    python benchmarks/predict_memory.py [--workers N]

The last line is JSON; `ratio` is the peak at 2,000 pictures over the peak at 100.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from PIL import Image

from kirie.core.bundle import MODEL, Manifest
from kirie.core.files import sha256_of
from kirie.core.labels import LabelSet

COUNTS = (100, 2000)
SIDE = 256
N_LABELS = 7
CHANNELS = (16, 32)
DISTINCT = 50
OPSET = 20


def main() -> None:
    """Builds the bundle and the pictures, runs `kirie predict` twice, prints what it took."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--workers", default="2")
    wanted = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        top = Path(made)
        write_bundle(top / "bundle")
        runs = [measured(top, count, wanted.workers) for count in COUNTS]
    for run in runs:
        print(f"{run['pictures']:>5} pictures: {run['peak_mib']:.1f} MiB, {run['pictures_per_second']:.1f} pictures/s")
    ratio = runs[-1]["peak_mib"] / runs[0]["peak_mib"]
    found = {"benchmark": "predict_memory", "runs": runs, "workers": int(wanted.workers), "ratio": round(ratio, 3)}
    print(json.dumps(found))


def measured(top: Path, count: int, workers: str) -> dict[str, Any]:
    """Peak memory of one `kirie predict` over `count` pictures, from the kernel's accounts of that process."""
    write_pictures(top / str(count), count)
    out = top / f"out{count}"
    words = ["predict", top / str(count), "--bundle", top / "bundle", "--out", out, "--workers", workers]
    started = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "kirie", *map(str, words)], stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"kirie predict ended with {process.returncode}")
    written = sum(1 for _ in out.glob("*/parts.psd"))
    if written != count:
        raise SystemExit(f"{written} of {count} pictures were written")
    shutil.rmtree(out)
    # Linux counts kibibytes, macOS bytes
    peak = usage.ru_maxrss / (1024 if sys.platform != "darwin" else 1024 * 1024)
    return {
        "pictures": count,
        "peak_mib": round(peak, 1),
        "seconds": round(seconds, 1),
        "pictures_per_second": round(count / seconds, 2),
    }


def write_pictures(folder: Path, count: int) -> None:
    """Smooth pictures of mixed sizes; a few distinct ones under many names, since reading does not remember them."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    for number in range(count):
        path = folder / f"{number:05d}.png"
        if number >= DISTINCT:
            os.link(folder / f"{number % DISTINCT:05d}.png", path)
            continue
        coarse = Image.fromarray(draw.integers(0, 256, (8, 8, 3), dtype=np.uint8))
        width, height = (int(side) for side in draw.integers(SIDE // 2, SIDE * 2, 2))
        coarse.resize((width, height), Image.Resampling.BICUBIC).save(path)


def write_bundle(folder: Path) -> None:
    """A network of three convolutions with random weights."""
    folder.mkdir()
    draw = np.random.default_rng(0)
    nodes = [
        helper.make_node("Cast", ["image"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["float"], ["x0"], perm=[0, 3, 1, 2]),
    ]
    weights = []
    widths = (3, *CHANNELS, N_LABELS)
    for number, (before, after) in enumerate(pairwise(widths)):
        scale = (1 / 255 if number == 0 else 1.0) / np.sqrt(before)
        kernel = (draw.standard_normal((after, before, 3, 3)) * scale).astype(np.float32)
        weights.append(numpy_helper.from_array(kernel, f"w{number}"))
        nodes.append(helper.make_node("Conv", [f"x{number}", f"w{number}"], [f"c{number}"], pads=[1, 1, 1, 1]))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"x{number + 1}"]))
    nodes += [
        helper.make_node("Softmax", [f"c{len(CHANNELS)}"], ["probabilities"], axis=1),
        helper.make_node("ArgMax", [f"c{len(CHANNELS)}"], ["ids"], axis=1, keepdims=0),
        helper.make_node("Cast", ["ids"], ["labels"], to=TensorProto.UINT8),
    ]
    shape = ["batch", "height", "width"]
    graph = helper.make_graph(
        nodes,
        "benchmark",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, [*shape, 3])],
        [
            helper.make_tensor_value_info("labels", TensorProto.UINT8, shape),
            helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", N_LABELS, "height", "width"]),
        ],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=10)
    onnx.save(model, folder / MODEL)
    Manifest(
        sha256=sha256_of(folder / MODEL),
        opset=OPSET,
        run="benchmark",
        data="none",
        architecture="three convolutions",
        encoder="none",
        labels=LabelSet.from_dict({"labels": [f"label {number}" for number in range(N_LABELS)]}),
        height=SIDE,
        width=SIDE,
    ).write(folder)


if __name__ == "__main__":
    main()
