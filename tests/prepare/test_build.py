"""Preparing: what is reused, what is refused, and that the result depends on the content only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.prepare.conftest import Draw, contents_of, draw_picture, edit, workers_of

from kirie.core.labels import IGNORE, LabelSet
from kirie.core.sample import Region, Sample
from kirie.errors import SourceError, StoreError, UsageError
from kirie.formats import Entry, open_source
from kirie.prepare import build
from kirie.prepare.attempt import alone
from kirie.prepare.build import Options, Outcome
from kirie.prepare.framed import framed
from kirie.prepare.resize import fit, fit_target, tiles
from kirie.prepare.store import Frame, Store

FRAME = Frame((32, 32))


def prepare(source: Path, out: Path, frame: Frame = FRAME, **more: object) -> Outcome:
    """Prepares a folder in this process, in shards of five."""
    options = {"workers": 1, "per_shard": 5} | more
    return build.prepare(open_source(source), out, Options(frame, **options))  # type: ignore[arg-type]


def pages(source: Path) -> list[Path]:
    """The annotations of a source."""
    return sorted(source.rglob("*.json"))


def test_stored_rows_are_the_framed_samples(draw: Draw, tmp_path: Path) -> None:
    """Each row is the sample that the format reads, painted and fitted."""
    folder = draw()
    store = prepare(folder, tmp_path / "store").store
    source = open_source(folder)
    seen = 0
    for split in (store.split(name) for name in ("train", "val", "test")):
        for i, name in enumerate(split.names):
            sample = source.read(next(entry for entry in source.entries if entry.name == name))
            image, place = fit(sample.image_HWC, 32)
            assert np.array_equal(split.image(i), image)
            assert np.array_equal(split.target(i), fit_target(sample.paint(source.labels), place))
            rows = framed(sample, source.labels, FRAME)
            assert np.array_equal(split.instance_ids(i), rows.pixels.instances_BHW[0])
            assert split.instances(i) == rows.instances[0]
            assert split.placement(i) == place
            seen += 1
    assert seen == 12
    store.verify()


def test_tiles_are_cut_and_padded(draw: Draw, tmp_path: Path) -> None:
    """In tile mode every row is the named part of the picture, unscaled; outside is ignored."""
    folder = draw(6)
    draw_picture(folder, "small", size=(20, 48))
    store = prepare(folder, tmp_path / "store", Frame((32, 32), "tile", 0.25)).store
    source = open_source(folder)
    for split in (store.split(name) for name in ("train", "val", "test")):
        for i, tile_name in enumerate(split.names):
            name, _, corner = tile_name.rpartition("@")
            sample = source.read(next(entry for entry in source.entries if entry.name == name))
            x, y = map(int, corner.split(","))
            assert split.box(i) == (x, y, x + 32, y + 32)
            part = sample.image_HWC[y : y + 32, x : x + 32]
            assert np.array_equal(split.image(i)[: len(part), : part.shape[1]], part)
            ids = sample.paint(source.labels)[y : y + 32, x : x + 32]
            assert np.array_equal(split.target(i)[: len(part), : part.shape[1]], ids)
            rows = framed(sample, source.labels, store.frame)
            at = tiles(sample.size, (32, 32), 0.25).index((x, y, x + 32, y + 32))
            assert np.array_equal(split.instance_ids(i), rows.pixels.instances_BHW[at])
            assert split.instances(i) == rows.instances[at]
            assert (split.target(i)[len(part) :] == IGNORE).all()
    assert store.rows.count == sum(len(tiles(picture.size, (32, 32), 0.25)) for picture in store.pictures)
    store.verify()


def test_statistics_leave_padding_out(tmp_path: Path) -> None:
    """White wide pictures have mean 1 although a third of their rows is padding, and no padding is counted."""
    for at in range(6):
        path = draw_picture(tmp_path / "data", f"p{at}", size=(32, 48))
        white = np.full((32, 48, 3), 255, np.uint8)
        white[at, 0] = 254
        Image.fromarray(white).save(path.with_suffix(".png"))
    outcome = prepare(tmp_path / "data", tmp_path / "store", Frame((96, 96)))
    assert outcome.store.mean == pytest.approx((1, 1, 1), abs=1e-4)
    assert outcome.store.std == (1 / 255,) * 3
    assert outcome.report["splits"]["train"]["ignored"] == 0  # type: ignore[index]
    train = outcome.store.split("train")
    _, targets = train.read(range(len(train)))
    assert outcome.store.pixel_counts("train").sum() == (targets != IGNORE).sum() == len(train) * 64 * 96


def test_a_second_run_reads_nothing(draw: Draw, tmp_path: Path) -> None:
    """Nothing changed: nothing is read or written, not even after touching and moving the source."""
    folder = draw()
    first = prepare(folder, tmp_path / "store")
    before = contents_of(tmp_path / "store")
    moved = tmp_path / "elsewhere"
    folder.rename(moved)
    for path in moved.rglob("*.*"):
        os.utime(path, (1, 1))
    again = prepare(moved, tmp_path / "store")
    assert (first.changed, first.read, first.reused) == (True, 12, 0)
    assert (again.changed, again.read, again.reused) == (False, 0, 12)
    assert contents_of(tmp_path / "store") == before
    assert again.store.fingerprint == first.store.fingerprint


def test_growth_reads_only_what_is_new(draw: Draw, tmp_path: Path) -> None:
    """New pictures are read, old ones copied, none changes its split, and the bytes are those of a fresh store."""
    prepare(draw(30), tmp_path / "store")
    before = {picture.name: picture.split for picture in Store.open(tmp_path / "store").pictures}
    grown = draw(7, start=30)
    outcome = prepare(grown, tmp_path / "store")
    assert (outcome.read, outcome.reused) == (7, 30)
    after = {picture.name: picture.split for picture in outcome.store.pictures}
    assert {name: after[name] for name in before} == before
    prepare(grown, tmp_path / "fresh")
    assert contents_of(tmp_path / "store") == contents_of(tmp_path / "fresh")


def test_a_changed_picture_is_read_again(draw: Draw, tmp_path: Path) -> None:
    """Of twelve pictures only the edited one is read, and the fingerprint changes."""
    folder = draw()
    first = prepare(folder, tmp_path / "store")
    draw_picture(folder, "chapter 0/page-003", seed=99)
    second = prepare(folder, tmp_path / "store")
    assert (second.read, second.reused) == (1, 11)
    assert second.store.fingerprint != first.store.fingerprint
    second.store.verify()


def test_a_removed_picture_leaves(draw: Draw, tmp_path: Path) -> None:
    """A picture that is gone from the source is gone from the store, and nothing is read."""
    folder = draw()
    prepare(folder, tmp_path / "store")
    for ending in ("json", "png"):
        (folder / f"chapter 1/page-004.{ending}").unlink()
    outcome = prepare(folder, tmp_path / "store")
    assert (outcome.read, len(outcome.store.pictures)) == (0, 11)


def test_an_edit_without_effect_keeps_the_fingerprint(draw: Draw, tmp_path: Path) -> None:
    """An annotation whose pixels stay is read again; store.json, which training watches, does not change a byte."""
    folder = draw()
    prepare(folder, tmp_path / "store")
    before = contents_of(tmp_path / "store")
    edit(pages(folder)[0], flags={"checked": True})
    outcome = prepare(folder, tmp_path / "store")
    after = contents_of(tmp_path / "store")
    assert outcome.read == 1
    assert {name for name in after if after[name] != before[name]} == {f"{outcome.store.folder.name}/journal.jsonl"}
    assert prepare(folder, tmp_path / "store").read == 0


def test_other_fractions_read_nothing(draw: Draw, tmp_path: Path) -> None:
    """Splits are made anew from the journal, without a picture being opened."""
    folder = draw(40)
    prepare(folder, tmp_path / "store")
    outcome = prepare(folder, tmp_path / "store", fractions=(0.4, 0.3, 0.3))
    assert outcome.changed
    assert outcome.read == 0
    assert len(outcome.store.split("test")) > 4


def test_a_new_colour_reads_nothing(draw: Draw, tmp_path: Path) -> None:
    """Colours are not in the targets: the label set is replaced, the fingerprint stays."""
    folder = draw()
    first = prepare(folder, tmp_path / "store")
    (folder / "labels.yaml").write_text("labels: [background, {name: hair, color: '#123456'}, eye]\n")
    second = prepare(folder, tmp_path / "store")
    assert (second.read, second.changed) == (0, True)
    assert second.store.labels.labels[1].hex == "#123456"
    assert second.store.fingerprint == first.store.fingerprint


def test_another_frame_or_meaning_reads_all(draw: Draw, tmp_path: Path) -> None:
    """A new size or a merged label changes every row."""
    folder = draw()
    prepare(folder, tmp_path / "store")
    assert prepare(folder, tmp_path / "store", Frame((64, 64))).read == 12
    (folder / "labels.yaml").write_text("labels: [background, {name: hair, merge: [eye]}]\n")
    assert prepare(folder, tmp_path / "store", Frame((64, 64))).read == 12


def test_other_instances_read_all(draw: Draw, tmp_path: Path) -> None:
    """How instances are made is part of the frame; going back gives the store of the beginning."""
    folder = draw()
    for path in pages(folder):
        shapes = json.loads(path.read_text())["shapes"]
        edit(path, shapes=[shapes[0] | {"group_id": 1}, shapes[0] | {"points": [[40, 32], [46, 38]], "group_id": 1}])
    given = prepare(folder, tmp_path / "store")
    assert [len(given.store.split("train").instances(i)) for i in range(3)] == [1, 1, 1]
    frame = Frame((32, 32), instances="components")
    parts = prepare(folder, tmp_path / "store", frame)
    assert parts.read == 12
    assert [len(parts.store.split("train").instances(i)) for i in range(3)] == [2, 2, 2]
    assert parts.store.fingerprint != given.store.fingerprint
    assert Store.open(tmp_path / "store").frame == frame
    one = prepare(folder, tmp_path / "store", Frame((32, 32), instances="components", max_instances=1))
    assert (one.read, len(one.store.split("train").instances(0))) == (12, 1)
    assert json.loads((tmp_path / "store/report.json").read_text())["notes"] == {
        "instances beyond the limit, ignored": 12
    }
    prepare(folder, tmp_path / "store")
    prepare(folder, tmp_path / "fresh")
    assert contents_of(tmp_path / "store") == contents_of(tmp_path / "fresh")


def test_stuff_has_no_instances(draw: Draw, tmp_path: Path) -> None:
    """A label marked as stuff keeps its pixels and loses its instances; the fingerprint changes."""
    folder = draw()
    first = prepare(folder, tmp_path / "store")
    (folder / "labels.yaml").write_text("labels: [background, {name: hair, stuff: true}, eye]\n")
    second = prepare(folder, tmp_path / "store")
    assert second.read == 12
    assert second.store.labels.things == (2,)
    assert second.store.fingerprint != first.store.fingerprint
    train, before = second.store.split("train"), first.store.pixel_counts("train")
    assert second.store.pixel_counts("train").tolist() == before.tolist()
    assert {each.label for i in range(len(train)) for each in train.instances(i)} == {2}


def test_an_older_store_is_prepared_again(draw: Draw, tmp_path: Path) -> None:
    """A store without instances is refused with the command to run, which then replaces it."""
    folder = draw()
    store = prepare(folder, tmp_path / "store").store
    edit(tmp_path / "store/store.json", version=1)
    for path in store.folder.glob("instances-*.u8"):
        path.unlink()
    with pytest.raises(StoreError, match=r"version 1.*kirie prepare"):
        Store.open(tmp_path / "store")
    assert prepare(folder, tmp_path / "store").store.fingerprint == store.fingerprint


def test_workers_change_nothing(draw: Draw, tmp_path: Path) -> None:
    """Three processes write the bytes that one writes."""
    folder = draw(14)
    prepare(folder, tmp_path / "one")
    prepare(folder, tmp_path / "three", workers=3)
    assert contents_of(tmp_path / "one") == contents_of(tmp_path / "three")


def test_damaged_rows_are_made_again(draw: Draw, tmp_path: Path) -> None:
    """A flipped byte and a cut shard are repaired from the source, whatever is prepared next."""
    folder = draw()
    prepare(folder, tmp_path / "fresh")
    store = prepare(folder, tmp_path / "store").store
    with (store.folder / "images-0000.u8").open("r+b") as stream:
        stream.write(bytes(200))
    shard = store.folder / "targets-0002.u8"
    os.truncate(shard, shard.stat().st_size - 1)
    outcome = prepare(folder, tmp_path / "store")
    assert 0 < outcome.read < 12
    assert contents_of(tmp_path / "store") == contents_of(tmp_path / "fresh")


def test_all_problems_come_in_one_message(draw: Draw, tmp_path: Path) -> None:
    """Corrupt, empty and missing pictures, a wrong split and unknown labels are told at once; the old store stays."""
    folder = draw()
    prepare(folder, tmp_path / "store")
    before = contents_of(tmp_path / "store")
    broken = pages(folder)
    broken[0].with_suffix(".png").write_bytes(b"no picture")
    broken[1].with_suffix(".png").write_bytes(b"")
    broken[2].write_text('{"shapes": [')
    broken[3].with_suffix(".png").unlink()
    edit(broken[4], split="exam")
    for at, label in ((5, "eyes"), (6, "nose"), (7, "nose")):
        shapes = json.loads(broken[at].read_text())["shapes"]
        edit(broken[at], shapes=[shapes[0] | {"label": label}])
    with pytest.raises(SourceError) as caught:
        prepare(folder, tmp_path / "store")
    message = str(caught.value)
    names = [path.relative_to(folder).with_suffix("").as_posix() for path in broken]
    for name in names[:5]:
        assert f"  {name}: " in message
    assert "5 of 12 pictures cannot be prepared" in message
    assert "eyes, nose" in message
    assert "- {name: nose}" in message
    assert f"'nose' first in '{names[6]}'" in message
    assert "exam" in message
    after = contents_of(tmp_path / "store")
    assert {name: after[name] for name in before} == before
    Store.open(tmp_path / "store").verify()


def test_a_mended_source_keeps_what_was_finished(draw: Draw, tmp_path: Path) -> None:
    """After one broken picture is mended only that one is read."""
    folder = draw()
    picture = pages(folder)[5].with_suffix(".png")
    good = picture.read_bytes()
    picture.write_bytes(b"")
    with pytest.raises(SourceError):
        prepare(folder, tmp_path / "store")
    picture.write_bytes(good)
    assert prepare(folder, tmp_path / "store").read == 1
    prepare(folder, tmp_path / "fresh")
    assert contents_of(tmp_path / "store") == contents_of(tmp_path / "fresh")


def test_long_lists_of_problems_are_cut(draw: Draw, tmp_path: Path) -> None:
    """Twenty lines, then the number of those left out."""
    folder = draw(25)
    for path in pages(folder):
        path.with_suffix(".png").write_bytes(b"")
    with pytest.raises(SourceError, match=r"25 of 25[\s\S]*and 5 more") as caught:
        prepare(folder, tmp_path / "store")
    assert str(caught.value).count("\n  ") == 21


def test_one_label_only_is_refused(draw: Draw, tmp_path: Path) -> None:
    """Training needs two labels; the message names the one found."""
    folder = draw()
    for path in pages(folder):
        edit(path, shapes=[])
    with pytest.raises(StoreError, match="only the label 'background'"):
        prepare(folder, tmp_path / "store")
    assert not (tmp_path / "store/store.json").exists()


def test_a_label_that_a_split_lacks_is_a_warning(draw: Draw, tmp_path: Path) -> None:
    """A label of the set that nobody drew is named for every split."""
    folder = draw()
    (folder / "labels.yaml").write_text("labels: [background, hair, eye, tail]\n")
    report = prepare(folder, tmp_path / "store").report
    assert [warning.split(":")[0] for warning in report["warnings"]][:3] == [  # type: ignore[attr-defined]
        f"No {split} picture shows tail" for split in ("train", "val", "test")
    ]
    assert json.loads((tmp_path / "store/report.json").read_text()) == report


def test_duplicates_are_reported_and_kept_together(draw: Draw, tmp_path: Path) -> None:
    """The same pixels under two names, saved as different files, lie in one split."""
    folder = draw(20)
    twin = folder / "chapter 0/page-000"
    for at in range(5):
        shutil.copy(f"{twin}.json", folder / f"copy{at}.json")
        edit(folder / f"copy{at}.json", imagePath=f"copy{at}.png")
        Image.open(f"{twin}.png").save(folder / f"copy{at}.png", compress_level=at + 2)
    outcome = prepare(folder, tmp_path / "store")
    same = [f"copy{at}" for at in range(5)]
    splits = {picture.split for picture in outcome.store.pictures if picture.name in {*same, "chapter 0/page-000"}}
    assert len(splits) == 1
    assert outcome.report["duplicates"] == [{"pictures": ["chapter 0/page-000", *same], "splits": list(splits)}]


def test_groups_and_given_splits_reach_the_store(draw: Draw, tmp_path: Path) -> None:
    """labelme's `group` and `split` keys decide."""
    folder = draw()
    for path in pages(folder)[:3]:
        edit(path, group="hero")
    edit(pages(folder)[1], split="test")
    store = prepare(folder, tmp_path / "store").store
    hero = [picture for picture in store.pictures if picture.group == "hero"]
    assert [picture.split for picture in hero] == ["test"] * 3


