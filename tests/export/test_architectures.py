"""Every semantic architecture of `conf/model/` exports and passes the gate at what it declares."""

from __future__ import annotations

from pathlib import Path

import pytest

from kirie.core.bundle import Manifest
from kirie.core.task import is_detector
from kirie.export.bundle import export_bundle
from kirie.export.gate import BATCHES
from kirie.export.onnx import Provenance

from .conftest import DATA, LABELS, MakeStore, make_segmenter

CONF = Path(__file__).parents[2] / "conf" / "model"
ENCODERS = {"dpt": "tu-vit_tiny_patch16_224"}
# Narrower than shipped: the same graph, exported and run in a fraction of the time
OPTIONS = {"dpt": {"intermediate_channels": [16, 32, 64, 64], "fusion_channels": 32}}


NAMES = [path.stem for path in sorted(CONF.glob("*.yaml")) if not is_detector(path.stem)]
QUICK = {"unet"}
"""The others take more than a minute together."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.long) for name in NAMES]
)
def test_architecture_exports_as_it_declares(name: str, make_store: MakeStore, tmp_path: Path) -> None:
    """The first attempt passes: at three sizes where any size is declared, else at the one; at two odd batch sizes."""
    side = 128 if name == "pan" else 64  # PAN's pyramid needs 128 pixels
    segmenter = make_segmenter(name, ENCODERS.get(name, "resnet18"), (side, side), **OPTIONS.get(name, {}))
    found = export_bundle(
        segmenter, LABELS, make_store((side, side), val=3), tmp_path / "bundle", Provenance("run", DATA)
    )
    (attempt,) = found.attempts
    sizes = {(trial.height, trial.width) for trial in attempt.trials}
    assert found.manifest.dynamic_size == segmenter.dynamic_size
    assert len(sizes) == (3 if segmenter.dynamic_size else 1)
    assert (side, side) in sizes
    assert {trial.batch for trial in attempt.trials} == set(BATCHES) == {1, 3}
    assert Manifest.read(tmp_path / "bundle").architecture == name
