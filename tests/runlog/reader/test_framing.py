"""The frame: any records come back; of a damaged log what can be read is right, and what was skipped is counted."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runlog.reader.logs import BLOCK, HEADER, frame

from kirie.runlog.reader import framing
from kirie.runlog.reader.framing import Frames, read_records

SIZES = st.one_of(
    st.integers(0, 40),
    # Around what is left of a block after the header, and around whole blocks
    st.integers(BLOCK - 40, BLOCK + 40),
    st.integers(2 * BLOCK - 40, 2 * BLOCK + 40),
)


def _records(sizes: list[int]) -> list[bytes]:
    # No zeros, which a damaged piece would be taken for one that is not sent yet by
    return [bytes([1 + number % 250]) * size for number, size in enumerate(sizes)]


def _read(content: bytes) -> tuple[list[bytes], Frames]:
    frames = Frames()
    return list(frames.records(io.BytesIO(content))), frames


def _is_part(found: list[bytes], of: list[bytes]) -> bool:
    """Whether all that was found stands among these, in their order."""
    left = iter(of)
    return all(record in left for record in found)


@given(st.lists(SIZES, max_size=8))
@settings(max_examples=30, deadline=None)
def test_records_of_any_size_come_back(sizes: list[int]) -> None:
    """Whole, in order, with nothing skipped."""
    records = _records(sizes)
    found, frames = _read(frame(records))
    assert found == records
    assert (frames.blocks, frames.broken, frames.torn, frames.foreign) == (0, 0, False, False)


@given(st.lists(SIZES, min_size=1, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_a_log_that_is_cut_anywhere_is_read_up_to_there(sizes: list[int], data: st.DataObject) -> None:
    """The records before the cut come whole, the rest is waited for, and comes when the log is complete."""
    records, whole = _records(sizes), frame(_records(sizes))
    cut = data.draw(st.integers(0, len(whole)))
    found, frames = _read(whole[:cut])
    assert found == records[: len(found)]
    assert (frames.blocks, frames.broken) == (0, 0)
    left = whole[len(frame(records[: len(found)])) : cut]
    # Zeros that fill a block up belong to no record
    assert frames.torn or cut < len(HEADER) or not any(left)
    assert frames.torn <= bool(left or 0 < cut < len(HEADER))
    assert found + list(frames.records(io.BytesIO(whole))) == records
    assert not frames.torn


@given(st.lists(SIZES, min_size=1, max_size=6), st.data())
@settings(max_examples=40, deadline=None)
def test_a_changed_byte_costs_its_block_at_most(sizes: list[int], data: st.DataObject) -> None:
    """Nothing is made up, what lies before the change and behind its block comes, and something counts the loss."""
    records = _records(sizes)
    content = bytearray(frame(records))
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= data.draw(st.integers(1, 255))
    found, frames = _read(bytes(content))
    assert _is_part(found, records)
    if at < len(HEADER):
        assert (found, frames.foreign) == ([], True)
        return
    ends = [len(frame(records[: count + 1])) for count in range(len(records))]
    begins = [len(HEADER), *ends[:-1]]
    before = [record for record, end in zip(records, ends, strict=True) if end <= at]
    behind = [record for record, begin in zip(records, begins, strict=True) if begin >= (at // BLOCK + 1) * BLOCK]
    assert found[: len(before)] == before
    assert not behind or found[-len(behind) :] == behind
    lost = len(records) - len(found)
    assert (lost > 0) <= (frames.blocks + frames.broken + frames.torn > 0)


@given(st.lists(SIZES, max_size=5), st.lists(st.integers(0, 5 * BLOCK), max_size=6))
@settings(max_examples=30, deadline=None)
def test_a_log_that_grows_is_read_once(sizes: list[int], cuts: list[int]) -> None:
    """However it grows, its records come once and in order, from where the last reading was left."""
    records, whole = _records(sizes), frame(_records(sizes))
    frames, found = Frames(), []
    for cut in [*sorted(cuts), len(whole)]:
        found += list(frames.records(io.BytesIO(whole[:cut])))
    assert found == records
    assert frames.blocks == frames.broken == 0


@given(st.binary(max_size=300), st.booleans())
def test_any_bytes_are_no_error(content: bytes, header: bool) -> None:
    """Whatever stands in a file, reading it ends."""
    found, frames = _read(HEADER + content if header else content)
    assert len(found) <= len(content)
    if not header and content and not content.startswith(HEADER[: len(content)]):
        assert frames.foreign


def test_lengths_that_lie_cost_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A record that goes on for ever is given up, and counted once; what follows it is read."""
    monkeypatch.setattr(framing, "MOST", 3 * BLOCK)
    found, frames = _read(frame([b"before", b"x" * (20 * BLOCK), b"after"]))
    assert found == [b"before", b"after"]
    assert frames.broken == 1


