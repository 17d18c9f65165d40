"""`kirie predict` with a bundle of instances, from end to end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from psd_tools import PSDImage
from pycocotools import mask as reference

from kirie.errors import BundleError, UsageError
from kirie.predict.command import main
from kirie.predict.folder import RECORD

from .conftest import COLORS
from .thing_models import fixed_model

EYES = fixed_model(
    [(60, 10, 80, 20), (10, 10, 30, 20), (5, 5, 90, 60), (91, 30, 96, 50)], [3, 3, 1, 2], [0.9, 0.8, 0.7, 0.3]
)
FILES = [
    "composite.png",
    "instances.json",
    "instances.png",
    "labels.png",
    "overlay.png",
    "parts",
    "parts.json",
    "parts.psd",
]


def cut(bundle: Path, out: Path, *words: str | Path) -> int:
    """Runs the command."""
    return main([*map(str, words), "--bundle", str(bundle), "--out", str(out)])


def values(path: Path) -> NDArray[Any]:
    """A PNG's own values, untouched by palettes."""
    with Image.open(path) as found:
        return np.array(found)


def record_of(folder: Path) -> Any:
    """The record of a picture."""
    return json.loads((folder / RECORD).read_text(encoding="utf-8"))


@pytest.mark.parametrize("size", [(64, 96), (1, 1), (20, 3000), (201, 150), (300, 300)])
@pytest.mark.parametrize("mode", ["fit", "tile"])
def test_everything_of_a_picture(make_thing_bundle: Any, tmp_path: Path, mode: str, size: tuple[int, int]) -> None:
    """Parts, composite and PSD each give the picture back exactly; ids, records and masks agree with each other."""
    rgba = np.random.default_rng(0).integers(0, 256, (*size, 4), dtype=np.uint8)
    rgba[..., 3] |= 1
    Image.fromarray(rgba).save(tmp_path / "12.png")
    assert cut(make_thing_bundle(EYES, mode=mode), tmp_path / "out", tmp_path / "12.png") == 0
    out = tmp_path / "out" / "12"
    assert sorted(path.name for path in out.iterdir()) == FILES
    record = record_of(out)
    np.testing.assert_array_equal(values(out / "composite.png"), rgba)
    np.testing.assert_array_equal(sum(values(out / part["file"]) for part in record["parts"]), rgba)
    ids_HW, labels_HW = values(out / "instances.png"), values(out / "labels.png")
    assert ids_HW.dtype == np.uint16
    things = [part for part in record["parts"] if "instance" in part]
    assert [thing["instance"] for thing in things] == list(range(1, len(things) + 1))
    results = json.loads((out / "instances.json").read_text(encoding="utf-8"))
    for thing in things:
        own_HW = ids_HW == thing["instance"]
        assert own_HW.sum() == thing["pixels"]
        assert (labels_HW[own_HW] == thing["id"]).all()
        assert thing["score"] >= 0.5
        result = results[thing["result"]]
        own = reference.encode(np.asfortranarray(own_HW.astype(np.uint8)))
        assert own["size"] == result["segmentation"]["size"]
        assert reference.area(result["segmentation"]) == thing["area"] >= thing["pixels"]
        both = reference.merge([own, result["segmentation"]], intersect=True)
        assert reference.area(both) == thing["pixels"]
        assert (result["category_id"], result["score"], result["image_id"]) == (thing["id"], thing["score"], 12)
    assert record["coco"]["image_id"] == 12
    assert [one["id"] for one in record["coco"]["categories"]] == [1, 2, 3]
    psd = PSDImage.open(out / "parts.psd")
    names = [layer.name for layer in psd.descendants() if not layer.is_group()]
    assert names == [part.get("name", part["label"]) for part in record["parts"]]


def test_names_and_places(make_thing_bundle: Any, tmp_path: Path) -> None:
    """The left eye is the first, whatever the scores; a thing below 0.5 is in the results alone, unless asked for."""
    Image.new("RGB", (96, 64), "white").save(tmp_path / "a.png")
    bundle = make_thing_bundle(EYES)
    assert cut(bundle, tmp_path / "out", tmp_path / "a.png") == 0
    out = tmp_path / "out" / "a"
    record = record_of(out)
    assert [(part.get("name"), part.get("score")) for part in record["parts"]] == [
        (None, None),
        ("hair.1", 0.7),
        ("眼.1", 0.8),
        ("眼.2", 0.9),
    ]
    assert sorted(path.name for path in (out / "parts").iterdir()) == [
        "0-background.png",
        "1-hair.1.png",
        "3-眼.1.png",
        "3-眼.2.png",
    ]
    assert record["task"] == "instance"
    assert (record["coco"]["image_id"], record["picture"]) == ("a", "a.png")
    assert len(json.loads((out / "instances.json").read_text(encoding="utf-8"))) == 4
    assert cut(bundle, tmp_path / "out", tmp_path / "a.png", "--score", "0.2", "--only", "parts") == 0
    assert len(list((out / "parts").iterdir())) == 5
    assert not (out / "instances.png").exists()


def test_pictures_of_one_name_have_ids_of_their_own(make_thing_bundle: Any, tmp_path: Path) -> None:
    """Sub-folders are part of the id, so that the results of a folder are one COCO file."""
    for name in ("7.png", "x/7.png", "y/7.png", "y/7.jpg", "007.png"):
        (tmp_path / "in" / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (96, 64), "white").save(tmp_path / "in" / name)
    assert cut(make_thing_bundle(EYES), tmp_path / "out", tmp_path / "in", "--only", "labelmap") == 0
    names = ["7", "007", "x/7", "y/7.png", "y/7.jpg"]
    assert ids_of(tmp_path / "out") == {name: name for name in names}