@dataclass(frozen=True)
class Listed:
    """A source that satisfies the contract and nothing more."""

    entries: Sequence[Entry]
    labels: LabelSet = field(default_factory=lambda: LabelSet.from_names(["hair"]))
    format_name: str = "listed"

    def read(self, entry: Entry) -> Sample:
        """A picture whose right half is hair."""
        half = np.zeros((40, 40), dtype=np.bool_)
        half[:, 20:] = True
        shade = np.full((40, 40, 3), int(entry.hint["shade"]), np.uint8)
        return Sample(entry.name, shade, (Region.from_mask("hair", half),))


def listed(tmp_path: Path, count: int) -> list[Entry]:
    """Entries that share one file, as formats with one big annotation file have them."""
    (tmp_path / "all.json").write_text("{}")
    return [Entry(f"s{at}", (tmp_path / "all.json",), {"shade": str(at)}) for at in range(count)]


def test_the_order_of_entries_does_not_count(tmp_path: Path) -> None:
    """A source that lists backwards gives the same bytes."""
    entries = listed(tmp_path, 9)
    for name, order in (("a", entries), ("b", entries[::-1])):
        build.prepare(Listed(order), tmp_path / name, Options(FRAME, workers=1))
    assert contents_of(tmp_path / "a") == contents_of(tmp_path / "b")


