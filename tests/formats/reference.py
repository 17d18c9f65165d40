"""labelme itself, the reference that reading and drawing are held against.

Its package opens windows and so needs libGL and glib, which a server may lack; there the tests that import this module
are skipped with that reason. `.ci/run` installs both.
"""

from __future__ import annotations

import pytest

_REASON = "labelme's Qt needs libGL.so.1 and libglib-2.0.so.0"
_utils, _file = (
    pytest.importorskip(name, reason=_REASON, exc_type=ImportError) for name in ("labelme.utils", "labelme._label_file")
)

LabelFile = _file.LabelFile
img_b64_to_arr = _utils.img_b64_to_arr
img_data_to_arr = _utils.img_data_to_arr
shapes_to_label = _utils.shapes_to_label
shape_to_mask = _utils.shape.shape_to_mask