def ids_of(out: Path) -> dict[str, int | str]:
    """The id in each picture's results, by its place; the record says the same."""
    found = {}
    for path in out.rglob("instances.json"):
        (told,) = {result["image_id"] for result in json.loads(path.read_text(encoding="utf-8"))}
        assert record_of(path.parent)["coco"]["image_id"] == told
        found[path.parent.relative_to(out).as_posix()] = told
    return found


@pytest.mark.parametrize(
    ("names", "wanted"),
    [
        (["7", "000000000139"], {"7": 7, "000000000139": 139}),
        (["139", "000000000139", "7"], {"139": "139", "000000000139": "000000000139", "7": "7"}),
        (["139", "girl"], {"139": "139", "girl": "girl"}),
    ],
)
@pytest.mark.parametrize("workers", ["1", "3"])
def test_ids_of_a_run_are_of_one_kind(
    make_thing_bundle: Any, tmp_path: Path, names: list[str], wanted: dict[str, int | str], workers: str
) -> None:
    """Numbers if all pictures have a number of their own, else text; also when the command is repeated."""
    (tmp_path / "in").mkdir()
    for name in names:
        Image.new("RGB", (96, 64), "white").save(tmp_path / "in" / f"{name}.png")
    bundle = make_thing_bundle(EYES)
    for _ in range(2):
        assert cut(bundle, tmp_path / "out", tmp_path / "in", "--only", "labelmap", "--workers", workers) == 0
        assert ids_of(tmp_path / "out") == wanted


def test_nothing_is_found(make_thing_bundle: Any, tmp_path: Path) -> None:
    """The picture is one part, the background."""
    Image.new("RGB", (30, 20), "white").save(tmp_path / "a.png")
    assert cut(make_thing_bundle(fixed_model([], [], [])), tmp_path / "out", tmp_path / "a.png") == 0
    out = tmp_path / "out" / "a"
    assert [part["label"] for part in record_of(out)["parts"]] == ["background"]
    assert json.loads((out / "instances.json").read_text(encoding="utf-8")) == []
    assert not values(out / "instances.png").any()


def test_what_is_more_than_can_be_kept_is_told(
    make_thing_bundle: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """On the terminal and in the record, with the number that was found; the surest are written."""
    monkeypatch.setattr("kirie.predict.arrange.MOST_DETECTIONS", 3)
    Image.new("RGB", (96, 64), "white").save(tmp_path / "a.png")
    assert cut(make_thing_bundle(EYES), tmp_path / "out", tmp_path / "a.png") == 2
    sentence = "4 things were found, and the 3 surest are kept, in instances.json too; "
    assert f"a.png: {sentence}" in capsys.readouterr().err
    out = tmp_path / "out" / "a"
    (note,) = record_of(out)["notes"]
    assert note.startswith(sentence)
    scores = [one["score"] for one in json.loads((out / "instances.json").read_text(encoding="utf-8"))]
    assert scores == [0.9, 0.8, 0.7]


def test_result_does_not_depend_on_workers(rectangle_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """One worker and four write the same bytes."""
    (tmp_path / "in").mkdir()
    for number in range(5):
        Image.fromarray(draw(90 + 31 * number, 120)[0]).save(tmp_path / "in" / f"{number}.png")
    for workers in ("1", "4"):
        assert cut(rectangle_bundle, tmp_path / workers, tmp_path / "in", "--workers", workers) == 0
    files = sorted(path.relative_to(tmp_path / "1") for path in (tmp_path / "1").rglob("*") if path.is_file())
    assert len(files) > 5 * 9
    for path in files:
        assert (tmp_path / "1" / path).read_bytes() == (tmp_path / "4" / path).read_bytes()


def test_what_the_task_has_not(make_thing_bundle: Any, color_bundle: Path, tmp_path: Path) -> None:
    """Probabilities of instances, and scores of pixels, are refused in a sentence, and nothing is written."""
    Image.new("RGB", (30, 20), "white").save(tmp_path / "a.png")
    things = make_thing_bundle(EYES)
    with pytest.raises(BundleError, match="finds instances, which have a score each"):
        cut(things, tmp_path / "out", tmp_path / "a.png", "--probabilities")
    with pytest.raises(BundleError, match="finds no instances; leave `--score` out"):
        cut(color_bundle, tmp_path / "out", tmp_path / "a.png", "--score", "0.5")
    for text in ("nan", "1.5", "half"):
        with pytest.raises(UsageError, match="is not a number from 0 to 1"):
            cut(things, tmp_path / "out", tmp_path / "a.png", "--score", text)
    assert not (tmp_path / "out").exists()


def test_needs_no_torch(rectangle_bundle: Path, tmp_path: Path, draw: Any) -> None:
    """A whole prediction of instances imports nothing of the training stack."""
    Image.fromarray(np.array(COLORS, dtype=np.uint8)[draw(80, 120)[1]]).save(tmp_path / "a.png")
    program = (
        "import sys; from kirie.cli import main; "
        f"assert main(['predict', {str(tmp_path / 'a.png')!r}, '--bundle', {str(rectangle_bundle)!r}, "
        f"'--out', {str(tmp_path / 'out')!r}]) == 0; "
        "print([name for name in ('torch', 'torchvision', 'pytorch_lightning', 'kornia', 'pycocotools', 'onnx') "
        "if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert found.stdout.splitlines()[-1] == "[]"
    assert found.stderr == ""
