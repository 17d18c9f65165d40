"""Batches: what a log says comes as columns and facts, in any pieces, and hostile bytes are counted."""

from __future__ import annotations

import json
import math
import os
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.runlog.reader import logs
from tests.runlog.reader.logs import STEP

from kirie.runlog.reader.batch import Batch
from kirie.runlog.reader.changes import Change, apply
from kirie.runlog.reader.messages import Item, Items
from kirie.runlog.reader.state import SILENT_S
from kirie.runlog.reader.tail import Tail

NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.floats(), st.booleans())
VALUES = st.one_of(NUMBERS, st.none(), st.text(max_size=5), st.lists(st.integers(), max_size=2))
KEYS = st.sampled_from(["a", "train/loss", "切り/絵", "\x82\x01", "epoch", STEP, "k" * 130])
ROWS = st.lists(st.dictionaries(KEYS, VALUES, max_size=5), max_size=12)


def _tail(tmp_path: Path, records: list[bytes]) -> Tail:
    path = tmp_path / "run.wandb"
    path.write_bytes(logs.frame(records))
    return Tail(path)


def _plain(rows: list[dict[str, Any]]) -> dict[str, list[tuple[int, float]]]:
    """What rows have of numbers, in the plainest way."""
    found: dict[str, list[tuple[int, float]]] = {}
    for at, row in enumerate(rows):
        for key, value in row.items():
            if isinstance(value, int | float) and key != STEP:
                found.setdefault(key, []).append((at, float(value)))
    return found


def _columns(batches: list[Batch]) -> dict[str, list[tuple[int, float]]]:
    found: dict[str, list[tuple[int, float]]] = {}
    for batch in batches:
        for key, column in batch.columns.items():
            found.setdefault(key, []).extend(zip(column.rows.tolist(), column.values.tolist(), strict=True))
    return found


@given(ROWS, st.lists(st.integers(0, 3000), max_size=4), st.integers(50, 2000), st.booleans())
@settings(max_examples=50, deadline=None)
def test_rows_in_any_pieces_are_columns(
    tmp_path_factory: pytest.TempPathFactory, rows: list[dict[str, Any]], cuts: list[int], most: int, old: bool
) -> None:
    """A log that grows, is read in pieces, with a state that went through JSON, gives each number once and in place."""
    path = tmp_path_factory.mktemp("tail") / "run.wandb"
    whole = logs.frame([logs.history(row, old=old) for row in rows])
    state, batches = None, []
    for cut in [*sorted(cuts), len(whole)]:
        path.write_bytes(whole[:cut])
        while True:
            tail = Tail(path, state)
            batches.append(tail.read(most))
            state = json.loads(json.dumps(tail.state))
            if not batches[-1].more:
                break
    found, expected = _columns(batches), _plain(rows)
    # As texts, in which NaN is itself
    assert {key: repr(points) for key, points in found.items()} == {key: repr(of) for key, of in expected.items()}
    assert sum(batch.rows for batch in batches) == len(rows)
    assert batches[-1].skipped == dict.fromkeys(["torn", "blocks", "records", "unknown", "foreign"], 0)


@given(st.lists(st.dictionaries(st.sampled_from("abcdef"), st.integers(), max_size=4), max_size=8))
@settings(max_examples=30, deadline=None)
def test_the_summary_is_that_of_all_changes(
    tmp_path_factory: pytest.TempPathFactory, updates: list[dict[str, int]]
) -> None:
    """Only the last change of each key is read, which must come to the same as all of them in order."""
    removed = ["a"] if len(updates) % 2 else []
    records = [logs.summary(update) for update in updates]
    records += [logs.summary({}, removed), logs.summary({("b", "c"): 1})]
    found: dict[str, Any] = {"d": -1}
    apply(_tail(tmp_path_factory.mktemp("summary"), records).read().summary, found)
    expected: dict[str, Any] = {"d": -1}
    for update in updates:
        expected |= update
    for key in removed:
        expected.pop(key, None)
    expected["b"] = {"c": 1}
    assert found == expected


@pytest.mark.parametrize(
    "keys",
    [
        # The length of such a key has the bytes of the mark, the text of such a one has them, too
        ["k" * 129 + "a", "k" * 129 + "b"],
        ["x\x82\x01a", "x\x82\x01b"],
        [("n", "k" * 129 + "a"), ("n", "k" * 129 + "b")],
        ["k" * 200 + "a", "k" * 200 + "b"],
    ],
)
def test_keys_in_which_the_mark_stands_are_told_apart(tmp_path: Path, keys: list[Any]) -> None:
    """The mark is where an entry's value begins; where its bytes stand in the key, no key is taken for another."""
    records = [logs.summary({keys[0]: at, keys[1]: -at}) for at in range(3)]
    found = _tail(tmp_path, [*records, logs.summary({keys[1]: 7})]).read().summary
    assert [(change.path[-1][-1:], change.value) for change in found] == [("a", 2), ("b", 7)]


