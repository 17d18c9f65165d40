"""Which execution provider runs the model, and what to install where the wanted one is missing.

ONNX Runtime falls back to the CPU in silence when a provider is not installed or cannot start. Whoever asks for a GPU
wants to know, so both are errors here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from kirie.errors import DeviceError


@dataclass(frozen=True, slots=True)
class Device:
    """A word of `--device`.

    Attributes:
        provider: ONNX Runtime's name of the execution provider.
        package: What to install to have it.
        needs: What else the machine must have, for the message when the provider does not start.
        after: Providers that take the operators which this one cannot run.
    """

    provider: str
    package: str
    needs: str
    after: tuple[str, ...] = ("CPUExecutionProvider",)

    @property
    def providers(self) -> list[str]:
        """In order of preference, as ONNX Runtime takes them."""
        return [self.provider, *self.after]


_GPU = "swap the package: `pip uninstall onnxruntime` and `pip install onnxruntime-gpu`"

DEVICES: dict[str, Device] = {
    "cpu": Device("CPUExecutionProvider", "`pip install onnxruntime`", "nothing", ()),
    "cuda": Device("CUDAExecutionProvider", _GPU, "an NVIDIA driver, CUDA and cuDNN"),
    "tensorrt": Device(
        "TensorrtExecutionProvider",
        f"{_GPU}, and `pip install tensorrt`",
        "an NVIDIA driver, CUDA, cuDNN and TensorRT",
        ("CUDAExecutionProvider", "CPUExecutionProvider"),
    ),
    "openvino": Device(
        "OpenVINOExecutionProvider",
        "swap the package: `pip uninstall onnxruntime` and `pip install onnxruntime-openvino`",
        "the OpenVINO runtime that this onnxruntime-openvino was built for",
    ),
    "coreml": Device(
        "CoreMLExecutionProvider",
        "it is part of the ordinary `onnxruntime` package, on macOS only",
        "macOS 10.15 or newer",
    ),
}


def choose(word: str, installed: Sequence[str]) -> Device:
    """The device of a `--device` word, if this ONNX Runtime has it.

    Args:
        word: One of DEVICES.
        installed: What `onnxruntime.get_available_providers()` says.

    Raises:
        DeviceError: There is no such word, or the installed ONNX Runtime was built without it.
    """
    if word not in DEVICES:
        raise DeviceError(f"There is no device '{word}'; choose one of {', '.join(DEVICES)}.")
    device = DEVICES[word]
    if device.provider not in installed:
        have = [name for name, other in DEVICES.items() if other.provider in installed]
        raise DeviceError(
            f"The installed ONNX Runtime has no {device.provider}, which `--device {word}` needs; it has: "
            f"{', '.join(have)}. To get it, {device.package}."
        )
    return device


def confirm(device: Device, active: Sequence[str]) -> None:
    """Checks that the provider really took the model.

    Args:
        device: What `choose` gave.
        active: What the session's `get_providers()` says.

    Raises:
        DeviceError: ONNX Runtime went on without the wanted provider.
    """
    if device.provider not in active:
        raise DeviceError(
            f"{device.provider} is installed but did not start (ONNX Runtime would go on with {', '.join(active)}); "
            f"it needs {device.needs}. Mend that, or choose `--device cpu`."
        )