def test_an_empty_source_is_refused(tmp_path: Path) -> None:
    """No entries, no folder left behind."""
    with pytest.raises(StoreError, match="no pictures"):
        build.prepare(Listed([]), tmp_path / "store", Options(FRAME))
    assert not (tmp_path / "store").exists()


def test_two_entries_of_one_name_are_refused(tmp_path: Path) -> None:
    """The name is told."""
    with pytest.raises(StoreError, match="'s0'"):
        build.prepare(Listed(listed(tmp_path, 1) * 2), tmp_path / "store", Options(FRAME))


def test_a_file_that_cannot_be_hashed_is_a_problem_of_its_picture(tmp_path: Path) -> None:
    """A file that vanished since listing is named, not a traceback."""
    gone = Entry("gone", (tmp_path / "gone.json",))
    with pytest.raises(SourceError, match=r"gone: .*gone\.json cannot be read"):
        build.prepare(Listed([*listed(tmp_path, 5), gone]), tmp_path / "store", Options(FRAME, workers=1))


def test_a_folder_with_other_files_is_not_mixed(draw: Draw, tmp_path: Path) -> None:
    """Preparing into a folder of something else is refused before anything is written."""
    folder = draw()
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.txt").write_text("do not touch")
    with pytest.raises(UsageError, match=r"thesis\.txt"):
        prepare(folder, other)
    assert [path.name for path in other.iterdir()] == ["thesis.txt"]
    with pytest.raises(UsageError, match="is a file"):
        prepare(folder, other / "thesis.txt")


