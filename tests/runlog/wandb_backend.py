"""What a W&B server remembers, and its answers to the GraphQL the installed client asks.

A row of the stream lands at the offset it names, an artifact is committed only over files that came and whose digests
fit, an upload address takes one file: what the client gets wrong shows here as it would at a real server.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.runlog.wandb_sweeps import RefusedError, StoredSweeps

ENTITY = "somebody"

_FILES = ("wandb-history.jsonl", "wandb-events.jsonl", "output.log")
_KEYS = ("history", "events", "log")


class UnknownQuestionError(Exception):
    """The client asked what this server does not know, or what it must refuse."""


@dataclass
class StoredRun:
    """A run as the server knows it.

    Attributes:
        upserts: The variables of every upsert, oldest first.
        stream: Lines of each streamed file.
        exit_codes: One for every time that the stream was completed.
        files: Bytes of every uploaded file, by its path in the run.
    """

    name: str
    project: str
    upserts: list[dict[str, Any]] = field(default_factory=list)
    stream: dict[str, list[str]] = field(default_factory=dict)
    exit_codes: list[int] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """The server's own id, not the client's."""
        return "run:" + self.name

    @property
    def state(self) -> str:
        """In W&B's words."""
        return "running" if not self.exit_codes else "failed" if self.exit_codes[-1] else "finished"

    @property
    def history(self) -> list[dict[str, Any]]:
        """The rows logged, oldest first."""
        return [json.loads(row) for row in self.stream.get("wandb-history.jsonl", [])]

    @property
    def summary(self) -> dict[str, Any]:
        """The newest summary."""
        return dict(json.loads(self.stream.get("wandb-summary.json", ["{}"])[-1]))

    def latest(self, key: str, default: Any = None) -> Any:
        """The newest value given for one field of the run."""
        return next((up[key] for up in reversed(self.upserts) if up.get(key) is not None), default)

    def write(self, file: str, offset: int, lines: list[str]) -> None:
        """Puts lines of a streamed file where the client says they belong."""
        kept = self.stream.setdefault(file, [])
        kept[offset : offset + len(lines)] = lines


@dataclass
class StoredArtifact:
    """An artifact, from its creation to its commit.

    Attributes:
        request: The input of `createArtifact`.
        uploads: Bytes that came: the manifest under an empty name, entries under their paths.
    """

    request: dict[str, Any]
    uploads: dict[str, bytes] = field(default_factory=dict)
    state: str = "PENDING"

    @property
    def manifest(self) -> dict[str, Any]:
        """The manifest that was uploaded."""
        return dict(json.loads(self.uploads[""]))


