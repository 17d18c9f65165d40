"""Real stores, models and run folders, small enough to be made for each test."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from kirie.core.detections import paint
from kirie.core.instances import Instance
from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.core.scores import COLUMNS, CountTable
from kirie.export.onnx import Provenance, write_onnx
from kirie.export.onnx_instances import ThingGraph, write_onnx_instances
from kirie.models import Segmenter, build_model
from kirie.models.probe import Limits
from kirie.prepare.rows import Rows, RowWriter
from kirie.prepare.store import Frame, Picture, Store

if TYPE_CHECKING:
    from .small_detector import SmallDetector

LABELS = LabelSet.from_dict(
    {"labels": [{"name": "background"}, {"name": "hair", "color": "#aa3311"}, {"name": "目|eye", "color": "#3311aa"}]}
)
DATA = "d" * 64

MakeStore = Callable[..., Store]
MakeRun = Callable[..., RunFolder]


class Spread(nn.Module):
    """Brings random weights' logits to mean 0 and deviation 3 per label, so that every label wins somewhere."""

    def __init__(self, network: nn.Module, logits_BLHW: Tensor) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("shift", logits_BLHW.mean(dim=(0, 2, 3), keepdim=True))
        self.register_buffer("scale", 3 / logits_BLHW.std(dim=(0, 2, 3), keepdim=True))

    def forward(self, image_BCHW: Tensor) -> Tensor:
        """Logits of the network, spread."""
        found: Tensor = (self.network(image_BCHW) - self.shift) * self.scale
        return found


