"""What a pair of architecture and encoder can do, found by trying it on torch's meta device.

Meta tensors have shapes and no contents, so that a network is built and run in well under a second, whatever its size,
and before any data is touched. smp's and timm's own words about strides are not enough: DPT says 16 and works at
multiples of 32 only, PAN says 16 and fails below 128, DenseNet says nothing and cannot dilate.

Shape suffixes: B batch, C channels, H height, W width, L labels.
"""

from __future__ import annotations

import functools
import json
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from kirie.errors import ConfigError
from kirie.models.config import ModelConfig
from kirie.models.detector_network import STRIDES, DetectorNetwork
from kirie.models.encoders import fixed_size, timm_arguments

PADDED_TO = STRIDES[-1]
"""A detector pads pictures to multiples of its coarsest stride."""

_TOO_FEW_VALUES = "Expected more than 1 value per channel"
"""How torch's batch normalisation refuses to train on one value."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a network takes.

    Attributes:
        multiple_of: Height and width must be multiples of this.
        min_size: The smallest height and width.
        fixed_size: The only height and width, or None where any multiple works.
        min_batch: The smallest batch that trains at `image_size` (or, where that is not given, at the smallest size
            at which anything trains): batch normalisation over one value has no variance.
        dynamic_size: Whether an exported graph may take other sizes than the one it was exported at.
    """

    multiple_of: int
    min_size: int
    fixed_size: tuple[int, int] | None
    min_batch: int
    dynamic_size: bool

    def refusal(self, height: int, width: int) -> str | None:
        """Why a size cannot be taken, and what can, as the end of a sentence; None if it can."""
        if self.fixed_size is not None:
            wanted = f"{self.fixed_size[0]} x {self.fixed_size[1]} pixels only"
            return None if (height, width) == self.fixed_size else f"takes {wanted}; found {height} x {width}"
        if height % self.multiple_of or width % self.multiple_of or min(height, width) < self.min_size:
            wanted = f"multiples of {self.multiple_of} from {self.min_size} pixels up"
            return f"takes heights and widths that are {wanted}; found {height} x {width}"
        return None


def construct(
    config: ModelConfig,
    n_labels: int,
    weights: str | bool | None = None,
    encoder_arguments: Mapping[str, Any] | None = None,
) -> nn.Module:
    """Builds the network of a configuration on the current device, as smp and timm build it.

    Args:
        config: The configuration.
        n_labels: Labels; of a detector those of things, and one for none of them.
        weights: As smp takes them; None for random ones.
        encoder_arguments: More for the encoder's construction.
    """
    more = timm_arguments(config.encoder, _seen(config), tokens=config.architecture.tokens)
    more |= encoder_arguments or {}
    return config.architecture.build(config.encoder, weights, n_labels, config.options, **more)


def construct_on_meta(config: ModelConfig, n_labels: int) -> nn.Module:
    """Builds the network without contents: its names and shapes.

    Raises:
        ConfigError: The architecture cannot be built over the encoder.
    """
    try:
        with _meta():
            return construct(config, n_labels)
    except Exception as error:
        # Not a list of types: smp and timm refuse a pair by whatever their code runs into
        raise ConfigError(_cannot(config, error)) from error


def probe(config: ModelConfig) -> Limits:
    """Finds out what the pair can do; asked again, it answers from memory.

    Raises:
        ConfigError: The architecture cannot work over the encoder; the message names both and encoders that work.
    """
    return _probe(json.dumps(config.to_dict() | {"weights": "none"}))


@functools.lru_cache(maxsize=256)
def _probe(key: str) -> Limits:
    config = ModelConfig.read(json.loads(key))
    network = construct_on_meta(config, 2)
    if config.architecture.detector:
        return _probe_detector(config, network)
    only = fixed_size(config.encoder, config.image_size, tokens=config.architecture.tokens)
    if only is not None:
        if (error := _fails(network.eval(), 2, *only)) is not None:
            raise ConfigError(_cannot(config, error))
        return Limits(1, min(only), only, _min_batch(network, *only), dynamic_size=False)
    multiple = _multiple(config, network.eval())
    smallest = next(size for size in _sizes(multiple) if _fails(network, 2, size, size) is None)
    at = config.image_size or (2 * smallest, 2 * smallest)
    return Limits(multiple, smallest, None, _min_batch(network, *at), config.architecture.dynamic_export)


