"""The starter set's labels."""

from __future__ import annotations

import yaml

from kirie.core.labels import LabelSet
from kirie.synth.starter import label_file_text, starter_labels


def test_seven_labels_in_order() -> None:
    """Background, skin, face, eye, mouth, hair, clothes, in seven colours."""
    labels = starter_labels()
    assert labels.names == ("background", "skin", "face", "eye", "mouth", "hair", "clothes")
    assert len({label.color for label in labels}) == 7


def test_the_file_reads_back_equal() -> None:
    """The YAML text is the label set."""
    assert LabelSet.from_dict(yaml.safe_load(label_file_text())) == starter_labels()
