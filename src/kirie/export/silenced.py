"""A model of instances, and its written file, made to find nothing in any picture.

A recorded graph may fail where nothing is found, and there may be no picture at hand in which the model finds nothing.
So one number is raised that both have, the bias of the class "no thing" in the layer that tells labels apart: no
proposal is then anything, and what follows works on no box. Every other number and every node is the written file's,
which writing a second file with a higher threshold would not give: what is recorded depends on what is found.
"""

from __future__ import annotations

import copy
from pathlib import Path
from typing import TypeVar

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import nn

_BIAS = "roi_heads.box_predictor.cls_score.bias"
"""Torchvision's name of it, the first value for "no thing"; the exporter gives the file's numbers torch's names."""

_FAR = 1e4
"""Logits this far apart give a probability of 0, even where scores from 0 on are kept."""

Graph = TypeVar("Graph", bound=nn.Module)


def silenced_graph(graph: Graph) -> Graph | None:
    """A copy that finds nothing; None if it has no such bias."""
    quiet = copy.deepcopy(graph)
    for name, values in quiet.named_parameters():
        if name.endswith(_BIAS):
            with torch.no_grad():
                values[0] += _FAR
            return quiet
    return None


def silenced_file(path: Path) -> bytes | None:
    """The file's bytes with the bias raised; None if it has none of that name."""
    model = onnx.load(path)
    for tensor in model.graph.initializer:
        if tensor.name.endswith(_BIAS):
            values = np.array(numpy_helper.to_array(tensor))
            values[0] += _FAR
            tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))
            return bytes(model.SerializeToString())
    return None
