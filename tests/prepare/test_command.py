"""`kirie prepare` as a process: killed, on a full disk, misused."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from tests.prepare.conftest import Draw, contents_of, draw_picture, edit, lives, mask_record, workers_of

from kirie import cli
from kirie.errors import SourceError, StoreError, UsageError
from kirie.prepare.command import main
from kirie.prepare.store import Store

SPOILED = {
    "points outside clipped": 2,
    "empty regions": 1,
    "rectangles drawn backwards": 1,
    "masks that disagree with their points": 1,
    "instance ids that are no whole numbers": 1,
    "regions of zero area, no instances by themselves": 1,
    "instance ids used by several labels, told apart": 1,
    "instance ids of one label whose regions lie far apart, taken for one instance": 1,
    "instances of labels that have none, taken for none": 1,
    "instances beyond the limit, ignored": 1,
}


def spoil(annotation: Path) -> None:
    """Puts one mistake of each kind into an annotation."""
    shapes = [
        {"label": "hair", "shape_type": "rectangle", "points": [[60, 60], [70, 70]]},
        {"label": "hair", "shape_type": "rectangle", "points": [[20, 20], [10, 10]], "group_id": 1},
        {"label": "hair", "shape_type": "rectangle", "points": [[44, 2], [47, 5]], "group_id": 1},
        {"label": "eye", "shape_type": "rectangle", "points": [[1, 1], [9, 9]], "group_id": 1},
        {"label": "eye", "shape_type": "polygon", "points": [[30, 2], [40, 2], [35, 2]], "group_id": "a"},
        {"label": "background", "shape_type": "rectangle", "points": [[20, 30], [30, 34]], "group_id": 2},
        {"label": "eye"} | mask_record([25, 25], [40, 40], np.ones((5, 9), dtype=bool)),
    ]
    edit(annotation, shapes=shapes)


def test_the_table_tells_what_is_in_the_store(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Pictures, groups and label shares per split; the second time it is up to date."""
    words = [str(draw()), "--out", str(tmp_path / "store"), "--size", "32x64", "--workers", "1"]
    assert main(words) == 0
    first = capsys.readouterr().out
    assert "12 picture(s) read, 0 reused, 32x64 fit" in first
    shares, _, counts = first.partition("instances")
    rows = {line.split()[0]: line.split()[1:] for line in shares.splitlines() if line.strip()}
    instances = {line.split()[0]: line.split()[1:] for line in counts.splitlines()[1:]}
    assert sum(map(int, rows["pictures"])) == 12
    assert sum(map(int, instances["hair"])) == 12
    assert list(instances)[:2] == ["hair", "eye"]
    for at in range(3):
        assert sum(float(rows[name][at].rstrip("%")) for name in ("background", "hair", "eye")) == pytest.approx(
            100, abs=0.02
        )
    main(words)
    assert "is up to date: 12 picture(s)" in capsys.readouterr().out


