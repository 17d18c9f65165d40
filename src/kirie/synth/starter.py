"""The starter set's labels: seven, and the finer names that its annotations use and the label file merges."""

from __future__ import annotations

from typing import Any

import yaml

from kirie.core.labels import LabelSet

LABEL_FILE: dict[str, Any] = {
    "labels": [
        {"name": "background", "color": "#20242c"},
        {"name": "skin", "color": "#f0a875"},
        {"name": "face", "color": "#ffdcb8"},
        {"name": "eye", "color": "#3f8efc", "merge": ["iris", "pupil", "eyelash"]},
        {"name": "mouth", "color": "#e5383b"},
        {"name": "hair", "color": "#9d5cc9"},
        {"name": "clothes", "color": "#43aa8b", "merge": ["collar"]},
    ]
}


def starter_labels() -> LabelSet:
    """The seven labels; iris, pupil and eyelash merge into eye, collar into clothes."""
    return LabelSet.from_dict(LABEL_FILE)


def label_file_text() -> str:
    """The label file as YAML."""
    return str(yaml.safe_dump(LABEL_FILE, sort_keys=False, allow_unicode=True))