@pytest.mark.parametrize(
    "name",
    ["data-raw/a.txt", "spare-parts/a.txt", "attempt/a.txt", "data-0123456789ab/a.txt", "report.json", "store.json"],
)
def test_folders_that_look_like_a_stores_are_not_its(draw: Draw, tmp_path: Path, name: str) -> None:
    """Names that begin like preparing's own, and its own names with others' content, are left alone."""
    mine = tmp_path / "study" / name
    mine.parent.mkdir(parents=True)
    mine.write_text('{"mine": 1}')
    with pytest.raises(UsageError, match="holds something else than a store"):
        prepare(draw(), tmp_path / "study")
    assert [path for path in (tmp_path / "study").rglob("*") if path.is_file()] == [mine]


def test_two_at_a_time_are_refused(draw: Draw, tmp_path: Path) -> None:
    """A second prepare into the same store ends at once and leaves the first alone."""
    folder = draw()
    with alone(tmp_path / "store"), pytest.raises(StoreError, match="Another"):
        prepare(folder, tmp_path / "store")
    prepare(folder, tmp_path / "store")


def test_a_torn_journal_is_continued(draw: Draw, tmp_path: Path) -> None:
    """An attempt with a torn last line, and a row that was not finished, goes on from the last whole one."""
    folder = draw()
    fresh = prepare(folder, tmp_path / "fresh").store
    attempt = tmp_path / "store/attempt"
    shutil.copytree(fresh.folder, attempt)
    (attempt / "index.json").unlink()
    lines = (attempt / "journal.jsonl").read_bytes().splitlines(keepends=True)
    (attempt / "journal.jsonl").write_bytes(b"".join(lines[:9]) + lines[9][:40])
    (attempt / "images-0002.u8").unlink()
    os.truncate(attempt / "targets-0001.u8", 32 * 32 * 4 + 7)
    outcome = prepare(folder, tmp_path / "store")
    assert (outcome.read, outcome.reused) == (4, 8)
    assert contents_of(tmp_path / "store") == contents_of(tmp_path / "fresh")


def test_a_killed_worker_is_told(draw: Draw, tmp_path: Path) -> None:
    """When the system ends a worker, one sentence names --workers, and no process is left."""
    folder = draw(3)
    for at in range(16):
        draw_picture(folder, f"large-{at}", size=(700, 700))
    command = [
        sys.executable,
        "-m",
        "kirie",
        "prepare",
        str(folder),
        "--out",
        str(tmp_path / "store"),
        "--workers",
        "2",
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        workers: list[int] = []
        until = time.monotonic() + 60
        while not workers and time.monotonic() < until:
            workers = workers_of(process.pid)
            time.sleep(0.005)
        os.kill(workers[0], 9)
        try:
            _, complaint = process.communicate(timeout=60)
        finally:
            process.kill()
    assert process.returncode == 2
    assert "--workers" in complaint
    assert "Traceback" not in complaint
