"""Layered files that Photoshop, Krita, GIMP and Clip Studio open: one layer for each part, things in groups by label.

Written by hand after Adobe's "Photoshop File Formats Specification", because psd-tools recomposes the merged picture
in floating point on saving: slow, and not the input bit for bit. Here the merged picture is the input.

Readers undo a white backdrop from a merged picture that has transparency, which loses colours under partial alpha. A
picture with partial alpha therefore says that its merged picture is not for use (as Photoshop does when "maximise
compatibility" is off), and readers compose the layers, which are exact.

Shapes: H, W the picture; h, w a layer; C channels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import IO

import numpy as np
from numpy.typing import NDArray
from psd_tools.compression import encode_rle

from kirie import __version__
from kirie.core.sample import Image
from kirie.errors import SourceError
from kirie.predict.parts import Part

MAX_SIDE = 30_000
"""The format's own limit, in pixels."""

_MAX_SECTION = (1 << 31) - 1
_RGB = 3
_RLE = 1
_VERSION_INFO = 1057
_ALPHA = -1
_OPEN_FOLDER, _END_OF_FOLDER = 1, 3


@dataclass(frozen=True, slots=True)
class Layer:
    """A part, compressed.

    Attributes:
        name: The part's name.
        box: x0, y0, x1, y1 in pixels.
        planes: The compressed channels by the format's own number of each: 0 red, 1 green, 2 blue, -1 alpha.
        group: The name of the group that it and its neighbours of the same name lie in, or None.
        divider: 1 for the record that opens a group, 3 for the one that ends it, as the format counts; 0 for a part.
    """

    name: str
    box: tuple[int, int, int, int]
    planes: Mapping[int, bytes]
    group: str | None = None
    divider: int = 0

    @classmethod
    def of(cls, part: Part) -> Layer:
        """Compresses a part."""
        planes = {number: _plane(part.rgba_hwC[..., at]) for at, number in enumerate((0, 1, 2, _ALPHA))}
        group = None if part.region.instance is None else part.label.name
        return cls(part.name, part.region.box, planes, group)

    @classmethod
    def edge(cls, name: str, divider: int) -> Layer:
        """One of the two records that a group lies between, with four empty channels, as all readers expect."""
        return cls(name, (0, 0, 0, 0), dict.fromkeys((_ALPHA, 0, 1, 2), struct.pack(">H", 0)), None, divider)


def write_psd(stream: IO[bytes], rgba_HWC: Image, layers: Sequence[Layer], *, has_alpha: bool) -> None:
    """Writes a layered file.

    Args:
        stream: Where to.
        rgba_HWC: The picture, uint8 straight RGBA.
        layers: Its parts, the lowest first; neighbours of one group are put into it.
        has_alpha: Whether the picture has an alpha channel; without, the merged picture is RGB.

    Raises:
        SourceError: The picture is larger than the format allows.
    """
    height, width = rgba_HWC.shape[:2]
    check_size(height, width)
    alpha_HW = rgba_HWC[..., 3]
    partial = has_alpha and bool(np.any((alpha_HW != 0) & (alpha_HW != 255)))
    channels = 4 if has_alpha else 3
    stream.write(struct.pack(">4sH6xHIIHH", b"8BPS", 1, channels, height, width, 8, _RGB))
    stream.write(struct.pack(">I", 0))  # no colour table
    stream.write(_block(_resource(_VERSION_INFO, _version_info(has_merged=not partial))))
    layers = list(_with_groups(layers))
    # A negative count says that the merged picture's fourth channel is its transparency
    records = struct.pack(">h", -len(layers) if has_alpha else len(layers)) + b"".join(map(_record, layers))
    planes = [plane for layer in layers for plane in layer.planes.values()]
    size = len(records) + sum(map(len, planes))
    padding = b"\0" * (size % 2)
    if size > _MAX_SECTION:
        raise SourceError(
            f"The layers of this picture take {size:,} bytes, and a PSD holds at most 2 GiB; "
            "leave the PSD out with `--only labelmap,parts,overlay,composite`."
        )
    stream.write(struct.pack(">II", 4 + size + len(padding) + 4, size + len(padding)))
    stream.write(records)
    for plane in planes:
        stream.write(plane)
    stream.write(padding + struct.pack(">I", 0))  # no global layer mask
    merged = np.ascontiguousarray(np.moveaxis(rgba_HWC[..., :channels], 2, 0))
    stream.write(struct.pack(">H", _RLE) + encode_rle(merged.tobytes(), width, height * channels, 8, 1))


