"""The route of pictures across runs."""

from __future__ import annotations

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board import media
from kirie.board.facts import name_of, record_of, table_of
from kirie.board.files import url_of
from kirie.board.library import Library, library_of
from kirie.board.numbers.tables import by_name
from kirie.board.pictures.labels import labels_of
from kirie.board.pictures.samples import Logged, samples, worst_first
from kirie.errors import KirieError
from kirie.web.answers import RequestError, json_answer, listed

_FIRST_KEY = "val/pictures"
"""What kirie calls them, shown first where it is there."""

_ORDERS = ("name", "regression")
_MOST_RUNS = 50
"""As many as a report has."""


def pictures(request: Request) -> Response:
    """The pictures that runs logged under one key, by name or with the worst falls first."""
    library, runs = library_of(request), listed(request, "runs")
    if len(runs) > _MOST_RUNS:
        raise RequestError(400, f"{len(runs)} runs are too many side by side; select up to {_MOST_RUNS}.")
    order = request.query_params.get("order", "name")
    if order not in _ORDERS:
        raise RequestError(400, f"There is no order '{order[:40]}'; allowed are {', '.join(_ORDERS)}.")
    keys = _keys(library, runs)
    key = request.query_params.get("key") or (keys[0] if keys else "")
    if key and key not in keys:
        there = f"they have {', '.join(keys)}" if keys else "they have none"
        raise RequestError(404, f"These runs logged no pictures under '{key[:80]}'; {there}.")
    logged = {run: _logged(library, run, key) for run in runs}
    found = samples({run: each for run, (each, _) in logged.items()}, url_of)
    warnings: list[str] = []
    if order == "regression":
        found, warnings = _by_fall(request, library, runs, found)
    shown = {run: labels_of(record_of(library, run), names) for run, (_, names) in logged.items()}
    first: list[dict[str, Any]] = next((each for each in shown.values() if each), [])
    content = {
        "key": key,
        "keys": keys,
        "order": order,
        "labels": first,
        "labels_of": {run: each for run, each in shown.items() if each and each != first},
        "warnings": warnings,
        "samples": found,
    }
    return json_answer(request, content)


def _keys(library: Library, runs: list[str]) -> list[str]:
    found = dict.fromkeys(key for run in runs for key in library.detail(run).get("media") or ())
    return sorted(found, key=lambda key: (key != _FIRST_KEY, key))


def _logged(library: Library, run: str, key: str) -> tuple[list[Logged], list[dict[int, str]]]:
    """The pictures of a run under a key, and the names of their labels."""
    if key not in (library.detail(run).get("media") or ()):
        return [], []
    found = media.pictures(library, run, key)
    told = [
        Logged(
            step=one.step,
            number=one.number,
            name=one.name,
            path=one.image.path,
            width=one.width or 0,
            height=one.height or 0,
            masks={name: mask.path for name, mask in one.masks.items()},
        )
        for one in found
    ]
    return told, [names for one in found[-1:] for names in one.labels.values()]


def _by_fall(
    request: Request, library: Library, runs: list[str], found: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[str]]:
    """The samples with the worst falls from the first run to the second first; why not, in a sentence."""
    if len(runs) < 2:
        return found, ["Regressions are between two runs; select a second one."]
    split, score = request.query_params.get("split", "val"), request.query_params.get("score", "miou")
    try:
        scores = [by_name(table_of(library, run, split), score) for run in runs[:2]]
    except KirieError as error:
        return found, [f"The pictures are in the order of their names: {error}"]
    ordered = worst_first(found, *scores)
    if ordered and all(one["change"] is None for one in ordered):
        names = " and ".join(name_of(library, run) for run in runs[:2])
        return ordered, [f"None of these pictures is in the per-image tables of {names}, so they are in no order."]
    return ordered, []


ROUTES = [Route("/api/pictures", pictures)]
