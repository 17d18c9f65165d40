"""Reading a trained model back from its run folder; a checkpoint from a stranger runs no code."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.errors import KirieError, RunError
from kirie.models import Detector, Segmenter, build_for, load_plain

_PREFIX = "model."


def load_checkpoint(path: Path) -> dict[str, Any]:
    """Reads a checkpoint that kirie wrote, on the CPU, without unpickling anything but tensors and plain values.

    Raises:
        RunError: The file is missing, damaged, holds code, or was not written by kirie.
    """
    if not path.is_file():
        raise RunError(f"The checkpoint {path} is not there; train the run to its end.")
    found = load_plain(path, RunError)
    if not isinstance(found, dict) or not isinstance(found.get("kirie"), dict) or "state_dict" not in found:
        raise RunError(f"{path} is no checkpoint of kirie; start from it with init_from={path} instead.")
    return found


def load_run(run: RunFolder) -> tuple[Segmenter | Detector, dict[str, Any], LabelSet]:
    """The best model of a run, ready to predict.

    Args:
        run: A run folder, or a published one.

    Returns:
        The model in eval mode on the CPU; what the checkpoint says of itself (`run`, `labels`, `model`, `mean`,
        `std`, `data`: the store's fingerprint); the label set.

    Raises:
        RunError: The run has no readable best checkpoint, or it does not hold the weights its configuration needs.
    """
    checkpoint = load_checkpoint(run.best)
    about = checkpoint["kirie"]
    try:
        labels = LabelSet.from_dict(about["labels"], f"the checkpoint {run.best}")
        # The weights come from the checkpoint; nothing is to be downloaded for them
        model = build_for({**about["model"], "weights": "none"}, labels, about["mean"], about["std"])
        weights = {
            name.removeprefix(_PREFIX): tensor
            for name, tensor in checkpoint["state_dict"].items()
            if name.startswith(_PREFIX)
        }
        model.load_state_dict(weights)
    except KeyError as error:
        raise RunError(f"The checkpoint {run.best} does not say its {error}; it was not written by kirie.") from None
    except RuntimeError as error:
        raise RunError(
            f"The checkpoint {run.best} does not hold the weights of {about['model'].get('name')} over "
            f"{about['model'].get('encoder')}: {str(error).splitlines()[-1].strip()}"
        ) from None
    except KirieError as error:
        raise RunError(f"The checkpoint {run.best} cannot be used: {error}") from error
    return model.eval(), about, labels
