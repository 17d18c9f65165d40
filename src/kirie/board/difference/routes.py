"""The route of differences between two runs."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board.difference.code import Code, code_difference, code_of
from kirie.board.difference.config import differing
from kirie.board.difference.data import data_difference, data_of
from kirie.board.difference.environment import environment_difference, environment_of
from kirie.board.facts import config_of, files_of, record_of, repositories
from kirie.board.library import Library, library_of
from kirie.runlog.reader.own import own, saved_file
from kirie.web.answers import RequestError, json_answer, needed

_PATCH = "diff.patch"
"""W&B's own file of what was not committed."""


def difference(request: Request) -> Response:
    """In what two runs differ."""
    library, a, b = library_of(request), needed(request, "a"), needed(request, "b")
    if a == b:
        raise RequestError(400, "A run does not differ from itself; choose two runs.")
    details = [library.detail(run) for run in (a, b)]
    records = [record_of(library, run) for run in (a, b)]
    configs = [config_of(library, run) for run in (a, b)]
    places = repositories(library)
    both = [
        environment_of(record, detail["environment"], files_of(library, run))
        for record, detail, run in zip(records, details, (a, b), strict=True)
    ]
    content = {
        "a": a,
        "b": b,
        "config": differing(*configs),
        "code": code_difference(_code(library, a, records[0]), _code(library, b, records[1]), places),
        "data": data_difference(data_of(records[0], configs[0]), data_of(records[1], configs[1]), places),
        "environment": environment_difference(*both),
    }
    return json_answer(request, content)


def _code(library: Library, run: str, record: dict[str, object]) -> Code:
    folder, files = library.run_folder(run), files_of(library, run)
    kept = [
        None if folder is None else own(folder.path, folder.diff.name),
        None if files is None else saved_file(files, _PATCH),
    ]
    return code_of(record, library.detail(run)["git"], [path for path in kept if path is not None])


ROUTES = [Route("/api/difference", difference)]
