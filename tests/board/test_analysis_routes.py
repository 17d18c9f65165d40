"""The answers about several runs, through the real app over real logs: what they hold, and what is refused."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.board.conftest import ADDRESS, write_log
from tests.board.small_runs import IMAGES, counts, foreign_run, kirie_run
from tests.sweep.small_sweeps import small_sweep

from kirie.board.app import make_board
from kirie.board.place import BoardPlace


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seeds of one configuration, one of them better; another configuration on other data; two foreign runs."""
    place = tmp_path_factory.mktemp("analysis") / "runs"
    kirie_run(place, "aaaa", skill=0.7, seed=1, log={"sweep": "rates"})
    kirie_run(place, "bbbb", skill=0.8, seed=2, log={"sweep": "rates"})
    other = counts(0.9, images=tuple(f"other-{at}" for at in range(40)))
    kirie_run(place, "cccc", data="e" * 64, config={"optimizer": {"lr": 0.01}}, log={"sweep": "rates"}, table=other)
    kirie_run(place, "dddd", data="e" * 64, config={"optimizer": {"lr": 0.2}}, pictures=False)
    for name, score in (("ffff", 0.5), ("gggg", 0.6)):
        (place / name).mkdir()
        foreign_run(place / name, name, score=score, seed=len(name), lr=score, group="pair")
    (place / "hhhh").mkdir()
    foreign_run(place / "hhhh", "hhhh", score=0.5, table=False)
    return place


