"""What a `dvc repro` on a cluster waits for, written down, so that a repeat takes it up and `kirie runs` can tell."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from kirie.cluster.checked import checked
from kirie.core import files
from kirie.core.run import RunFolder
from kirie.errors import RunError

FOLDER = "repro"
"""Name of the waiting job's folder among those of the runs."""


@dataclass(frozen=True, slots=True)
class Training:
    """One training that is waited for.

    Attributes:
        stage: The stage of dvc.yaml.
        run: The run's folder.
        job: The job's id, or None where the run was done already.
    """

    stage: str
    run: str
    job: str | None


@dataclass(frozen=True, slots=True)
class Pending:
    """The trainings of one `kirie submit repro`.

    Attributes:
        state: running, pending, failed or done.
        trainings: Those submitted so far.
        error: What went wrong; "" if nothing did.
    """

    state: str
    trainings: tuple[Training, ...] = field(default=())
    error: str = ""

    @property
    def jobs(self) -> list[str]:
        """The jobs of those that were not done already."""
        return [training.job for training in self.trainings if training.job is not None]

    def write(self, folder: RunFolder) -> None:
        """Writes it whole.

        Raises:
            DeviceError: The folder cannot be written.
        """
        files.write_json(file_of(folder), asdict(self))

    @classmethod
    def read(cls, folder: RunFolder) -> Pending | None:
        """What was written, or None if nothing was.

        Raises:
            RunError: The file is damaged.
        """
        if not file_of(folder).is_file():
            return None
        content: Any = files.read_json(file_of(folder), RunError, "The record of what `dvc repro` waits for")
        try:
            trainings = tuple(checked(Training, entry) for entry in content["trainings"])
            return cls(str(content["state"]), trainings, str(content["error"]))
        except (KeyError, TypeError):
            raise RunError(f"{file_of(folder)} is damaged; remove it and repeat `kirie submit repro`.") from None


def words(left: int, all_of_them: Iterable[object]) -> str:
    """The sentence of a wait that ended before the trainings did."""
    return (
        f"pending: {left} of {len(list(all_of_them))} trainings are still queued or running; repeat "
        "`kirie submit repro` to take them up again"
    )


def file_of(folder: RunFolder) -> Path:
    """Where it is written."""
    return folder.path / "repro.json"
