"""From loss configurations to modules."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from kirie.errors import ConfigError
from kirie.tasks.losses import build_loss, check_loss
from kirie.tasks.losses.build import TERMS

CONF = Path(__file__).parents[3] / "conf" / "loss"
FILES = sorted(CONF.glob("*.yaml"))
COUNTS = [9000, 500, 0, 100]


def _batch() -> tuple[torch.Tensor, torch.Tensor]:
    random = torch.Generator().manual_seed(5)
    logits = torch.randn(2, 4, 20, 16, generator=random)
    target = torch.randint(0, 2, (2, 20, 16), generator=random) * 3
    target[:, :4] = 255
    return logits.requires_grad_(), target


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_every_file_builds_and_learns(file: Path) -> None:
    """Each conf/loss file gives a positive loss whose gradient, followed, lowers it, and that names itself on top."""
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert f"loss={file.stem}" in text.split("terms:")[0]
    loss = build_loss(yaml.safe_load(text), COUNTS)
    logits, target = _batch()
    before = loss(logits, target)
    (gradient,) = torch.autograd.grad(before, logits)
    with torch.no_grad():
        # A step of fixed length along the gradient
        after = loss(logits - 3 * gradient / gradient.norm(), target)
    assert 0 < after < before


def test_every_term_has_a_file() -> None:
    """Each term can be chosen by its own name."""
    assert set(TERMS) <= {file.stem for file in FILES}


def test_sum_weighs_its_terms() -> None:
    """The loss is the weighted sum of the terms, which are told apart for the log."""
    loss = build_loss({"terms": {"cross_entropy": {"weight": 0.5}, "dice": {"weight": 2.0}, "focal": None}}, COUNTS)
    logits, target = _batch()
    terms = loss.terms(logits, target)
    assert list(terms) == ["cross_entropy", "dice"]
    expected = 0.5 * terms["cross_entropy"] + 2 * terms["dice"]
    assert loss(logits, target).item() == pytest.approx(expected.item())
    assert loss.total(terms).item() == loss(logits, target).item()


def test_class_weights_come_from_the_counts() -> None:
    """A scheme's weights are those of the store's pixel counts, and no part of a checkpoint."""
    loss = build_loss({"terms": {"dice": {}}, "class_weights": "inverse"}, COUNTS)
    assert loss.class_weight_L[1] / loss.class_weight_L[0] == pytest.approx(18)
    assert loss.state_dict() == {}


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "no terms"),
        ({"terms": {}}, "no terms"),
        ({"terms": ["dice"]}, "no terms"),
        ({"terms": {"dice": None}}, "weight 0"),
        ({"terms": {"dice": {"weight": 0}}}, "weight 0"),
        ({"terms": {"dicee": {}}}, "no loss term 'dicee'. Did you mean `dice`"),
        ({"terms": {"dice": 1.0}}, r"loss.terms.dice is 1.0; write a mapping"),
        ({"terms": {"dice": {"gamma": 2}}}, "no option 'gamma'; it takes `smooth`, `weight`"),
        ({"terms": {"dice": {"weight": -1}}}, "loss.terms.dice.weight is -1; write a number from 0"),
        ({"terms": {"dice": {"weight": True}}}, "weight is True"),
        ({"terms": {"dice": {"weight": "1"}}}, "weight is '1'"),
        ({"terms": {"dice": {"weight": float("inf")}}}, "weight is inf"),
        ({"terms": {"focal": {"gamma": float("nan")}}}, "gamma is nan"),
        ({"terms": {"cross_entropy": {"label_smoothing": 1.5}}}, "write a number from 0 to 1"),
        ({"terms": {"boundary": {"radius": 2.5}}}, "radius is 2.5; write a whole number from 1 to 64"),
        ({"terms": {"dice": {}}, "weights": 1}, "unknown settings `weights`"),
        ({"terms": {"dice": {}}, "class_weights": "some"}, "class_weights is 'some'"),
    ],
)
def test_mistakes_name_what_is_allowed(config: dict[str, Any], said: str) -> None:
    """Each mistake in a configuration ends in a sentence with what was found and what is allowed."""
    with pytest.raises(ConfigError, match=said):
        build_loss(config, COUNTS)
    with pytest.raises(ConfigError, match=said):
        check_loss(config)


def test_how_many_weights_there_must_be_is_not_checked_without_a_store() -> None:
    """Any list of weights passes before the store is open; a scheme's name does, too."""
    for weights in ([1], [1, 2, 3, 4, 5, 6, 7, 8], "effective", None):
        check_loss({"terms": {"dice": {}}, "class_weights": weights})
