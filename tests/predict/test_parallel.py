"""Many pictures: no more in hand than threads, and what is wrong with the machine stops the work."""

from __future__ import annotations

import errno
import functools
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from kirie.core.bundle import Manifest
from kirie.errors import DeviceError
from kirie.predict.output import Writer
from kirie.predict.parallel import Cutter, Done
from kirie.predict.pictures import Job
from kirie.predict.segment import segment
from kirie.predict.session import Session


@pytest.fixture
def cutter(color_bundle: Path, tmp_path: Path, draw: Any) -> Cutter:
    """A cutter for `tmp_path/a.png`."""
    Image.fromarray(draw(30, 40)[0]).save(tmp_path / "a.png")
    writer = Writer(Manifest.read(color_bundle), frozenset({"labelmap"}))
    ask = functools.partial(segment, Session(color_bundle))
    return Cutter(ask, writer, tmp_path / "out", max_pixels=10_000)


@pytest.mark.parametrize("workers", [1, 3])
def test_no_more_in_hand_than_workers(cutter: Cutter, tmp_path: Path, workers: int) -> None:
    """Pictures are taken from the list only when a thread is free, so memory does not grow with their number."""
    taken = 0
    done: list[Done] = []
    most = 0

    def jobs() -> Iterator[Job]:
        nonlocal taken, most
        for number in range(20):
            taken += 1
            most = max(most, taken - len(done))
            yield Job(tmp_path / "a.png", f"{number}", number)

    cutter.cut_all(jobs(), workers, done.append)
    assert sorted(int(one.job.name) for one in done) == list(range(20))
    assert all(one.written and not one.problems for one in done)
    assert most == workers


def fail_at(done: list[Done], number: int, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the disk fail once `number` pictures are done."""
    mkdir = Path.mkdir

    def failing(self: Path, *words: Any, **more: Any) -> None:
        if len(done) == number:
            raise OSError(code, os.strerror(code), str(self))
        mkdir(self, *words, **more)

    monkeypatch.setattr(Path, "mkdir", failing)


def test_a_place_that_cannot_be_written_is_told(
    cutter: Cutter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where one picture's folder cannot be made the sentence says so, and the others are cut."""
    done: list[Done] = []
    fail_at(done, 1, errno.EINVAL, monkeypatch)
    cutter.cut_all((Job(tmp_path / "a.png", name, name) for name in "012"), 1, done.append)
    assert [one.written for one in done] == [True, False, True]
    assert "out/1 cannot be written" in done[1].problems[0]


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS, errno.EIO])
def test_a_full_closed_or_broken_disk_stops_the_work(
    cutter: Cutter, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    """What is wrong with the machine is raised after the pictures in hand, and finished ones stay whole."""
    done: list[Done] = []
    fail_at(done, 5, code, monkeypatch)
    with pytest.raises(DeviceError, match=r"is full|cannot be written|failed"):
        cutter.cut_all((Job(tmp_path / "a.png", f"{number}", number) for number in range(100)), 1, done.append)
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == list("01234")
