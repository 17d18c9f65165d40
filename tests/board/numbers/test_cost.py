"""What runs cost."""

from __future__ import annotations

from typing import Any

import pytest

from kirie.board.numbers.cost import cost_of, total_hours


@pytest.mark.parametrize(
    ("config", "hardware", "environment", "devices", "basis"),
    [
        ({"trainer": {"devices": 2, "nodes": 3}}, {}, {}, 6, "configuration"),
        ({"trainer": {"devices": "auto", "nodes": "auto"}}, {"gpus": ["a", "b"]}, {}, 2, "configuration"),
        ({"trainer": {"devices": "auto", "accelerator": "cpu"}}, {"gpus": ["a", "b"]}, {}, 1, "configuration"),
        ({}, {}, {"gpus": 4}, 4, "environment"),
        ({}, {}, {"gpus": 0}, 1, "one device"),
        ({"trainer": "x"}, {}, {}, 1, "one device"),
        ({"trainer": {"devices": True}}, {"gpus": 5}, {}, 1, "configuration"),
    ],
)
def test_device_hours(
    config: dict[str, Any], hardware: dict[str, Any], environment: dict[str, Any], devices: int, basis: str
) -> None:
    """Hours times devices, by what the run says of its devices; one where nothing does."""
    found = cost_of(1800.0, config, hardware, environment)
    assert found is not None
    assert (found.devices, found.basis, found.device_hours) == (devices, basis, devices / 2)


def test_unknown_times_cost_nothing_known() -> None:
    """A run of unknown length has no cost, and adds nothing to a sum."""
    assert cost_of(None, {}, {}, {}) is None
    assert cost_of(float("nan"), {}, {}, {}) is None
    assert total_hours([None, cost_of(3600.0, {}, {}, {}), None]) == 1.0
