"""What an augmentation may be told, with the range of every number; anything else ends in a sentence.

A configuration is a mapping: `name`, `crop`, `fill`, and one mapping per operation (`rotate: {p: 0.5, degrees: 15}`).
An operation that is absent or null is off. `p` is the probability with which a sample gets it.
"""

from __future__ import annotations

import dataclasses
import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeVar, get_type_hints

from kirie.data.augment.ranges import Choice, Interval, Number, Range
from kirie.errors import ConfigError

_T = TypeVar("_T")


_Share = Annotated[float, Number(0, 1)]


@dataclass(frozen=True)
class Flip:
    """Mirrors the sample, exactly."""

    p: _Share = 0.5


@dataclass(frozen=True)
class Scale:
    """Zooms by a factor drawn log-uniformly; `stretch` is the most that width may change against height."""

    p: _Share = 1.0
    range: Annotated[Interval, Range(0.2, 5)] = (0.8, 1.25)
    stretch: Annotated[float, Number(1, 2)] = 1.0


@dataclass(frozen=True)
class Rotate:
    """Turns by up to so many degrees either way."""

    p: _Share = 1.0
    degrees: Annotated[float, Number(0, 180)] = 10


@dataclass(frozen=True)
class Shear:
    """Slants horizontally by up to so many degrees either way."""

    p: _Share = 1.0
    degrees: Annotated[float, Number(0, 45)] = 5


@dataclass(frozen=True)
class Translate:
    """Moves by up to this share of the picture's height and width."""

    p: _Share = 1.0
    fraction: Annotated[float, Number(0, 0.4)] = 0.1


@dataclass(frozen=True)
class Perspective:
    """Tilts the picture: the depth at its corners changes by up to this share."""

    p: _Share = 1.0
    strength: Annotated[float, Number(0, 0.6)] = 0.2


@dataclass(frozen=True)
class Elastic:
    """Bends the picture by a smooth random displacement.

    Attributes:
        p: Probability.
        amplitude: Largest displacement of a control point, as a share of the shorter side.
        cells: Control points lie this many cells to a side.
    """

    p: _Share = 1.0
    amplitude: Annotated[float, Number(0, 0.05)] = 0.02
    cells: Annotated[int, Number(1, 16, whole=True)] = 5

    def __post_init__(self) -> None:
        # Beyond this, neighbouring control points could pass each other and the picture would fold over itself
        if self.amplitude * self.cells > 0.3:
            raise ConfigError(
                f"augment.elastic has amplitude {self.amplitude:g} and {self.cells} cells, which can fold the picture; "
                "amplitude times cells must be at most 0.3."
            )


@dataclass(frozen=True)
class Factor:
    """A factor drawn uniformly: of brightness, of contrast about the mean grey, or of saturation."""

    p: _Share = 1.0
    range: Annotated[Interval, Range(0, 4)] = (0.8, 1.2)


@dataclass(frozen=True)
class Hue:
    """Turns colours around the grey axis by up to so many degrees either way."""

    p: _Share = 1.0
    degrees: Annotated[float, Number(0, 180)] = 10


@dataclass(frozen=True)
class Gamma:
    """An exponent of the pixel values, drawn log-uniformly."""

    p: _Share = 1.0
    range: Annotated[Interval, Range(0.2, 5)] = (0.8, 1.25)


@dataclass(frozen=True)
class Blur:
    """Gaussian blur with a standard deviation in pixels."""

    p: _Share = 1.0
    sigma: Annotated[Interval, Range(0.1, 10)] = (0.3, 1.5)


@dataclass(frozen=True)
class Noise:
    """Gaussian noise of each pixel and channel; standard deviation as a share of white."""

    p: _Share = 1.0
    sigma: Annotated[Interval, Range(0, 0.5)] = (0.0, 0.05)


@dataclass(frozen=True)
class Jpeg:
    """The marks that JPEG compression leaves, at a quality of 1 to 100."""

    p: _Share = 1.0
    quality: Annotated[Interval, Range(1, 100)] = (40, 95)