def _with_groups(layers: Sequence[Layer]) -> Iterator[Layer]:
    """The layers, each group between its two records; the file counts from below, so the end comes first."""
    for group, members in groupby(layers, key=lambda layer: layer.group):
        if group is None:
            yield from members
            continue
        yield Layer.edge("</Layer group>", _END_OF_FOLDER)
        yield from members
        yield Layer.edge(group, _OPEN_FOLDER)


def check_size(height: int, width: int) -> None:
    """Refuses what the format cannot hold, before anything is computed.

    Raises:
        SourceError: A side is longer than MAX_SIDE.
    """
    if max(height, width) > MAX_SIDE:
        raise SourceError(
            f"The picture is {width}x{height} pixels, and a PSD holds at most {MAX_SIDE:,} a side; "
            "leave the PSD out with `--only labelmap,parts,overlay,composite`."
        )


def _plane(values_hw: NDArray[np.uint8]) -> bytes:
    height, width = values_hw.shape
    return struct.pack(">H", _RLE) + encode_rle(values_hw.tobytes(), width, height, 8, 1)


def _record(layer: Layer) -> bytes:
    left, top, right, bottom = layer.box
    found = struct.pack(">4iH", top, left, bottom, right, len(layer.planes))
    found += b"".join(struct.pack(">hI", number, len(plane)) for number, plane in layer.planes.items())
    opacity, clipping, flags = 255, 0, 0
    # A group passes its layers' blending through to what lies below, as if it were not there
    blend = b"pass" if layer.divider == _OPEN_FOLDER else b"norm"
    found += struct.pack(">4s4sBBBx", b"8BIM", blend, opacity, clipping, flags)
    extra = struct.pack(">II", 0, 0)  # no mask, no blending ranges
    extra += _pascal(layer.name, 4)
    unicode_name = _unicode(layer.name)
    unicode_name += b"\0" * (-len(unicode_name) % 4)
    extra += struct.pack(">4s4sI", b"8BIM", b"luni", len(unicode_name)) + unicode_name
    if layer.divider:
        section = struct.pack(">I", layer.divider)
        section += struct.pack(">4s4s", b"8BIM", blend) if layer.divider == _OPEN_FOLDER else b""
        extra += struct.pack(">4s4sI", b"8BIM", b"lsct", len(section)) + section
    return found + _block(extra)


def _version_info(*, has_merged: bool) -> bytes:
    writer = _unicode(f"kirie {__version__}")
    return struct.pack(">I?", 1, has_merged) + writer + writer + struct.pack(">I", 1)


def _resource(number: int, content: bytes) -> bytes:
    return struct.pack(">4sH", b"8BIM", number) + _pascal("", 2) + _block(content) + b"\0" * (len(content) % 2)


def _block(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _pascal(text: str, multiple: int) -> bytes:
    """The old name, for readers that do not know Unicode names; Mac Roman, at most 31 bytes in old files."""
    content = text.encode("mac_roman", "replace")[:31]
    found = bytes([len(content)]) + content
    return found + b"\0" * (-len(found) % multiple)


def _unicode(text: str) -> bytes:
    content = text.encode("utf-16-be", "replace")
    return struct.pack(">I", len(content) // 2) + content