def test_typed_values_are_read(tmp_path: Path) -> None:
    """The values of newer versions that are no JSON, also after the same key had JSON."""
    typed: list[dict[str, Any]] = [
        {"number": 0.25}, {"integer": -3}, {"boolean": True}, {"number": 1.5}, {"json": b"7"}, {"none": 0},
        {"text": "x"},
    ]  # fmt: skip
    rows = [Items(update=[Item(nested_key=["a"], **value).SerializeToString()]) for value in typed]
    records = [logs.history({"a": 9}), *(logs.record(history=row.SerializeToString()) for row in rows)]
    batch = _tail(tmp_path, records).read()
    assert batch.columns["a"].values.tolist() == [9, 0.25, -3, 1, 1.5, 7]
    assert batch.columns["a"].rows.tolist() == [0, 1, 2, 3, 4, 5]
    assert [(value.row, value.value) for value in batch.values] == [(7, "x")]


def test_steps_are_lightnings_and_carried_on(tmp_path: Path) -> None:
    """A row without Lightning's step has that of the row before; before the first, W&B's count."""
    rows: list[dict[str, Any]] = [
        {"_step": 0, "a": 1},
        {"_step": 1, STEP: 10, "epoch": 2, "a": 2},
        {"_step": 2, "a": 3, "_timestamp": 5.5},
    ]
    tail = _tail(tmp_path, [logs.history(row) for row in rows])
    first = tail.read(1)
    rest = [tail.read(1), tail.read(1)]
    assert first.axes.step.tolist() + [int(batch.axes.step[0]) for batch in rest] == [0, 10, 10]
    assert [batch.axes.epoch[0] for batch in rest] == [2, 2]
    assert math.isnan(rest[0].axes.time[0])
    assert rest[1].axes.time.tolist() == [5.5]


def test_records_become_facts(tmp_path: Path) -> None:
    """Configuration, first exit, printed text, system metrics and names; a record of the future is counted only."""
    records = [
        logs.run(run_id="abc", project="p", sweep="s", tags=["x"], config=logs.changes({"lr": 1}), started=100),
        logs.config({"model": {"name": "unet"}, "lr": 2}),
        logs.config({("model", "depth"): 3}, removed=["lr"]),
        logs.output("one\n"),
        logs.stats(200, {"cpu": 12.5}),
        logs.stats(215, {"cpu": 13.5, "gpu.0.gpu": 50}),
        logs.exit_(1, 7),
        logs.exit_(0),
        b"\xfa\x3f\x02hi",
    ]
    batch = _tail(tmp_path, records).read()
    config: dict[str, Any] = {}
    apply(batch.config, config)
    assert config == {"model": {"name": "unet", "depth": 3}}
    assert batch.run == {"id": "abc", "project": "p", "sweep": "s", "tags": ["x"], "started": 100}
    assert (batch.exit, [text for _, text in batch.console]) == ((1, 7), ["one\n"])
    assert batch.system_time.tolist() == [200, 215]
    assert batch.system["gpu.0.gpu"].rows.tolist() == [1]
    assert batch.skipped["unknown"] == 1


def test_a_replaced_log_is_read_anew(tmp_path: Path) -> None:
    """A shorter file in its place is another log: what was read is void, and the batch says so."""
    tail = _tail(tmp_path, [logs.history({"a": number}) for number in range(9)])
    assert tail.read().rows == 9
    tail.path.write_bytes(logs.frame([logs.history({"b": 1})]))
    batch = tail.read()
    assert (batch.restarted, batch.first_row, batch.rows, list(batch.columns)) == (True, 0, 1, ["b"])


DEEP = b"[" * 5000 + b"]" * 5000


@pytest.mark.parametrize(
    "row",
    [
        {"a": DEEP},
        {"a": b"[" * 4000 + b"1" + b"]" * 4000},
        {"a": b"[" * 100 + b"]" * 100},
        {("a",) * 1000: 1},
        {"a": b"9" * 5000},
        {"a": b"{"},
        {"a": b"\xff\xfe"},
        {"a": b""},
    ],
)
def test_values_that_cannot_be_kept_are_counted(tmp_path: Path, row: dict[Any, Any]) -> None:
    """Nesting without end, numbers without end, what is no JSON: the entry is counted, the rest of the row is read."""
    batch = _tail(tmp_path, [logs.history({"fine": 1, **row}), logs.history({"fine": 2})]).read()
    assert batch.columns["fine"].values.tolist() == [1, 2]
    assert batch.skipped["records"] == 1
    assert not batch.values


