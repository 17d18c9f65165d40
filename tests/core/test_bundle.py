"""The manifest: it reads back what it wrote, and names what is wrong with a bundle that was touched."""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kirie.core.bundle import MANIFEST, MODEL, Manifest
from kirie.core.files import sha256_of
from kirie.core.labels import LabelSet
from kirie.errors import BundleError


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    """A folder with a model file and a manifest that fits it."""
    (tmp_path / MODEL).write_bytes(b"the model's bytes")
    manifest(sha256_of(tmp_path / MODEL)).write(tmp_path)
    return tmp_path


def manifest(sha256: str = "0" * 64) -> Manifest:
    """A manifest with every field set to something that is not its default."""
    return Manifest(
        sha256=sha256,
        opset=20,
        run="0123456789ab",
        data="feedbeef",
        architecture="unet",
        encoder="resnet18",
        labels=LabelSet.from_dict({"labels": ["background", {"name": "眼", "color": "#102030"}]}),
        height=192,
        width=256,
        dynamic_size=True,
        multiple_of=32,
        mode="tile",
        overlap=0.5,
        outputs=("probabilities", "labels"),
        least_score=0.25,
        scores={"val": {"miou": 0.75, "iou": {"眼": None}}},
    )


def test_reads_back_what_was_written(bundle: Path) -> None:
    """Every field survives the file, non-ASCII labels and free scores included."""
    assert Manifest.read(bundle) == manifest(sha256_of(bundle / MODEL))


def test_a_bundle_of_instances(bundle: Path) -> None:
    """It has four outputs, in any order, and all of them; those of a semantic one are none of its own."""
    plain = dataclasses.replace(manifest(sha256_of(bundle / MODEL)), task="instance", scores={"val": {"map": 0.5}})
    outputs = ("scores", "boxes", "masks", "labels")
    dataclasses.replace(plain, outputs=outputs).write(bundle)
    assert Manifest.read(bundle).outputs == outputs
    for wrong in (outputs[:3], (*outputs, "labels"), ("labels", "probabilities")):
        with pytest.raises(BundleError, match="boxes, labels, scores, masks for instances, once each"):
            dataclasses.replace(plain, outputs=wrong).write(bundle)


def test_changed_model_is_refused(bundle: Path) -> None:
    """One flipped bit in the model ends in a BundleError that shows both checksums."""
    content = bytearray((bundle / MODEL).read_bytes())
    content[3] ^= 1
    (bundle / MODEL).write_bytes(content)
    with pytest.raises(BundleError, match=r"not the one that was exported.*SHA-256"):
        Manifest.read(bundle)


def test_truncated_model_is_refused(bundle: Path) -> None:
    """A model that was cut short is refused."""
    (bundle / MODEL).write_bytes((bundle / MODEL).read_bytes()[:-1])
    with pytest.raises(BundleError, match="not the one that was exported"):
        Manifest.read(bundle)


def test_missing_model_is_refused(bundle: Path) -> None:
    """A bundle without its model says which file is missing."""
    (bundle / MODEL).unlink()
    with pytest.raises(BundleError, match=r"has no model\.onnx"):
        Manifest.read(bundle)


def test_folder_that_is_no_bundle(tmp_path: Path) -> None:
    """A folder without a manifest, and one that does not exist, are named as no bundle."""
    for folder in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(BundleError, match="is not a bundle"):
            Manifest.read(folder)


@pytest.mark.parametrize("content", ["", "{", "[]", "3", "null", "[" * 100_000, '{"version": 1'])
def test_damaged_json(bundle: Path, content: str) -> None:
    """Broken, truncated or foreign JSON ends in a BundleError."""
    (bundle / MANIFEST).write_text(content, encoding="utf-8")
    with pytest.raises(BundleError):
        Manifest.read(bundle)


def test_absurdly_large_manifest_is_not_read(bundle: Path) -> None:
    """A manifest of many megabytes is refused by its size."""
    with (bundle / MANIFEST).open("wb") as stream:
        stream.truncate(1 << 30)
    with pytest.raises(BundleError, match="1,073,741,824 bytes"):
        Manifest.read(bundle)


def test_manifest_of_the_future(bundle: Path) -> None:
    """Another version, older or newer, is refused with the program that wrote it."""
    for version in (1, 3):
        edit(bundle, functools.partial(dict.update, version=version, created_by="kirie 9.0"))
        with pytest.raises(BundleError, match=rf"version {version}.*kirie 9\.0"):
            Manifest.read(bundle)


