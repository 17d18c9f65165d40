"""How a sweep comes into being, and what is not taken for the same one."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.sweep.small_sweeps import METRIC, finish_all, small_sweep

from kirie.errors import ConfigError, KirieError, SweepError
from kirie.sweep.aside import put_aside
from kirie.sweep.companion import Companion
from kirie.sweep.composed import files_of
from kirie.sweep.creating import OtherSweepError
from kirie.sweep.folder import SweepFolder
from kirie.sweep.ground import Ground, GroundError, digests
from kirie.sweep.ledger import Ledger
from kirie.sweep.opening import Opening
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec
from kirie.train.compose import config_folder
from kirie.train.identify import Identity

CREATING = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from tests.sweep.small_sweeps import small_sweep
place = Path(sys.argv[1])
print(len(small_sweep(place, total=30, sweeps=place.parent / "sweeps").trials()))
"""

RENEWING = """
import sys
from pathlib import Path
from kirie.sweep.companion import Companion
from kirie.sweep.ground import Ground
from kirie.sweep.opening import Opening
from kirie.sweep.space import Space
from kirie.sweep.spec import SweepSpec
spec = SweepSpec.read(Path(sys.argv[1]))
companion = Companion.read(None, spec)
ground = Ground({"store": "new"}, "code", {})
opening = Opening("small", spec, companion, Space(spec, companion), (), 4, 1, None, ground, ())
opening.open(Path(sys.argv[2]), renew=True)
"""


def test_a_sweep_keeps_copies_of_its_files(tmp_path: Path) -> None:
    """Letter by letter, beside a record that says what it is; nothing half-made lies around."""
    ledger = small_sweep(tmp_path, companion="attempts: 2  # few\n")
    assert ledger.folder.spec.read_text() == (tmp_path / "small.yaml").read_text()
    assert ledger.folder.companion.read_text() == "attempts: 2  # few\n"
    record = json.loads(ledger.folder.record.read_text())
    assert (record["name"], record["method"], record["total"], record["seed"]) == ("small", "random", 4, 1)
    assert record["objectives"] == [["val/miou", "maximize"]]
    assert [found.name for found in (tmp_path / "sweeps").iterdir()] == ["small"]


def test_started_by_several_at_once_it_is_one(tmp_path: Path) -> None:
    """Three processes make the same sweep: each sees the thirty trials of one."""
    root = str(Path(__file__).parents[2])
    makers = []
    for at in range(3):
        (tmp_path / f"{at}").mkdir()
        words = [sys.executable, "-c", CREATING, str(tmp_path / f"{at}"), root]
        makers.append(subprocess.Popen(words, stdout=subprocess.PIPE, text=True))
    assert [maker.communicate()[0] for maker in makers] == ["30\n"] * 3
    assert [found.name for found in (tmp_path / "sweeps").iterdir()] == ["small"]


@pytest.mark.parametrize(
    ("other", "told"),
    [
        ({"rates": "{min: 0.0, max: 0.5}"}, "its lr is {max: 1.0, min: 0.0}, not {max: 0.5, min: 0.0}"),
        ({"rates": "{min: 0.0, max: 1.0}\n  depth: {values: [1, 2]}"}, "it has no depth"),
        ({"method": "bayes"}, "its method is random, not bayes"),
        ({"metric": "metric: {name: val/loss}"}, "its objective is to maximize val/miou, not to minimize val/loss"),
        ({"seed": 2}, "its seed is 1, not 2"),
        (
            {"more": "command: [kirie, train, '${args_no_hyphens}', model=fpn]"},
            "its command is kirie's own, not `kirie",
        ),
        (
            {"companion": "conditions: [{forbid: {model: fpn}}]"},
            "its conditions between parameters are others",
        ),
    ],
)
def test_another_sweep_of_the_same_name_is_refused(tmp_path: Path, other: dict[str, Any], told: str) -> None:
    """The sentence says what differs, and offers another name; the sweep that is there stays as it was."""
    before = small_sweep(tmp_path).trials()
    with pytest.raises(SweepError) as caught:
        small_sweep(tmp_path, **other)
    assert told in str(caught.value)
    assert "--name" in str(caught.value)
    assert Ledger.open(small_sweep(tmp_path).folder).trials() == before


