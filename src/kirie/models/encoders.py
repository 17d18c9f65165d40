"""Which encoders there are, by the names that smp and timm give them, and what each wants for its construction.

smp's own encoders have bare names (`resnet18`, `mit_b0`); everything timm has is reached as `tu-<timm name>`, with
timm's tag for a set of pretrained weights where wanted (`tu-convnext_atto.d2_in1k`). smp's old `timm-` names are left
out: smp marks them as deprecated and has each of them as `tu-`.
"""

from __future__ import annotations

import difflib
import functools
from typing import Any

import timm
from segmentation_models_pytorch.encoders import get_encoder_names

from kirie.errors import ConfigError

TIMM = "tu-"
"""The prefix of encoders that come from timm."""


@functools.cache
def encoder_names() -> tuple[str, ...]:
    """Every encoder that can be named, smp's first; timm's without their tags."""
    own = sorted(name for name in get_encoder_names() if not name.startswith("timm-"))
    return (*own, *(TIMM + name for name in timm.list_models()))


def check_encoder(name: str, where: str) -> None:
    """Refuses a name that neither smp nor timm has.

    Args:
        name: The encoder.
        where: The file that names it, for the message.

    Raises:
        ConfigError: There is no such encoder; the message names the nearest ones.
    """
    if name.startswith(TIMM):
        bare, _, tag = name.removeprefix(TIMM).partition(".")
        if timm.is_model(bare):
            _check_tag(bare, tag, where)
            return
    elif name in encoder_names():
        return
    raise ConfigError(f"{where}: there is no encoder '{name}'.{_near(name)} {_how_to_list()}")


def timm_arguments(name: str, image_size: tuple[int, int] | None, *, tokens: bool) -> dict[str, Any]:
    """What a timm encoder is told about the size of its input.

    A plain vision transformer resamples its position embedding to any size (`dynamic_img_size`); one whose windows are
    laid out when it is built (Swin and its relatives) gets the one size that it will see.

    Args:
        name: An encoder that exists.
        image_size: Height and width of the images, or None where they are not known.
        tokens: Whether the architecture takes a plain transformer's tokens (DPT) instead of a pyramid.
    """
    if not name.startswith(TIMM):
        return {}
    if tokens:
        return {"dynamic_img_size": True} | ({"img_size": image_size} if image_size else {})
    return {"img_size": image_size} if image_size and is_fixed(name) else {}


def is_fixed(name: str) -> bool:
    """Whether a timm encoder takes one size only, the one that it was built for."""
    found = timm.get_pretrained_cfg(name.removeprefix(TIMM)) if name.startswith(TIMM) else None
    return bool(found and found.fixed_input_size)


def fixed_size(name: str, image_size: tuple[int, int] | None, *, tokens: bool) -> tuple[int, int] | None:
    """The one input size of an encoder of fixed size; None for every other encoder, and for resampled tokens."""
    if tokens or not is_fixed(name):
        return None
    if image_size:
        return image_size
    found = timm.get_pretrained_cfg(name.removeprefix(TIMM))
    assert found is not None  # is_fixed read it
    _, height, width = found.input_size
    return height, width


def _check_tag(bare: str, tag: str, where: str) -> None:
    known = [name.partition(".")[2] for name in timm.list_pretrained(f"{bare}.*")]
    if tag and tag not in known:
        allowed = ", ".join(known) if known else "none"
        raise ConfigError(f"{where}: timm's '{bare}' has no weights tagged '{tag}'; its tags are {allowed}.")


def _near(name: str) -> str:
    bare = name.removeprefix(TIMM).removeprefix("timm-")
    if timm.is_model(bare.partition(".")[0]) and not name.startswith(TIMM):
        return f" Did you mean '{TIMM}{bare}'? timm's encoders carry the prefix '{TIMM}'."
    found = difflib.get_close_matches(name, encoder_names(), n=3)
    found += [TIMM + near for near in difflib.get_close_matches(bare, timm.list_models(), n=2)]
    return f" Did you mean {' or '.join(dict.fromkeys(found))}?" if found else ""


def _how_to_list() -> str:
    return (
        f"There are {len(encoder_names())}: smp's own (resnet18, efficientnet-b0, mobilenet_v2, mit_b0, vgg16_bn, ...) "
        f"and every timm model as '{TIMM}<name>' (tu-convnext_atto, tu-mobilenetv3_small_050, ...)."
    )