@pytest.fixture(scope="module")
def client(runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """The board over these runs."""
    home = tmp_path_factory.mktemp("home")
    app = make_board(runs, BoardPlace(home / "cache", home / "notes"))
    app.state.index.look()
    yield TestClient(app, base_url="http://127.0.0.1")
    app.state.library.cache.close()


def _get(client: TestClient, path: str, **words: str) -> Any:
    answer = client.get(path, params=words)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_comparison_says_who_is_better(client: TestClient) -> None:
    """Two runs on the same pictures and data give a sentence, an interval and no warning."""
    found = _get(client, "/api/compare", a="aaaa", b="bbbb", split="val", score="miou")
    assert found["sentence"].startswith("unet-bbbb is better than unet-aaaa: +")
    assert 0 < found["low"] < found["difference"] < found["high"]
    assert (found["a"], found["b"], found["images"], found["confidence"]) == ("aaaa", "bbbb", 40, 0.95)
    assert found["warnings"] == []


def test_other_data_is_warned_of(client: TestClient) -> None:
    """Runs on other data are compared with a warning."""
    found = _get(client, "/api/compare", a="aaaa", b="dddd", score="eye")
    assert "different data (dddddddddddd and eeeeeeeeeeee)" in found["warnings"][0]


def test_foreign_runs_are_compared_by_their_tables(client: TestClient) -> None:
    """A logged table stands in for kirie's; that nobody noted the data is said."""
    found = _get(client, "/api/compare", a="ffff", b="gggg", score="f1")
    assert found["difference"] == pytest.approx(0.1)
    assert "is higher than" in found["sentence"]
    assert "Nobody noted which data these runs learned from" in found["warnings"][0]


@pytest.mark.parametrize(
    ("words", "status", "sentence"),
    [
        ({"a": "aaaa", "b": "nope"}, 404, "There is no run 'nope'"),
        ({"a": "aaaa"}, 400, "lacks `b`"),
        ({"a": "aaaa", "b": "aaaa"}, 400, "not compared with itself"),
        ({"a": "aaaa", "b": "bbbb", "split": "test"}, 404, "'unet-aaaa' has no per-image table of test; `kirie"),
        ({"a": "aaaa", "b": "bbbb", "split": "../x"}, 400, "allowed are train, val, test"),
        ({"a": "aaaa", "b": "bbbb", "score": "nose"}, 400, "There is no metric 'nose'"),
        ({"a": "aaaa", "b": "cccc"}, 400, "different pictures"),
        ({"a": "aaaa", "b": "ffff"}, 400, "no score 'miou'"),
        ({"a": "ffff", "b": "hhhh", "score": "f1"}, 404, "log a wandb.Table"),
    ],
)
def test_what_cannot_be_compared_is_a_sentence(
    client: TestClient, words: dict[str, str], status: int, sentence: str
) -> None:
    """Unknown runs, one run, missing tables, other pictures and unknown scores are refused, each with what to do."""
    answer = client.get("/api/compare", params=words)
    assert answer.status_code == status
    assert sentence in answer.json()["error"]


def test_what_runs_can_be_compared_by_is_told(client: TestClient) -> None:
    """Kirie's runs have its scores and labels, those of others their columns; a run without a table has none."""
    found = _get(client, "/api/scores", runs="aaaa,ffff,hhhh", split="val")["runs"]
    offered = {one["score"]: one["name"] for one in found["aaaa"]["scores"]}
    assert list(offered) == ["miou", "dice", "boundary_iou", "accuracy", "background", "eye"]
    assert (offered["boundary_iou"], offered["eye"]) == ("boundary IoU", "IoU of eye")
    assert found["ffff"] == {"scores": [{"score": "f1", "name": "f1"}], "counted": False, "by_label": False}
    assert found["hhhh"]["scores"] == []
    assert [found[run]["by_label"] for run in ("aaaa", "hhhh")] == [True, False]
    for run, of in found.items():
        for one in of["scores"]:
            images = _get(client, "/api/images", runs=run, score=one["score"])
            assert any(score is not None for score in images["scores"][run]), one


def test_images_hold_the_scores_of_each_run(client: TestClient) -> None:
    """Scores stand at their pictures' names; a run without a table is told and the others are given."""
    found = _get(client, "/api/images", runs="aaaa,bbbb,hhhh", split="val", score="dice")
    assert found["names"] == sorted(IMAGES)
    table = counts(0.7).scores()
    assert table["dice"] is not None
    assert len(found["scores"]["aaaa"]) == 40
    assert "log a wandb.Table" in found["missing"]["hhhh"]
    answer = client.get("/api/images", params={"runs": "hhhh", "split": "val"})
    assert answer.status_code == 404


def test_the_matrix_counts_where_it_can(client: TestClient) -> None:
    """A row of kirie's run equals its score file, with the label set's colours; nothing at all is refused."""
    found = _get(client, "/api/matrix", runs="aaaa,hhhh", split="val", score="iou")
    table = counts(0.7).scores()
    assert found["labels"] == [{"name": "background", "color": "#000000"}, {"name": "eye", "color": "#3f8efc"}]
    assert found["rows"][0]["values"] == [table["per_label"][name]["iou"] for name in ("background", "eye")]
    assert found["rows"][0]["mean"] == table["miou"]
    assert found["rows"][1] == {"run": "hhhh", "values": [None, None], "mean": None, "counted": False}
    refused = client.get("/api/matrix", params={"runs": "hhhh"})
    assert refused.status_code == 404
    assert "None of these runs has IoU by label on val" in refused.json()["error"]
    assert client.get("/api/matrix", params={"runs": "aaaa", "score": "x"}).status_code == 400
    assert client.get("/api/matrix").status_code == 400


def test_seeds_are_grouped(client: TestClient) -> None:
    """Of all runs those of one configuration with two seeds are a group, by a logged metric or a table's score."""
    for score in ("val/miou", "miou"):
        (group,) = _get(client, "/api/seeds", score=score)["groups"]
        assert set(group["runs"]) == {"aaaa", "bbbb"}
        assert group["low"] < group["mean"] < group["high"]
    assert _get(client, "/api/seeds", runs="aaaa,cccc", score="miou")["groups"] == []


def test_pictures_stand_side_by_side(client: TestClient) -> None:
    """The same names hold each run's steps, with masks that can be fetched and the label set."""
    found = _get(client, "/api/pictures", runs="aaaa,bbbb,dddd", order="name")
    assert found["keys"] == ["val/pictures"]
    assert [label["name"] for label in found["labels"]] == ["background", "eye"]
    assert found["labels_of"] == {}
    first = found["samples"][0]
    assert first["name"] == IMAGES[0]
    assert set(first["cells"]) == {"aaaa", "bbbb"}
    assert [cell["step"] for cell in first["cells"]["aaaa"]] == [5, 10]
    cell = first["cells"]["bbbb"][1]
    assert (cell["width"], cell["height"], set(cell["masks"])) == (8, 8, {"truth", "prediction"})
    for address in (cell["image"], *cell["masks"].values()):
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "image/png"


def test_the_worst_falls_come_first(client: TestClient) -> None:
    """Between two runs the samples come by their change, from the first to the second."""
    found = _get(client, "/api/pictures", runs="bbbb,aaaa", order="regression")
    changes = [sample["change"] for sample in found["samples"]]
    assert changes == sorted(changes)
    assert changes[0] < 0
    back = _get(client, "/api/pictures", runs="aaaa,bbbb", order="regression")
    assert [sample["change"] for sample in back["samples"]] == pytest.approx([-one for one in reversed(changes)])


def test_no_order_by_falls_is_said(client: TestClient) -> None:
    """Without tables of the same pictures, or with one run, the names' order is kept and the reason told."""
    for words in ("aaaa", "aaaa,hhhh", "aaaa,cccc"):
        found = _get(client, "/api/pictures", runs=words, order="regression")
        assert len(found["warnings"]) == 1
        assert [sample["name"] for sample in found["samples"]] == list(IMAGES[:2])
    assert client.get("/api/pictures", params={"runs": "aaaa", "order": "x"}).status_code == 400
    assert client.get("/api/pictures", params={"runs": "aaaa", "key": "x"}).status_code == 404
    assert _get(client, "/api/pictures", runs="hhhh")["samples"] == []


def test_differences_are_told(client: TestClient) -> None:
    """Configuration by kirie's own file, commits, data and environment; a foreign run differs from one of kirie's."""
    found = _get(client, "/api/difference", a="aaaa", b="dddd")
    assert found["config"] == [{"key": "optimizer.lr", "a": 0.1, "b": 0.2}]
    assert found["code"]["same_training_code"] is True
    assert found["code"]["reason"] == "Neither run names a git commit."
    assert found["data"]["a"] == "d" * 64
    assert "reason" in found["data"]
    assert found["environment"] == []
    mixed = _get(client, "/api/difference", a="aaaa", b="ffff")
    assert {"key": "lr", "a": None, "b": 0.5, "only": "b"} in mixed["config"]
    assert any(entry["kind"] == "machine" for entry in mixed["environment"])
    assert client.get("/api/difference", params={"a": "aaaa", "b": "aaaa"}).status_code == 400


def test_sweeps_are_found_in_runs(client: TestClient) -> None:
    """Runs that log one sweep's name are a sweep, and a group that varies is one, too."""
    found = {one["name"]: one for one in _get(client, "/api/sweeps")}
    assert (found["rates"]["metric"], found["pair"]["metric"]) == ("val/miou", "accuracy")
    assert (found["rates"]["kind"], found["rates"]["runs"], found["rates"]["device_hours"]) == ("sweep", 3, 3.0)
    assert (found["pair"]["kind"], found["pair"]["runs"]) == ("group", 2)
    assert set(found) == {"rates", "pair"}


def test_a_sweep_has_its_trials(client: TestClient) -> None:
    """Without a ledger the runs are the trials, what varies the parameters, and a likely metric the value."""
    found = _get(client, "/api/sweeps/rates")
    assert found["metric"]["name"] == "val/miou"
    assert found["metric"]["goal"] == "maximize"
    assert {one["name"]: one["kind"] for one in found["parameters"]} == {"optimizer.lr": "number", "seed": "number"}
    assert {one["run"]: one["value"] for one in found["trials"]} == pytest.approx(
        {"aaaa": 0.7, "bbbb": 0.8, "cccc": 0.8}
    )
    assert all(one["cost_s"] == 3600.0 and one["size"] == 1000 for one in found["trials"])
    assert (found["importance"], found["importance_why"][:19]) == ([], "3 finished trials a")
    assert found["importance_from"] is None
    assert found["trails"]["trials"][-1][1] == pytest.approx(0.8)
    assert found["trails"]["cost"][-1][0] == 3 * 3600.0
    assert found["device_hours"] == 3.0


def test_another_metric_can_be_asked_for(client: TestClient) -> None:
    """A logged metric takes the place of the likely one, with the goal that its name tells."""
    found = _get(client, "/api/sweeps/pair", metric="loss")
    assert found["metric"]["goal"] == "minimize"
    assert sorted(one["value"] for one in found["trials"]) == pytest.approx([0.4, 0.5])
    assert client.get("/api/sweeps/pair", params={"metric": "nope"}).status_code == 404
    assert client.get("/api/sweeps/pair", params={"goal": "sideways"}).status_code == 400
    assert client.get("/api/sweeps/nope").status_code == 404


def test_the_goal_can_be_turned(client: TestClient) -> None:
    """The other goal makes the other end of each curve its value, and the least of them the best."""
    found = _get(client, "/api/sweeps/rates", goal="minimize")
    assert found["metric"]["goal"] == "minimize"
    assert {one["run"]: one["value"] for one in found["trials"]} == pytest.approx(
        {"aaaa": 0.35, "bbbb": 0.4, "cccc": 0.4}
    )
    assert found["trails"]["trials"][-1][1] == pytest.approx(0.35)


def test_a_number_that_is_none_is_left_out_of_a_sweep(tmp_path: Path) -> None:
    """One trial with an infinite setting leaves its axis one of numbers, and has no share in what mattered."""
    for at in range(10):
        config = {"sweep": "odd", "lr": at, "batch_size": 4 if at < 9 else math.inf}
        write_log(tmp_path / "runs", f"run{at}", [{"val/miou": at / 10, "_step": 0, "_timestamp": 1.0}], config=config)
    app = make_board(tmp_path / "runs", BoardPlace(tmp_path / "cache", tmp_path / "notes"))
    app.state.index.look()
    found = _get(TestClient(app, base_url="http://127.0.0.1"), "/api/sweeps/odd")
    kinds = {one["name"]: one["kind"] for one in found["parameters"]}
    assert (kinds["batch_size"], kinds["lr"]) == ("number", "number")
    assert [one["name"] for one in found["importance"]] == ["lr"]
    app.state.library.cache.close()


def test_a_sweep_without_a_metric_opens(tmp_path: Path) -> None:
    """Runs that logged nothing that measures have a sweep with trials and no metric."""
    for at in range(2):
        row = {"epoch": 1, "_step": 0, "_timestamp": 1.0, "_runtime": 1.0}
        write_log(tmp_path / "runs", f"run{at}", [row], config={"sweep": "bare", "lr": at})
    app = make_board(tmp_path / "runs", BoardPlace(tmp_path / "cache", tmp_path / "notes"))
    app.state.index.look()
    client = TestClient(app, base_url="http://127.0.0.1")
    found = _get(client, "/api/sweeps/bare")
    assert (found["metric"]["name"], found["metric"]["metrics"]) == (None, ["epoch"])
    assert [one["value"] for one in found["trials"]] == [None, None]
    assert found["importance_why"] == "No trial that finished has a value of any metric."
    assert _get(client, "/api/sweeps")[0]["metric"] is None
    app.state.library.cache.close()


def test_the_list_and_the_sweep_tell_one_state(tmp_path: Path) -> None:
    """A trial at work without a run on the board makes its sweep a running one on the list, too; left, interrupted."""
    ledger = small_sweep(tmp_path, total=2)
    claim = ledger.claim("w")
    assert claim is not None
    claim.begin("elsewhere")
    (tmp_path / "runs").mkdir()
    with TestClient(make_board(tmp_path / "runs", BoardPlace(tmp_path / "c", tmp_path / "n")), ADDRESS) as client:
        states = []
        for _ in range(2):
            states += [_get(client, "/api/sweeps")[0]["state"], _get(client, "/api/sweeps/small")["trials"][0]["state"]]
            if len(states) == 2:
                claim.give_back()
    assert states == ["running", "running", "interrupted", "interrupted"]


def test_a_ledger_tells_what_runs_cannot(tmp_path: Path) -> None:
    """kirie's own folder of a sweep adds pruned trials, the metric, the scales, and trials whose runs are elsewhere."""
    ledger = small_sweep(tmp_path, total=5, rates="{distribution: log_uniform_values, min: 0.001, max: 1.0}")
    claims = [claim for _ in range(4) if (claim := ledger.claim("w")) is not None]
    for claim in claims:
        claim.begin(f"run{claim.number}")
        claim.report(claim.params["lr"])
    claims[0].finish([0.5])
    claims[1].prune(0.1)
    claims[2].finish([0.6])
    claims[3].give_back()
    runs = tmp_path / "runs"
    kirie_run(runs, "run0", skill=0.7, log={"sweep": "small"}, pictures=False)
    app = make_board(runs, BoardPlace(tmp_path / "cache", tmp_path / "notes"))
    app.state.index.look()
    client = TestClient(app, base_url="http://127.0.0.1")
    (line,) = _get(client, "/api/sweeps")
    assert (line["name"], line["runs"], line["total"], line["metric"]) == ("small", 1, 5, "val/miou")
    found = _get(client, "/api/sweeps/small")
    assert found["metric"]["goal"] == "maximize"
    assert [(one["number"], one["run"], one["state"]) for one in found["trials"]] == [
        (0, "run0", "finished"),
        (1, None, "pruned"),
        (2, None, "finished"),
        (3, None, "interrupted"),
    ]
    assert found["trials"][0]["value"] == 0.5
    assert found["trials"][0]["params"] == dict(claims[0].params)
    assert found["waiting"] == 1
    assert {one["name"]: (one["kind"], one["log"]) for one in found["parameters"]} == {
        "lr": ("number", True),
        "model": ("choice", False),
    }
    assert found["trails"]["trials"] == [[0, 0.5], [2, 0.6]]
    assert line["state"] == "interrupted"
    other = _get(client, "/api/sweeps/small", metric="epoch")
    assert [one["value"] for one in other["trials"]] == [2.0, None, None, None]
    # Another project's run of that id is none of the sweep's
    write_log(tmp_path / "runs" / "other", "run0", project="other")
    app.state.index.look(everywhere=True)
    trials = _get(client, "/api/sweeps/small")["trials"]
    assert [one["run"] for one in trials] == ["run0~small~", None, None, None]
    app.state.library.cache.close()
