"""The sweeps of the W&B server on the loopback: registered, handed out to agents, stopped, as the real service does it.

Its search is no more than the protocol needs: a grid is handed out in order, all else is drawn. A run that an agent is
given exists from then on, with the parameters as its configuration; a run that names a sweep without having been given
out by it is refused.
"""

from __future__ import annotations

import itertools
import json
import random
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml


class RefusedError(Exception):
    """What the client asks does not fit the sweeps that there are."""


@dataclass
class StoredSweep:
    """A sweep as the server knows it.

    Attributes:
        config: As it was registered, parsed.
        prior: Ids of the runs attached to it.
        given: Parameters of each run handed out, by the run's id, in order.
        to_stop: Ids of runs that their agents are to stop.
        again: Ids of runs to be handed out once more, as those that were preempted.
        heard: The states of runs that each heartbeat brought.
    """

    name: str
    entity: str
    project: str
    config: dict[str, Any]
    prior: list[str] = field(default_factory=list)
    state: str = "PENDING"
    given: dict[str, dict[str, Any]] = field(default_factory=dict)
    to_stop: set[str] = field(default_factory=set)
    again: list[str] = field(default_factory=list)
    heard: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = self._combinations()

    @property
    def path(self) -> str:
        """As `wandb agent` takes it."""
        return f"{self.entity}/{self.project}/{self.name}"

    def next_run(self) -> tuple[str, dict[str, Any]] | None:
        """A run for an agent that has none, or None when the sweep is over."""
        if self.again:
            run = self.again.pop(0)
            return run, self.given[run]
        if self.state == "FINISHED" or len(self.given) >= self.config.get("run_cap", float("inf")):
            self.state = "FINISHED"
            return None
        found = next(self._next, None)
        if found is None:
            self.state = "FINISHED"
            return None
        run = secrets.token_hex(4)
        self.given[run] = found
        self.state = "RUNNING"
        return run, found

    def _combinations(self) -> Iterator[dict[str, Any]]:
        parameters = self.config["parameters"]
        if self.config["method"] == "grid":
            values = [one.get("values", [one.get("value")]) for one in parameters.values()]
            for chosen in itertools.product(*values):
                yield dict(zip(parameters, chosen, strict=True))
            return
        draws = random.Random(0)
        while True:
            yield {name: _draw(one, draws) for name, one in parameters.items()}


def _draw(parameter: dict[str, Any], draws: random.Random) -> Any:
    if "value" in parameter:
        return parameter["value"]
    if "values" in parameter:
        return draws.choice(parameter["values"])
    if isinstance(parameter["min"], int):
        return draws.randint(parameter["min"], parameter["max"])
    return draws.uniform(parameter["min"], parameter["max"])


class StoredSweeps:
    """All sweeps of the server, and the agents that work on them.

    Args:
        entity: The only one that there is.
    """

    def __init__(self, entity: str) -> None:
        self.all: dict[str, StoredSweep] = {}
        self.agents: dict[str, StoredSweep] = {}
        self._entity = entity

    def upsert(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Registers a sweep, or changes one."""
        if asked.get("id") is not None:
            sweep = self._known(asked["id"].removeprefix("sweep:"))
            sweep.state = asked.get("state") or sweep.state
            if asked.get("config"):
                sweep.config = yaml.safe_load(asked["config"])
        else:
            if not asked.get("projectName"):
                raise RefusedError("a sweep needs a project")
            sweep = StoredSweep(
                secrets.token_hex(4),
                asked.get("entityName") or self._entity,
                asked["projectName"],
                yaml.safe_load(asked["config"]),
            )
            self.all[sweep.name] = sweep
        for wanted in json.loads(asked.get("priorRunsFilters") or "{}").get("$or", []):
            sweep.prior.append(wanted["name"])
        project = {"id": "project:0", "name": sweep.project, "entity": {"id": "entity:0", "name": sweep.entity}}
        return {
            "upsertSweep": {"sweep": {"name": sweep.name, "project": project}, "configValidationWarnings": []},
        }

    def show(self, asked: dict[str, Any]) -> dict[str, Any]:
        """A sweep as a query sees it."""
        sweep = self.all.get(asked.get("sweep") or asked.get("name") or "")
        if sweep is None:
            return {"project": {"sweep": None}}
        facts = {
            "__typename": "Sweep",
            "id": "sweep:" + sweep.name,
            "name": sweep.name,
            "displayName": sweep.config.get("name"),
            "method": sweep.config["method"],
            "state": sweep.state,
            "description": None,
            "bestLoss": None,
            "config": yaml.safe_dump(sweep.config, sort_keys=False),
            "createdAt": "2030-01-01T00:00:00",
            "updatedAt": "2030-01-01T00:00:00",
            "heartbeatAt": "2030-01-01T00:00:00",
            "earlyStopJobRunning": False,
            "controller": None,
            "scheduler": None,
            "runCount": len(sweep.given) + len(sweep.prior),
            "runCountExpected": sweep.config.get("run_cap"),
            "runs": {"edges": []},
        }
        return {"project": {"sweep": facts}}

    def add_agent(self, asked: dict[str, Any]) -> dict[str, Any]:
        """Takes an agent."""
        name = f"agent:{len(self.agents)}"
        self.agents[name] = self._known(asked["sweep"])
        return {"createAgent": {"agent": {"id": name}}}

    def beat(self, asked: dict[str, Any]) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Answers an agent's heartbeat; gives the runs that were handed out with it, too."""
        sweep = self.agents[asked["id"]]
        states = json.loads(asked["runState"])
        sweep.heard.append(states)
        commands: list[dict[str, Any]] = [
            {"type": "stop", "run_id": run} for run in states if run in sweep.to_stop and states[run]
        ]
        given: dict[str, dict[str, Any]] = {}
        if not any(states.values()):
            found = sweep.next_run()
            if found is None:
                commands.append({"type": "exit"})
            else:
                run, parameters = found
                given[run] = parameters
                commands.append(
                    {
                        "type": "run",
                        "run_id": run,
                        "program": sweep.config.get("program"),
                        "args": {name: {"value": value} for name, value in parameters.items()},
                    }
                )
        return {"agentHeartbeat": {"agent": {"id": asked["id"]}, "commands": json.dumps(commands)}}, given

    def check(self, sweep: str, run: str) -> None:
        """Refuses a run that names a sweep which never gave it out."""
        if run not in self._known(sweep).given:
            raise RefusedError(f"{run} is no run of the sweep {sweep}")

    def _known(self, name: str) -> StoredSweep:
        if name not in self.all:
            raise RefusedError(f"there is no sweep {name}")
        return self.all[name]