def _probe_detector(config: ModelConfig, network: nn.Module) -> Limits:
    """A detector takes any size, because it pads, unless its encoder takes one size only."""
    only = fixed_size(config.encoder, config.image_size, tokens=False)
    tried = _padded(only) if only is not None else (9 * PADDED_TO, 11 * PADDED_TO)
    if (error := _fails(network.eval(), 2, *tried)) is not None:
        raise ConfigError(_cannot(config, error))
    seen = tried if only is not None else _seen(config) or (2 * PADDED_TO, 2 * PADDED_TO)
    return Limits(1, 1, only, _min_batch(network, *seen), dynamic_size=only is None)


def _seen(config: ModelConfig) -> tuple[int, int] | None:
    """Height and width that the network sees in training."""
    size = config.image_size
    return _padded(size) if size is not None and config.architecture.detector else size


def _padded(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] + -size[0] % PADDED_TO, size[1] + -size[1] % PADDED_TO


def _multiple(config: ModelConfig, network: nn.Module) -> int:
    """The smallest power of two whose odd multiples all work; sizes are tried unequal, so that H and W cannot mix."""
    stated = getattr(network.encoder, "output_stride", 32)
    error: Exception | None = None
    for multiple in (stated, 2 * stated, 4 * stated):
        error = _fails(network, 2, 9 * multiple, 11 * multiple)
        if error is None:
            return int(multiple)
    raise ConfigError(_cannot(config, error))


def _sizes(multiple: int) -> Iterator[int]:
    return iter(range(multiple, 11 * multiple + 1, multiple))


def _min_batch(network: nn.Module, height: int, width: int) -> int:
    error = _fails(network.train(), 1, height, width)
    return 2 if error is not None and _TOO_FEW_VALUES in str(error) else 1


def _fails(network: nn.Module, batch: int, height: int, width: int) -> Exception | None:
    """The error of a forward pass without contents, or of a result that is not of the input's size."""
    try:
        with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), torch.no_grad():
            warnings.simplefilter("ignore")
            image_BCHW = torch.empty(batch, 3, height, width, device="meta")
            if isinstance(network, DetectorNetwork):
                return _wrong_pyramid(list(network.pyramid(image_BCHW).values()), height, width)
            found: Tensor = network(image_BCHW)
    except Exception as error:
        return error
    if found.shape[-2:] != (height, width):
        return ValueError(f"a picture of {height} x {width} gives logits of {found.shape[-2]} x {found.shape[-1]}")
    return None


def _wrong_pyramid(levels: Sequence[Tensor], height: int, width: int) -> Exception | None:
    for stride, level_BCHW in zip(STRIDES, levels, strict=False):
        if level_BCHW.shape[-2:] != (height // stride, width // stride):
            found = f"{level_BCHW.shape[-2]} x {level_BCHW.shape[-1]}"
            return ValueError(f"its map of stride {stride} is {found} for a picture of {height} x {width}")
    return None


def _cannot(config: ModelConfig, error: Exception | None) -> str:
    cause = " ".join(str(error).split())[:200].rstrip(".!") or type(error).__name__
    if changed := config.changed():
        try:
            probe(config.with_defaults())
        except ConfigError:
            pass
        else:
            listed = ", ".join(f"{name}={config.options[name]}" for name in changed)
            return (
                f"{config.file} cannot work with the options {listed} over the encoder '{config.encoder}' ({cause}); "
                "with the options' defaults it does, so set one of them back."
            )
    return (
        f"{config.file} cannot work with the encoder '{config.encoder}' ({cause}). "
        f"Encoders that work with {config.name} are {', '.join(config.architecture.encoders)}; "
        f"set model.encoder to one of them, or choose another model."
    )


@contextmanager
def _meta() -> Iterator[None]:
    """torch's meta device, with the seed left where it was and the libraries' remarks about it unheard."""
    with torch.random.fork_rng(devices=[]), warnings.catch_warnings(), torch.device("meta"), _RealScalars():
        warnings.simplefilter("ignore")
        yield


class _RealScalars(TorchFunctionMode):
    """smp's MiT asks `linspace(...).item()` for its drop-path rates, which a tensor without contents cannot answer."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = dict(kwargs or {})
        if func is torch.linspace:
            given.setdefault("device", "cpu")
        return func(*args, **given)
