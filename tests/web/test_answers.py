"""Answers are JSON that every browser reads, whatever a stranger's log holds."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest

from kirie.web.answers import json_bytes


@pytest.mark.parametrize(
    ("content", "read"),
    [
        ({"a": [1, 0.1, True, None, "切り絵"]}, {"a": [1, 0.1, True, None, "切り絵"]}),
        ([math.nan, math.inf, -math.inf], [None, None, None]),
        ([2**70, math.nan], [2**70, None]),
        ({"name": "half \ud800", "x": math.nan}, {"name": "half \ud800", "x": None}),
        ({1: math.nan}, {"1": None}),
    ],
)
def test_any_plain_value_is_json(content: Any, read: Any) -> None:
    """NaN is null; whole numbers of any length and halves of letters come as they are, as UTF-8."""
    assert json.loads(json_bytes(content).decode()) == read
