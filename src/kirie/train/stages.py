"""The train stages of dvc.yaml as DVC itself resolves them: matrix, parameters, and what comes before each.

DVC is asked for a moment at a time; its lock is never held while something trains.
"""

from __future__ import annotations

import contextlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kirie.errors import RunError, UsageError

if TYPE_CHECKING:
    from dvc.repo import Repo

_PYTHON = re.compile(r"(.*/)?python[0-9.]*")
_SHELL = re.compile(r"[();<>|&]+")


@dataclass(frozen=True, slots=True)
class TrainStage:
    """A stage whose whole command is one `kirie train`.

    Attributes:
        name: Its name, as `dvc repro` takes it ("train@unet").
        words: The words after `kirie train`.
        folder: The folder that its command runs in.
        trainings: Train stages that must be through before it.
        others: The other stages before it, whether right before or further up.
    """

    name: str
    words: tuple[str, ...]
    folder: Path
    trainings: frozenset[str]
    others: tuple[str, ...]


def train_stages() -> list[TrainStage]:
    """The train stages of the repository here, in order of their names.

    Raises:
        UsageError: This is no DVC repository, or it has no train stage.
        RunError: DVC cannot read it.
    """
    with _repository() as repo:
        found = {stage.addressing: _words_of(stage) for stage in repo.index.stages}
        trains = {name for name, words in found.items() if words is not None}
        graph = repo.index.graph
        stages = [
            TrainStage(
                stage.addressing,
                tuple(found[stage.addressing] or ()),
                Path(stage.wdir),
                frozenset(before.addressing for before in _all_before(graph, stage)) & trains,
                tuple(
                    sorted(
                        before.addressing
                        for before in _all_before(graph, stage)
                        if before.addressing not in trains and before.cmd
                    )
                ),
            )
            for stage in repo.index.stages
            if stage.addressing in trains
        ]
    if not stages:
        raise UsageError(
            "dvc.yaml here has no stage whose whole command is one `kirie train`, so there is nothing to send to the "
            "cluster; run `dvc repro`."
        )
    return sorted(stages, key=lambda stage: stage.name)


def has_changed(names: list[str]) -> list[str]:
    """Those of some stages that `dvc repro` would not pass over.

    Raises:
        RunError: DVC cannot tell.
    """
    with _repository() as repo, repo.lock:
        return [name for name in names if repo.stage.load_one(name=name).changed()]


def must_run(names: list[str]) -> list[str]:
    """Those of some stages whose commands `dvc repro` would run: changed, and not to be had from DVC's run cache.

    Raises:
        RunError: DVC cannot tell, as where a dependency is missing.
    """
    from dvc.stage.cache import RunCacheNotFoundError

    found: list[str] = []
    with _repository() as repo, repo.lock:
        for name in names:
            stage = repo.stage.load_one(name=name)
            if not stage.changed():
                continue
            try:
                stage.save_deps()  # in memory: the run cache is looked up by them
                repo.stage_cache.restore(stage, dry=True)
            except RunCacheNotFoundError:
                found.append(name)
    return found


@contextlib.contextmanager
def _repository() -> Iterator[Repo]:
    from dvc.exceptions import DvcException, NotDvcRepoError
    from dvc.repo import Repo

    try:
        repo = Repo()
    except NotDvcRepoError:
        raise UsageError(f"{Path.cwd()} is not in a DVC repository; go to the folder that holds dvc.yaml.") from None
    try:
        yield repo
    except DvcException as error:
        raise RunError(f"DVC says: {error}") from None
    finally:
        repo.close()


def _all_before(graph: Any, stage: Any) -> set[Any]:
    """All stages that a stage needs, directly or not."""
    found: set[Any] = set()
    waiting = [stage]
    while waiting:
        new = set(graph.successors(waiting.pop())) - found
        found |= new
        waiting += new
    return found


def _words_of(stage: Any) -> list[str] | None:
    """The words after `kirie train`, or None if the stage's command is something else or more than that."""
    commands = [stage.cmd] if isinstance(stage.cmd, str) else list(stage.cmd or ())
    if len(commands) != 1:
        return None
    splitter = shlex.shlex(commands[0], posix=True, punctuation_chars=True)
    splitter.whitespace_split = True
    try:
        words = list(splitter)
    except ValueError:
        return None
    if any(_SHELL.fullmatch(word) for word in words):
        return None
    if words[1:3] == ["-m", "kirie"] and _PYTHON.fullmatch(words[0]):
        words[:3] = ["kirie"]
    return words[2:] if words[:2] == ["kirie", "train"] else None
