"""Where a training goes on from: the newest resume point that is whole, and whose best checkpoint is, too.

The best checkpoint is one file, written over whenever a validation is better. A resume point knows the score that it
had then. Where the file is lost, a point from before that validation makes it again; without one nothing does.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kirie.core.resume import ResumePoint, is_whole, newest_whole, resume_points
from kirie.core.run import RunFolder
from kirie.errors import RunError
from kirie.tasks.load import load_checkpoint


def take_up(run: RunFolder) -> tuple[ResumePoint | None, list[str]]:
    """Chooses the resume point.

    Returns:
        The point, or None to begin anew; and one sentence for each file that is damaged or missing.

    Raises:
        RunError: The best checkpoint is lost, and no resume point leads to it again.
    """
    point, warnings = newest_whole(run)
    if point is None or (lost := _score_at(point.path)) is None:
        return point, warnings
    # A file with a better score is from after the point: what ended the process came between the two
    if is_whole(run.best) and (_score_at(run.best) or lost) >= lost:
        return point, warnings
    what = f"The best checkpoint {run.best} {'is damaged or older' if run.best.is_file() else 'is not there'}"
    for older in resume_points(run):
        if older.step < point.step and older.whole() and _score_at(older.path) != lost:
            return older, [*warnings, f"{what}; the training goes back to step {older.step}, and makes it again."]
    raise RunError(
        f"{what}, and no resume point is from before it was written; remove {run.path} to train this run again."
    )


def _score_at(checkpoint: Path) -> float | None:
    """The best validation score when a checkpoint was written; None if there was none."""
    callbacks: dict[str, Any] = load_checkpoint(checkpoint)["callbacks"]
    scores = [state["best_model_score"] for state in callbacks.values() if "best_model_score" in state]
    return float(scores[0]) if scores and scores[0] is not None else None