@pytest.mark.parametrize("count", [5, 100])
def test_a_damaged_piece_costs_its_record(count: int) -> None:
    """In an unfinished block as in a finished one: what is all there is judged, and the rest is read."""
    records = [bytes([65 + number % 20]) * 1000 for number in range(count)]
    content = bytearray(frame(records))
    for at in (1500, len(content) - 1):
        content[at] ^= 1
    found, frames = _read(bytes(content))
    assert found == [records[0], *records[2:-1]]
    assert (frames.torn, frames.blocks, frames.broken, frames.offset) == (False, 0, 2, len(content))


def test_a_damaged_piece_of_a_long_record_counts_once() -> None:
    """Whichever of its pieces it is, one record is lost."""
    records = [b"before", b"x" * (3 * BLOCK), b"after"]
    for at in (1000, BLOCK + 1000, 3 * BLOCK + 10):
        content = bytearray(frame(records))
        content[at] ^= 1
        found, frames = _read(bytes(content))
        assert (found, frames.torn, frames.blocks, frames.broken) == ([b"before", b"after"], False, 0, 1)


@pytest.mark.parametrize("at", [4096, 3 * 4096, 9 * 4096, 16 * 4096])
@pytest.mark.parametrize("behind", [20, 200])
def test_pages_that_are_not_sent_yet_are_waited_for(at: int, behind: int) -> None:
    """A shared file system may show later pages of a living writer before earlier ones, as zeros: nothing is lost."""
    records = [bytes([65 + number % 26]) * 1000 for number in range(at // 1007 + behind)]
    whole = frame(records)
    found, frames = _read(whole[:at] + bytes(4096) + whole[at + 4096 :])
    before = len(_read(whole[:at])[0])
    assert (found, frames.torn, frames.waits) == (records[:before], True, True)
    assert (frames.broken, frames.blocks) == (0, 0)
    assert list(frames.records(io.BytesIO(whole))) == records[before:]
    assert not frames.torn
    assert not frames.waits


@pytest.mark.parametrize("at", [4096, 16 * 4096])
def test_a_power_cuts_zeros_are_waited_for_no_longer_than_the_log_grows(at: int) -> None:
    """They cost the records in them, or the rest of their block: once the log is silent, or has grown by far."""
    records = [bytes([65 + number % 26]) * 1000 for number in range(1300)]
    grown = bytearray(frame(records))
    grown[at : at + 4096] = bytes(4096)
    assert len(_read(bytes(grown))[0]) > 1265
    records = records[:100]
    whole = grown[: len(frame(records))]
    frames = Frames()
    found = list(frames.records(io.BytesIO(whole)))
    assert found == records[: len(found)]
    found += frames.records(io.BytesIO(whole), settled=True)
    assert _is_part(found, records)
    assert (len(found) > 65, found[-1], frames.torn, frames.waits) == (True, records[-1], False, False)
    assert frames.broken + frames.blocks > 0


def test_a_length_that_cannot_be_costs_the_rest_of_its_block() -> None:
    """Where the next piece begins is unknown then; so in an unfinished block the next one is waited for."""
    records = [bytes([65 + number % 20]) * 1000 for number in range(80)]
    content = bytearray(frame(records))
    content[len(HEADER) + 1007 + 5] = 0xFF
    found, frames = _read(bytes(content[:5000]))
    assert (found, frames.torn, frames.blocks) == (records[:1], True, 0)
    found += frames.records(io.BytesIO(content))
    assert (frames.torn, frames.blocks, frames.broken) == (False, 1, 0)
    assert found == [records[0], *records[-len(found) + 1 :]]
    assert len(found) > 40


def test_a_finished_logs_last_block_is_read_on_behind_a_length_that_cannot_be() -> None:
    """Nobody will complete it, so the next sound piece is looked for: one record is lost, and no more."""
    records = [bytes([65 + number]) * 1000 for number in range(20)]
    content = bytearray(frame(records))
    content[len(HEADER) + 1007 + 5] = 0xFF
    frames = Frames()
    assert list(frames.records(io.BytesIO(content))) == records[:1]
    assert list(frames.records(io.BytesIO(content), settled=True)) == records[2:]
    assert (frames.torn, frames.waits, frames.blocks, frames.offset) == (False, False, 1, len(content))
    # A killed writer's last words are no damage
    assert list(frames.records(io.BytesIO(content + content[7:500]), settled=True)) == []
    assert (frames.torn, frames.waits, frames.blocks) == (True, False, 1)


def test_an_empty_file_has_no_records(tmp_path: Path) -> None:
    """W&B was killed before its first write: that is no damage."""
    path = tmp_path / "run.wandb"
    path.touch()
    assert list(read_records(path)) == []