@pytest.mark.parametrize("value", [b"5", b"1_0", b" nan", b"Infinity", b"7 ", b"+1", b"1" * 200])
@pytest.mark.parametrize("shift", [0, 1])
def test_an_entry_is_read_alike_wherever_it_stands(tmp_path: Path, value: bytes, shift: int) -> None:
    """Whether its key came before, alone or beside others, or not: same numbers, and the same count of bad ones."""
    (good, odd), (other,) = logs.items({"a": 1, "b": value}), logs.items({"p": "picture"})
    at = odd.index(b"\x82\x01") + 2
    odd = odd[:at] + bytes([odd[at] ^ shift]) + odd[at + 1 :]
    (known,) = logs.items({"b": 2})
    said = []
    for first, row in [(good, [good, odd]), (known, [odd]), (known, [good, odd]), (known, [odd, other])]:
        contents = [Items(update=entries).SerializeToString() for entries in ([first], row)]
        tail = _tail(tmp_path, [logs.record(history=content) for content in contents])
        column = tail.read().columns.get("b")
        values = [] if column is None else column.values[column.rows == 1].tolist()
        said.append((str(values), tail.skipped["records"]))
    assert len(set(said)) == 1


def test_what_is_skipped_is_not_a_matter_of_how_often_one_looks(tmp_path: Path) -> None:
    """Entries of a summary that come again are not looked at, so one that cannot be read counts in the history."""
    rows = [record for at in range(3) for record in (logs.history({"a": b"{", "n": at}), logs.summary({"a": b"{"}))]
    whole, pieces = _tail(tmp_path, rows), _tail(tmp_path, rows)
    whole.read()
    while pieces.read(1).more:
        pass
    assert whole.skipped == pieces.skipped
    assert whole.skipped["records"] == 3


def test_a_silent_logs_damage_is_judged(tmp_path: Path) -> None:
    """A log that grew a moment ago may lack what its writer has not sent; five minutes later nothing will come."""
    tail = _tail(tmp_path, [logs.history({"loss": at}) for at in range(9)])
    content = bytearray(tail.path.read_bytes())
    content[len(logs.HEADER) + 5] = 0xFF
    tail.path.write_bytes(content)
    assert (tail.read().rows, tail.skipped["torn"], tail.skipped["blocks"]) == (0, 1, 0)
    then = time.time() - SILENT_S - 1
    os.utime(tail.path, (then, then))
    assert (tail.read().rows, tail.skipped["torn"]) == (8, 0)


@pytest.mark.parametrize("row", [{"a": b"1,2", "b": b"3"}, {"a": b"[1", "b": b"2]"}, {"a": b'"x', "b": b'y"'}])
def test_values_that_make_sense_only_together_are_none(tmp_path: Path, row: dict[str, bytes]) -> None:
    """The numbers of a row are read at once, yet each must be one by itself."""
    batch = _tail(tmp_path, [logs.history({"a": 8, "b": 9, "c": 1}), logs.history({**row, "c": 2})]).read()
    assert batch.columns["a"].values.tolist() == [8]
    assert batch.columns["b"].values.tolist() == [9, *([3] if row["b"] == b"3" else [])]
    assert batch.columns["c"].values.tolist() == [1, 2]
    assert batch.skipped["records"] == (1 if row["b"] == b"3" else 2)


def test_halves_of_letters_can_be_written_on(tmp_path: Path) -> None:
    """JSON may hold half a letter, which no UTF-8 has: a question mark stands for it."""
    batch = _tail(tmp_path, [logs.history({"a": b'"x\\ud800y"', "b": b'"\\u7d75"'})]).read()
    assert [value.value for value in batch.values] == ["x?y", "絵"]
    # As bytes it is no UTF-8, and so no JSON
    batch = _tail(tmp_path, [logs.history({"a": b'"x\xed\xa0\x80y"', "b": 1})]).read()
    assert (batch.values, batch.columns["b"].values.tolist(), batch.skipped["records"]) == ([], [1], 1)


def test_many_small_entries_take_bounded_memory(tmp_path: Path) -> None:
    """A record of a million entries of two bytes is refused within some times its own size."""
    tail = _tail(tmp_path, [logs.record(history=b"\x0a\x00" * 1_000_000), logs.history({"a": 1})])
    tracemalloc.start()
    batch = tail.read()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert batch.columns["a"].values.tolist() == [1]
    assert batch.skipped["records"] == 1
    assert peak < 50e6


@given(st.lists(st.binary(max_size=60), max_size=10))
def test_any_records_are_no_error(tmp_path_factory: pytest.TempPathFactory, records: list[bytes]) -> None:
    """Records of any bytes are read or counted."""
    batch = _tail(tmp_path_factory.mktemp("any"), records).read()
    assert batch.skipped["records"] + batch.skipped["unknown"] + batch.rows >= 0
    assert (batch.skipped["blocks"], batch.skipped["torn"]) == (0, 0)


def test_changes_below_what_is_no_dict(tmp_path: Path) -> None:
    """A change below a plain value replaces it; a removal below one does nothing."""
    content: dict[str, Any] = {"a": 1, "b": 1}
    apply([Change(("a", "x"), 2), Change(("b", "x"), None, True)], content)
    assert content == {"a": {"x": 2}, "b": 1}
