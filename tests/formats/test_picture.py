"""Pictures of every kind a stranger may have, and files that are none."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.formats import fake

from kirie.errors import SourceError
from kirie.formats.picture import ending_of, flatten, is_picture, read_picture

RGB = np.asarray(fake.picture(1))


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    """An image's bytes."""
    stream = io.BytesIO()
    image.save(stream, format=kind, **options)
    return stream.getvalue()


def bomb(width: int, height: int) -> bytes:
    """A tiny PNG whose header asks for a huge picture."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("kind", "ending"), [("PNG", ".png"), ("BMP", ".bmp"), ("TIFF", ".tif"), ("WEBP", ".webp"), ("JPEG", ".jpg")]
)
def test_formats(kind: str, ending: str) -> None:
    """Each file format is decoded, the lossless ones exactly, and its ending is known."""
    options = {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    picture = read_picture(encoded(fake.picture(1), kind, **options))
    assert picture.ending == ending
    assert picture.alpha_HW is None
    assert np.abs(picture.rgb_HWC.astype(int) - RGB).max() <= (8 if kind == "JPEG" else 0)


def test_grey_modes() -> None:
    """1-bit, grey, 16-bit grey and palette pictures become RGB; 16 bits keep the upper 8."""
    grey = np.arange(256, dtype=np.uint8).reshape(16, 16)
    three = np.repeat(grey[..., None], 3, axis=2)
    wide = Image.fromarray((grey.astype(np.uint16) << 8) + 77)
    for image in (Image.fromarray(grey), wide, Image.fromarray(grey).convert("P")):
        np.testing.assert_array_equal(read_picture(fake.png(image)).rgb_HWC, three)
    bits = read_picture(fake.png(Image.fromarray(grey > 99))).rgb_HWC
    np.testing.assert_array_equal(bits[..., 0], (grey > 99) * 255)


def test_floating_point() -> None:
    """Floating-point TIFF of 0 to 1 is scaled; anything else is refused, NaN too."""
    values = np.linspace(0, 1, 16, dtype=np.float32).reshape(4, 4)
    assert read_picture(encoded(Image.fromarray(values), "TIFF")).rgb_HWC[3, 3, 0] == 255
    for odd in (values * 300, values * np.nan):
        with pytest.raises(SourceError, match="floating-point"):
            read_picture(encoded(Image.fromarray(odd), "TIFF"))


def test_cmyk() -> None:
    """A CMYK JPEG becomes RGB."""
    cmyk = Image.new("CMYK", (8, 8), (0, 255, 255, 0))
    red = read_picture(encoded(cmyk, "JPEG")).rgb_HWC[4, 4]
    assert red[0] > 200
    assert red[1] < 60


def test_alpha_and_flatten() -> None:
    """Transparency is kept apart; over white, clear pixels are white and opaque ones untouched."""
    alpha = np.zeros(RGB.shape[:2], dtype=np.uint8)
    alpha[:, 10:], alpha[0, 0] = 255, 128
    picture = read_picture(fake.png(Image.fromarray(np.dstack((RGB, alpha)))))
    assert picture.alpha_HW is not None
    np.testing.assert_array_equal(picture.alpha_HW, alpha)
    np.testing.assert_array_equal(picture.rgb_HWC, RGB)
    flat = flatten(picture)
    assert (flat[1:, :10] == 255).all()
    np.testing.assert_array_equal(flat[:, 10:], RGB[:, 10:])
    np.testing.assert_array_equal(flat[0, 0], np.round((RGB[0, 0] * 128.0 + 255 * 127) / 255))


def test_palette_and_grey_transparency() -> None:
    """Transparent indices and grey with alpha count as transparency."""
    indexed = fake.picture(1).quantize(8)
    assert read_picture(encoded(indexed, "PNG", transparency=0)).alpha_HW is not None
    assert read_picture(fake.png(Image.new("LA", (4, 4), (9, 0)))).alpha_HW is not None


def test_first_frame_of_a_gif() -> None:
    """An animation is its first frame."""
    frames = [Image.new("RGB", (6, 6), color) for color in ("red", "blue")]
    content = encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])
    np.testing.assert_array_equal(read_picture(content).rgb_HWC[0, 0], (255, 0, 0))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientation(kind: str, orientation: int) -> None:
    """EXIF orientation is applied in every file format that has it, and can be left alone."""
    upright = np.zeros((16, 24, 3), dtype=np.uint8)
    upright[:8, :8] = 250
    undo = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 1, 7: 3, 8: 3}[orientation]
    stored = np.rot90(upright[:, ::-1] if orientation in {2, 4, 5, 7} else upright, undo)
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(Image.fromarray(np.ascontiguousarray(stored)), kind, exif=exif)
    picture = read_picture(content)
    np.testing.assert_array_equal(picture.rgb_HWC > 128, upright > 128)
    assert picture.orientation == orientation
    assert ending_of(content)[1] == orientation
    if kind != "TIFF":
        assert read_picture(content, upright=False).size == stored.shape[:2]


def test_size_is_checked_before_decoding() -> None:
    """A small file that asks for a huge picture is refused from its header, by our bound and by Pillow's."""
    for width, height in ((12_000, 12_000), (60_000, 60_000)):
        with pytest.raises(SourceError, match=r"120,000,000"):
            read_picture(bomb(width, height))
    with pytest.raises(SourceError, match=r"32 x 24 pixels; at most 700"):
        read_picture(fake.png(fake.picture(1)), max_pixels=700)


def test_large_but_allowed(recwarn: pytest.WarningsRecorder) -> None:
    """Pillow's own warning does not appear for a picture between its bound and ours."""
    with pytest.raises(SourceError, match="damaged or truncated"):
        read_picture(bomb(10_000, 11_000))
    assert not recwarn.list


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_truncated(kind: str, tmp_path: Path) -> None:
    """A picture cut in half is an error that names the file."""
    content = encoded(fake.picture(1), kind)
    path = tmp_path / "half.png"
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(SourceError, match=r"half\.png"):
        read_picture(path)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "BMP", "TIFF", "GIF"])
def test_random_damage(kind: str) -> None:
    """Whatever is done to the bytes, the outcome is a picture or a SourceError."""
    rng = np.random.default_rng(0)
    content = encoded(fake.picture(1), kind)
    for _ in range(60):
        damaged = bytearray(content)
        for at in rng.integers(0, min(len(content), 400), 4):
            damaged[at] = rng.integers(256)
        try:
            read_picture(bytes(damaged), max_pixels=100_000)
        except SourceError:
            continue


def test_not_a_picture(tmp_path: Path) -> None:
    """Nothing, text, a folder, and a missing file each get their own sentence."""
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.png").write_text("hello")
    (tmp_path / "folder.png").mkdir()
    for name, words in {
        "empty.png": "is empty", "text.png": "not a picture", "folder.png": "not a file", "gone.png": "not there"
    }.items():  # fmt: skip
        with pytest.raises(SourceError, match=words):
            read_picture(tmp_path / name)


def test_endings() -> None:
    """Endings count in upper and lower case."""
    assert is_picture(Path("a.JPG"))
    assert not is_picture(Path("a.json"))
