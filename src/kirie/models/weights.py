"""Where an encoder's first weights come from: nowhere, a download, or a file.

The download is smp's and timm's own. Without a network their library tries for 23 to 46 seconds and ends in a page of
text; so the cache is looked at first, and the address asked once, for a few seconds, before they are let go. What is
in the cache is used without asking.

With pretrained weights the encoder's own mean and standard deviation belong to them and replace the data's.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import huggingface_hub
import timm
from segmentation_models_pytorch.encoders import encoders as smp_encoders
from segmentation_models_pytorch.encoders import get_preprocessing_params
from torch import Tensor, nn

from kirie.errors import ModelError, first_line
from kirie.models.checkpoint import match, read_checkpoint
from kirie.models.encoders import TIMM
from kirie.models.positions import fitted

PATIENCE_SECONDS = 6.0
"""How long one question to the server may take, its name look-up included."""

ENOUGH = 0.9
"""The share of an encoder's tensors that a file must have."""

_FILES = ("model.safetensors", "config.json")

_IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_HALF = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
_DPN = ((124 / 255, 117 / 255, 104 / 255), (1 / (0.0167 * 255),) * 3)
_OWN_STATISTICS = {"inception": _HALF, "xception": _HALF, "dpn": _DPN}
"""smp's encoders that were not trained with ImageNet's usual statistics, by the beginning of their names."""

