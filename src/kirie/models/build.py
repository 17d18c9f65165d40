"""From a configuration to a model, and the check that comes before any data is touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from torch import nn

from kirie.core.labels import LabelSet
from kirie.core.task import is_detector
from kirie.errors import ConfigError
from kirie.models.coco import COCO, load_coco, load_whole
from kirie.models.config import ModelConfig
from kirie.models.detector import Detector
from kirie.models.probe import Limits, construct, probe
from kirie.models.segmenter import Segmenter
from kirie.models.weights import Statistics, is_download, load_download, load_file_into


def check_pair(
    config: Mapping[str, Any],
    *,
    size: tuple[int, int] | None = None,
    size_from: str = "the store",
    batch_size: int | None = None,
    batch_from: str = "the training configuration",
) -> Limits:
    """Refuses what cannot work, in well under a second, without data and without weights.

    Args:
        config: The `model` part of a configuration.
        size: Height and width that the model will see, if they are known.
        size_from: The file or store that says so, for the message.
        batch_size: Pictures per device and step, if known.
        batch_from: The file that says so, for the message.

    Returns:
        What the model can take.

    Raises:
        ConfigError: A name is wrong, or architecture and encoder, size or batch do not go together; the message names
            both files.
    """
    read = ModelConfig.read(config)
    if size is not None and read.image_size not in {None, size}:
        asked = " x ".join(map(str, read.image_size or ()))
        raise ConfigError(
            f"model.image_size is {asked}, and the pictures of {size_from} have {size[0]} x {size[1]} pixels; nothing "
            "is resized inside a model. Leave model.image_size out, or prepare the store with another --size."
        )
    read = replace(read, image_size=size or read.image_size)
    limits = probe(read)
    pair = f"{read.file} (encoder '{read.encoder}')"
    if size is not None and (refusal := limits.refusal(*size)) is not None:
        raise ConfigError(f"{pair} and {size_from} do not go together: {read.name} {refusal}.")
    if batch_size is not None and batch_size < limits.min_batch:
        raise ConfigError(
            f"{pair} and {batch_from} do not go together: {read.name} trains on at least {limits.min_batch} pictures a "
            f"step, because its batch normalisation pools each of them to one value; found {batch_size}."
        )
    return limits


def build_model(config: Mapping[str, Any], n_labels: int, mean: Sequence[float], std: Sequence[float]) -> Segmenter:
    """Builds a model.

    Args:
        config: The `model` part of a configuration: `name`, `encoder`, `weights`, and optionally `image_size` and
            `options`.
        n_labels: Labels, 1 to 255.
        mean: Of the data's red, green and blue in [0, 1]; an encoder with pretrained weights brings its own.
        std: Likewise.

    Raises:
        ConfigError: A name is wrong, or architecture and encoder do not go together.
        ModelError: The weights cannot be had.
    """
    read = ModelConfig.read(config)
    if not 1 <= n_labels <= 255:
        raise ConfigError(f"A model has 1 to 255 labels; found {n_labels}.")
    limits = probe(read)
    network, statistics, origin = _start(read, n_labels)
    mean, std = statistics or (mean, std)
    return Segmenter(network, read.to_dict(), n_labels, mean, std, limits, origin)


def build_detector(
    config: Mapping[str, Any], n_labels: int, things: Sequence[int], mean: Sequence[float], std: Sequence[float]
) -> Detector:
    """Builds a model that finds instances.

    Args:
        config: The `model` part of a configuration; see `build_model`.
        n_labels: Labels, 1 to 255, the background included.
        things: Ids of the labels that have instances.
        mean: Of the data's red, green and blue in [0, 1]; pretrained weights bring their own.
        std: Likewise.

    Raises:
        ConfigError: A name is wrong, model and encoder do not go together, or no label has instances.
        ModelError: The weights cannot be had.
    """
    read = ModelConfig.read(config)
    if not things:
        raise ConfigError(
            f"{read.file} finds instances, and no label of the label set has any: each is the background or marked "
            "`stuff: true`. Take `stuff` from the labels whose instances are to be told apart, or use a semantic model."
        )
    limits = probe(read)
    network, statistics, origin = _start(read, len(things) + 1)
    mean, std = statistics or (mean, std)
    return Detector(network, read.to_dict(), n_labels, things, mean, std, limits, origin)


def build_for(
    config: Mapping[str, Any], labels: LabelSet, mean: Sequence[float], std: Sequence[float]
) -> Segmenter | Detector:
    """Builds the model of a configuration for a label set, whatever its task; see `build_model`, `build_detector`."""
    if is_detector(config.get("name")):
        return build_detector(config, len(labels), labels.things, mean, std)
    return build_model(config, len(labels), mean, std)


def _start(config: ModelConfig, n_labels: int) -> tuple[nn.Module, Statistics | None, str]:
    """The network with its first weights, the statistics that belong to them, and where they come from."""
    if config.weights == "none":
        return construct(config, n_labels), None, "random"
    if config.architecture.whole:
        network = construct(config, n_labels)
        if config.weights == COCO:
            return network, *load_coco(network, config.name)
        return network, *load_whole(network, config.name, Path(config.weights))
    if is_download(config.weights, config.encoder):
        network, statistics = load_download(
            config.encoder, config.weights, lambda told, more: construct(config, n_labels, told, more)
        )
        return network, statistics, f"{config.weights} weights of '{config.encoder}'"
    network = construct(config, n_labels)
    encoder = network.get_submodule("encoder")
    statistics, origin = load_file_into(encoder, config.encoder, Path(config.weights))
    return network, statistics, origin
