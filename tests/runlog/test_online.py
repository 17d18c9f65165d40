"""Online the installed client streams a run to a server: here one on the loopback that speaks its protocol."""

from __future__ import annotations

import json
import time
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.runlog.test_start import CONFIG, LABELS
from tests.runlog.wandb_server import WandbServer

from kirie.core.run import RunFolder
from kirie.runlog import start
from kirie.runlog.pictures import log_pictures
from kirie.runlog.start import end_log, save_best_model, save_diff, start_log

ONLINE = {**CONFIG, "mode": "auto"}
RUN_ID = "0123456789ab"


def test_an_online_run_reaches_the_server_whole(server: WandbServer, tmp_path: Path) -> None:
    """Identity, scores, pictures with masks, the difference, the model and the exit code arrive."""
    run = RunFolder(tmp_path / RUN_ID)
    logger, where = start_log(ONLINE, run, RUN_ID, {"name": "unet-0123", "train": {"epochs": 2}})
    assert where == f"online: streaming to {server.url}"
    run.diff.write_text("+a line\n", encoding="utf-8")
    save_diff(logger, run.diff)
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (2, 8, 8, 3), dtype=np.uint8)
    targets = rng.integers(0, 2, (2, 8, 8), dtype=np.uint8)
    predictions = rng.integers(0, 2, (2, 8, 8), dtype=np.uint8)
    logger.log_metrics({"val/miou": 0.5}, step=3)
    log_pictures(logger, ["a", "b"], images, targets, predictions, LABELS, step=3)
    run.best.parent.mkdir(parents=True)
    run.best.write_bytes(rng.bytes(5000))
    save_best_model(logger, run, RUN_ID, {"miou": 0.5})
    end_log(logger, 0)

    assert list(server.backend.runs) == [RUN_ID]
    stored = server.backend.runs[RUN_ID]
    assert stored.project == "kirie-tests"
    assert stored.latest("displayName") == "unet-0123"
    assert stored.latest("tags") == ["one"]
    assert json.loads(stored.latest("config"))["train"]["value"] == {"epochs": 2}
    scalars, pictures = stored.history
    assert (scalars["val/miou"], scalars["trainer/global_step"]) == (0.5, 3)
    assert (pictures["val/pictures"]["captions"], pictures["trainer/global_step"]) == (["a", "b"], 3)
    assert stored.summary["val/miou"] == 0.5
    assert stored.exit_codes == [0]

    assert stored.files["code.diff"] == b"+a line\n"
    for at, name in enumerate(pictures["val/pictures"]["filenames"]):
        masks = pictures["val/pictures"]["all_masks"][at]
        assert np.array_equal(_pixels(stored.files[name]), images[at])
        assert np.array_equal(_pixels(stored.files[masks["truth"]["path"]]), targets[at])
        assert np.array_equal(_pixels(stored.files[masks["prediction"]["path"]]), predictions[at])

    (artifact,) = server.backend.artifacts.values()
    assert artifact.state == "COMMITTED"
    assert (artifact.request["artifactTypeName"], artifact.request["runName"]) == ("model", RUN_ID)
    assert "best" in {alias["alias"] for alias in artifact.request["aliases"]}
    assert json.loads(artifact.request["metadata"]) == {"miou": 0.5}
    assert list(artifact.manifest["contents"]) == [run.best.name]
    assert artifact.uploads[run.best.name] == run.best.read_bytes()


def test_an_interrupted_run_says_so_and_is_resumed_under_its_id(server: WandbServer, tmp_path: Path) -> None:
    """The exit code of SIGTERM arrives; the next start adds rows to the same run instead of a second one."""
    run = RunFolder(tmp_path / RUN_ID)
    logger, _ = start_log(ONLINE, run, RUN_ID, {"train": {"epochs": 2}})
    logger.log_metrics({"loss": 2.0}, step=1)
    end_log(logger, 143)
    assert server.backend.runs[RUN_ID].exit_codes == [143]
    assert not logger.experiment.resumed

    logger, _ = start_log(ONLINE, run, RUN_ID, {"train": {"epochs": 4}})
    assert logger.experiment.resumed
    logger.log_metrics({"loss": 1.0}, step=2)
    end_log(logger, 0)
    assert list(server.backend.runs) == [RUN_ID]
    stored = server.backend.runs[RUN_ID]
    assert stored.exit_codes == [143, 0]
    assert [row["loss"] for row in stored.history] == [2.0, 1.0]
    assert [row["_step"] for row in stored.history] == [0, 1]
    assert json.loads(stored.latest("config"))["train"]["value"] == {"epochs": 4}


def test_a_server_in_trouble_costs_the_artifact_but_not_the_training(server: WandbServer, tmp_path: Path) -> None:
    """A finished training is not failed by a server that answers the model with an error."""
    run = RunFolder(tmp_path / RUN_ID)
    logger, _ = start_log(ONLINE, run, RUN_ID, {})
    run.best.parent.mkdir(parents=True)
    run.best.write_bytes(b"weights")
    server.backend.forget("Viewer")
    with pytest.warns(UserWarning, match="did not take the best checkpoint"):
        save_best_model(logger, run, RUN_ID, {"miou": 0.5})
    end_log(logger, 0)
    assert server.backend.runs[RUN_ID].exit_codes == [0]
    assert server.backend.artifacts == {}


def test_a_server_that_went_away_does_not_hold_the_end(
    server: WandbServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The end of a run waits FINISH_S for a server that is gone, not for ever, and the rows stay on disk."""
    monkeypatch.setattr(start, "FINISH_S", 1.0)
    run = RunFolder(tmp_path / RUN_ID)
    logger, _ = start_log(ONLINE, run, RUN_ID, {})
    server.close()
    logger.log_metrics({"loss/after": 1.0}, step=1)
    since = time.monotonic()
    end_log(logger, 0)
    assert time.monotonic() - since < 15
    (log,) = run.path.glob(f"wandb/run-*/run-{RUN_ID}.wandb")
    assert b"loss/after" in log.read_bytes()


def _pixels(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.asarray(Image.open(BytesIO(content)))