GROUND = Ground({"store": "data"}, "code", {"model/unet.yaml": "1", "model/fpn.yaml": "1"}, ("model/unet.yaml",))


@pytest.mark.parametrize(
    ("now", "told"),
    [
        (replace(GROUND, stores={"store": "other"}), "the data in store were others"),
        (replace(GROUND, code="other"), "the code that training runs was another"),
        (replace(GROUND, files={"model/unet.yaml": "2"}), "the configuration was another (model/unet.yaml)"),
        (replace(GROUND, files={}), "the configuration was another (model/unet.yaml)"),
    ],
)
def test_another_ground_makes_another_sweep(tmp_path: Path, now: Ground, told: str) -> None:
    """Scores on other data, or of other code, are no answers to the same search."""
    small_sweep(tmp_path, ground=GROUND)
    assert small_sweep(tmp_path, ground=GROUND).record.ground == GROUND
    with pytest.raises(OtherSweepError) as caught:
        small_sweep(tmp_path, ground=now)
    assert told in str(caught.value)
    assert "--renew" in str(caught.value)


def test_files_that_no_trial_is_composed_from_make_no_other_sweep(tmp_path: Path) -> None:
    """Edited, added or gone: no run's id changes, so the sweep goes on, as what it was begun as."""
    small_sweep(tmp_path, ground=GROUND)
    files = {"model/unet.yaml": "1", "model/fpn.yaml": "2", "experiment/new.yaml": "1"}
    assert small_sweep(tmp_path, ground=replace(GROUND, files=files)).record.ground == GROUND
    assert small_sweep(tmp_path, ground=replace(GROUND, files={"model/unet.yaml": "1"})).record.ground == GROUND
    with pytest.raises(OtherSweepError, match=r"\(experiment/new.yaml, model/fpn.yaml\)"):
        small_sweep(tmp_path, ground=replace(GROUND, files=files, used=tuple(sorted(files))))


def test_a_sweep_whose_ground_nobody_knows_is_another_one(tmp_path: Path) -> None:
    """It cannot be said that it is the same."""
    small_sweep(tmp_path)
    with pytest.raises(OtherSweepError, match="nobody knows what data and code it was begun on"):
        small_sweep(tmp_path, ground=GROUND)


def test_a_trial_on_another_ground_is_refused(tmp_path: Path, shapes_store: Path) -> None:
    """Before it is trained; of a store that the ground does not know nothing can be said."""
    ground = Ground.of([str(shapes_store)], tmp_path)
    trial = Identity("id", "of the trial", ground.stores[str(shapes_store)], ground.code, 1)
    other = replace(trial, data="other")
    ground.check(trial, str(shapes_store), "small")
    ground.check(other, "another store", "small")
    with pytest.raises(GroundError, match=r"the data in .* were others"):
        ground.check(other, str(shapes_store), "small")
    with pytest.raises(GroundError, match="the code that training runs was another"):
        ground.check(replace(trial, code="other"), str(shapes_store), "small")


@pytest.fixture
def conf(tmp_path: Path) -> Path:
    """A copy of the configuration that kirie comes with."""
    return Path(shutil.copytree(config_folder(), tmp_path / "conf"))


def _check(ground: Ground, conf: Path, *words: str, composing: bool = False) -> None:
    ground.check_files(conf, files_of(words, conf), "small", composing=composing)


def test_a_file_that_a_trial_is_composed_from_counts_wherever_it_lies(tmp_path: Path, conf: Path) -> None:
    """Beside train.yaml, in a folder that is a link, below a group: what composing names is what is held."""
    train = conf / "train.yaml"
    train.write_text(train.read_text().replace("- _self_\n", "- _self_\n  - common\n  - other.yaml\n"))
    (conf / "common.yaml").write_text("train: {epochs: 3}")
    (conf / "other.yaml").write_text("train: {seed: 3}")
    (conf / "model").rename(tmp_path / "shared")
    (conf / "model").symlink_to("../shared")
    (conf / "model" / "mine").mkdir()
    shutil.copy(conf / "model" / "fpn.yaml", conf / "model" / "mine" / "net.yaml")
    ground = Ground.of([], conf, files_of(["model=mine/net"], conf) or ())
    _check(ground, conf, "model=mine/net")
    # One that the trials which were tried did not use is a choice all the same
    _check(ground, conf, "model=unet")
    for name, choice in [
        ("common.yaml", "unet"),
        ("other.yaml", "unet"),
        ("model/mine/net.yaml", "mine/net"),
        ("model/unet.yaml", "unet"),
    ]:
        before = (conf / name).read_text()
        (conf / name).write_text(f"{before}\nmore: 1")
        with pytest.raises(GroundError, match=rf"the configuration was another \({name}\)"):
            _check(ground, conf, f"model={choice}")
        (conf / name).write_text(before)


