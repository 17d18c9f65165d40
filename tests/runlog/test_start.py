"""The run log is W&B's own files, written without an account and without a network."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import wandb

from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.errors import ConfigError
from kirie.runlog.pictures import log_pictures
from kirie.runlog.start import check_log, end_log, save_best_model, save_diff, start_log

CONFIG: dict[str, Any] = {
    "name": "wandb",
    "mode": "offline",
    "project": "kirie-tests",
    "entity": None,
    "group": None,
    "sweep": None,
    "tags": ["one"],
    "notes": None,
    "pictures": 2,
    "pictures_every": 1,
}
LABELS = LabelSet.from_dict({"labels": ["background", "eye"]})


def test_an_offline_run_keeps_scores_pictures_masks_and_the_difference(tmp_path: Path) -> None:
    """The folder holds one .wandb log under kirie's id, the pictures, lossless masks and the git difference."""
    run = RunFolder(tmp_path / "0123456789ab")
    logger, where = start_log(CONFIG, run, "0123456789ab", {"name": "unet-0123", "train": {"epochs": 2}})
    assert where.startswith("offline")
    run.diff.write_text("+a line\n", encoding="utf-8")
    save_diff(logger, run.diff)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    targets = rng.integers(0, 2, (2, 8, 8), dtype=np.uint8)
    predictions = rng.integers(0, 2, (2, 8, 8), dtype=np.uint8)
    logger.log_metrics({"val/miou": 0.5}, step=3)
    log_pictures(logger, ["a", "b"], images, targets, predictions, LABELS, step=3)
    save_best_model(logger, run, "0123456789ab", {"miou": 0.5})  # offline: nothing, and no failure
    end_log(logger, 0)
    # W&B's process closes the file a moment after it says that the run is finished; its own end waits for that
    wandb.teardown()

    (segment,) = run.path.glob("wandb/offline-run-*-0123456789ab")
    log = segment / "run-0123456789ab.wandb"
    assert log.stat().st_size > 0
    assert b"val/miou" in log.read_bytes()
    assert (segment / "files" / "code.diff").read_text(encoding="utf-8") == "+a line\n"
    from PIL import Image

    masks = [np.asarray(Image.open(path)) for path in segment.glob("files/media/images/mask/**/*.mask.png")]
    assert len(masks) == 4
    for wanted in (*targets, *predictions):
        assert any(np.array_equal(wanted, mask) for mask in masks)


def test_a_key_without_a_network_starts_offline_in_seconds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a key and no server the run starts offline under its id instead of failing after wandb's time-out."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    monkeypatch.setenv("WANDB_API_KEY", "0" * 40)
    monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{port}")
    monkeypatch.delenv("WANDB_MODE")
    since = time.monotonic()
    logger, where = start_log({**CONFIG, "mode": "auto"}, RunFolder(tmp_path), "abcabcabcabc", {})
    logger.log_metrics({"loss": 1.0}, step=1)
    end_log(logger, 0)
    assert time.monotonic() - since < 60
    assert where.startswith("offline")
    assert "cannot be reached" in where
    assert logger.experiment.id == "abcabcabcabc"
    assert list(tmp_path.glob("wandb/offline-run-*-abcabcabcabc"))


def test_none_is_none(tmp_path: Path) -> None:
    """log=none starts nothing and writes nothing."""
    logger, _ = start_log({"name": "none"}, RunFolder(tmp_path / "run"), "abc", {})
    assert logger is None
    end_log(logger, 0)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"name": "tensorboard"}, "allowed are wandb, none"),
        ({"name": ["wandb"]}, "allowed are wandb, none"),
        ({"mode": 5}, "log.mode is 5; allowed are auto, online, offline"),
        ({"entity": 5}, "log.entity is 5; allowed is text or null"),
        ({"tags": [None]}, r"log.tags is \[None\]"),
        ({"pictures": True}, "log.pictures is True"),
        ({"projekt": "x"}, "no setting projekt"),
        ({"pictures": -1}, "a whole number from 0"),
        ({"pictures_every": 0}, "a whole number from 1"),
        ({"tags": "one"}, "a list"),
    ],
)
def test_mistakes_are_named(change: dict[str, Any], message: str) -> None:
    """A wrong value says what is allowed."""
    with pytest.raises(ConfigError, match=message):
        check_log({**CONFIG, **change})
