"""Hyperband against plain random search on recorded curves: compute until 99 % of the best score is reached.

Run: python benchmarks/pruning.py [--workers 8] [--orders 20]
     python benchmarks/pruning.py --record 81      # trains the curves anew (some minutes)

benchmarks/curves/starter.json has the validation mIoU, epoch by epoch, of small networks trained on the starter
characters at 32 pixels, with learning rate, width, weight decay, batch size and kernel drawn at random (kirie's own
search space). They are replayed here: each of the workers takes the next trial in a drawn order, an epoch of any trial
costs one unit, and the pruner is the one of a sweep. The last line is one JSON object; figures are means over orders.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import optuna
import torch
from optuna.pruners import BasePruner, MedianPruner
from optuna.trial import TrialState, create_trial
from torch import nn

from kirie.core.labels import IGNORE
from kirie.sweep.companion import Companion
from kirie.sweep.hyperband import HyperbandPruner, bands_of
from kirie.sweep.space import Params, Space
from kirie.sweep.spec import SweepSpec
from kirie.synth.draw import draw
from kirie.synth.starter import starter_labels

CURVES = Path(__file__).parent / "curves" / "starter.json"
EPOCHS, SIZE, TRAIN, VAL = 27, 32, 64, 32
SPEC = """
method: random
metric: {name: val/miou, goal: maximize}
parameters:
  lr: {distribution: log_uniform_values, min: 1.0e-4, max: 1.0e-1}
  width: {values: [4, 8, 12]}
  weight_decay: {distribution: log_uniform_values, min: 1.0e-6, max: 1.0e-1}
  batch: {values: [4, 8, 16, 32]}
  kernel: {values: [3, 5]}