@pytest.mark.parametrize(
    ("group", "name", "value"),
    [
        (None, "version", True),
        (None, "run", 7),
        (None, "labels", {"labels": []}),
        (None, "labels", {"labels": ["a", "a"]}),
        (None, "mode", "stretch"),
        (None, "overlap", 1.0),
        (None, "overlap", -0.1),
        (None, "overlap", float("nan")),
        (None, "overlap", "half"),
        (None, "outputs", []),
        (None, "outputs", ["probabilities"]),
        (None, "outputs", ["labels", "labels"]),
        (None, "outputs", ["labels", {}]),
        (None, "outputs", ["labels", "logits"]),
        (None, "outputs", ["boxes", "labels", "scores", "masks"]),
        (None, "scores", []),
        (None, "task", "panoptic"),
        (None, "least_score", 1.5),
        (None, "least_score", None),
        ("model", "sha256", "xyz"),
        ("model", "sha256", "A" * 64),
        ("model", "opset", 0),
        ("model", "file", "../model.onnx"),
        ("model", "file", "/etc/passwd"),
        ("model", "file", "sub/model.onnx"),
        ("model", "file", "..\\model.onnx"),
        ("model", "file", ".."),
        ("model", "file", ""),
        ("model", "file", "manifest.json"),
        ("input", "height", True),
        ("input", "height", 0),
        ("input", "height", 191),
        ("input", "width", 1 << 20),
        ("input", "width", 256.0),
        ("input", "multiple_of", 0),
        ("input", "dynamic_size", 1),
    ],
)
def test_each_field_is_checked(bundle: Path, group: str | None, name: str, value: object) -> None:
    """A field of the wrong type or out of bounds is refused, and the message names it."""

    def change(raw: dict[str, Any]) -> None:
        (raw[group] if group else raw)[name] = value

    edit(bundle, change)
    with pytest.raises(BundleError, match=name if name != "labels" else "label"):
        Manifest.read(bundle)


@pytest.mark.parametrize("name", list(manifest().to_dict()))
def test_each_field_is_needed(bundle: Path, name: str) -> None:
    """A manifest without one of its fields is refused by that field's name."""
    edit(bundle, lambda raw: raw.pop(name))
    with pytest.raises(BundleError, match=f"has no `{name}`"):
        Manifest.read(bundle)


def test_refuses_to_write_what_it_could_not_read(tmp_path: Path) -> None:
    """Writing checks the fields and the model file first, and leaves nothing behind."""
    (tmp_path / MODEL).write_bytes(b"x")
    right = manifest(sha256_of(tmp_path / MODEL))
    with pytest.raises(BundleError, match="height"):
        dataclasses.replace(right, height=100).write(tmp_path)
    with pytest.raises(BundleError, match="not the one"):
        dataclasses.replace(right, sha256="1" * 64).write(tmp_path)
    assert not (tmp_path / MANIFEST).exists()


def test_model_linked_from_a_cache(bundle: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    """A model that DVC linked to its cache outside the folder is read; the checksum vouches for it."""
    cache = tmp_path_factory.mktemp("cache") / "ab12"
    (bundle / MODEL).rename(cache)
    (bundle / MODEL).symlink_to(cache)
    assert Manifest.read(bundle).architecture == "unet"


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=5,
    ),
    st.sampled_from(sorted(manifest().to_dict())),
)
def test_any_json_is_read_or_refused(value: object, name: str) -> None:
    """Whatever JSON stands in a field, the answer is a manifest or a BundleError, never a traceback."""
    raw = manifest().to_dict() | {name: value}
    with contextlib.suppress(BundleError):
        found = Manifest.from_dict(raw)
        assert set(found.to_dict()) == set(raw)


def edit(bundle: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Changes the parsed manifest and writes it back."""
    raw = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    change(raw)
    (bundle / MANIFEST).write_text(json.dumps(raw), encoding="utf-8")


def test_a_changed_label_is_noticed(bundle: Path) -> None:
    """A field that is valid but not the exported one is refused by the manifest's checksum."""
    content = json.loads((bundle / MANIFEST).read_text(encoding="utf-8"))
    content["run"] = "ba9876543210"
    (bundle / MANIFEST).write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(BundleError, match="checksum does not fit"):
        Manifest.read(bundle)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_scores_that_are_not_finite(bundle: Path, number: str) -> None:
    """A number that export never writes, put among the scores, is a manifest that was changed."""
    text = (bundle / MANIFEST).read_text(encoding="utf-8")
    assert '"scores": {' in text
    (bundle / MANIFEST).write_text(text.replace('"scores": {', f'"scores": {{"x": {number}, ', 1), encoding="utf-8")
    with pytest.raises(BundleError, match="checksum does not fit"):
        Manifest.read(bundle)
