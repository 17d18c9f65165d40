"""Small sweeps for tests of the ledger: real files, spaces and folders; only their trainings are left to the test."""

from __future__ import annotations

from pathlib import Path

from kirie.sweep.companion import Companion
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground
from kirie.sweep.ledger import Ledger
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec

METRIC = "metric: {name: val/miou, goal: maximize}"
RATES = "{min: 0.0, max: 1.0}"


def small_sweep(
    place: Path,
    *,
    method: str = "random",
    total: int | None = 4,
    rates: str = RATES,
    metric: str = METRIC,
    more: str = "",
    companion: str = "",
    seed: int = 1,
    budget_s: float | None = None,
    name: str = "small",
    sweeps: Path | None = None,
    ground: Ground | None = None,
    config_dir: Path | None = None,
) -> Ledger:
    """Makes a sweep of two parameters under `place`, or goes on with it; `sweeps` may lie elsewhere."""
    path = place / "small.yaml"
    path.write_text(
        f"method: {method}\n{metric}\n{more}\nparameters:\n  lr: {rates}\n  model: {{values: [unet, fpn]}}\n"
    )
    beside = place / "small.local.yaml"
    beside.write_text(companion)
    spec = SweepSpec.read(path)
    found = Companion.read(beside if companion else None, spec)
    folder = SweepFolder((place / "sweeps" if sweeps is None else sweeps) / name)
    return Ledger.create(folder, spec, found, Space(spec, found), total, seed, budget_s, ground, config_dir)


def finish_all(ledger: Ledger, worker: str = "w") -> list[int]:
    """Claims and finishes trials until there is nothing to take; the metric is the learning rate."""
    numbers = []
    while (claim := ledger.claim(worker)) is not None:
        claim.begin(f"run-{claim.number}")
        claim.report(claim.params["lr"])
        claim.finish([claim.params["lr"]])
        numbers.append(claim.number)
    return numbers