@dataclass(frozen=True)
class Cutout:
    """Covers rectangles.

    Attributes:
        p: Probability.
        boxes: How many rectangles.
        area: Share of the picture that one covers.
        fill: What they hold: `noise`, or the `mean` colour of the picture.
        target: `ignore`: pixels under a rectangle neither train nor count, since nothing there can be seen;
            `keep`: the truth stays, and the network is asked to guess it from what lies around.
    """

    p: _Share = 1.0
    boxes: Annotated[int, Number(1, 16, whole=True)] = 1
    area: Annotated[Interval, Range(0.0001, 0.5)] = (0.02, 0.1)
    fill: Annotated[str, Choice(("noise", "mean"))] = "noise"
    target: Annotated[str, Choice(("ignore", "keep"))] = "ignore"


@dataclass(frozen=True)
class Settings:
    """A checked augmentation.

    Attributes:
        crop: Height and width of what the network gets, cut out at random; None: the size of the store.
        fill: How the picture goes on outside its edges (the target there is always ignored): `reflection`, so that
            the network meets natural texture and no hard edge to learn; `border`, or `zeros` (black).
    """

    crop: tuple[int, int] | None = None
    fill: str = "reflection"
    horizontal_flip: Flip | None = None
    vertical_flip: Flip | None = None
    scale: Scale | None = None
    rotate: Rotate | None = None
    shear: Shear | None = None
    translate: Translate | None = None
    perspective: Perspective | None = None
    elastic: Elastic | None = None
    brightness: Factor | None = None
    contrast: Factor | None = None
    saturation: Factor | None = None
    hue: Hue | None = None
    gamma: Gamma | None = None
    blur: Blur | None = None
    noise: Noise | None = None
    jpeg: Jpeg | None = None
    cutout: Cutout | None = None


OPERATIONS: dict[str, type[Any]] = {
    "horizontal_flip": Flip,
    "vertical_flip": Flip,
    "scale": Scale,
    "rotate": Rotate,
    "shear": Shear,
    "translate": Translate,
    "perspective": Perspective,
    "elastic": Elastic,
    "brightness": Factor,
    "contrast": Factor,
    "saturation": Factor,
    "hue": Hue,
    "gamma": Gamma,
    "blur": Blur,
    "noise": Noise,
    "jpeg": Jpeg,
    "cutout": Cutout,
}


def read_settings(config: Mapping[str, Any]) -> Settings:
    """Checks a configuration.

    Raises:
        ConfigError: An operation or parameter is unknown (the message names the valid ones), or a value is out of
            its range.
    """
    _refuse_unknown("augment", config, ("name", "crop", "fill", *OPERATIONS))
    if not isinstance(config.get("name", ""), str):
        raise ConfigError(f"augment.name is {config['name']!r}; write a word, such as the name of its file.")
    operations = {
        name: _operation(f"augment.{name}", kind, config[name])
        for name, kind in OPERATIONS.items()
        if config.get(name) is not None
    }
    fill = Choice(("reflection", "border", "zeros")).read("augment.fill", config.get("fill", "reflection"))
    return Settings(crop=_crop(config.get("crop")), fill=fill, **operations)


def _crop(value: Any) -> tuple[int, int] | None:
    if value is None:
        return None
    if isinstance(value, str | Mapping) or not isinstance(value, Iterable) or len(pair := [*value]) != 2:
        raise ConfigError(f"augment.crop is {value!r}; it must be [height, width] in pixels, or null.")
    side = Number(8, 16384, whole=True)
    height, width = (int(side.read("augment.crop", end)) for end in pair)
    return height, width


def _operation(where: str, kind: type[_T], given: Any) -> _T:
    if not isinstance(given, Mapping):
        raise ConfigError(f"{where} is {given!r}; write its parameters ({', '.join(_checks(kind))}), or null for off.")
    checks = _checks(kind)
    _refuse_unknown(where, given, tuple(checks))
    return kind(**{name: checks[name].read(f"{where}.{name}", value) for name, value in given.items()})


def _checks(kind: type[Any]) -> dict[str, Number | Range | Choice]:
    hints = get_type_hints(kind, include_extras=True)
    return {each.name: hints[each.name].__metadata__[0] for each in dataclasses.fields(kind)}


def _refuse_unknown(where: str, given: Mapping[str, Any], known: tuple[str, ...]) -> None:
    for name in given:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1)
            hint = f" Did you mean '{near[0]}'?" if near else ""
            raise ConfigError(f"{where} has no '{name}'.{hint} Choices are {', '.join(known)}.")
