"""Real stores of a few small pictures for the tests of this room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest

from kirie.core.instances import Instance
from kirie.core.labels import Label, LabelSet
from kirie.prepare.rows import Rows, RowWriter
from kirie.prepare.store import Frame, Picture, Store

MakeStore = Callable[..., Store]


@pytest.fixture
def make_store(tmp_path: Path) -> MakeStore:
    """Writes a store whose sample i of all has image value i % 256 and target i % 3; gives it opened.

    Where the target is a thing, the left half is instance 1 and the right half, a crowd, is instance 2.
    """

    def make(splits: Mapping[str, int], size: tuple[int, int] = (8, 8)) -> Store:
        names = [(split, f"{split}-{i}") for split, count in splits.items() for i in range(count)]
        with RowWriter(tmp_path, size, per_shard=7) as writer:
            for i in range(len(names)):
                image = np.full((1, *size, 3), i % 256, dtype=np.uint8)
                ids = np.full((1, *size), 1 if i % 3 else 0, dtype=np.uint8)
                ids[..., size[1] // 2 :] *= 2
                writer.append(image, np.full((1, *size), i % 3, dtype=np.uint8), ids)
        labels = LabelSet(tuple(Label(i, name, (i, i, i)) for i, name in enumerate(("a", "b", "c"))))
        pictures = tuple(
            Picture(name, None, split, size, i, "", ((Instance(i % 3), Instance(i % 3, crowd=True))[: 2 * (i % 3)],))
            for i, (split, name) in enumerate(names)
        )
        rows = Rows(tmp_path, len(names), size, 7)
        mean = (0.5, 0.5, 0.5)
        return Store(tmp_path, labels, "f" * 64, Frame(size), mean, mean, pictures, rows, {})

    return make
