"""The book of a report: answers by request, and pictures as data: addresses, within a size that opens anywhere."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kirie.board.report.asks import Asker, encoded, request_path
from kirie.board.report.questions import MOST_LABELS, SPLITS, Subject, questions
from kirie.errors import UsageError

MOST_RUNS = 50
"""Runs of one report."""

MOST_PICTURES = 24 * 2**20
"""Bytes of all pictures of a report; in the file they take a third more."""

MOST_POINTS = 150_000
"""Points of all curves over one axis: 2.4 MB in the file."""

_AXES = ("step", "epoch", "time", "wall", "images")
_FEWEST_POINTS, _MANY_POINTS = 50, 1000


async def make_book(ask: Asker, runs: Sequence[str], view: str) -> dict[str, Any]:
    """Gathers what a report needs.

    Args:
        ask: Asks the board.
        runs: The runs' ids, in the order in which they were chosen.
        view: The page's address part (`#/curves?runs=a,b`).

    Raises:
        UsageError: There are no runs, too many, or one that the board does not have.
    """
    if not 0 < len(runs) <= MOST_RUNS:
        raise UsageError(
            f"A report is of 1 to {MOST_RUNS} runs, and {len(runs)} were chosen; select them in the table."
        )
    answers: dict[str, Any] = {"/api/runs": _only(await _table(ask), runs)}
    details = [await _detail(ask, run) for run in runs]
    notes = await _add_curves(ask, runs, details, answers)
    for question in questions(await _subject(ask, runs, details)):
        answer = await ask.get(question)
        # What the board itself cannot answer (no table of that split, say) is no part of the report
        if answer.status == 200:
            answers[question] = answer.json()
    files, left_out = await _pictures(ask, answers)
    notes += left_out
    board = (await ask.get("/api/board")).json()
    answers["/api/board"] = {**board, "frozen": True, "notes": notes}
    return {"frozen_at": time.time(), "of": board.get("folder", ""), "view": view, "answers": answers, "files": files}


async def _table(ask: Asker) -> dict[str, Any]:
    found: dict[str, Any] = (await ask.get("/api/runs")).json()
    return found


def _only(table: Mapping[str, Any], runs: Sequence[str]) -> dict[str, Any]:
    """The table of some runs, in its order."""
    wanted = set(runs)
    rows = [at for at, run in enumerate(table["ids"]) if run in wanted]
    if missing := wanted - {table["ids"][at] for at in rows}:
        raise UsageError(f"The board has no run '{min(missing)}'; `kirie runs` lists them.")
    columns = []
    for column in table["columns"]:
        part = "values" if "values" in column else "codes"
        columns.append({**column, part: [column[part][at] for at in rows]})
    return {**table, "ids": [table["ids"][at] for at in rows], "columns": columns}


async def _detail(ask: Asker, run: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask.get(f"/api/run/{encoded(run)}")).json()
    return found


async def _subject(ask: Asker, runs: Sequence[str], details: Sequence[Mapping[str, Any]]) -> Subject:
    together = ",".join(sorted(runs))
    answer = await ask.get(request_path("/api/pictures", {"order": "name", "runs": together}))
    pictures = answer.json() if answer.status == 200 else {}
    scored = await ask.get(request_path("/api/matrix", {"runs": together, "score": "iou", "split": "val"}))
    shown = [*pictures.get("labels", ()), *(scored.json()["labels"] if scored.status == 200 else ())]
    offers = [await ask.get(request_path("/api/scores", {"runs": together, "split": split})) for split in SPLITS]
    scores = [one["score"] for answer in offers for of in answer.json()["runs"].values() for one in of["scores"]]
    sweeps = (str(one["sweep"]) for one in details if one.get("sweep"))
    labels = tuple(dict.fromkeys(label["name"] for label in shown))
    return Subject(
        runs=tuple(runs),
        keys=tuple(pictures.get("keys", ())),
        labels=labels,
        sweeps=tuple(dict.fromkeys(sweeps)),
        scores=tuple(dict.fromkeys(score for score in scores if score not in labels))[:MOST_LABELS],
    )


async def _add_curves(
    ask: Asker, runs: Sequence[str], details: Sequence[Mapping[str, Any]], answers: dict[str, Any]
) -> list[str]:
    """Adds all curves over each axis; what was left out, in sentences."""
    series = [{"run": run, "metric": key} for run, one in zip(runs, details, strict=True) for key in _metrics(one)]
    most = MOST_POINTS // _FEWEST_POINTS
    points = max(_FEWEST_POINTS, min(_MANY_POINTS, MOST_POINTS // max(1, len(series))))
    for axis in _AXES:
        answer = await ask.post("/api/curves", {"series": series[:most], "x": axis, "points": points})
        if answer.status == 200:
            answers[request_path("/api/curves", {"x": axis})] = {"base64": base64.b64encode(answer.body).decode()}
    left = len(series) - most
    return [] if left <= 0 else [f"{left:,} of {len(series):,} curves were left out, to keep the report small."]


def _metrics(detail: Mapping[str, Any]) -> list[str]:
    system = (key if key.startswith("system/") else f"system/{key}" for key in detail.get("system", ()))
    return [*detail.get("metrics", ()), *system]


async def _pictures(ask: Asker, answers: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """The pictures' bytes as data: addresses, those of the last steps first; steps beyond the limit are left out."""
    # One answer in several orders shows the same pictures
    told = [content for question, content in answers.items() if question.startswith("/api/pictures?")]
    by_step: dict[int, dict[str, None]] = {}
    for content in told:
        for cell in _cells(content):
            by_step.setdefault(cell["step"], {}).update(dict.fromkeys([cell["image"], *cell["masks"].values()]))
    files: dict[str, str] = {}
    kept: set[int] = set()
    room = MOST_PICTURES
    for step in sorted(by_step, reverse=True):
        fresh: dict[str, str] = {}
        for address in by_step[step]:
            if address in files:
                continue
            answer = await ask.get(address)
            if answer.status == 200:
                fresh[address] = f"data:{answer.kind};base64,{base64.b64encode(answer.body).decode()}"
                room -= len(answer.body)
            if room < 0:
                break
        if room < 0:
            break
        files |= fresh
        kept.add(step)
    for content in told:
        _keep_steps(content, kept)
    left = len(by_step) - len(kept)
    sentence = (
        f"The pictures of {left} of {len(by_step)} steps, the earlier ones, were left out to keep the report small."
    )
    return files, [sentence] if left else []


def _cells(content: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [cell for sample in content["samples"] for cells in sample["cells"].values() for cell in cells]


def _keep_steps(content: dict[str, Any], kept: set[int]) -> None:
    for sample in content["samples"]:
        sample["cells"] = {
            run: [cell for cell in cells if cell["step"] in kept] for run, cells in sample["cells"].items()
        }
    content["samples"] = [sample for sample in content["samples"] if any(sample["cells"].values())]
