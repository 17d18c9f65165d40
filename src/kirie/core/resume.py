"""Resume points: checkpoints whose name holds the hash of their content, so that one rename is the whole commit.

A reader believes a file only if its content fits its name. The newest two are kept: a file that a crash or a full disk
tore costs the steps since the one before it, and nothing else.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

from kirie.core import files
from kirie.core.run import DIGEST_DIGITS, RunFolder

KEPT = 2

_NAME = re.compile(rf"step-(\d{{8,}})-([0-9a-f]{{{DIGEST_DIGITS}}})\.ckpt")


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """One file, named by its optimizer step and its content; nothing is promised of the content yet."""

    step: int
    digest: str
    path: Path

    def whole(self) -> bool:
        """Whether the content fits the name; False too if it cannot be read."""
        try:
            return files.sha256_of(self.path).startswith(self.digest)
        except OSError:
            return False


def resume_points(run: RunFolder) -> list[ResumePoint]:
    """The resume points of a run, the newest first."""
    if not run.checkpoints.is_dir():
        return []
    found = [(path, _NAME.fullmatch(path.name)) for path in run.checkpoints.iterdir()]
    points = [ResumePoint(int(name[1]), name[2], path) for path, name in found if name is not None]
    return sorted(points, key=lambda point: (point.step, point.path.name), reverse=True)


def newest_whole(run: RunFolder) -> tuple[ResumePoint | None, list[str]]:
    """The newest resume point whose content fits its name.

    Returns:
        The point, or None; and one sentence for each newer one that was passed over.
    """
    warnings: list[str] = []
    for point in resume_points(run):
        if point.whole():
            return point, warnings
        warnings.append(f"The checkpoint {point.path} is torn or cannot be read; an older one is used.")
    if warnings:
        warnings.append(f"No checkpoint in {run.checkpoints} is whole; the training begins anew.")
    return None, warnings


def write_resume_point(run: RunFolder, step: int, content: memoryview) -> ResumePoint:
    """Writes a resume point whole, then removes all but the newest two.

    Args:
        run: The run.
        step: Optimizer steps that were taken.
        content: The checkpoint's bytes.

    Raises:
        DeviceError: The disk is full or cannot be written.
    """
    digest = hashlib.sha256(content).hexdigest()
    path = run.resume_point(step, digest)
    with files.replacing(path) as stream:
        stream.write(content)
    others = [point for point in resume_points(run) if point.path != path]
    # A later one can only be torn, or this process would have begun there; of one step the file just written counts
    older = [point for point in others if point.step < step]
    for point in {*others} - {*older[: KEPT - 1]}:
        point.path.unlink(missing_ok=True)
    return ResumePoint(step, digest[:DIGEST_DIGITS], path)


def is_whole(checkpoint: Path) -> bool:
    """Whether a checkpoint under a name of its own (best.ckpt) is there, and as it was written.

    The file has no second one beside it, which a crash could leave out of step: torch writes a zip archive, whose parts
    each carry a checksum.
    """
    try:
        with zipfile.ZipFile(checkpoint) as parts:
            return parts.testzip() is None
    except (OSError, ValueError, NotImplementedError, EOFError, zipfile.BadZipFile, zlib.error):
        return False


def remove_leftovers(run: RunFolder) -> None:
    """Removes what killed processes had begun to write; only for the process that holds the run's lease."""
    if run.checkpoints.is_dir():
        for path in run.checkpoints.glob(".*.part"):
            path.unlink(missing_ok=True)