"""


def record(count: int, seed: int = 0) -> None:
    """Trains networks and writes their curves."""
    torch.set_num_threads(1)
    labels = starter_labels()
    drawings = [draw(seed, index, 0, SIZE) for index in range(TRAIN + VAL)]
    image_BCHW = (
        torch.from_numpy(np.stack([one.picture_HWC for one in drawings])).permute(0, 3, 1, 2).float() / 127.5 - 1
    )
    target_BHW = torch.from_numpy(np.stack([one.target(labels) for one in drawings])).long()
    spec = SweepSpec.parse(SPEC, Path("recorded.yaml"))
    space = Space(spec, Companion.read(None, spec))
    curves = []
    for index in range(count):
        params = space.draw(seed, index)
        curve = trained(params, image_BCHW, target_BHW, len(labels), index)
        curves.append({"params": dict(params), "miou": curve})
        print(index, curve[-1], flush=True)
    CURVES.parent.mkdir(exist_ok=True)
    about = (
        f"{EPOCHS} epochs, {TRAIN} training and {VAL} validation pictures of {SIZE} pixels, torch {torch.__version__}"
    )
    CURVES.write_text(json.dumps({"about": about, "curves": curves}) + "\n")


def trained(params: Params, image_BCHW: torch.Tensor, target_BHW: torch.Tensor, labels: int, seed: int) -> list[float]:
    """The validation mIoU after each epoch of one training."""
    torch.manual_seed(seed)
    width, kernel = int(str(params["width"])), int(str(params["kernel"]))
    layers: list[nn.Module] = []
    for level in range(4):
        into = 3 if level == 0 else width
        layers += [
            nn.Conv2d(into, width, kernel, padding=2**level * (kernel // 2), dilation=2**level),
            nn.BatchNorm2d(width),
            nn.ReLU(),
        ]
    model = nn.Sequential(*layers, nn.Conv2d(width, labels, 1))
    optimizer = torch.optim.AdamW(
        model.parameters(), lr=float(str(params["lr"])), weight_decay=float(str(params["weight_decay"]))
    )
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS)
    loss = nn.CrossEntropyLoss(ignore_index=IGNORE)
    found = []
    for _ in range(EPOCHS):
        model.train()
        for chosen in torch.split(torch.randperm(TRAIN), int(str(params["batch"]))):
            optimizer.zero_grad()
            loss(model(image_BCHW[chosen]), target_BHW[chosen]).backward()
            optimizer.step()
        schedule.step()
        model.eval()
        with torch.no_grad():
            guess_BHW = model(image_BCHW[TRAIN:]).argmax(1)
        found.append(round(miou(guess_BHW, target_BHW[TRAIN:], labels), 5))
    return found


def miou(guess_BHW: torch.Tensor, target_BHW: torch.Tensor, labels: int) -> float:
    """Mean IoU over the labels that there are."""
    known = target_BHW != IGNORE
    pairs = torch.bincount(target_BHW[known] * labels + guess_BHW[known], minlength=labels**2).view(labels, labels)
    both, either = pairs.diag(), pairs.sum(0) + pairs.sum(1) - pairs.diag()
    return float((both[either > 0] / either[either > 0]).mean())


def replay(curves: Sequence[Sequence[float]], pruner: BasePruner | None, workers: int, goal: float) -> tuple[int, int]:
    """Replays a search.

    Returns:
        The epochs trained until a trial has reached `goal`, and those of the whole search.
    """
    study = optuna.create_study(direction="maximize")
    waiting = list(range(len(curves)))
    at_work: dict[int, int] = {}
    trained, reached = 0, 0
    while waiting or at_work:
        while waiting and len(at_work) < workers:
            number = waiting.pop(0)
            study.add_trial(create_trial(state=TrialState.RUNNING))
            at_work[len(study.get_trials(deepcopy=False)) - 1] = number
        for trial, number in list(at_work.items()):
            storage = study._storage
            frozen = storage.get_trial(trial)
            step = len(frozen.intermediate_values) + 1
            value = curves[number][step - 1]
            storage.set_trial_intermediate_value(frozen._trial_id, step, value)
            trained += 1
            if value >= goal and not reached:
                reached = trained
            done = step == len(curves[number])
            if done or (pruner is not None and pruner.prune(study, storage.get_trial(frozen._trial_id))):
                state = TrialState.COMPLETE if done else TrialState.PRUNED
                storage.set_trial_state_values(frozen._trial_id, state, [value])
                del at_work[trial]
    return reached, trained


def main() -> None:
    """Records, or replays and prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--orders", type=int, default=20)
    parser.add_argument("--record", type=int, metavar="N", help="train N curves anew")
    options = parser.parse_args()
    if options.record:
        record(options.record)
        return
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    curves = [one["miou"] for one in json.loads(CURVES.read_text())["curves"]]
    best = max(max(curve) for curve in curves)

    def hyperband(strict: bool) -> BasePruner:
        return HyperbandPruner(bands_of(eta=3, min_iter=1, max_iter=None, s=0), eta=3, strict=strict)

    found: dict[str, dict[str, float]] = {}
    for name in ("random", "hyperband", "hyperband, strict", "median"):
        results = []
        for order in range(options.orders):
            shuffled = random.Random(order).sample(curves, len(curves))
            pruner = (
                None
                if name == "random"
                else MedianPruner(n_startup_trials=5, n_warmup_steps=1)
                if name == "median"
                else hyperband("strict" in name)
            )
            results.append(replay(shuffled, pruner, options.workers, 0.99 * best))
        hit = [reached for reached, _ in results if reached]
        found[name] = {
            "epochs_to_99": round(statistics.fmean(hit), 1) if hit else -1,
            "missed": len(results) - len(hit),
            "epochs_in_all": round(statistics.fmean(trained for _, trained in results), 1),
        }
    print(
        json.dumps(
            {
                "benchmark": "pruning",
                "curves": len(curves),
                "epochs": len(curves[0]),
                "best": best,
                "workers": options.workers,
                "orders": options.orders,
                "found": found,
                "share_to_99": round(found["hyperband"]["epochs_to_99"] / found["random"]["epochs_to_99"], 3),
                "share_in_all": round(found["hyperband"]["epochs_in_all"] / found["random"]["epochs_in_all"], 3),
            }
        )
    )


if __name__ == "__main__":
    main()
