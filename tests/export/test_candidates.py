"""Finding runs and joining their folders."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from kirie.errors import RunError
from kirie.export.candidates import find_candidates, same_ground

from .conftest import MakeRun, table_of

SPEED = {"parameters": 1000, "latency_ms": 5.0, "images_per_s": 200.0}


def test_training_and_evaluation_of_one_run_are_one_candidate(make_run: MakeRun, tmp_path: Path) -> None:
    """Folders with one id join: the checkpoint from training, scores and speed from the evaluation."""
    trained = make_run("out/train/unet", "a1", table_of(0.5))
    make_run("out/evaluate/unet", "a1", table_of(0.9), speed=SPEED, checkpoint=False)
    found, left_out = find_candidates([tmp_path / "out"], "val")
    assert not left_out
    assert [(one.id, one.name, one.folder.path) for one in found] == [("a1", "unet", trained.path)]
    assert found[0].measured == SPEED
    assert found[0].table.scores() == table_of(0.9).scores()
    assert [one.path.name for one in found[0].evaluations] == ["unet"]


def test_a_folder_named_twice_is_one_run(make_run: MakeRun, tmp_path: Path) -> None:
    """A run given by itself and by the folder above appears once."""
    make_run("runs/a1", "a1", table_of(0.5))
    found, _ = find_candidates([tmp_path / "runs", tmp_path / "runs" / "a1"], "val")
    assert len(found) == 1


def test_a_folder_that_is_still_written_is_not_seen(make_run: MakeRun, tmp_path: Path) -> None:
    """Hidden folders, in which others write, are passed over."""
    make_run("runs/a1", "a1", table_of(0.5))
    make_run("runs/.b2.part", "b2", table_of(0.6))
    assert [one.id for one in find_candidates([tmp_path / "runs"], "val")[0]] == ["a1"]


def test_runs_that_cannot_take_part_say_why(make_run: MakeRun, tmp_path: Path) -> None:
    """Unfinished runs, evaluations alone and runs without the split's table are left out, each with its reason."""
    make_run("runs/a", "a", table_of(0.5), state="interrupted")
    make_run("runs/b", "b", table_of(0.5), checkpoint=False)
    make_run("runs/c", "c", table_of(0.5), split="test")
    found, left_out = find_candidates([tmp_path / "runs"], "val")
    assert not found
    assert [one.id for one in left_out] == ["a", "b", "c"]
    for one, words in zip(left_out, ("interrupted", "checkpoint", "kirie evaluate"), strict=True):
        assert words in one.reason


def test_a_place_without_runs_is_refused(tmp_path: Path) -> None:
    """A missing folder and an empty one each end in a sentence."""
    with pytest.raises(RunError, match="no folder"):
        find_candidates([tmp_path / "nowhere"], "val")
    with pytest.raises(RunError, match=r"no run.*run\.json"):
        find_candidates([tmp_path], "val")


def test_scores_that_do_not_fit_their_table_are_refused(make_run: MakeRun, tmp_path: Path) -> None:
    """A score file from another evaluation than the table beside it is not believed."""
    run = make_run("a", "a", table_of(0.5))
    run.metrics.write_text(json.dumps({"val": {"miou": 0.99}}))
    with pytest.raises(RunError, match="not of one evaluation"):
        find_candidates([tmp_path / "a"], "val")


def test_weights_are_known_without_an_evaluation(make_run: MakeRun, tmp_path: Path) -> None:
    """The training's record has the number of weights; speed is not known before it was measured."""
    run = make_run("a", "a", table_of(0.5))
    run.speed.unlink(missing_ok=True)
    run.record.write_text(json.dumps({**run.read_record(), "parameters": 1234}))
    (found,), _ = find_candidates([tmp_path / "a"], "val")
    assert found.measured == {"parameters": 1234}


@pytest.mark.parametrize("speed", [{"parameters": -1}, {"latency_ms": float("nan")}, {"parameters": "many"}])
def test_a_damaged_speed_file_is_refused(make_run: MakeRun, tmp_path: Path, speed: dict[str, object]) -> None:
    """Numbers that are none, or not above 0, end in a sentence."""
    make_run("a", "a", table_of(0.5), speed=speed)
    with pytest.raises(RunError, match="speed file"):
        find_candidates([tmp_path / "a"], "val")


def test_only_like_is_compared(make_run: MakeRun, tmp_path: Path) -> None:
    """Other labels and other images are refused always, other data unless it is allowed."""
    make_run("a", "a", table_of(0.5))
    make_run("b", "b", table_of(0.5), data="e" * 64)
    make_run("c", "c", table_of(0.5, labels=("bg", "nose")))
    make_run("d", "d", table_of(0.5, images=39))
    (a, b, c, d), _ = find_candidates([tmp_path], "val")
    with pytest.raises(RunError, match=r"different data.*--allow-different-data"):
        same_ground([a, b], "val")
    same_ground([a, b], "val", allow_different_data=True)
    with pytest.raises(RunError, match="different labels"):
        same_ground([a, c], "val", allow_different_data=True)
    with pytest.raises(RunError, match="same val images"):
        same_ground([a, d], "val", allow_different_data=True)


def test_scores_of_instances_are_read_beside_the_table(make_run: MakeRun, tmp_path: Path) -> None:
    """What the score file has of instances comes by its flat names; undefined and other scores do not."""
    run = make_run("a", "a", table_of(0.5))
    precision = {
        "mask": {"map": 0.4, "map_small": None},
        "box": {"map": 0.5},
        "per_label": {"eye": {"mask": 0.3, "box": None}},
    }
    quality = {"pq": 0.6, "sq": 0.7, "rq": 0.8, "per_label": {"eye": {"pq": 0.9, "sq": None, "rq": None}}}
    run.metrics.write_text(json.dumps({"val": table_of(0.5).scores() | {"map": precision, "pq": quality}}))
    (found,), _ = find_candidates([tmp_path / "a"], "val")
    assert found.reported == {
        "map": 0.4,
        "box_map": 0.5,
        "map/eye": 0.3,
        "pq": 0.6,
        "sq": 0.7,
        "rq": 0.8,
        "pq/eye": 0.9,
    }
