"""Devices: what is missing is said, and what did not start is not passed over."""

from __future__ import annotations

import onnxruntime as ort
import pytest

from kirie.errors import DeviceError
from kirie.predict.devices import DEVICES, choose, confirm


@pytest.mark.parametrize("word", DEVICES)
def test_every_provider_exists_in_onnx_runtime(word: str) -> None:
    """The provider's name is one that ONNX Runtime knows, so that no word leads nowhere."""
    assert set(DEVICES[word].providers) <= set(ort.get_all_providers())


@pytest.mark.parametrize(
    ("word", "package"),
    [("cuda", "onnxruntime-gpu"), ("tensorrt", "tensorrt"), ("openvino", "onnxruntime-openvino"), ("coreml", "macOS")],
)
def test_missing_provider(word: str, package: str) -> None:
    """The message names the provider, what is there instead, and what to install."""
    with pytest.raises(DeviceError, match=rf"{DEVICES[word].provider}.*it has: cpu\..*{package}"):
        choose(word, ["AzureExecutionProvider", "CPUExecutionProvider"])


def test_installed_provider() -> None:
    """A provider that is installed is taken."""
    assert choose("cuda", ["CUDAExecutionProvider", "CPUExecutionProvider"]).providers[0] == "CUDAExecutionProvider"


def test_unknown_word() -> None:
    """A device that does not exist is answered with those that do."""
    with pytest.raises(DeviceError, match=r"'gpu'.*cpu, cuda, tensorrt, openvino, coreml"):
        choose("gpu", ["CPUExecutionProvider"])


def test_provider_that_did_not_start() -> None:
    """A session that would go on with the CPU alone is refused."""
    confirm(DEVICES["cuda"], ["CUDAExecutionProvider", "CPUExecutionProvider"])
    with pytest.raises(DeviceError, match=r"did not start.*CPUExecutionProvider.*cuDNN"):
        confirm(DEVICES["cuda"], ["CPUExecutionProvider"])