Statistics = tuple[Sequence[float], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Download:
    """A set of pretrained weights on the network.

    Attributes:
        url: Its address.
        repository: Its repository on the hub, or None for a plain address.
        revision: The commit there; None for the newest.
        argument: What smp is told to load it.
    """

    url: str
    repository: str | None
    revision: str | None
    argument: str | bool

    def cached(self) -> Path | None:
        """The file in the local cache, if it is there."""
        if self.repository is None:
            return None
        found = huggingface_hub.try_to_load_from_cache(self.repository, _FILES[0], revision=self.revision)
        return Path(found) if isinstance(found, str) else None


def is_download(weights: str, encoder: str) -> bool:
    """Whether a `weights` value names a set of pretrained weights and not a file."""
    return weights == "imagenet" or weights in _sets(encoder)


def find_download(encoder: str, weights: str) -> Download:
    """The pretrained weights of an encoder.

    Raises:
        ModelError: It has none of that name.
    """
    if encoder.startswith(TIMM):
        cfg = timm.get_pretrained_cfg(encoder.removeprefix(TIMM))
        if cfg is not None and cfg.hf_hub_id:
            name = cfg.hf_hub_filename or _FILES[0]
            return Download(huggingface_hub.hf_hub_url(cfg.hf_hub_id, name), cfg.hf_hub_id, None, True)
        if cfg is not None and cfg.url:
            return Download(str(cfg.url), None, None, True)
    elif weights in _sets(encoder):
        settings = smp_encoders[encoder]["pretrained_settings"][weights]
        repository, revision = settings["repo_id"], settings["revision"]
        url = huggingface_hub.hf_hub_url(repository, _FILES[0], revision=revision)
        return Download(url, repository, revision, weights)
    others = _sets(encoder)
    known = f"it has {', '.join(others)}" if others else "it has none"
    raise ModelError(
        f"The encoder '{encoder}' has no '{weights}' weights; {known}. Use one of them as model.weights, or none, or a "
        "file, or choose another encoder."
    )


def load_download(
    encoder: str, weights: str, construct: Callable[[str | bool, dict[str, Any]], nn.Module]
) -> tuple[nn.Module, Statistics]:
    """Builds a network with downloaded weights.

    Args:
        encoder: The encoder.
        weights: `imagenet`, or another set that the encoder has.
        construct: Builds the network, given what smp is told to load and more arguments for the encoder.

    Returns:
        The network, and the mean and standard deviation that belong to the weights.

    Raises:
        ModelError: The encoder has no such weights, or the download cannot happen; the message says how to place the
            file by hand.
    """
    download = find_download(encoder, weights)
    cached = download.cached()
    more: dict[str, Any] = {}
    if cached is not None and encoder.startswith(TIMM):
        more["pretrained_cfg_overlay"] = {"file": str(cached)}
    if cached is None and (cause := unreachable(download.url)):
        raise ModelError(by_hand(f"encoder '{encoder}'", download, cause))
    try:
        network = construct(download.argument, more)
        return network, statistics(encoder) if encoder.startswith(TIMM) else _published(encoder, weights)
    except OSError as error:
        # Every error of the hub's client and of urllib is one
        raise ModelError(by_hand(f"encoder '{encoder}'", download, first_line(error))) from error


def load_file_into(encoder: nn.Module, name: str, path: Path) -> tuple[Statistics, str]:
    """Loads an encoder from a file: its own state dict in torchvision's, timm's or smp's names, or a checkpoint.

    Args:
        encoder: The encoder to fill.
        name: Its name.
        path: The file, or a run folder.

    Returns:
        The mean and standard deviation that belong to the weights, and what was loaded, in words.

    Raises:
        ModelError: The file cannot be read, or has less than ENOUGH of the encoder's tensors.
    """
    checkpoint = read_checkpoint(path)
    wanted = encoder.state_dict()
    found = match(checkpoint.state, wanted)
    fitting = {
        ours: tensor
        for ours, theirs in found.names.items()
        if (tensor := fitted(encoder, ours, checkpoint.state[theirs], wanted[ours])) is not None
    }
    way_out = "choose the encoder that the file belongs to"
    words = fill(encoder, fitting, checkpoint.path, f"the encoder '{name}'", way_out)
    ours = statistics_in(checkpoint.state)
    return ours or statistics(name), f"{words} of the encoder"


def fill(network: nn.Module, fitting: Mapping[str, Tensor], path: Path, what: str, way_out: str) -> str:
    """Loads tensors that fit, if they are enough of the network's.

    Args:
        network: The network to fill.
        fitting: Tensors by our names.
        path: The file that they come from.
        what: The network in words, for the message.
        way_out: What to do instead, for the message.

    Returns:
        How many were loaded, in words.

    Raises:
        ModelError: They are less than ENOUGH of the network's.
    """
    counted = [key for key in network.state_dict() if not key.endswith("num_batches_tracked")]
    loaded = sum(key in fitting for key in counted)
    if loaded < ENOUGH * len(counted):
        missing = next(key for key in counted if key not in fitting)
        raise ModelError(
            f"{path} has {loaded} of the {len(counted)} tensors of {what} by name and shape (not '{missing}'), and "
            f"{ENOUGH:.0%} are needed; {way_out}."
        )
    # Not the network's own: smp's encoders rename keys, or drop a classifier that is not there
    nn.Module.load_state_dict(network, fitting, strict=False)
    return f"{path}: {loaded} of {len(counted)} tensors"


def statistics(encoder: str) -> Statistics:
    """Mean and standard deviation that an encoder's pretrained weights expect, without asking the network."""
    if encoder.startswith(TIMM):
        cfg = timm.get_pretrained_cfg(encoder.removeprefix(TIMM))
        return (tuple(cfg.mean), tuple(cfg.std)) if cfg is not None else _IMAGENET
    return next((own for start, own in _OWN_STATISTICS.items() if encoder.startswith(start)), _IMAGENET)


def statistics_in(state: Mapping[str, Tensor]) -> Statistics | None:
    """Mean and standard deviation that a kirie checkpoint carries, or None."""
    found = {
        name.rpartition(".")[2]: tensor.flatten().tolist()
        for name, tensor in state.items()
        if tuple(tensor.shape) == (1, 3, 1, 1)
    }
    return (found["mean"], found["std"]) if {"mean", "std"} <= found.keys() else None


def _sets(encoder: str) -> list[str]:
    """Names of the weights an encoder of smp has; timm's carry theirs in the encoder's name."""
    if encoder.startswith(TIMM):
        bare = encoder.removeprefix(TIMM)
        return ["imagenet"] if timm.is_model_pretrained(bare) else []
    return list(smp_encoders[encoder]["pretrained_settings"])


def _published(encoder: str, weights: str) -> Statistics:
    settings = get_preprocessing_params(encoder, pretrained=weights)
    scale = max(settings["input_range"])
    return [value / scale for value in settings["mean"]], [value / scale for value in settings["std"]]


def unreachable(url: str) -> str | None:
    """Why an address does not answer within PATIENCE_SECONDS, or None if it does."""
    answer: list[str | None] = []

    def ask() -> None:
        try:
            response = huggingface_hub.get_session().head(url, timeout=PATIENCE_SECONDS, follow_redirects=False)
            answer.append(f"status {response.status_code}" if response.status_code >= 400 else None)
        except Exception as error:
            # Any client error means that the download cannot happen; the sentence carries its words
            answer.append(first_line(error))

    # A thread, because a name look-up takes as long as the system's resolver likes
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(PATIENCE_SECONDS)
    return answer[0] if answer else f"no answer in {PATIENCE_SECONDS:.0f} s"


def by_hand(what: str, download: Download, cause: str) -> str:
    """A sentence on a download that cannot happen: why, and how to place the file.

    Args:
        what: What the weights are of, as "encoder 'resnet18'".
        download: The weights.
        cause: Why not.
    """
    return (
        f"The pretrained weights of the {what} cannot be downloaded ({cause}): get {download.url} on a "
        f"machine that can, place the file here, and set model.weights=path/to/{download.url.rpartition('/')[2]} (or "
        "model.weights=none to start from random weights)."
    )
