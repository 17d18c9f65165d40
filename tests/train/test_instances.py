"""A detector goes through training, scoring and evaluation as every other model does."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
import pytest
import yaml
from tests.train.stops import differing, fit_stopping_everywhere

from kirie.core.run import RunFolder
from kirie.errors import ConfigError, RunError
from kirie.models import Detector
from kirie.prepare.store import Store
from kirie.prepare.writer import write_store
from kirie.tasks import load_run
from kirie.train.evaluate import main as evaluate
from kirie.train.fit import fit
from kirie.train.history import INSTANCE_COLUMNS
from kirie.train.loop import build_task, facts_of
from kirie.train.settings import Settings
from kirie.train.shares import check_pictures
from kirie.train.watching import Pictures

Compose = Callable[..., dict[str, Any]]
SMALL = (
    "model=mask_rcnn",
    "model.options.pyramid_channels=16",
    "model.options.box_head_width=32",
    "model.options.mask_head_channels=16",
    "model.options.proposals_train=[50,20]",
    "model.options.proposals_test=[50,20]",
    "model.options.score_threshold=0.01",
)


@pytest.fixture(scope="module")
def run(tiny: Compose, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    """A finished training whose best checkpoint was picked by mask mAP."""
    words = [f"runs={tmp_path_factory.mktemp('runs')}", "train.metric=map", "train.epochs=1"]
    return fit(tiny(*SMALL, *words), quiet=True)


def test_a_run_has_the_scores_of_both_tasks(run: RunFolder) -> None:
    """Those of the painted map and of instances for each split, the table, the history, and the model itself."""
    found = run.read_metrics()
    for split in ("val", "test"):
        assert {"miou", "boundary_iou", "per_label", "map", "pq"} <= set(found[split])
        assert 0 <= found[split]["map"]["mask"]["map"] <= 1
        assert run.read_table(split).scores()["miou"] == found[split]["miou"]
    assert run.history.read_text().splitlines()[0] == ",".join(INSTANCE_COLUMNS)
    assert "loss" not in yaml.safe_load(run.config.read_text())
    model, about, labels = load_run(run)
    assert isinstance(model, Detector)
    assert (about["run"], labels.things, model.training) == (run.path.name, (1, 2), False)


@pytest.mark.parametrize("metric", ["map", "map_50", "box_map"])
def test_a_metric_that_would_never_be_a_number_is_refused_before_training(
    tiny: Compose, shapes_store: Path, tmp_path: Path, metric: str
) -> None:
    """A validation split without things has no average precision; mIoU and panoptic quality have the background."""
    whole = Store.open(shapes_store)
    train, bare = whole.split("train"), np.zeros(whole.size, dtype=np.uint8)
    samples = [(f"p{at}", "train", train.image(at), train.target(at)) for at in range(4)]
    samples += [(split, split, train.image(0), bare) for split in ("val", "test")]
    store = write_store(tmp_path / "store", whole.labels, samples)
    words = (*SMALL, f"data.store={store.path}", f"runs={tmp_path / 'runs'}", "data.batch_size=4")
    with pytest.raises(ConfigError, match=f"train.metric is {metric}, and no validation picture of .* has an instance"):
        fit(tiny(*words, f"train.metric={metric}"), quiet=True)
    check_pictures(Settings.of(tiny(*words, "train.metric=pq")), store, 1)
    assert not (tmp_path / "runs").exists()


def test_evaluation_gives_the_scores_again(
    run: RunFolder, shapes_store: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The recorded mIoU and mAP come out again, with the speed, and are told in a line for each split."""
    assert (
        evaluate([str(run.path), "--store", str(shapes_store), "--out", str(tmp_path / "e"), "--batch-size", "4"]) == 0
    )
    said = capsys.readouterr().out
    assert "val: mask mAP" in said
    assert "panoptic quality" in said
    again = json.loads((tmp_path / "e" / "metrics.json").read_text())
    assert again["val"]["map"] == run.read_metrics()["val"]["map"]
    assert RunFolder(tmp_path / "e").speed.is_file()


@pytest.mark.long
def test_a_stopped_detector_ends_as_one_that_never_was(
    tiny: Compose, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Proposals and samples are drawn at random, and yet weights, history and scores are the same to the bit."""
    words = (*SMALL, "data.batch_size=6", "train.epochs=1", "seed=3")
    whole = fit(tiny(*words, f"runs={tmp_path / 'whole'}"), quiet=True)
    config = tiny(*words, f"runs={tmp_path / 'stopped'}")
    stopped, places = fit_stopping_everywhere(config, monkeypatch, (signal.SIGTERM, signal.SIGUSR1))
    assert len(places) > 4
    assert differing(whole, stopped) == []
    assert stopped.history.read_text() == whole.history.read_text()
    assert stopped.read_metrics() == whole.read_metrics()


def test_a_loss_that_is_no_number_names_the_pictures(tiny: Compose, tmp_path: Path) -> None:
    """A learning rate beyond all reason: the second step's loss stops the run, with the batch's pictures."""
    words = (
        *SMALL,
        "data.batch_size=6",
        "model.options.heads=v1",
        "optimizer.lr=1000",
        "train.clip_norm=null",
        f"runs={tmp_path}",
    )
    with pytest.raises(
        RunError, match=r"The loss of step \d .* is \S+ and teaches nothing: .* was (shape-\d\d, ){5}shape"
    ):
        fit(tiny(*words), quiet=True)
    (run,) = map(RunFolder, tmp_path.iterdir())
    assert run.read_record()["state"] == "failed"
    assert not run.best.exists()


def test_the_run_log_shows_what_was_painted(tiny: Compose, tmp_path: Path) -> None:
    """The five losses by name, mask mAP, and pictures with true and painted masks are in W&B's files."""
    words = ("log=wandb", "log.mode=offline", "log.pictures=2", "log.pictures_every=1", "trainer.log_every=1")
    run = fit(tiny(*SMALL, *words, "train.epochs=1", f"runs={tmp_path}"), quiet=True)
    (segment,) = run.path.glob(f"wandb/offline-run-*-{run.path.name}")
    log = (segment / f"run-{run.path.name}.wandb").read_bytes()
    for name in ("objectness", "rpn_box", "class", "box", "mask"):
        assert f"train/loss_{name}".encode() in log, name
    for key in ("val/map", "val/box_map", "val/pq", "val/pictures", "test/final/map"):
        assert key.encode() in log, key
    masks = [np.asarray(PIL.Image.open(path)) for path in segment.glob("files/media/images/mask/val/*.mask.png")]
    # Truth and prediction of both; equal ones are one file
    assert len(masks) >= 3
    assert {mask.shape for mask in masks} == {(64, 64)}


def test_pictures_show_painted_maps(tiny: Compose, shapes_store: Path) -> None:
    """What the run log shows of a detector is a label map."""
    store = Store.open(shapes_store)
    task = build_task(tiny(*SMALL), facts_of(store)).eval()
    pictures = Pictures(store.split("val"), store.labels, 2, 1)
    painted_BHW = pictures._predict(task)
    assert painted_BHW.shape == (2, 64, 64)
    assert painted_BHW.dtype == np.uint8
    assert int(painted_BHW.max()) < 3