def test_files_of_what_only_the_machine_decides_count_where_composing_fails(conf: Path) -> None:
    """They change no run's id, so they may say something else; broken, they are no trial's fault."""
    ground = Ground.of([], conf, files_of([], conf) or ())
    file = conf / "trainer" / "auto.yaml"
    file.write_text(file.read_text().replace("accelerator: auto", "accelerator: cpu"))
    _check(ground, conf)
    file.write_text("accelerator: [auto")
    assert files_of([], conf) is None
    _check(ground, conf)
    with pytest.raises(GroundError, match=r"the configuration was another \(trainer/auto.yaml\)"):
        _check(ground, conf, composing=True)


def test_what_a_file_says_counts_and_not_how_it_is_written(tmp_path: Path) -> None:
    """Comments do not count but for those that Hydra reads, which are the first lines; dates count by their text; what
    is no YAML counts as it stands, and what nobody can read is no file."""
    file = tmp_path / "experiment" / "mine.yaml"
    file.parent.mkdir()
    names = ["experiment/mine.yaml", "experiment/gone.yaml", "experiment"]

    def said(text: str) -> str:
        file.write_text(text)
        found = digests(tmp_path, names)
        assert list(found) == names[:1]
        return found[names[0]]

    file.write_bytes("a: 1  # geändert".encode("latin-1"))
    assert digests(tmp_path, names)[names[0]] != said("a: 1"), "Hydra reads UTF-8 alone"
    assert said("# @package  model\n\na: 1") == said("\n# @package model\na: 1")
    known = said("since: 2026-01-02 # new year\nat: [2026-01-02 10:00:00]\n2026-01-03: x")
    assert known == said("# mine\nsince: 2026-01-02\nat: [2026-01-02 10:00:00]\n2026-01-03: x\n# @package model")
    texts = ["a: 1", "# @package model\na: 1", "\n#@package  train\na: 1", "defaults: [x]\na: 1", "a: 01.0", "a: 1e3"]
    texts += ["a: !!bool maybe", "a: !!timestamp foo", "a: !!int ''", "a: !!float ''"]
    texts += ["since: 2026-01-03", "since: .nan", "since: .inf", "since: [", "since: {", "a: &a [*a]", "a: &a [*a, 1]"]
    texts += [
        "a: 2026-01-02 10:00:00Z",
        "a: 2026-01-02T10:00:00Z",
        f"a: {'[' * 500}",
        f"a: {'9' * 5000}",
        "a: !!set {a}",
    ]
    assert len({said(text) for text in texts}) == len(texts)


def test_a_sweep_is_put_aside_under_the_next_free_name(tmp_path: Path) -> None:
    """With its ledger, so that it can still be looked at."""
    for number in (1, 2):
        finish_all(small_sweep(tmp_path))
        place = put_aside(SweepFolder(tmp_path / "sweeps" / "small"))
        assert place.name == f"small.{number}"
        assert [trial.state for trial in Ledger.open(SweepFolder(place)).trials()] == ["finished"] * 4


def test_renewed_by_several_at_once_it_is_put_aside_once(tmp_path: Path) -> None:
    """The first begins anew, the others find that it is theirs; while somebody works for it, nobody may."""
    ledger = small_sweep(tmp_path, ground=GROUND)
    words = [sys.executable, "-c", RENEWING, str(tmp_path / "small.yaml"), str(tmp_path / "sweeps")]
    claim = ledger.claim("a worker")
    assert claim is not None
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "is being worked for, so it is not put aside" in done.stderr
    claim.give_back()
    makers = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(4)]
    assert [(maker.wait(60), maker.stderr and maker.stderr.close()) for maker in makers] == [(0, None)] * 4
    assert sorted(found.name for found in (tmp_path / "sweeps").iterdir()) == ["small", "small.1"]
    assert Ledger.open(SweepFolder(tmp_path / "sweeps" / "small")).record.ground == Ground({"store": "new"}, "code", {})


