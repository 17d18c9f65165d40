"""The book of a report: answers by request, and pictures as data: addresses, within a size that opens anywhere."""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping, Sequence
from typing import Any

from kirie.board.report.asks import Asker, encoded, request_path
from kirie.board.report.questions import DIFFERENCE, MOST_LABELS, SCORES, SPLITS, Subject, questions
from kirie.board.report.rows import check_there, only
from kirie.errors import UsageError

MOST_RUNS = 50
"""Runs of one report."""

MOST_PICTURES = 24 * 2**20
"""Bytes of all pictures of a report; in the file they take a third more."""

MOST_POINTS = 150_000
"""Points of all curves over one axis: 2.4 MB in the file."""

MOST_DIFFERENCES = 8 * 2**20
"""Bytes of what pairs of runs differ in: code can differ in a megabyte, and there are many pairs."""

_AXES = ("step", "epoch", "time", "wall", "images")
_FEWEST_POINTS, _MANY_POINTS = 50, 1000


async def make_book(ask: Asker, runs: Sequence[str], view: str, base: str = "") -> dict[str, Any]:
    """Gathers what a report needs, and nothing of other runs.

    Args:
        ask: Asks the board.
        runs: The runs' ids, in the order in which they were chosen.
        view: The page's address part (`#/curves?runs=a,b`).
        base: The run that others are compared with where not all pairs are; by default the first.

    Raises:
        UsageError: There are no runs, too many, or one that the board does not have.
    """
    if not 0 < len(runs) <= MOST_RUNS:
        raise UsageError(
            f"A report is of 1 to {MOST_RUNS} runs, and {len(runs)} were chosen; select them in the table."
        )
    table = await _table(ask)
    check_there(table, runs)
    details = {run: await _detail(ask, run) for run in runs}
    answers: dict[str, Any] = {"/api/runs": only(table, details)}
    notes = await _add_curves(ask, details, answers)
    first = sorted(runs, key=lambda run: run != base)
    refusals, unheld = await _add_answers(ask, questions(await _subject(ask, first)), answers)
    await _add_sweeps(ask, runs, answers)
    files, left_out = await _pictures(ask, answers)
    board = (await ask.get("/api/board")).json()
    # What the board is at, and what troubles it, is of all its runs
    quiet = {"indexing": {"done": len(runs), "total": len(runs)}, "trouble": None}
    answers["/api/board"] = {**board, **quiet, "frozen": True, "notes": [*notes, *unheld, *left_out]}
    return {
        "frozen_at": time.time(),
        "of": board.get("folder", ""),
        "view": view,
        "answers": answers,
        "refusals": refusals,
        "files": files,
    }


async def _table(ask: Asker) -> dict[str, Any]:
    found: dict[str, Any] = (await ask.get("/api/runs")).json()
    return found


async def _detail(ask: Asker, run: str) -> dict[str, Any]:
    found: dict[str, Any] = (await ask.get(f"/api/run/{encoded(run)}")).json()
    return found


async def _subject(ask: Asker, runs: Sequence[str]) -> Subject:
    together = ",".join(sorted(runs))
    answer = await ask.get(request_path("/api/pictures", {"order": "name", "runs": together}))
    pictures = answer.json() if answer.status == 200 else {}
    shown, labelled, scores = [*pictures.get("labels", ())], [], []
    for split in SPLITS:
        scored = await ask.get(request_path("/api/matrix", {"runs": together, "score": "iou", "split": split}))
        if scored.status == 200:
            shown += scored.json()["labels"]
            labelled.append(split)
        offers = (await ask.get(request_path("/api/scores", {"runs": together, "split": split}))).json()["runs"]
        scores += [one["score"] for of in offers.values() for one in of["scores"]]
    labels = tuple(dict.fromkeys(label["name"] for label in shown))
    # Where there is no table, the board's reason is asked for
    others = tuple(dict.fromkeys(score for score in scores if score not in labels))[:MOST_LABELS] or SCORES[:1]
    return Subject(
        runs=tuple(runs),
        keys=tuple(pictures.get("keys", ())),
        labels=labels,
        labelled=tuple(labelled),
        scores=others,
    )


async def _add_answers(ask: Asker, asked: Sequence[str], answers: dict[str, Any]) -> tuple[dict[str, str], list[str]]:
    """Adds what the board answers; the sentences of what it refuses, and what was left out, in sentences."""
    refusals: dict[str, str] = {}
    room, unheld, cut = MOST_DIFFERENCES, 0, 0
    for question in asked:
        answer = await ask.get(question)
        if question.startswith(DIFFERENCE):
            room -= len(answer.body)
            if room < 0:
                unheld += 1
                continue
        if answer.status != 200:
            refusals[question] = str(answer.json()["error"])
            continue
        answers[question] = content = answer.json()
        if question.endswith("/console") and content["total"] > content["next"]:
            content["total"] = content["next"]
            cut += 1
    notes = []
    if unheld:
        notes.append(f"The differences of {unheld} pairs of runs were left out to keep the report small.")
    if cut:
        notes.append(f"Of what {cut} runs printed the first lines are held.")
    return refusals, notes


async def _add_sweeps(ask: Asker, runs: Sequence[str], answers: dict[str, Any]) -> None:
    """Adds the sweeps that the runs belong to, with the trials that are these runs."""
    shown = {"runs": ",".join(sorted(runs))}
    listing = (await ask.get(request_path("/api/sweeps", shown))).json()
    answers["/api/sweeps"] = listing
    for one in listing:
        address = f"/api/sweeps/{encoded(one['name'])}"
        answers[address] = (await ask.get(request_path(address, shown))).json()


async def _add_curves(ask: Asker, details: Mapping[str, Mapping[str, Any]], answers: dict[str, Any]) -> list[str]:
    """Adds all curves over each axis; what was left out, in sentences."""
    series = [{"run": run, "metric": key} for run, one in details.items() for key in _metrics(one)]
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
