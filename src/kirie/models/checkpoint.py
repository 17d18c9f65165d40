"""Checkpoints, kirie's and others', read without trusting them, and their tensors' names brought to ours.

A file is unpickled with `weights_only`, so that it can hold tensors and plain values only. Names differ by where a
network sat when it was saved (`model.network.encoder.`, `module.`, `backbone.`) and by how timm flattens its stages
(`stages.0.` or `stages_0.`); both are found by trying which way matches most tensors, by name and shape.
"""

from __future__ import annotations

import pickle
import re
import warnings
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from kirie.core.labels import LabelSet
from kirie.core.run import RunFolder
from kirie.errors import KirieError, ModelError

_INSIDE = ("state_dict", "model_state_dict", "model", "network", "module")
"""Where programs put the tensors of a network inside a checkpoint."""

_UNSAFE = re.compile(r"nsupported (?:global: )?GLOBAL ([\w.]+)")
"""How torch names what it will not unpickle."""

_OURS = ("", "encoder.", "encoder.model.", "model.")
"""Beginnings of our names that another file may lack."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What was read from a file.

    Attributes:
        path: The file.
        state: Tensors by the names in the file.
        labels: The label set it was trained on, where kirie wrote it.
        model: The `model` configuration, where kirie wrote it.
        run: The id of the run, where kirie wrote it.
    """

    path: Path
    state: Mapping[str, Tensor]
    labels: LabelSet | None = None
    model: Mapping[str, Any] | None = None
    run: str | None = None


@dataclass(frozen=True, slots=True)
class Match:
    """Tensors of a file under our names.

    Attributes:
        names: Our name -> the file's name; the shapes may differ.
        prefix: What stands before our names in the file.
    """

    names: Mapping[str, str]
    prefix: str


def read_checkpoint(path: Path) -> Checkpoint:
    """Reads a checkpoint file, or the best checkpoint of a run folder.

    Raises:
        ModelError: It is missing, damaged, holds more than tensors and plain values, or holds no network.
    """
    if path.is_dir():
        best = RunFolder(path).best
        if not best.is_file():
            raise ModelError(f"The folder {path} has no {best.relative_to(path)}; name a finished run or a checkpoint.")
        path = best
    if not path.is_file():
        raise ModelError(f"There is no checkpoint {path}; name a finished run's folder, a checkpoint or a state dict.")
    raw = load_plain(path, ModelError)
    if not isinstance(raw, Mapping):
        raise ModelError(f"{path} holds a {type(raw).__name__} and no network; save its state_dict instead.")
    state = _state(raw)
    if not state:
        raise ModelError(f"{path} holds no tensors of a network; its keys are {', '.join(map(str, list(raw)[:8]))}.")
    ours = raw.get("kirie")
    ours = ours if isinstance(ours, Mapping) else {}
    labels = ours.get("labels")
    return Checkpoint(
        path,
        {name.replace("_orig_mod.", ""): tensor for name, tensor in state.items()},
        _labels(labels, path) if labels is not None else None,
        ours.get("model"),
        ours.get("run"),
    )


def require_labels(checkpoint: Checkpoint, labels: LabelSet) -> None:
    """Refuses a checkpoint of another label set.

    Raises:
        ModelError: Names or their order differ; the message shows both and the way out.
    """
    if checkpoint.labels is not None and checkpoint.labels.names != labels.names:
        raise ModelError(
            f"The checkpoint {checkpoint.path} was trained on the labels {', '.join(checkpoint.labels.names)}; "
            f"the data have {', '.join(labels.names)}. To start from its weights all the same, "
            f"use init_from={checkpoint.path}."
        )


def match(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> Match:
    """Finds which tensor of a file is which of ours.

    Args:
        state: Tensors by the file's names.
        wanted: Our tensors (contents do not matter) by our names.
    """
    theirs = {_plain(name): name for name in state}
    best, best_score = Match({}, ""), 0
    for cut in _OURS:
        ours = {_plain(name.removeprefix(cut)): name for name in wanted if name.startswith(cut)}
        for prefix in _prefixes(theirs, ours):
            names = {ours[name]: theirs[prefix + name] for name in ours if prefix + name in theirs}
            score = sum(wanted[our].shape == state[their].shape for our, their in names.items())
            if score > best_score:
                best, best_score = Match(names, prefix), score
    return best


def _plain(name: str) -> str:
    """timm writes `stages_0.` where its own files say `stages.0.`; to us they are one name."""
    return name.replace(".", "_")


def _prefixes(theirs: Mapping[str, str], ours: Mapping[str, str]) -> Iterator[str]:
    """The most frequent beginnings after which one of our names follows, and none."""
    yield ""
    some = list(ours)[:: max(1, len(ours) // 12)]
    found = Counter(
        their[: -len(our)] for our in some for their in theirs if their.endswith("_" + our) and their != our
    )
    yield from (prefix for prefix, _ in found.most_common(8))


def load_plain(path: Path, wrong: type[KirieError]) -> Any:
    """What a file of torch or of safetensors holds, if that is only tensors and plain values; no code of it runs.

    Args:
        path: The file.
        wrong: The error to raise.

    Raises:
        wrong: The file cannot be read, is damaged, or holds more.
    """
    try:
        if path.suffix == ".safetensors":
            return load_file(path, device="cpu")
        with warnings.catch_warnings():
            # What is not torch's own pickle is refused below, or is read; in both cases this says nothing more
            warnings.filterwarnings("ignore", "Detected pickle protocol", UserWarning)
            return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        if (found := _UNSAFE.search(str(error))) is None:
            raise wrong(f"{path} is no checkpoint: it can be read neither as torch's nor as pickle.") from None
        raise wrong(
            f"{path} is not opened: it holds a {found[1]}, and only tensors and plain values are safe to load. "
            "Save the network's state_dict alone, or as .safetensors."
        ) from None
    except OSError as error:
        raise wrong(f"The checkpoint {path} cannot be read ({error.strerror or error}).") from None
    except (SafetensorError, RuntimeError, EOFError, ValueError, KeyError, zipfile.BadZipFile):
        # The libraries' own words are of an archive's insides
        raise wrong(
            f"{path} is no checkpoint, or a damaged one: it was cut short or changed. Put a whole copy in its place."
        ) from None


def _state(raw: Mapping[Any, Any]) -> dict[str, Tensor]:
    for candidate in (*(raw.get(key) for key in _INSIDE), raw):
        if isinstance(candidate, Mapping):
            tensors = {name: value for name, value in candidate.items() if isinstance(value, Tensor)}
            if tensors and all(isinstance(name, str) for name in tensors):
                return tensors
    return {}


def _labels(raw: object, path: Path) -> LabelSet:
    try:
        return LabelSet.from_dict(raw, f"the label set in {path}")
    except KirieError as error:
        raise ModelError(str(error)) from None
