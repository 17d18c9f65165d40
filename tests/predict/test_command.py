"""`kirie predict` from end to end: drawn pictures of known labels, in the files people have."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage

from kirie.cli import main as kirie
from kirie.errors import BundleError, DeviceError, SourceError, UsageError
from kirie.predict.command import main
from kirie.predict.folder import RECORD


def cut(bundle: Path, out: Path, *words: str | Path) -> int:
    """Runs the command."""
    return main([*map(str, words), "--bundle", str(bundle), "--out", str(out)])


def values(path: Path) -> NDArray[np.uint8]:
    """A PNG's own values, untouched by palettes."""
    with Image.open(path) as found:
        return np.array(found)


def save_exif(image: Image.Image, path: Path, orientation: int) -> None:
    """Saves a picture that asks to be turned."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(path, exif=exif)


@pytest.mark.parametrize("size", [(64, 96), (1, 1), (20, 3000), (3000, 20), (201, 150)])
def test_everything_of_a_picture(tile_bundle: Path, tmp_path: Path, draw: Any, size: tuple[int, int]) -> None:
    """Labels are the drawn ones at any size, and parts, composite and PSD each give the picture back exactly."""
    picture, ids_HW = draw(*size)
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert cut(tile_bundle, tmp_path / "out", tmp_path / "a.png") == 0
    out = tmp_path / "out" / "a"
    np.testing.assert_array_equal(values(out / "labels.png"), ids_HW)
    np.testing.assert_array_equal(values(out / "composite.png"), picture)
    assert values(out / "overlay.png").shape == picture.shape
    record = json.loads((out / RECORD).read_text(encoding="utf-8"))
    together = np.zeros((*size, 4), dtype=np.uint8)
    for part in record["parts"]:
        pixels = values(out / part["file"])
        x0, y0, x1, y1 = part["box"]
        assert pixels.shape == (*size, 4)
        assert np.count_nonzero(pixels[..., 3]) == part["pixels"] == np.count_nonzero(ids_HW == part["id"])
        assert np.count_nonzero(pixels[y0:y1, x0:x1, 3]) == part["pixels"]
        together += pixels
    np.testing.assert_array_equal(together[..., :3], picture)
    assert (together[..., 3] == 255).all()
    assert sorted(path.name for path in (out / "parts").iterdir()) == [Path(x["file"]).name for x in record["parts"]]
    psd = PSDImage.open(out / "parts.psd")
    assert [layer.name for layer in psd] == [part["label"] for part in record["parts"]]
    np.testing.assert_array_equal(np.asarray(psd.composite()), picture)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation(tile_bundle: Path, tmp_path: Path, draw: Any, orientation: int) -> None:
    """A picture that asks to be turned is cut upright."""
    picture, ids_HW = draw(40, 70)
    # What EXIF says a viewer must do (turn by quarters clockwise, mirror), undone
    stored = {
        1: picture,
        2: picture[:, ::-1],
        3: picture[::-1, ::-1],
        4: picture[::-1],
        5: picture.transpose(1, 0, 2),
        6: np.rot90(picture),
        7: picture[::-1, ::-1].transpose(1, 0, 2),
        8: np.rot90(picture, -1),
    }[orientation]
    save_exif(Image.fromarray(np.ascontiguousarray(stored)), tmp_path / "a.png", orientation)
    assert cut(tile_bundle, tmp_path / "out", tmp_path / "a.png", "--only", "labelmap,composite") == 0
    np.testing.assert_array_equal(values(tmp_path / "out" / "a" / "labels.png"), ids_HW)
    np.testing.assert_array_equal(values(tmp_path / "out" / "a" / "composite.png"), picture)


def test_files_of_many_kinds(tile_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """PNG with a palette, BMP, and lossless WebP are exact; JPEG, grey and CMYK are what Pillow reads of them."""
    picture, ids_HW = draw(60, 80)
    image = Image.fromarray(picture)
    source = tmp_path / "in"
    source.mkdir()
    image.quantize(8).save(source / "palette.png")
    image.save(source / "plain.bmp")
    image.save(source / "web.webp", lossless=True)
    image.save(source / "photo.jpg", quality=98, subsampling=0)
    image.convert("L").save(source / "grey.png")
    image.convert("CMYK").save(source / "print.jpg", quality=98)
    assert cut(tile_bundle, tmp_path / "out", source) == 0
    for name in ("palette", "plain", "web"):
        np.testing.assert_array_equal(values(tmp_path / "out" / name / "labels.png"), ids_HW)
        np.testing.assert_array_equal(values(tmp_path / "out" / name / "composite.png"), picture)
    assert (values(tmp_path / "out" / "photo" / "labels.png") == ids_HW).mean() > 0.97
    for name in ("photo", "grey", "print"):
        with Image.open(next(source.glob(f"{name}.*"))) as original:
            right = np.asarray(original.convert("RGB"))
        np.testing.assert_array_equal(values(tmp_path / "out" / name / "composite.png"), right)


@pytest.mark.parametrize("ending", [".png", ".webp"])
def test_alpha(tile_bundle: Path, tmp_path: Path, draw: Any, ending: str) -> None:
    """Alpha, partial too, and the colour under alpha 0 come back; what is transparent is read as white."""
    picture, ids_HW = draw(50, 60)
    alpha = np.random.default_rng(0).integers(0, 256, (50, 60), dtype=np.uint8)
    alpha[:25] = 255
    alpha[40:] = 0
    rgba = np.dstack([picture, alpha])
    if ending == ".webp":
        Image.fromarray(rgba).save(tmp_path / "a.webp", lossless=True, exact=True)
    else:
        Image.fromarray(rgba).save(tmp_path / "a.png")
    assert cut(tile_bundle, tmp_path / "out", tmp_path / f"a{ending}") == 0
    out = tmp_path / "out" / "a"
    np.testing.assert_array_equal(values(out / "composite.png"), rgba)
    labels_HW = values(out / "labels.png")
    np.testing.assert_array_equal(labels_HW[:25], ids_HW[:25])
    np.testing.assert_array_equal(labels_HW[40:], 0)
    parts = json.loads((out / RECORD).read_text(encoding="utf-8"))["parts"]
    np.testing.assert_array_equal(sum(values(out / part["file"]) for part in parts), rgba)
    with Image.open(out / "parts.psd") as merged:
        np.testing.assert_array_equal(np.asarray(merged), rgba)


def test_palette_with_transparency(tile_bundle: Path, tmp_path: Path) -> None:
    """A palette PNG with a transparent colour is cut with its alpha."""
    image = Image.new("P", (4, 3), 1)
    image.putpalette([255, 255, 255, 230, 30, 30])
    image.putpixel((0, 0), 0)
    image.save(tmp_path / "a.png", transparency=0)
    assert cut(tile_bundle, tmp_path / "out", tmp_path / "a.png") == 0
    found = values(tmp_path / "out" / "a" / "composite.png")
    assert found[0, 0, 3] == 0
    assert (found[1:, :, :] == (230, 30, 30, 255)).all()


def test_only(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """What is not wanted is not written; the record always is; a second run leaves nothing of the first."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    out = tmp_path / "out" / "a"
    assert cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--only", "psd, overlay") == 0
    assert sorted(path.name for path in out.iterdir()) == ["overlay.png", "parts.json", "parts.psd"]
    assert cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--only", "labelmap") == 0
    assert sorted(path.name for path in out.iterdir()) == ["labels.png", "parts.json"]