def test_what_does_not_change_the_search_may_differ(tmp_path: Path) -> None:
    """Comments, early stopping, attempts: the sweep goes on with the new files."""
    ledger = small_sweep(tmp_path, companion="attempts: 2")
    again = small_sweep(tmp_path, more="early_terminate: {type: hyperband, min_iter: 3}  # new")
    assert "# new" in again.folder.spec.read_text()
    assert not again.folder.companion.exists()
    assert ledger.companion.attempts == 2
    assert again.companion.attempts == 3
    assert finish_all(again) == [0, 1, 2, 3]


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Its content is named, nothing is written into it."""
    place = tmp_path / "sweeps" / "small"
    place.mkdir(parents=True)
    (place / "thesis.tex").write_text("work")
    with pytest.raises(SweepError, match=r"is no sweep: it holds thesis\.tex"):
        small_sweep(tmp_path)
    assert [found.name for found in place.iterdir()] == ["thesis.tex"]


def test_a_place_where_no_folder_can_be_is_refused(tmp_path: Path) -> None:
    """By a start and by a look at what is there alike: a file, a link to nowhere, a file where sweeps should lie."""
    place = tmp_path / "sweeps" / "small"
    place.parent.mkdir()
    place.write_text("")
    with pytest.raises(SweepError, match=r"small is no sweep: it is a file\."):
        small_sweep(tmp_path)
    place.unlink()
    place.symlink_to("nowhere")
    with pytest.raises(SweepError, match=r"small is no sweep: it is a link to nowhere\."):
        small_sweep(tmp_path)
    spec = SweepSpec.read(tmp_path / "small.yaml")
    companion = Companion.read(None, spec)
    opening = Opening("small", spec, companion, Space(spec, companion), (), 4, 1, None, GROUND, ())
    with pytest.raises(SweepError, match="it is a link to nowhere"):
        opening.there(tmp_path / "sweeps")
    for act in (opening.there, opening.open):
        with pytest.raises(KirieError, match=r"small.yaml is no folder, so that no|small.yaml.* cannot be written"):
            act(tmp_path / "small.yaml" / "below")


def test_a_folder_of_configuration_that_was_moved_is_told_before_anything_starts(tmp_path: Path) -> None:
    """The sweep's workers would compose from it; with its new place the sweep goes on."""
    small_sweep(tmp_path, config_dir=Path(shutil.copytree(config_folder(), tmp_path / "mine")))
    small_sweep(tmp_path)
    (tmp_path / "mine").rename(tmp_path / "moved")
    with pytest.raises(ConfigError, match=r"mine has no train\.yaml\. .* --config-dir"):
        small_sweep(tmp_path)
    record = small_sweep(tmp_path, config_dir=tmp_path / "moved").record
    assert record.config_dir == str(tmp_path / "moved")


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"total": None}, "has no end"),
        ({"total": 100_001}, "100001 trials; allowed are 1 to 100000"),
        ({"method": "custom", "more": "scheduler: {engine: optuna}"}, "--engine wandb"),
        (
            {
                "companion": "objectives: [{name: latency_ms, goal: minimize}]",
                "more": "early_terminate: {type: hyperband, min_iter: 3}",
            },
            "several objectives",
        ),
        ({"more": "early_terminate: {type: hyperband, max_iter: 2, s: 2, eta: 3}"}, "Raise max_iter"),
    ],
)
def test_what_cannot_be_searched_is_refused(tmp_path: Path, options: dict[str, Any], told: str) -> None:
    """Before there is a folder."""
    with pytest.raises(SweepError) as caught:
        small_sweep(tmp_path, **options)
    assert told in str(caught.value)
    assert not (tmp_path / "sweeps" / "small").exists()


def test_a_damaged_record_is_one_sentence(tmp_path: Path) -> None:
    """Whatever is wrong with it."""
    ledger = small_sweep(tmp_path, metric=METRIC)
    for content in ("{}", "[]", "nonsense", '{"objectives": 3, "command": null}'):
        ledger.folder.record.write_text(content)
        with pytest.raises(SweepError, match="damaged"):
            Ledger.open(ledger.folder)
