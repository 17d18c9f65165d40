"""The routes of numbers over pictures, labels and seeds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board.facts import name_of, record_of, table_of
from kirie.board.library import Library, library_of
from kirie.board.numbers import matrix as matrices
from kirie.board.numbers.compare import compare
from kirie.board.numbers.comparison import sentence, words
from kirie.board.numbers.seeds import Candidate, groups
from kirie.board.numbers.tables import Counted, by_name, named
from kirie.board.pictures.labels import colors_of, labels_of
from kirie.core.run import SPLITS
from kirie.errors import KirieError, UsageError
from kirie.web.answers import RequestError, json_answer, listed, needed

_MOST_RUNS = 500


def comparison(request: Request) -> Response:
    """Whether the second run is better than the first."""
    library, split, score = library_of(request), _split(request), request.query_params.get("score", "miou")
    a, b = needed(request, "a"), needed(request, "b")
    if a == b:
        raise RequestError(400, "A run is not compared with itself; choose two runs.")
    found = compare(table_of(library, a, split), table_of(library, b, split), score)
    names = _told_apart(library, a, b)
    content = found.to_dict() | {
        "a": a,
        "b": b,
        "split": split,
        "warnings": [*_warnings(library, a, b), *found.notes],
        "sentence": sentence(*names, found),
    }
    return json_answer(request, content)


def scores(request: Request) -> Response:
    """What each run can be compared by, and whether it has scores by label."""
    library, split = library_of(request), _split(request)
    offers = {run: _offer(library, run, split) for run in _runs(request, library)}
    return json_answer(request, {"split": split, "runs": offers})


def images(request: Request) -> Response:
    """The score of each image for several runs; runs without a table are told."""
    library, split, score = library_of(request), _split(request), request.query_params.get("score", "miou")
    by_run: dict[str, dict[str, float]] = {}
    missing: dict[str, str] = {}
    refused: KirieError | None = None
    for run in _runs(request, library):
        try:
            by_run[run] = by_name(table_of(library, run, split), score)
        except KirieError as error:
            missing[run], refused = str(error), error
    if refused is not None and not by_run:
        raise refused
    names = sorted(set().union(*by_run.values()))
    scores = {run: [each.get(name) for name in names] for run, each in by_run.items()}
    return json_answer(request, {"split": split, "score": score, "names": names, "scores": scores, "missing": missing})


def matrix(request: Request) -> Response:
    """One score of every label for several runs."""
    library, split, word = library_of(request), _split(request), request.query_params.get("score", "iou")
    score = matrices.check_score(word)
    runs = _runs(request, library)
    rows = [_row(library, run, split, score) for run in runs]
    if all(row.mean is None and not row.values for row in rows):
        raise RequestError(
            404,
            f"None of these runs has {words(score)} by label on {split}: neither a per-image table nor logged values "
            f"such as {split}/{score}/LABEL.",
        )
    shown = [labels_of(record_of(library, run), ()) for run in runs]
    colors = colors_of(shown)
    labels = matrices.labels_of(rows, list(colors))
    content = {
        "split": split,
        "score": word,
        "labels": [{"name": label, "color": colors.get(label)} for label in labels],
        "rows": [row.to_dict(labels) for row in rows],
    }
    return json_answer(request, content)


def seeds(request: Request) -> Response:
    """Groups of runs that differ in the seed alone, of those that are named or of all."""
    library, split = library_of(request), _split(request)
    score = request.query_params.get("score", "miou")
    runs = _runs(request, library) if "runs" in request.query_params else library.ids()
    # Most runs of a board have no sibling, and only siblings' scores are looked up
    bare = [_candidate(library, run, None) for run in runs]
    grouped = {run for group in groups(bare) for run in group.runs}
    found = groups([_candidate(library, one.id, (score, split)) for one in bare if one.id in grouped])
    return json_answer(request, {"score": score, "split": split, "groups": [group.to_dict() for group in found]})


def _offer(library: Library, run: str, split: str) -> dict[str, Any]:
    by_label = any(_row(library, run, split, score).values for score in matrices.SCORES.values())
    try:
        table = table_of(library, run, split)
    except KirieError:
        return {"scores": [], "counted": False, "by_label": by_label}
    labels = table.table.labels if isinstance(table, Counted) else ()
    offered = [{"score": score, "name": words(named(score, labels))} for score in table.offered()]
    return {"scores": offered, "counted": isinstance(table, Counted), "by_label": by_label}


def _row(library: Library, run: str, split: str, score: str) -> matrices.Row:
    try:
        table = table_of(library, run, split)
    except RequestError:
        table = None
    if isinstance(table, Counted):
        return matrices.counted_row(run, table.table, score)
    return matrices.logged_row(run, library.row(run), score, split)


def _candidate(library: Library, run: str, wanted: tuple[str, str] | None) -> Candidate:
    row = library.row(run)
    config = {key.removeprefix("config."): value for key, value in row.items() if key.startswith("config.")}
    seeded = any("seed" in key or "random_state" in key for key in config)
    made = record_of(library, run).get("made_of") if seeded else None
    value = None if wanted is None else _value(library, run, row, *wanted)
    return Candidate(
        id=run,
        name=str(row.get("name") or run),
        project=str(row.get("project") or ""),
        config=config,
        made_of=made if isinstance(made, dict) else None,
        value=value,
    )


def _value(library: Library, run: str, row: Any, score: str, split: str) -> float | None:
    """A logged metric of that name, else the score of the run's table, else the score as it was logged."""
    if isinstance(found := row.get(score), int | float) and not isinstance(found, bool):
        return float(found)
    try:
        return table_of(library, run, split).whole(score)
    except KirieError:
        found = row.get(f"{split}/final/{score}", row.get(f"{split}/{score}"))
        return float(found) if isinstance(found, int | float) and not isinstance(found, bool) else None


def _warnings(library: Library, a: str, b: str) -> list[str]:
    """What keeps a difference from being the models' alone."""
    one, other = (_data(library, run) for run in (a, b))
    if one is None or other is None:
        whose = "these runs" if one is other else "one of these runs"
        return [f"Nobody noted which data {whose} learned from, so the difference may not be the models' alone."]
    if one != other:
        return [
            f"The runs were trained on different data ({one[:12]} and {other[:12]}), so the difference is not the "
            "models' alone."
        ]
    return []


def _data(library: Library, run: str) -> str | None:
    noted = record_of(library, run).get("data")
    fingerprint = noted.get("fingerprint") if isinstance(noted, dict) else None
    found = fingerprint or library.row(run).get("data")
    return str(found) if found else None


def _told_apart(library: Library, a: str, b: str) -> tuple[str, str]:
    one, other = name_of(library, a), name_of(library, b)
    return (one, other) if one != other else (f"{one} ({a})", f"{other} ({b})")


def _split(request: Request) -> str:
    found = request.query_params.get("split", "val")
    if found not in SPLITS:
        raise UsageError(f"There is no split '{found[:40]}'; allowed are {', '.join(SPLITS)}.")
    return found


def _runs(request: Request, library: Library) -> Sequence[str]:
    """The runs of a request, each of which must be there."""
    found = listed(request, "runs")
    if len(found) > _MOST_RUNS:
        raise RequestError(400, f"{len(found)} runs are too many at once; select up to {_MOST_RUNS}.")
    for run in found:
        library.row(run)
    return found


ROUTES = [
    Route("/api/compare", comparison),
    Route("/api/scores", scores),
    Route("/api/images", images),
    Route("/api/matrix", matrix),
    Route("/api/seeds", seeds),
]
