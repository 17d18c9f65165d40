"""Pictures from strangers: bounded before decoding, upright, 8-bit RGB.

The size is read from the header and refused there, so that a small file cannot ask for a large allocation. A picture
that ends early is an error and never a half-grey picture.

Shapes: H, W picture size in pixels, upright; C = 3 (RGB).
"""

from __future__ import annotations

import io
import struct
import threading
import warnings
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from kirie.errors import SourceError

MAX_PIXELS = 120_000_000
"""The largest picture read unless a caller allows more: 360 MB as RGB."""

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff"})
"""Endings, in lower case, of files taken for pictures."""

# MPO is what Pillow makes of a JPEG of a camera that stores a second, small picture behind the first;
# the JPEG opener finds them, and there is none called MPO
_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF")
_ENDINGS = {"PNG": ".png", "JPEG": ".jpg", "MPO": ".jpg", "WEBP": ".webp", "BMP": ".bmp", "GIF": ".gif", "TIFF": ".tif"}
_ORIENTATION = 0x0112

# What Pillow's decoders raise on bytes made to be wrong
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, AttributeError,
    RuntimeError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError,
)  # fmt: skip

# warnings.catch_warnings changes the whole process; headers are short, so one thread at a time reads one
_header_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded picture.

    Attributes:
        rgb_HWC: uint8 RGB; colours under transparent pixels are as the file has them.
        alpha_HW: uint8, 255 is opaque; None if the file has no transparency.
        ending: The file ending that fits the bytes, such as ".png".
        orientation: The EXIF orientation the file asks for, 1 to 8; 1 is upright.
    """

    rgb_HWC: NDArray[np.uint8]
    alpha_HW: NDArray[np.uint8] | None
    ending: str
    orientation: int = 1

    @property
    def size(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return int(self.rgb_HWC.shape[0]), int(self.rgb_HWC.shape[1])


def is_picture(path: Path) -> bool:
    """Whether the name's ending, upper or lower case, is that of a picture."""
    return path.suffix.lower() in SUFFIXES


def read_picture(
    source: Path | bytes, *, max_pixels: int = MAX_PIXELS, name: str | None = None, upright: bool = True
) -> Picture:
    """Reads a PNG, JPEG, WebP, BMP, GIF (first frame) or TIFF (first page) of any colour mode.

    16-bit channels keep their upper 8 bits; CMYK and other colour spaces become RGB.

    Args:
        source: The file, or its bytes.
        max_pixels: Refuse larger pictures before decoding them.
        name: What to call it in messages; by default the path.
        upright: Apply the EXIF orientation. TIFF is always turned upright.

    Raises:
        SourceError: The file is missing, empty, no picture, cut short, or too large.
    """
    image, orientation = _decode(source, max_pixels, name or _name_of(source))
    try:
        if upright and orientation != 1:
            ImageOps.exif_transpose(image, in_place=True)
        ending = _ENDINGS[image.format or "PNG"]
        if image.has_transparency_data:
            rgba = np.asarray(image.convert("RGBA"))
            return Picture(rgba[..., :3].copy(), rgba[..., 3].copy(), ending, orientation)
        return Picture(_rgb(image, name or _name_of(source)), None, ending, orientation)
    finally:
        image.close()


def ending_of(source: Path | bytes, *, name: str | None = None) -> tuple[str, int]:
    """The file ending that fits a picture's bytes, and its EXIF orientation, from the header alone.

    Raises:
        SourceError: As `read_picture`, as far as the header tells.
    """
    image, orientation = _decode(source, MAX_PIXELS, name or _name_of(source), load=False)
    return _ENDINGS[image.format or "PNG"], orientation


def flatten(picture: Picture) -> NDArray[np.uint8]:
    """The picture over white, RGB uint8 of shape (H, W, 3)."""
    if picture.alpha_HW is None:
        return picture.rgb_HWC
    alpha = picture.alpha_HW[..., None].astype(np.uint16)
    # 255 * 255 + 127 still fits in 16 bits
    over = (picture.rgb_HWC * alpha + 255 * (255 - alpha) + 127) // 255
    return over.astype(np.uint8)


