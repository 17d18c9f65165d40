"""torchvision's published Mask R-CNN weights, trained on COCO: downloaded once, or read from a file.

Their tensors have torchvision's names (`backbone.body.`, and older ones in the first version's file); here they get
ours. Heads of COCO's 80 labels fit no other label set: their last layers stay fresh.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models.detection import MaskRCNN_ResNet50_FPN_V2_Weights, MaskRCNN_ResNet50_FPN_Weights

from kirie.errors import ModelError, first_line
from kirie.models.checkpoint import load_plain, read_checkpoint
from kirie.models.weights import Download, Statistics, by_hand, fill, statistics_in, unreachable

COCO = "coco"

_PUBLISHED = {
    "maskrcnn_resnet50_fpn": MaskRCNN_ResNet50_FPN_Weights.COCO_V1,
    "maskrcnn_resnet50_fpn_v2": MaskRCNN_ResNet50_FPN_V2_Weights.COCO_V1,
}
_STATISTICS = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
_EPSILON = 1e-5
"""Of batch normalisation; the first version was published with none."""

_NAMES = (
    (re.compile(r"^backbone\.body\."), "encoder."),
    (re.compile(r"^backbone\.fpn\."), "fpn."),
    # The first version's file is older than torchvision's blocks of convolution, norm and activation
    (re.compile(r"^(fpn\.(?:inner|layer)_blocks\.\d)\.(weight|bias)$"), r"\1.0.\2"),
    (re.compile(r"^(rpn\.head\.conv)\.(weight|bias)$"), r"\1.0.0.\2"),
)
_OLD_MASK = re.compile(r"^(roi_heads\.mask_head)\.mask_fcn(\d)\.(weight|bias)$")


def our_names(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of torchvision's Mask R-CNN under our names; any other comes back as it is."""
    if not any(name.startswith("backbone.body.") for name in state):
        return dict(state)
    return {_ours(name): tensor for name, tensor in state.items()}


def load_coco(network: nn.Module, name: str) -> tuple[Statistics, str]:
    """Downloads the published weights, or takes them from torch's cache, and fills the network.

    Args:
        network: A DetectorNetwork of that model.
        name: The model.

    Returns:
        Mean and standard deviation that belong to the weights, and what was loaded, in words.

    Raises:
        ModelError: The download cannot happen; the message says how to place the file by hand.
    """
    url = str(_PUBLISHED[name].url)
    download = Download(url, None, None, True)
    path = Path(torch.hub.get_dir()) / "checkpoints" / published_file(name)
    if not path.is_file():
        if cause := unreachable(url):
            raise ModelError(by_hand(f"model '{name}'", download, cause))
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # The end of the file's name is the beginning of its hash
            torch.hub.download_url_to_file(url, str(path), hash_prefix=path.stem.rpartition("-")[2], progress=False)
        except (OSError, RuntimeError) as error:
            raise ModelError(by_hand(f"model '{name}'", download, first_line(error))) from error
    words = _fill(network, name, our_names(load_plain(path, ModelError)), path)
    if name == "maskrcnn_resnet50_fpn":
        _without_epsilon(network)
    return _STATISTICS, words


def load_whole(network: nn.Module, name: str, path: Path) -> tuple[Statistics, str]:
    """Fills a whole model from a file: torchvision's, or a run's checkpoint of the same model.

    Raises:
        ModelError: The file cannot be read, or has less than ENOUGH of the model's tensors.
    """
    checkpoint = read_checkpoint(path)
    prefix = "model.network."
    state = {key.removeprefix(prefix): tensor for key, tensor in our_names(checkpoint.state).items()}
    words = _fill(network, name, state, checkpoint.path)
    published = any(key.startswith("backbone.body.") for key in checkpoint.state)
    if published and name == "maskrcnn_resnet50_fpn" and checkpoint.path.name == published_file(name):
        _without_epsilon(network)
    return statistics_in(checkpoint.state) or _STATISTICS, words


def published_file(name: str) -> str:
    """The name of the file with a model's published weights."""
    return str(_PUBLISHED[name].url).rpartition("/")[2]


def _ours(name: str) -> str:
    for old, new in _NAMES:
        name = old.sub(new, name)
    if (found := _OLD_MASK.match(name)) is not None:
        return f"{found[1]}.{int(found[2]) - 1}.0.{found[3]}"
    return name


def _fill(network: nn.Module, name: str, state: Mapping[str, Tensor], path: Path) -> str:
    wanted = network.state_dict()
    fitting = {key: state[key] for key in wanted if key in state and state[key].shape == wanted[key].shape}
    return fill(
        network, fitting, path, name, "choose the model that the file belongs to, or start from it with init_from"
    )


def _without_epsilon(network: nn.Module) -> None:
    """Takes batch normalisation's epsilon from the variances, so that adding it again changes nothing."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d) and module.running_var is not None:
            module.running_var -= _EPSILON
