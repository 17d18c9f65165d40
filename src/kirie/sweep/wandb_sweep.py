"""A sweep as W&B has it: registered once, and remembered in `sweeps/<name>.wandb/`, so that a repeat goes on with it.

The folder stands beside that of the local sweep of the same name, for one file may run in both ways. It holds the sweep
file as it was registered, `wandb.json`, and what the agents print.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import yaml

from kirie.core import files, programs
from kirie.errors import SweepError
from kirie.runlog.mode import choose_mode
from kirie.sweep.folder import SweepFolder
from kirie.sweep.spec import SweepSpec

SUFFIX = ".wandb"

_DEFAULTS = ("WANDB_ENTITY", "WANDB_PROJECT")
_PATIENCE_S = 120.0
_PAGE = 200


@dataclass(frozen=True, slots=True)
class WandbSweep:
    """A registered sweep.

    Attributes:
        id: W&B's id.
        entity: Its entity.
        project: Its project; the trials' runs lie there.
        url: Its page.
        prior: Ids of the runs attached to it.
    """

    id: str
    entity: str
    project: str
    url: str
    prior: tuple[str, ...] = ()

    @property
    def path(self) -> str:
        """As `wandb agent` takes it."""
        return f"{self.entity}/{self.project}/{self.id}".lstrip("/")

    @classmethod
    def read(cls, folder: SweepFolder) -> WandbSweep:
        """The sweep that a folder remembers.

        Raises:
            SweepError: It remembers none, or the file is damaged.
        """
        if not folder.wandb.is_file():
            raise SweepError(
                f"{folder.path} knows no sweep at W&B: it has no {folder.wandb.name}. Register one with `kirie sweep "
                "FILE --engine wandb`, or with `kirie sync --sweep NAME`."
            )
        found: Any = files.read_json(folder.wandb, SweepError, "The note on W&B's sweep")
        try:
            return cls(prior=tuple(map(str, found.pop("prior"))), **{key: str(value) for key, value in found.items()})
        except (AttributeError, KeyError, TypeError):
            raise SweepError(
                f"{folder.wandb} is damaged; remove {folder.path} to register the sweep at W&B anew."
            ) from None

    def write(self, folder: SweepFolder) -> None:
        """Remembers it.

        Raises:
            DeviceError: The disk is full or cannot be written.
        """
        files.write_json(folder.wandb, asdict(self))


def wandb_folder(place: Path, name: str) -> SweepFolder:
    """Where the W&B sweep of a name is remembered."""
    return SweepFolder(place / f"{name.removesuffix(SUFFIX)}{SUFFIX}")


def registered(
    spec: SweepSpec, folder: SweepFolder, *, project: str, entity: str | None, prior: Sequence[str] = ()
) -> tuple[WandbSweep, bool]:
    """The W&B sweep of a sweep file; registers it where that was not done yet.

    Args:
        spec: The sweep file, sent as it is.
        folder: Where it is remembered.
        project: The project, where the file names none.
        entity: The entity, where the file names none; None: the user's own.
        prior: Ids of runs to attach.

    Returns:
        The sweep, and whether this call registered it.

    Raises:
        SweepError: There is no key or no server, W&B refuses, or another file was registered under the name.
        DeviceError: The folder cannot be written.
    """
    if (found := known(spec, folder)) is not None:
        missing = [run for run in prior if run not in found.prior]
        return (_attached(folder, found, missing), False) if missing else (found, False)
    check_reachable("A sweep is registered at W&B")
    # Written before it is asked for, or a full disk would leave a sweep at W&B that nobody remembers
    files.write_text(folder.spec, spec.text)
    made = _register(spec.raw, spec.project or project, spec.entity or entity, prior)
    made.write(folder)
    return made, True


def known(spec: SweepSpec, folder: SweepFolder) -> WandbSweep | None:
    """The W&B sweep that a sweep file was registered as; None where that was not done yet.

    Raises:
        SweepError: Another file was registered under the name.
    """
    if not folder.wandb.is_file():
        return None
    found = WandbSweep.read(folder)
    _check_same(spec, folder, found)
    return found


def check_reachable(what: str) -> None:
    """Makes sure that W&B can be asked.

    Args:
        what: What needs it, the beginning of a sentence.

    Raises:
        SweepError: There is no key, no server, or W&B is switched off.
    """
    mode, why = choose_mode("auto")
    if mode != "online":
        raise SweepError(f"{what}, which needs a key and a server: {why.partition(';')[0]}. See `wandb login`.")


def _register(raw: Mapping[str, Any], project: str, entity: str | None, prior: Sequence[str]) -> WandbSweep:
    import wandb

    before = {name: os.environ.get(name) for name in _DEFAULTS}
    try:
        # It tells the id in words of its own; standard output is for our result
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            # wandb 0.31 calls what it deprecates itself
            warnings.simplefilter("ignore", DeprecationWarning)
            made = wandb.sweep(dict(raw), entity=entity, project=project, prior_runs=list(prior) or None)
            # Where it came to lie, W&B's answer says: the client makes that the default of this process
            there = [os.environ.get(name) or given for name, given in zip(_DEFAULTS, (entity, project), strict=True)]
            path = "/".join([*(part for part in there if part), made])
            with contextlib.suppress(ValueError):
                # Without an answer the sweep is registered all the same, and must not be forgotten
                found = asked_for(path)
                return WandbSweep(made, found.entity, found.project, found.url, tuple(prior))
            return WandbSweep(made, there[0] or "", there[1] or project, path, tuple(prior))
    except (wandb.errors.Error, ValueError) as error:
        raise SweepError(f"W&B did not take the sweep: {_one_line(error)}") from None
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def asked_for(path: str) -> Any:
    """A sweep as W&B has it now: wandb's own object.

    Raises:
        ValueError: W&B does not know it, or does not answer.
    """
    import wandb
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        api: Any = wandb.Api()
        return api.sweep(path)
    except (wandb.errors.Error, WandbApiFailedError) as error:
        raise ValueError(_one_line(error)) from None


def states_of_runs(sweep: WandbSweep) -> Mapping[str, int]:
    """How many runs of a sweep are in which of W&B's states ("finished", "crashed", "killed").

    Raises:
        ValueError: W&B does not answer.
    """
    import wandb
    from wandb.sdk.lib.service.service_connection import WandbApiFailedError

    try:
        api: Any = wandb.Api()
        place = f"{sweep.entity}/{sweep.project}".lstrip("/")
        return Counter(str(run.state) for run in api.runs(place, filters={"sweep": sweep.id}, per_page=_PAGE))
    except (wandb.errors.Error, WandbApiFailedError) as error:
        raise ValueError(_one_line(error)) from None


def _attached(folder: SweepFolder, sweep: WandbSweep, missing: Sequence[str]) -> WandbSweep:
    """Attaches further runs; W&B's client does that as a change of the whole sweep, which needs no agent yet."""
    check_reachable("Runs are attached to a sweep at W&B")
    prior = (*sweep.prior, *missing)
    runs = [word for run in prior for word in ("--prior_run", run)]
    words = [sys.executable, "-m", "wandb", "sweep", "--update", sweep.path, *runs, str(folder.spec)]
    done = programs.ask(words, patience_s=_PATIENCE_S)
    if done is None or done.code:
        said = done.err.strip().splitlines()[-1] if done is not None and done.err.strip() else "no answer"
        raise SweepError(
            f"W&B did not attach {len(missing)} further runs to {sweep.path}: {said}. It takes them only while no "
            "agent has begun; another --name registers a sweep of its own."
        )
    changed = replace(sweep, prior=prior)
    changed.write(folder)
    return changed


def _check_same(spec: SweepSpec, folder: SweepFolder, found: WandbSweep) -> None:
    old = yaml.safe_load(folder.spec.read_text(encoding="utf-8"))
    changed = sorted(key for key in {*old, *spec.raw} if old.get(key) != spec.raw.get(key))
    if changed:
        raise SweepError(
            f"{spec.path} was registered at W&B as {found.path} when its {', '.join(changed)} was another; give the "
            "new one a name of its own (--name)."
        )


def _one_line(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if text.endswith(".") else f"{text or type(error).__name__}."