def test_probabilities(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """16-bit grey PNGs, one for each label, whose largest is the label map."""
    picture, ids_HW = draw(64, 96)
    Image.fromarray(picture).save(tmp_path / "a.png")
    assert cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--probabilities") == 0
    files = sorted((tmp_path / "out" / "a" / "probabilities").iterdir())
    assert [path.name for path in files] == ["0-background.png", "1-hair.png", "2-a_b.png", "3-眼.png"]
    np.testing.assert_array_equal(np.argmax([values(path) for path in files], axis=0), ids_HW)
    assert values(files[0]).max() > 65000


def test_probabilities_that_the_bundle_lacks(make_bundle: Any, tmp_path: Path, draw: Any) -> None:
    """Asking a bundle of labels for probabilities ends before the first picture."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    bundle = make_bundle(outputs=("labels",))
    with pytest.raises(BundleError, match="labels alone"):
        cut(bundle, tmp_path / "out", tmp_path / "a.png", "--probabilities")
    assert cut(bundle, tmp_path / "out", tmp_path / "a.png") == 0


def test_broken_pictures_do_not_stop_the_others(
    color_bundle: Path, tmp_path: Path, draw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2 names the broken ones at the end; the others are whole, and nothing half-written is left."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(5):
        Image.fromarray(draw(30 + number, 40)[0]).save(source / f"good{number}.png")
    (source / "empty.png").touch()
    (source / "text.jpg").write_text("not a picture", encoding="utf-8")
    whole = (source / "good0.png").read_bytes()
    (source / "cut.png").write_bytes(whole[: len(whole) // 2])
    assert cut(color_bundle, tmp_path / "out", source, "--json", "--workers", "3") == 2
    spoken = capsys.readouterr()
    found = json.loads(spoken.out)
    assert found["pictures"] == 8
    assert found["results"] == [f"good{number}" for number in range(5)]
    assert sorted(Path(path).name for path in found["problems"]) == ["cut.png", "empty.png", "text.jpg"]
    for name in ("empty.png", "text.jpg", "cut.png"):
        assert name in spoken.err
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [f"good{number}" for number in range(5)]


def test_a_name_in_another_encoding(
    color_bundle: Path, tmp_path: Path, draw: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """As older archives unpack: the parts lie under that name, and all JSON is JSON that leads to the file."""
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\x96\xda.png"))
    Image.fromarray(draw(20, 30)[0]).save(path, format="png")
    words = ["predict", str(path), "--bundle", str(color_bundle), "--out", str(tmp_path / "out"), "--json"]
    assert kirie(words) == 0
    assert json.loads(capsys.readouterr().out)
    content = (tmp_path / "out" / path.stem / RECORD).read_bytes()
    assert Path(json.loads(content.decode("utf-8"))["picture"]).name == path.name


def test_result_does_not_depend_on_workers(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """One worker and six write the same bytes."""
    source = tmp_path / "in"
    source.mkdir()
    for number in range(9):
        Image.fromarray(draw(50 + 31 * number, 90)[0]).save(source / f"{number}.png")
    for workers in ("1", "6"):
        assert cut(color_bundle, tmp_path / workers, source, "--workers", workers) == 0
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert len(files) == 9 * 9
    for path in files:
        assert (tmp_path / "1" / path).read_bytes() == (tmp_path / "6" / path).read_bytes()


def test_foreign_folders_are_not_replaced(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """Where somebody else's files lie nothing is written, not even the other pictures' results."""
    for name in ("a", "b"):
        Image.fromarray(draw(10, 10)[0]).save(tmp_path / f"{name}.png")
    (tmp_path / "out" / "b").mkdir(parents=True)
    (tmp_path / "out" / "b" / "diary.txt").touch()
    with pytest.raises(UsageError, match=r"out/b, which holds something"):
        cut(color_bundle, tmp_path / "out", tmp_path / "a.png", tmp_path / "b.png")
    assert [path.name for path in (tmp_path / "out").rglob("*")] == ["b", "diary.txt"]


def test_results_beside_the_pictures(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """The output folder may be the pictures' own; a second run cuts the same pictures again and no results."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    for _ in range(2):
        assert cut(color_bundle, tmp_path, tmp_path / "a.png") == 0
        assert cut(color_bundle, tmp_path, tmp_path, "--only", "overlay") == 0
    assert [path.name for path in (tmp_path / "a").iterdir() if path.suffix == ".png"] == ["overlay.png"]


def test_limit_pixels(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """A picture beyond the limit is refused by its header, and one at the limit is cut."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    assert cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--limit-pixels", "99") == 2
    assert not (tmp_path / "out").exists()
    assert cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--limit-pixels", "100") == 0


def test_too_large_for_a_psd(tile_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A picture that no PSD can hold keeps all its other results, and the exit code tells."""
    Image.new("RGB", (30_001, 1), (230, 30, 30)).save(tmp_path / "a.png")
    assert cut(tile_bundle, tmp_path / "out", tmp_path / "a.png") == 2
    assert "30,000 a side" in capsys.readouterr().err
    assert sorted(path.name for path in (tmp_path / "out" / "a").iterdir()) == [
        "composite.png",
        "labels.png",
        "overlay.png",
        "parts",
        "parts.json",
    ]


@pytest.mark.parametrize(
    ("words", "error", "match"),
    [
        (["--only", "layers"], UsageError, "layers; choose from labelmap"),
        (["--only", ""], UsageError, "names nothing"),
        (["--workers", "0"], UsageError, "whole number from 1"),
        (["--limit-pixels", "many"], UsageError, "'many' is not a whole number"),
        (["--device", "gpu"], UsageError, "cpu"),
        (["--device", "coreml"], DeviceError, "CoreMLExecutionProvider"),
        (["nowhere.png"], SourceError, "nowhere.png is not there"),
    ],
)
def test_wrong_words(
    color_bundle: Path, tmp_path: Path, draw: Any, words: list[str], error: type[Exception], match: str
) -> None:
    """Each mistake on the command line ends in its sentence, and nothing is written."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    with pytest.raises(error, match=match):
        cut(color_bundle, tmp_path / "out", tmp_path / "a.png", *words)
    assert not (tmp_path / "out").exists()


def test_results_are_neither_inside_others_nor_around_them(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """Replacing the one would take the other away."""
    for place in ("x.png", "in/x/b.png"):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(draw(10, 10)[0]).save(tmp_path / place)
    assert cut(color_bundle, tmp_path / "out", tmp_path / "in") == 0
    (tmp_path / "out" / "x" / "b").rename(tmp_path / "kept")
    (tmp_path / "out" / "x").rmdir()
    assert cut(color_bundle, tmp_path / "out", tmp_path / "x.png") == 0
    with pytest.raises(UsageError, match="did not write"):
        cut(color_bundle, tmp_path / "out", tmp_path / "in")
    (tmp_path / "kept").rename(tmp_path / "out" / "x" / "b")
    with pytest.raises(UsageError, match="did not write"):
        cut(color_bundle, tmp_path / "out", tmp_path / "x.png")


def test_a_file_above_the_output_is_named(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """And not something in the output that is not there."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    with pytest.raises(UsageError, match=r"a\.png is a file; give a folder"):
        cut(color_bundle, tmp_path / "a.png" / "sub", tmp_path / "a.png")


def test_changed_bundle(color_bundle: Path, tmp_path: Path, draw: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """A bundle whose model was changed ends with exit code 2 and one sentence."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    with (color_bundle / "model.onnx").open("ab") as stream:
        stream.write(b"\0")
    words = ["predict", str(tmp_path / "a.png"), "--bundle", str(color_bundle), "--out", str(tmp_path / "out")]
    assert kirie(words) == 2
    assert "not the one that was exported" in capsys.readouterr().err


def test_needs_no_torch(color_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """A whole prediction imports nothing of the training stack."""
    Image.fromarray(draw(10, 10)[0]).save(tmp_path / "a.png")
    program = (
        "import sys; from kirie.cli import main; "
        f"assert main(['predict', {str(tmp_path / 'a.png')!r}, '--bundle', {str(color_bundle)!r}, "
        f"'--out', {str(tmp_path / 'out')!r}]) == 0; "
        "print([name for name in ('torch', 'torchvision', 'pytorch_lightning', 'kornia', 'hydra', 'wandb', 'onnx') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.splitlines()[-1] == "[]"
    assert found.stderr == ""
