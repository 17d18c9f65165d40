"""Images a second of each augmentation of conf/augment/ (and of Kornia's colour calls in a row), as one JSON object.

Run: python benchmarks/augment.py [--batch 16] [--size 256] [--rounds 10] [--threads N] [--device cpu]
Colours are also timed as Kornia would do them, call by call, to show what composing them saves.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import kornia
import torch
import yaml

from kirie.data.augment import build_augmentation

CONF = Path(__file__).parent.parent / "conf" / "augment"


def timed(work: Callable[..., object], rounds: int, device: torch.device) -> float:
    """Median seconds of a round; each round is another epoch, so other samples are chosen."""
    seconds = []
    for epoch in range(rounds + 2):
        start = time.perf_counter()
        work(epoch=epoch)
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds[2:])


def main() -> None:
    """Times and prints."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    device = torch.device(options.device)
    shape = (options.batch, options.size, options.size)
    generator = torch.Generator().manual_seed(0)
    image = torch.randint(0, 256, (*shape, 3), dtype=torch.uint8, generator=generator).to(device)
    target = torch.randint(0, 7, shape, dtype=torch.uint8, generator=generator).to(device)
    index = torch.arange(options.batch)

    found: dict[str, object] = {
        "benchmark": "augment",
        "batch": options.batch,
        "size": options.size,
        "threads": options.threads,
        "device": options.device,
    }
    for path in sorted(CONF.glob("*.yaml")):
        augment = build_augmentation(yaml.safe_load(path.read_text(encoding="utf-8")))
        seconds = timed(partial(augment, image, target, index, seed=0), options.rounds, device)
        found[path.stem] = {"ms": round(seconds * 1e3, 2), "images_per_s": round(options.batch / seconds, 1)}

    names = ("brightness", "contrast", "saturation", "hue")
    ours = build_augmentation({name: {"p": 1.0} for name in names})
    pixels = image.permute(0, 3, 1, 2).float().div(255)
    factors = torch.linspace(0.8, 1.2, options.batch, device=device)

    def calls(epoch: int) -> object:
        factor = factors.roll(epoch)
        changed = kornia.enhance.adjust_brightness_accumulative(pixels, factor)
        changed = kornia.enhance.adjust_contrast_with_mean_subtraction(changed, factor)
        changed = kornia.enhance.adjust_saturation_with_gray_subtraction(changed, factor)
        return kornia.enhance.adjust_hue(changed, factor - 1)

    one = timed(partial(ours, image, target, index, seed=0), options.rounds, device)
    many = timed(calls, options.rounds, device)
    found["colour"] = {"ms": round(one * 1e3, 2), "kornia_calls_ms": round(many * 1e3, 2)}
    print(json.dumps(found))


if __name__ == "__main__":
    main()
