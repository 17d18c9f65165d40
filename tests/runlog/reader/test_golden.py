"""Logs that each supported version of wandb wrote, against what their writer handed to it."""

from __future__ import annotations

import json
import math
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import kirie.runlog
from kirie.runlog.reader.framing import read_records
from kirie.runlog.reader.rows import read_rows
from kirie.runlog.reader.run import Run
from kirie.runlog.reader.tail import Tail

GOLDEN = Path(__file__).parent / "golden"
VERSIONS = sorted(path.parent.name for path in GOLDEN.glob("*/expected.json"))


@pytest.fixture(params=VERSIONS)
def golden(request: pytest.FixtureRequest) -> tuple[Run, dict[str, Any]]:
    """A run and what is expected of it."""
    folder = GOLDEN / request.param
    (run,) = kirie.runlog.open(folder)
    return run, json.loads((folder / "expected.json").read_text(encoding="utf-8"))


def test_all_supported_versions_are_there() -> None:
    """One log for each kind of log that wandb has written."""
    assert VERSIONS == ["0.13.11", "0.17.9", "0.19.11", "0.25.1", "0.30.0", "0.31.0"]


def test_what_was_said_is_read(golden: tuple[Run, dict[str, Any]]) -> None:
    """Names, configuration with its update, exit code and printed text are those that were handed over."""
    run, expected = golden
    said = {name: getattr(run, name) for name in expected["said"]}
    assert said | {"tags": list(run.tags)} == expected["said"]
    assert run.config == expected["config"]
    assert (run.exit_code, run.state) == (expected["exit_code"], "failed")
    assert run.console() == expected["console"]
    assert run.host == "host"
    assert re.fullmatch(r"(CPython )?3[.]11[.][0-9]+", run.environment["python"])
    assert run.version == run.logs[0].path.relative_to(GOLDEN).parts[0]
    assert not any(run.skipped.values())
    assert run.notices == []


def test_every_number_is_read(golden: tuple[Run, dict[str, Any]]) -> None:
    """The history has these keys, steps and values, NaN, infinities, large numbers and nested ones too; the summary."""
    run, expected = golden
    assert set(run.metrics) == set(expected["history"])
    for key, points in expected["history"].items():
        series = run.history(key)
        assert series.step.tolist() == [step for step, _ in points]
        np.testing.assert_array_equal(series.value, [value for _, value in points])
    summary = run.summary
    assert summary.keys() == expected["summary"].keys()
    for key, value in expected["summary"].items():
        assert summary[key] == value or math.isnan(summary[key]) and math.isnan(value)


def test_media_are_read(golden: tuple[Run, dict[str, Any]]) -> None:
    """Pictures with masks and the names of their labels, a histogram, a table and a text."""
    run, expected = golden
    assert run.media == {"odd/text": "text", "val/pictures": "images", "hist": "histogram", "rows": "table"}
    pictures = run.pictures("val/pictures")
    assert [[found.step, found.number, found.name] for found in pictures] == expected["pictures"]
    labels = {int(id_): word for id_, word in expected["labels"].items()}
    for found in pictures:
        assert found.labels == {"truth": labels, "prediction": labels}
        with Image.open(found.image.file) as image, Image.open(found.masks["truth"].file) as mask:
            assert image.getpixel((0, 0)) == (60 * found.number,) * 3
            np.testing.assert_array_equal(np.asarray(mask), np.eye(4))
    (histogram,) = run.histograms("hist")
    assert [histogram.step, histogram.edges.tolist(), histogram.counts.tolist()] == expected["histogram"]
    (table,) = run.tables("rows")
    assert [table.step, *table.read()] == expected["table"]
    assert {"odd/text": [list(pair) for pair in run.texts("odd/text")]} == expected["texts"]


def test_reading_in_pieces_gives_the_same(golden: tuple[Run, dict[str, Any]]) -> None:
    """A tail whose state goes through JSON after each few hundred bytes finds the rows that one reading finds."""
    run, _ = golden
    path = run.logs[0].path
    whole = Tail(path).read()
    tail, state, pieces = Tail(path), None, []
    while True:
        batch = tail.read(300)
        pieces.append(batch)
        state = json.loads(json.dumps(tail.state))
        if not batch.more:
            break
        tail = Tail(path, state)
    assert len(pieces) > 10
    for key, column in whole.columns.items():
        found = [piece.columns[key] for piece in pieces if key in piece.columns]
        np.testing.assert_array_equal(np.concatenate([part.rows for part in found]), column.rows)
        np.testing.assert_array_equal(np.concatenate([part.values for part in found]), column.values)
    np.testing.assert_array_equal(np.concatenate([piece.axes.step for piece in pieces]), whole.axes.step)
    np.testing.assert_array_equal(np.concatenate([piece.axes.epoch for piece in pieces]), whole.axes.epoch)
    assert [piece.exit for piece in pieces if piece.exit] == [whole.exit]


def test_wandb_itself_reads_the_same() -> None:
    """`wandb leet inspect` of the installed version finds in the newest golden log what we find in it."""
    (path,) = (GOLDEN / VERSIONS[-1]).rglob("*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    records = [json.loads(line) for line in done.stdout.splitlines()]
    rows = [record["history"]["item"] for record in records if record["type"] == "history"]
    ours = list(read_rows(path))
    assert len(rows) == len(ours) > 10
    for row, our in zip(rows, ours, strict=True):
        for key, value in our.items():
            # Theirs has no NaN, and keys of pictures one by one
            if isinstance(value, int | float) and math.isfinite(value):
                assert row[key] == value
    tail = Tail(path)
    tail.read()
    # Ours counts what is not known, which must be nothing that they know
    assert len(records) == len(list(read_records(path)))
    assert tail.skipped["unknown"] == 0