def read_values(source: Path | bytes, *, max_pixels: int = MAX_PIXELS, name: str | None = None) -> Image.Image:
    """Decodes a mask without touching its values: no orientation, no change of colour mode.

    Raises:
        SourceError: As `read_picture`.
    """
    return _decode(source, max_pixels, name or _name_of(source))[0]


def _decode(source: Path | bytes, max_pixels: int, name: str, *, load: bool = True) -> tuple[Image.Image, int]:
    """The image, with or without its pixels, and its EXIF orientation."""
    image, orientation, stream = None, 1, _open(source, name)
    try:
        with _header_lock, warnings.catch_warnings():
            # Pillow warns of large pictures, damaged EXIF and odd chunks; the bound is ours, and the rest decodes
            warnings.simplefilter("ignore")
            image = Image.open(stream, formats=_FORMATS)
            _bounded(image.size, max_pixels, name)
            orientation = _orientation(image)
        if load:
            image.load()
    except UnidentifiedImageError:
        raise SourceError(
            f"{name} is not a picture that kirie reads (PNG, JPEG, WebP, BMP, GIF or TIFF); save it as one of these."
        ) from None
    except Image.DecompressionBombError:
        # Pillow's own bound, which is met before ours where the size is absurd
        raise SourceError(
            f"{name} is absurdly large; at most {max_pixels:,} pixels are allowed. Scale it down or cut it."
        ) from None
    except _BROKEN as error:
        raise SourceError(f"{name} is a damaged or truncated picture ({error}); replace it by a whole copy.") from None
    finally:
        stream.close()
    return image, orientation


def _open(source: Path | bytes, name: str) -> IO[bytes]:
    try:
        if isinstance(source, Path) and source.exists() and not source.is_file():
            raise SourceError(f"{name} is not a file; a picture is expected there.")
        stream: IO[bytes] = source.open("rb") if isinstance(source, Path) else io.BytesIO(source)
        empty = not stream.read(1)
        stream.seek(0)
    except FileNotFoundError:
        raise SourceError(f"The picture {name} is not there.") from None
    except (OSError, ValueError) as error:
        raise SourceError(f"The picture {name} cannot be opened ({error}).") from None
    if empty:
        stream.close()
        raise SourceError(f"{name} is empty (0 bytes); replace it by a whole copy.")
    return stream


def _bounded(size: tuple[int, int], max_pixels: int, name: str) -> None:
    width, height = size
    if width < 1 or height < 1:
        raise SourceError(f"{name} says that it has {width} x {height} pixels; it is damaged.")
    if width * height > max_pixels:
        raise SourceError(
            f"{name} has {width} x {height} pixels; at most {max_pixels:,} are allowed. Scale it down or cut it."
        )


def _orientation(image: Image.Image) -> int:
    """The EXIF orientation; damaged EXIF counts as upright, as viewers do."""
    try:
        found = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1
    return found if isinstance(found, int) and 2 <= found <= 8 else 1


def _rgb(image: Image.Image, name: str) -> NDArray[np.uint8]:
    if image.mode.startswith("I;16") or image.mode in {"I", "F"}:
        grey = _grey_8bit(np.asarray(image), image.mode, name)
        return np.repeat(grey[..., None], 3, axis=2)
    return np.array(image.convert("RGB"))


def _grey_8bit(values_HW: NDArray[Any], mode: str, name: str) -> NDArray[np.uint8]:
    least, most = values_HW.min(), values_HW.max()
    if mode == "F":
        # written so that NaN fails too
        if not (least >= 0 and most <= 1):
            raise SourceError(f"{name} holds floating-point values outside 0 to 1; save it with 8 bits per channel.")
        return np.round(values_HW * 255).astype(np.uint8)
    if least < 0 or most > 65535:
        raise SourceError(f"{name} holds values of more than 16 bits; save it with 8 bits per channel.")
    return (values_HW.astype(np.uint16) >> 8).astype(np.uint8)


def _name_of(source: Path | bytes) -> str:
    return str(source) if isinstance(source, Path) else "The embedded picture"