def test_the_result_is_one_json_object(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--json prints what machines need, and nothing else."""
    main([str(draw()), "--out", str(tmp_path / "store"), "--size", "32", "--workers", "1", "--json"])
    content = json.loads(capsys.readouterr().out)
    store = Store.open(tmp_path / "store")
    assert content["fingerprint"] == store.fingerprint
    assert (content["changed"], content["read"], content["size"]) == (True, 12, [32, 32])
    assert sum(part["pictures"] for part in content["splits"].values()) == 12


def test_strict_refuses_what_had_to_be_mended(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each kind is counted and mended by default; --strict names the pictures, keeps the old store, and is no trap."""
    source = draw()
    words = ["prepare", str(source), "--out", str(tmp_path / "store"), "--size", "32", "--workers", "1"]
    words += ["--max-instances", "2"]
    assert cli.main([*words, "--strict"]) == 0
    before = contents_of(tmp_path / "store")
    spoil(source / "chapter 0/page-000.json")
    capsys.readouterr()
    assert cli.main([*words, "--strict"]) == 2
    complaint = capsys.readouterr().err
    assert "1 of 12 pictures had to be mended" in complaint
    assert "chapter 0/page-000: " in complaint
    for what in SPOILED:
        assert what in complaint
    assert "too small" not in complaint
    after = contents_of(tmp_path / "store")
    assert {name: after[name] for name in before} == before
    assert cli.main([*words, "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    lawful = {"parts too small to be instances, ignored": 1}
    assert content["notes"] == SPOILED | lawful
    assert content["read"] == 0
    # What is in the store already is looked at too
    assert cli.main([*words, "--strict"]) == 2


def test_generated_labels_are_told(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without a label file the names found become the labels, and a remark says so."""
    source = draw()
    (source / "labels.yaml").unlink()
    main([str(source), "--out", str(tmp_path / "store"), "--size", "32", "--workers", "1"])
    assert "the labels are the names found: background, eye, hair" in capsys.readouterr().out


def test_verify_finds_damage(draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """--verify reads everything: whole before, refused after one byte changed."""
    words = [str(draw()), "--out", str(tmp_path / "store"), "--size", "32", "--workers", "1"]
    main(words)
    assert main([*words, "--verify"]) == 0
    assert "12 picture(s) have their checksums" in capsys.readouterr().out
    shard = Store.open(tmp_path / "store").folder / "images-0000.u8"
    content = bytearray(shard.read_bytes())
    content[77] ^= 1
    shard.write_bytes(content)
    with pytest.raises(StoreError, match="checksum"):
        main([*words, "--verify"])


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--size", "250"], "nearest to 250 is 256"),
        (["--size", "big"], "256x384"),
        (["--mode", "crop"], "fit and tile"),
        (["--overlap", "0.5"], "--mode tile"),
        (["--mode", "tile", "--overlap", "1"], "0 to 0.9"),
        (["--mode", "tile", "--overlap", "nan"], "0 to 0.9"),
        (["--fractions", "0.9,0.1"], "add up to 1"),
        (["--instances", "boxes"], "given and components"),
        (["--max-instances", "0"], "1 to 254"),
        (["--max-instances", "255"], "1 to 254"),
        (["--workers", "0"], "1 or more"),
        (["--workers", "two"], "invalid int"),
        (["--sise", "256"], "--sise"),
        (["--format", "psd9"], "psd9"),
    ],
)
def test_misuse_ends_in_one_sentence(
    words: list[str], says: str, draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, what is allowed, no store."""
    assert cli.main(["prepare", str(draw(1)), "--out", str(tmp_path / "store"), *words]) == 2
    complaint = capsys.readouterr().err
    assert says in complaint
    assert not (tmp_path / "store").exists()


def test_the_store_cannot_replace_its_source(draw: Draw) -> None:
    """--out naming the source itself is refused."""
    folder = draw(1)
    with pytest.raises(UsageError, match="source itself"):
        main([str(folder), "--out", str(folder)])


def test_a_missing_source_is_told(tmp_path: Path) -> None:
    """A folder that is not there."""
    with pytest.raises(SourceError, match="not there"):
        main([str(tmp_path / "data"), "--out", str(tmp_path / "store")])


def test_killed_again_and_again_the_store_is_that_of_one_run(
    draw: Draw, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGKILL at growing progress: the old store stays readable, work is not lost, the end is equal to the bit."""
    out = tmp_path / "store"
    main([str(draw(5)), "--out", str(out), "--size", "64", "--workers", "1"])
    old = contents_of(out)
    source = draw(0)
    for at in range(5, 29):
        draw_picture(source, f"chapter 9/large-{at:03d}", size=(800, 700))
    command = [sys.executable, "-m", "kirie", "prepare", str(source), "--out", str(out), "--size", "64"]
    finished: list[int] = []
    for wanted in (4, 11):
        with subprocess.Popen([*command, "--workers", "2"], stdout=subprocess.DEVNULL) as process:
            until = time.monotonic() + 60
            while _lines(out) < wanted and process.poll() is None and time.monotonic() < until:
                time.sleep(0.001)
            workers = workers_of(process.pid)
            process.send_signal(signal.SIGKILL)
        assert process.returncode == -signal.SIGKILL
        finished.append(_lines(out))
        now = contents_of(out)
        assert {name: now[name] for name in old} == old
        Store.open(out).verify()
        while any(map(lives, workers)) and time.monotonic() < until:
            time.sleep(0.01)
        assert not any(map(lives, workers))
    assert finished == sorted(finished)
    capsys.readouterr()
    main([str(source), "--out", str(out), "--size", "64", "--workers", "1", "--json"])
    content = json.loads(capsys.readouterr().out)
    assert content["reused"] >= finished[-1] >= 11
    assert content["read"] == 29 - content["reused"]
    main([str(source), "--out", str(tmp_path / "fresh"), "--size", "64", "--workers", "1"])
    assert contents_of(out) == contents_of(tmp_path / "fresh")


def _lines(out: Path) -> int:
    """Pictures that an attempt has finished."""
    try:
        return max(0, (out / "attempt/journal.jsonl").read_bytes().count(b"\n") - 1)
    except FileNotFoundError:
        return 0


def test_ctrl_c_ends_in_one_line(draw: Draw, tmp_path: Path) -> None:
    """SIGINT to the whole group, as a terminal sends it: exit code 130, no traceback of any worker, work is kept."""
    source = draw(9)
    for at in range(12):
        draw_picture(source, f"large-{at}", size=(800, 700))
    words = ["prepare", str(source), "--out", str(tmp_path / "store"), "--size", "64", "--workers", "2"]
    # A job that a shell put in the background ignores SIGINT and hands that on; a terminal's does not
    heard = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); "
        "from kirie.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", heard, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        until = time.monotonic() + 60
        while not workers_of(process.pid) and process.poll() is None and time.monotonic() < until:
            time.sleep(0.001)
        os.killpg(process.pid, signal.SIGINT)
        output, complaint = process.communicate(timeout=60)
    assert (process.returncode, output) == (130, "")
    assert complaint == "kirie: Interrupted. Repeat the command to go on.\n"


@contextlib.contextmanager
def small_disk(path: Path, size: int) -> Iterator[bool]:
    """A disk of so many bytes at `path`; False where this machine does not let us mount one."""
    path.mkdir()
    mounted = (
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "none", str(path)], capture_output=True
        ).returncode
        == 0
    )
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", str(path)], check=True)


def test_a_full_disk_keeps_the_old_store_and_what_is_finished(draw: Draw, tmp_path: Path) -> None:
    """Exit code 2 and one sentence; the old store opens; with space again only the rest is read."""
    with small_disk(tmp_path / "disk", 400_000) as real:
        out = tmp_path / "disk/store"
        main([str(draw(5)), "--out", str(out), "--size", "64", "--workers", "1"])
        old, before = contents_of(out), Store.open(out)
        command = [
            sys.executable,
            "-m",
            "kirie",
            "prepare",
            str(draw(40)),
            "--out",
            str(out),
            "--size",
            "64",
            "--workers",
            "1",
        ]
        # Without a mount the kernel's limit on a file's size stands in: it, too, refuses a write in its middle
        full = subprocess.run(
            command,
            capture_output=True,
            text=True,
            preexec_fn=None if real else lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000)),
        )
        assert full.returncode == 2
        assert "is full" in full.stderr
        assert "Traceback" not in full.stderr
        now = contents_of(out)
        assert {name: now[name] for name in old} == old
        Store.open(out).verify()
        journal = (out / "attempt/journal.jsonl").read_bytes().splitlines()[1 : _lines(out) + 1]
        finished = {json.loads(line)["name"] for line in journal}
        assert 5 < len(finished) < 40
        if real:
            subprocess.run(["mount", "-o", "remount,size=4m", str(tmp_path / "disk")], check=True)
        again = subprocess.run([*command, "--json"], capture_output=True, text=True)
        stored = {picture.name for picture in before.pictures}
        assert json.loads(again.stdout)["read"] == 40 - len(finished | stored)
        main([str(draw(40)), "--out", str(tmp_path / "fresh"), "--size", "64", "--workers", "1"])
        assert contents_of(out) == contents_of(tmp_path / "fresh")