class Backend:
    """Runs, artifacts and addresses to upload to.

    Args:
        address: Turns a token into the address that a file is to be put at.
    """

    def __init__(self, address: Callable[[str], str]) -> None:
        self.runs: dict[str, StoredRun] = {}
        self.artifacts: dict[str, StoredArtifact] = {}
        self.sweeps = StoredSweeps(ENTITY)
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.unknown: list[str] = []
        self._address = address
        self._expected: dict[str, tuple[dict[str, bytes], str]] = {}
        self._answers: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
            "Viewer": self._viewer,
            "GetDefaultEntity": self._viewer,
            "RunResumeStatus": self._resume_status,
            "UpsertBucket": self._upsert,
            "Runs": self._list_runs,
            "CreateRunFiles": self._run_files,
            "CreateArtifact": self._create_artifact,
            "CreateArtifactManifest": self._create_manifest,
            "CreateArtifactFiles": self._artifact_files,
            "CommitArtifact": self._commit,
            "UpsertSweep": self.sweeps.upsert,
            "SweepWithRuns": self.sweeps.show,
            "GetSweep": self.sweeps.show,
            "CreateAgent": self.sweeps.add_agent,
            "Heartbeat": self._heartbeat,
        }

    def answer(self, operation: str, variables: dict[str, Any]) -> dict[str, Any]:
        """Answers one GraphQL operation.

        Raises:
            UnknownQuestionError: It is not among those that the client needs, or must be refused.
        """
        self.asked.append((operation, variables))
        if operation not in self._answers:
            self.unknown.append(operation)
            raise UnknownQuestionError(f"no answer to {operation}")
        try:
            return self._answers[operation](variables)
        except RefusedError as error:
            raise UnknownQuestionError(str(error)) from None

    def forget(self, operation: str) -> None:
        """Answers an operation with an error from now on, as a server in trouble."""
        del self._answers[operation]

    def take(self, token: str, content: bytes) -> bool:
        """Takes a file at an address handed out before; False where none was, or it was used."""
        place = self._expected.pop(token, None)
        if place is None:
            return False
        place[0][place[1]] = content
        return True

    def stream(self, name: str, message: dict[str, Any]) -> None:
        """Takes a message of the file stream of one run."""
        run = self.runs[name]
        for file, chunk in message.get("files", {}).items():
            run.write(file, chunk["offset"], chunk["content"])
        if message.get("complete"):
            run.exit_codes.append(message["exitcode"])

    def _expect(self, shelf: dict[str, bytes], name: str) -> str:
        token = secrets.token_urlsafe(12)
        self._expected[token] = (shelf, name)
        return self._address(token)

    def _project(self, name: str) -> dict[str, Any]:
        return {"id": "project:" + name, "name": name, "entity": {"id": "entity:" + ENTITY, "name": ENTITY}}

    def _viewer(self, asked: dict[str, Any]) -> dict[str, Any]:
        person = {"id": "user:0", "entity": ENTITY, "username": ENTITY, "email": None, "flags": "{}"}
        return {"viewer": person | {"teams": {"edges": []}}}

    def _resume_status(self, asked: dict[str, Any]) -> dict[str, Any]:
        run = self.runs.get(asked["name"])
        if run is None:
            return {"model": self._project(asked["project"]) | {"bucket": None}}
        lines = [run.stream.get(file, []) for file in _FILES]
        counts = {f"{key}LineCount": len(kept) for key, kept in zip(_KEYS, lines, strict=True)}
        tails = {f"{key}Tail": json.dumps(kept[-1:]) for key, kept in zip(_KEYS, lines, strict=True)}
        config = run.latest("config", "{}")
        bucket = {
            "id": run.id,
            "name": run.name,
            "displayName": run.latest("displayName"),
            "summaryMetrics": json.dumps(run.summary),
            "config": config,
            "tags": run.latest("tags", []),
            "notes": run.latest("notes"),
            "wandbConfig": json.dumps({"t": json.loads(config).get("_wandb", {}).get("value", {}).get("t", {})}),
        }
        return {"model": self._project(run.project) | {"bucket": bucket | counts | tails}}

    def _heartbeat(self, asked: dict[str, Any]) -> dict[str, Any]:
        answer, given = self.sweeps.beat(asked)
        project = self.sweeps.agents[asked["id"]].project
        for name, parameters in given.items():
            # The run is there before its process is
            config = json.dumps({key: {"value": value} for key, value in parameters.items()})
            run = self.runs.setdefault(name, StoredRun(name, project))
            run.upserts.append({"config": config})
        return answer

    def _upsert(self, asked: dict[str, Any]) -> dict[str, Any]:
        if asked.get("sweep"):
            self.sweeps.check(asked["sweep"], asked["name"])
        known = next((run for run in self.runs.values() if asked["name"] == run.name or asked["id"] == run.id), None)
        run = known or StoredRun(asked["name"], asked["project"])
        self.runs[run.name] = run
        run.upserts.append(asked)
        bucket = {
            "id": run.id,
            "name": run.name,
            "displayName": run.latest("displayName", run.name),
            "description": None,
            "config": run.latest("config", "{}"),
            "sweepName": asked.get("sweep"),
            "project": self._project(run.project),
            "historyLineCount": len(run.stream.get(_FILES[0], [])),
        }
        return {"upsertBucket": {"bucket": bucket, "inserted": known is None}}

    def _list_runs(self, asked: dict[str, Any]) -> dict[str, Any]:
        sweep = json.loads(asked["filters"])["sweep"]
        found = [run for run in self.runs.values() if run.latest("sweep") == sweep]
        edges = [{"node": {"id": run.id, "name": run.name, "state": run.state}, "cursor": run.name} for run in found]
        page = {"endCursor": None, "hasNextPage": False}
        return {"project": {"internalId": "0", "runCount": len(found), "runs": {"edges": edges, "pageInfo": page}}}

    def _run_files(self, asked: dict[str, Any]) -> dict[str, Any]:
        run = self.runs[asked["run"]]
        files = [{"name": name, "uploadUrl": self._expect(run.files, name)} for name in asked["files"]]
        return {"createRunFiles": {"runID": run.id, "uploadHeaders": [], "files": files}}

    def _create_artifact(self, asked: dict[str, Any]) -> dict[str, Any]:
        name = f"artifact:{len(self.artifacts)}"
        self.artifacts[name] = StoredArtifact(asked["input"])
        artifact = {"id": name, "state": "PENDING", "artifactSequence": {"latestArtifact": None}}
        return {"createArtifact": {"artifact": artifact}}

    def _create_manifest(self, asked: dict[str, Any]) -> dict[str, Any]:
        file: dict[str, Any] = {"id": "file:" + asked["artifactID"]}
        if asked["includeUpload"]:
            shelf = self.artifacts[asked["artifactID"]].uploads
            file |= {"uploadUrl": self._expect(shelf, ""), "uploadHeaders": []}
        return {"createArtifactManifest": {"artifactManifest": {"id": "manifest:" + asked["artifactID"], "file": file}}}

    def _artifact_files(self, asked: dict[str, Any]) -> dict[str, Any]:
        nodes = [
            {
                "storagePath": spec["name"],
                "uploadUrl": self._expect(self.artifacts[spec["artifactID"]].uploads, spec["name"]),
                "uploadHeaders": [],
                "uploadMultipartUrls": None,
                "artifact": {"id": spec["artifactID"]},
            }
            for spec in asked["input"]["artifactFiles"]
        ]
        return {"createArtifactFiles": {"files": {"edges": [{"node": node} for node in nodes]}}}

    def _commit(self, asked: dict[str, Any]) -> dict[str, Any]:
        artifact = self.artifacts[asked["artifactID"]]
        for name, entry in artifact.manifest["contents"].items():
            found = artifact.uploads.get(name)
            if found is None or base64.b64encode(hashlib.md5(found).digest()).decode() != entry["digest"]:
                raise UnknownQuestionError(f"{name} did not come whole")
        artifact.state = "COMMITTED"
        return {"commitArtifact": {"artifact": {"id": asked["artifactID"], "digest": artifact.request["digest"]}}}
