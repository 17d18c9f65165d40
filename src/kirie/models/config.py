"""What a model configuration says, read and checked: `name`, `encoder`, `weights`, `image_size`, `options`.

Nothing is built here; a slip of a key ends before anything is.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kirie.errors import ConfigError
from kirie.models.architectures import Architecture
from kirie.models.detectors import MODELS
from kirie.models.encoders import check_encoder
from kirie.models.options import read_options

_KEYS = ("name", "encoder", "weights", "image_size", "options")


@dataclass(frozen=True, slots=True)
class ModelConfig:
    """A model configuration whose every part exists.

    Attributes:
        name: The architecture.
        encoder: The encoder.
        weights: `none`, `imagenet` (or another of the encoder's sets of weights), or a file; `coco` of a whole model.
        image_size: Height and width that training sees, or None where they are not known; only an encoder that is
            built for one size needs them.
        options: Every option of the architecture.
    """

    name: str
    encoder: str
    weights: str
    image_size: tuple[int, int] | None
    options: Mapping[str, Any]

    @property
    def architecture(self) -> Architecture:
        """The architecture's row in the table."""
        return MODELS[self.name]

    @property
    def file(self) -> str:
        """The file that the configuration comes from, for messages."""
        return f"conf/model/{self.name}.yaml"

    def changed(self) -> list[str]:
        """Names of the options that are not at their defaults."""
        return [name for name, option in self.architecture.options.items() if self.options[name] != option.default]

    def with_defaults(self) -> ModelConfig:
        """The same pair with every option at its default."""
        return replace(self, options=read_options({}, self.architecture.options, self.file))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, every option included; `read` gives the same configuration back."""
        return {
            "name": self.name,
            "encoder": self.encoder,
            "weights": self.weights,
            "image_size": list(self.image_size) if self.image_size else None,
            "options": {
                name: list(value) if isinstance(value, tuple) else value for name, value in self.options.items()
            },
        }

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> ModelConfig:
        """Reads the `model` part of a configuration.

        Raises:
            ConfigError: A key, the architecture, the encoder or an option does not exist, or a value is not allowed.
        """
        name = raw.get("name")
        if not isinstance(name, str) or name not in MODELS:
            raise ConfigError(f"There is no model '{name}'.{_near(str(name))} Models are {', '.join(MODELS)}.")
        where = f"conf/model/{name}.yaml"
        if strange := [key for key in raw if key not in _KEYS]:
            raise ConfigError(f"{where} has no key '{strange[0]}'; its keys are {', '.join(_KEYS)}.")
        encoder = raw.get("encoder")
        if not isinstance(encoder, str):
            raise ConfigError(f"{where}: `encoder` is {encoder!r}; write an encoder's name, like resnet18.")
        check_encoder(encoder, where)
        known = MODELS[name]
        if known.whole and encoder not in known.encoders:
            raise ConfigError(
                f"{where} is one published model over {known.encoders[0]}, found '{encoder}'; leave its encoder as it "
                "is, or choose model=mask_rcnn, which takes any pyramid encoder."
            )
        weights = raw.get("weights")
        if weights is not None and not isinstance(weights, str):
            sets = "coco" if known.whole else "imagenet"
            raise ConfigError(f"{where}: `weights` is {weights!r}; write none, {sets} or the path of a file.")
        options = {} if raw.get("options") is None else raw["options"]
        if not isinstance(options, Mapping):
            raise ConfigError(f"{where}: `options` is {options!r}; write one line `name: value` per option.")
        return cls(
            name=name,
            encoder=encoder,
            weights=weights or "none",
            image_size=_size(raw.get("image_size"), where),
            options=read_options(options, known.options, where),
        )


def _size(value: object, where: str) -> tuple[int, int] | None:
    if value is None:
        return None
    pair = [value, value] if isinstance(value, int) else value
    if (
        isinstance(pair, Sequence)
        and not isinstance(pair, str)
        and len(pair) == 2
        and all(isinstance(side, int) and not isinstance(side, bool) and 0 < side <= 8192 for side in pair)
    ):
        return pair[0], pair[1]
    raise ConfigError(
        f"{where}: `image_size` is {value!r}; write one number of pixels, or [height, width], up to 8192."
    )


def _near(name: str) -> str:
    found = difflib.get_close_matches(name.lower(), MODELS, n=1)
    return f" Did you mean '{found[0]}'?" if found else ""
