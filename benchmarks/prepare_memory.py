"""Peak memory of `kirie prepare` with few and with many pictures; it must not grow with their number.

Draws labelme sources of 100 and of 2,000 pictures, prepares each in a process of its own, and adds up the resident
memory of that process and its workers every few milliseconds (shared pages count once for each process, so the sum
is too high rather than too low). Prints one JSON object; `ratio` is the peak with many over the peak with few.

    python benchmarks/prepare_memory.py [--few 100] [--many 2000] [--workers 2]
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image

SIDE = 512


def draw(folder: Path, count: int) -> None:
    """Writes pictures of soft random colour, each different, with two annotated rectangles."""
    folder.mkdir()
    (folder / "labels.yaml").write_text("labels: [background, hair, eye]\n")
    random = np.random.default_rng(0)
    for at in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (16, 16, 3)).astype(np.uint8))
        coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(folder / f"{at:05d}.jpg", quality=85)
        x, y = (int(corner) for corner in random.integers(0, SIDE // 2, 2))
        shapes = [
            {"label": label, "points": [[x, y], [x + side, y + side]], "shape_type": "rectangle"}
            for label, side in (("hair", 200), ("eye", 20))
        ]
        (folder / f"{at:05d}.json").write_text(
            json.dumps(
                {
                    "version": "5.5.0",
                    "flags": {},
                    "shapes": shapes,
                    "imagePath": f"{at:05d}.jpg",
                    "imageData": None,
                    "imageHeight": SIDE,
                    "imageWidth": SIDE,
                }
            )
        )


def peak_of(command: list[str]) -> tuple[int, float]:
    """Peak of the summed resident memory of a command and its descendants, in bytes, and its seconds."""
    start = time.perf_counter()
    peak = 0
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, sum(map(resident, family(process.pid))))
            time.sleep(0.005)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    return peak, time.perf_counter() - start


def family(root: int) -> list[int]:
    """A process and its descendants."""
    found = [root]
    for each in found:
        for children in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found.extend(map(int, children.read_text().split()))
            except OSError:
                continue
    return found


def resident(process: int) -> int:
    """Resident bytes of a process, 0 if it has ended."""
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * 4096


def main() -> None:
    """Measures and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--few", type=int, default=100)
    parser.add_argument("--many", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    found: dict[str, object] = {"benchmark": "prepare_memory", "workers": options.workers, "picture_side": SIDE}
    peaks: list[int] = []
    with tempfile.TemporaryDirectory() as place:
        for name, count in (("few", options.few), ("many", options.many)):
            source, out = Path(place) / name, Path(place) / f"{name}-store"
            draw(source, count)
            command = [sys.executable, "-m", "kirie", "prepare", str(source), "--out", str(out)]
            peak, seconds = peak_of([*command, "--size", "256", "--workers", str(options.workers)])
            peaks.append(peak)
            found[name] = {"pictures": count, "peak_mib": round(peak / 2**20, 1), "seconds": round(seconds, 2)}
    found["ratio"] = round(peaks[1] / peaks[0], 3)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
