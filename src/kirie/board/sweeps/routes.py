"""The routes of sweeps."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any

import numpy as np
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from kirie.board.facts import held, record_of
from kirie.board.library import Library, library_of
from kirie.board.sweeps.importance import CARE, importances, is_number, why_none
from kirie.board.sweeps.journal import left_running, read_journal
from kirie.board.sweeps.listing import Sweep, config_of, sweeps
from kirie.board.sweeps.metric import goal_of, guessed
from kirie.board.sweeps.progress import COSTS, best_over_cost, best_over_trials, counts, front
from kirie.board.sweeps.spec import JOURNAL, Goal, Spec, folders, read_spec, trial_folder
from kirie.board.sweeps.trials import Member, Trial, described, join, varying
from kirie.runlog.reader.own import own
from kirie.web.answers import RequestError, json_answer, listed

_SIZES = ("parameters", "num_parameters", "n_parameters", "model/parameters", "params")
_LATENCIES = ("latency_ms", "latency", "inference_ms")
_LARGEST_SPEED = 2**16
_GOALS: dict[str, Goal] = {"maximize": "maximize", "minimize": "minimize"}


def listing(request: Request) -> Response:
    """All sweeps, or those of the named runs as far as they are these."""
    library, only = library_of(request), _only(request)
    there = {row["id"]: str(row.get("state", "")) for row in library.rows()}
    shown = [one for one in _sweeps(library) if only is None or not only.isdisjoint(one.runs)]
    return json_answer(request, [_told(library, one, there, only) for one in shown])


def sweep(request: Request) -> Response:
    """One sweep with its trials, or with those of the named runs."""
    library, name, only = library_of(request), request.path_params["name"], _only(request)
    found = next((one for one in _sweeps(library) if one.name == name), None)
    if found is None:
        raise RequestError(404, f"There is no sweep '{name[:80]}' on this board; runs of a sweep log its name.")
    spec = Spec() if found.folder is None else read_spec(found.folder)
    entries = [] if found.folder is None else read_journal(found.folder / JOURNAL)
    for entry in entries:
        # A ledger knows a run's id alone, which runs of several projects may have
        if len(keys := set(library.keys(entry.run or "")) & set(found.runs)) == 1:
            entry.notes["run"] = {"id": keys.pop()}
    # A trial may have taken over a run that was made before, for another sweep
    there = set(library.ids())
    runs = dict.fromkeys([*found.runs, *(entry.run for entry in entries if entry.run in there and entry.run)])
    details = {run: library.detail(run) for run in runs}
    shown = [run for run in runs if only is None or run in only]
    metrics = Counter(key for run in shown for key in details[run]["metrics"])
    asked = request.query_params.get("metric")
    if asked and asked not in metrics:
        raise RequestError(404, f"No run of this sweep logged '{asked[:80]}'; they logged {', '.join(metrics)[:300]}.")
    metric, goal = _metric(spec, metrics, asked, request.query_params.get("goal"))
    if (metric, goal) != (spec.metric, spec.goal):
        # The ledger's values are of the sweep's own metric, and the best of each trial by its own goal
        for entry in entries:
            entry.values, entry.steps = [], {}
    members = [_member(library, run, metric, goal, detail) for run, detail in details.items()]
    known = {name for one in members if one.run in shown for name in one.config}
    names = [name for name, _ in spec.parameters] or [name for name in varying(members) if name in known]
    place = found.folder
    joined = join(members, entries, names, lambda number: place is not None and held(trial_folder(place, number)))
    # Chosen among all, so that each keeps its number; trials without a run here belong to the whole
    trials = joined if len(shown) == len(runs) else [one for one in joined if one.run in shown]
    logs = dict(spec.parameters)
    used = dict.fromkeys([*names, *(name for one in trials for name in one.params)])
    parameters = [described(name, trials, logs.get(name)) for name in used]
    shares, many, why = _importance(
        trials, metric, goal, {one.name: one.log for one in parameters if one.kind == "number"}
    )
    content = {
        "name": found.name,
        "kind": found.kind,
        "method": spec.method,
        "total": spec.total,
        "left_out": len(joined) - len(trials),
        "waiting": sum(entry.state == "waiting" for entry in entries),
        "metric": {"name": metric, "goal": goal, "metrics": sorted(metrics)},
        "parameters": [one.to_dict() for one in parameters],
        "trials": [one.to_dict() for one in trials],
        "importance": shares,
        "importance_from": many,
        "importance_why": why,
        "trails": {"trials": best_over_trials(trials, goal), "cost": best_over_cost(trials, goal)},
        "pareto": {cost: front(trials, cost, goal) for cost in COSTS},
        "device_hours": sum(one.cost_s or 0.0 for one in trials) / 3600,
    }
    return json_answer(request, content)


def _sweeps(library: Library) -> list[Sweep]:
    here = library.folder
    return sweeps(library.rows(), folders([here, here.parent]))


def _only(request: Request) -> frozenset[str] | None:
    """The runs that are asked about; None: all."""
    return frozenset(listed(request, "runs")) if "runs" in request.query_params else None


def _told(library: Library, one: Sweep, states: Mapping[str, str], only: Set[str] | None) -> dict[str, Any]:
    runs = [run for run in one.runs if only is None or run in only]
    rows = [library.row(run) for run in runs]
    running = sum(row.get("state") == "running" for row in rows)
    spec = Spec() if one.folder is None else read_spec(one.folder)
    return {
        "name": one.name,
        "kind": one.kind,
        "runs": len(rows),
        "running": running,
        "state": "running" if running else _left(one, states),
        "metric": spec.metric or guessed(library.metrics(runs)),
        "started": min((row["started"] for row in rows if row.get("started")), default=None),
        "updated": max((row["updated"] for row in rows if row.get("updated")), default=None),
        "total": spec.total or (len(one.runs) if len(runs) < len(one.runs) else None),
        "device_hours": sum(row.get("device_hours") or 0.0 for row in rows),
    }


def _left(one: Sweep, states: Mapping[str, str]) -> str:
    """What became of a sweep none of whose runs here runs: its trials may be at work elsewhere, or were left."""
    if one.folder is None:
        return "finished"
    left = left_running(one.folder / JOURNAL)
    for number, run in left:
        here = states.get(run or "")
        if here == "running" or (here is None and held(trial_folder(one.folder, number))):
            return "running"
    return "interrupted" if left else "finished"


def _metric(spec: Spec, metrics: Counter[str], asked: str | None, goal: str | None) -> tuple[str | None, Goal]:
    """What the trials are judged by: as asked, else as the sweep has it, else as names tell."""
    if goal and goal not in _GOALS:
        raise RequestError(400, f"There is no goal '{goal[:40]}'; allowed are {', '.join(_GOALS)}.")
    metric = asked or spec.metric or guessed(metrics)
    if goal:
        return metric, _GOALS[goal]
    return metric, spec.goal if spec.metric is not None and metric == spec.metric else goal_of(metric or "")


def _member(library: Library, run: str, metric: str | None, goal: Goal, detail: Mapping[str, Any]) -> Member:
    row, cost = library.row(run), detail["cost"] or {}
    values = library.curve(run, metric)[1] if metric is not None else np.zeros(0)
    values = values[np.isfinite(values)]
    best = float(values.max() if goal == "maximize" else values.min()) if values.size else None
    measured = _measured(library, run)
    return Member(
        run=run,
        state=str(row.get("state", "")),
        config=config_of(row),
        best=best,
        last=float(values[-1]) if values.size else None,
        seconds=cost.get("seconds"),
        devices=cost.get("devices", 1),
        latency_ms=_first(_LATENCIES, measured, row),
        size=_first(_SIZES, measured, row),
        started=row.get("started"),
        ended=None if row.get("state") == "running" else row.get("updated"),
    )


def _measured(library: Library, run: str) -> dict[str, Any]:
    """What was measured of a run of kirie: parameters and latency."""
    folder = library.run_folder(run)
    if folder is None:
        return {}
    return {"parameters": record_of(library, run).get("parameters")} | _speed(own(folder.path, folder.speed.name))


def _speed(path: Path | None) -> dict[str, Any]:
    try:
        if path is None or not path.is_file() or path.stat().st_size > _LARGEST_SPEED:
            return {}
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _first(names: tuple[str, ...], *places: Any) -> float | None:
    for place in places:
        for name in names:
            for key in (name, f"config.{name}"):
                value = place.get(key)
                if isinstance(value, int | float) and not isinstance(value, bool):
                    return float(value)
    return None


def _importance(
    trials: list[Trial], metric: str | None, goal: Goal, logs: dict[str, bool]
) -> tuple[list[dict[str, Any]], str | None, str | None]:
    """Shares of the parameters in what made trials good, and from how many that have finished; without any, why."""
    finished = [one for one in trials if counts(one)]
    values = [one.value or 0.0 for one in finished]
    # A number that is none has no place among those of the other trials
    params = [
        {name: value for name, value in one.params.items() if name not in logs or is_number(value)} for one in finished
    ]
    found = importances(params, values, goal, logs)
    if not found:
        return [], None, why_none(params, values, metric or "any metric")
    many = f"from {len(finished):,} finished trials{' only' if len(finished) < CARE else ''}"
    return [{"name": name, "share": share} for name, share in found.items()], many, None


ROUTES = [Route("/api/sweeps", listing), Route("/api/sweeps/{name:path}", sweep)]