def smooth_pictures(count: int, size: tuple[int, int], seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Pictures with shapes and shades, not noise: a coarse random grid made smooth."""
    random = np.random.default_rng(seed)
    coarse_BCHW = torch.from_numpy(random.random((count, 3, 6, 6), dtype=np.float32))
    fine_BCHW = nn.functional.interpolate(coarse_BCHW, size=size, mode="bicubic").clamp(0, 1)
    return (fine_BCHW * 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Writes a store of smooth pictures, and gives it opened."""

    def make(
        size: tuple[int, int] = (64, 64),
        val: int = 5,
        frame: Frame | None = None,
        labels: LabelSet = LABELS,
        targets: Callable[[Any], Any] | None = None,
    ) -> Store:
        names = [("val", f"val-{at}") for at in range(val)] + [("train", "train-0")]
        image_NHWC = smooth_pictures(len(names), size)
        target_NHW = (image_NHWC[..., 0] // 86).astype(np.uint8)
        target_NHW[:, 0] = 255
        truths = [(target_HW, np.zeros_like(target_HW), ()) for target_HW in target_NHW]
        if targets is not None:
            truths = list(map(targets, image_NHWC))
        folder = tmp_path / f"store-{size[0]}-{size[1]}-{val}"
        folder.mkdir()
        with RowWriter(folder, size, per_shard=4) as writer:
            writer.append(image_NHWC, np.stack([one[0] for one in truths]), np.stack([one[1] for one in truths]))
        rows = Rows(folder, len(names), size, 4)
        pictures = tuple(
            Picture(name, None, split, size, at, "", instances=(truths[at][2],))
            for at, (split, name) in enumerate(names)
        )
        mean = (0.5, 0.5, 0.5)
        return Store(folder, labels, DATA, frame or Frame(size), mean, mean, pictures, rows, {})

    return make


def make_segmenter(name: str, encoder: str = "resnet18", size: tuple[int, int] = (64, 64), **options: Any) -> Segmenter:
    """A real model whose random weights use every label."""
    torch.manual_seed(3)
    config = {"name": name, "encoder": encoder, "weights": "none", "image_size": list(size), "options": options}
    segmenter = build_model(config, len(LABELS), (0.5, 0.4, 0.6), (0.25, 0.2, 0.3)).eval()
    return _lively(segmenter, size)


def _lively(segmenter: Segmenter, size: tuple[int, int]) -> Segmenter:
    image_BCHW = torch.from_numpy(smooth_pictures(4, size)).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        segmenter.network = Spread(segmenter.network, segmenter(image_BCHW)).eval()
        assert len(segmenter(image_BCHW).argmax(dim=1).unique()) == len(LABELS)
    return segmenter


def small_segmenter() -> Segmenter:
    """A few real layers with random weights: exported in a second, where the architectures of the table take five."""
    torch.manual_seed(5)
    network = nn.Sequential(
        nn.Conv2d(3, 8, 3, stride=2, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, 8, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(8, len(LABELS), 1),
        nn.Upsample(scale_factor=2, mode="bilinear"),
    )
    config = {"name": "small", "encoder": "plain"}
    segmenter = Segmenter(
        network, config, len(LABELS), (0.5, 0.4, 0.6), (0.25, 0.2, 0.3), Limits(32, 32, None, 1, True)
    )
    return _lively(segmenter.eval(), (64, 64))


@pytest.fixture(scope="session")
def segmenter() -> Segmenter:
    """A model that takes any size."""
    return small_segmenter()


@pytest.fixture(scope="session")
def exported(segmenter: Segmenter, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ONNX file, of open size."""
    path = tmp_path_factory.mktemp("model") / "model.onnx"
    write_onnx(segmenter, path, (64, 64), LABELS, Provenance("run-1", DATA), dynamic_size=True)
    return path


@pytest.fixture(scope="session")
def detector() -> SmallDetector:
    """A model of instances that takes any size."""
    from .small_detector import SmallDetector

    return SmallDetector().eval()


@pytest.fixture(scope="session")
def exported_detector(detector: SmallDetector, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its ONNX file, of open size."""
    path = tmp_path_factory.mktemp("detector") / "model.onnx"
    write_onnx_instances(detector, path, (64, 64), LABELS, Provenance("run-1", DATA), dynamic_size=True)
    return path


@pytest.fixture
def thing_store(make_store: MakeStore, detector: SmallDetector) -> Store:
    """A store whose truth is what the detector finds first in each picture, so that mAP is well above 0."""
    return make_store(targets=lambda image_HWC: painted(detector, image_HWC))


def painted(detector: SmallDetector, image_HWC: np.ndarray[Any, np.dtype[np.uint8]]) -> Any:
    """The surest detections as truth: label map, instance map, and the instances."""
    found = ThingGraph(detector).eval().answer(torch.from_numpy(image_HWC)).take(slice(0, 3))
    labels_HW, ids_HW = paint(found, image_HWC.shape[0], image_HWC.shape[1], background=0)
    return labels_HW, ids_HW.astype(np.uint8), tuple(Instance(int(label)) for label in found.labels_N)


def table_of(quality: float, images: int = 40, seed: int = 0, labels: tuple[str, ...] = ("bg", "eye")) -> CountTable:
    """A table in which about `quality` of each label's pixels are right; hard images are hard for every run."""
    random = np.random.default_rng(seed)
    counts = np.zeros((images, len(labels), len(COLUMNS)), dtype=np.int64)
    hardness = np.random.default_rng(99).uniform(0.8, 1.0, (images, 1))
    right = (1000 * np.clip(quality * hardness + random.normal(0, 0.01, (images, len(labels))), 0, 1)).astype(int)
    counts[..., 0], counts[..., 1], counts[..., 2] = right, 1000 - right, 1000 - right
    counts[..., 3], counts[..., 4], counts[..., 5] = right // 10, 5, 5
    counts[..., 6], counts[..., 7] = 1, 2
    return CountTable(tuple(f"image-{at}" for at in range(images)), labels, counts)


def as_good(table: CountTable, less: int = 1) -> CountTable:
    """Another run: `less` pixels of 1000 worse, and by turns 30 better and 30 worse; with 1 no clear difference."""
    counts = table.counts_NLK.copy()
    worse = less + np.where(np.arange(len(counts)) % 2, 30, -30)[:, None]
    counts[..., 0] -= worse
    counts[..., 1] += worse
    counts[..., 2] += worse
    return CountTable(table.images, table.labels, counts)


@pytest.fixture
def make_run(tmp_path: Path) -> MakeRun:
    """Writes a run folder as training and `kirie evaluate` leave it."""

    def make(
        where: str,
        run: str,
        table: CountTable | None,
        *,
        state: str = "done",
        data: str = DATA,
        speed: dict[str, Any] | None = None,
        checkpoint: bool = True,
        split: str = "val",
    ) -> RunFolder:
        folder = RunFolder(tmp_path / where)
        folder.path.mkdir(parents=True)
        record = {"id": run, "state": state, "name": Path(where).name, "data": {"fingerprint": data}}
        folder.record.write_text(json.dumps(record), encoding="utf-8")
        if table is not None:
            table.write(folder.per_image(split))
            folder.metrics.write_text(json.dumps({split: table.scores()}), encoding="utf-8")
        if speed is not None:
            folder.speed.write_text(json.dumps({"device": "cpu", "threads": 1, **speed}), encoding="utf-8")
        if checkpoint:
            folder.checkpoints.mkdir()
            folder.best.write_bytes(b"weights")
        return folder

    return make
