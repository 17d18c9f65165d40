"""Bounds on numbers of a run."""

from __future__ import annotations

import math

import pytest

from kirie.errors import UsageError
from kirie.export.constraint import Constraint


@pytest.mark.parametrize(
    ("text", "name", "sign", "bound"),
    [
        ("parameters<5e6", "parameters", "<", 5e6),
        (" latency_ms <= 40 ", "latency_ms", "<=", 40.0),
        ("iou/eye>0.5", "iou/eye", ">", 0.5),
        ("images_per_s>=10", "images_per_s", ">=", 10.0),
    ],
)
def test_a_bound_is_read(text: str, name: str, sign: str, bound: float) -> None:
    """Name, sign and number are taken apart, with or without spaces."""
    assert Constraint.parse(text) == Constraint(name, sign, bound)


@pytest.mark.parametrize("text", ["", "parameters", "parameters=5", "<5", "parameters<many", "parameters<nan", "a<b<3"])
def test_anything_else_is_refused(text: str) -> None:
    """What is not a name, a sign and a finite number ends in a sentence that shows how to write one."""
    with pytest.raises(UsageError, match="--where"):
        Constraint.parse(text)


def test_bounds_hold_as_written() -> None:
    """`<` leaves the bound itself out, `<=` takes it in, and an unmeasured number keeps to nothing."""
    assert not Constraint("x", "<", 5).holds(5)
    assert Constraint("x", "<=", 5).holds(5)
    assert Constraint("x", ">", 5).holds(6)
    assert not Constraint("x", ">=", 5).holds(4)
    assert not Constraint("x", "<", 5).holds(None)


def test_excess_orders_by_nearness() -> None:
    """The nearer a number is to the bound it breaks, the smaller its excess; unknown is farthest."""
    bound = Constraint("x", "<", 10)
    assert bound.excess(9) == 0
    assert 0 < bound.excess(11) < bound.excess(20) < bound.excess(None) == math.inf
