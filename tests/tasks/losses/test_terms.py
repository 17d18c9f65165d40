"""Every term against its definition in plain numpy, and against smp, torch and torchvision where they agree.

Shapes: B batch, L labels, H, W pixels, P valid pixels.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import segmentation_models_pytorch.losses as smp
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchvision.ops import sigmoid_focal_loss

from kirie.tasks.losses import build_loss
from kirie.tasks.losses.pixelwise import near_boundary

Array = NDArray[np.float64]
Reference = Callable[[Array, NDArray[np.int64], Array, dict[str, float]], float]

WEIGHTS = [0.5, 2.0, 1.0, 3.0, 0.0]


def _softmax(logits_BLHW: Array) -> Array:
    power = np.exp(logits_BLHW - logits_BLHW.max(axis=1, keepdims=True))
    found: Array = power / power.sum(axis=1, keepdims=True)
    return found


def _pixels(logits_BLHW: Array, target_BHW: NDArray[np.int64]) -> list[tuple[Array, int, tuple[int, int, int]]]:
    p = _softmax(logits_BLHW)
    return [
        (p[b, :, y, x], int(target_BHW[b, y, x]), (b, y, x))
        for b, y, x in np.ndindex(target_BHW.shape)
        if target_BHW[b, y, x] != 255
    ]


def _mean_of(value: Callable[[Array, int], float], factor: Callable[[tuple[int, int, int]], float]) -> Reference:
    def reference(logits: Array, target: NDArray[np.int64], weight: Array, _: dict[str, float]) -> float:
        top = bottom = 0.0
        for p, truth, at in _pixels(logits, target):
            top += factor(at) * weight[truth] * value(p, truth)
            bottom += factor(at) * weight[truth]
        return top / bottom if bottom else 0.0

    return reference


def _cross_entropy(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    spread = options.get("label_smoothing", 0.0)
    top = bottom = 0.0
    for p, truth, _ in _pixels(logits, target):
        top += (1 - spread) * weight[truth] * -np.log(p[truth]) + spread * np.mean(weight * -np.log(p))
        bottom += weight[truth]
    return top / bottom if bottom else 0.0


def _focal(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    def value(p: Array, truth: int) -> float:
        return float((1 - p[truth]) ** options["gamma"] * -np.log(p[truth]))

    return _mean_of(value, lambda _: 1.0)(logits, target, weight, options)


def _boundary(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    radius = int(options["radius"])

    def factor(at: tuple[int, int, int]) -> float:
        b, y, x = at
        window = target[b, max(0, y - radius) : y + radius + 1, max(0, x - radius) : x + radius + 1]
        return options["factor"] if len(set(window[window != 255].tolist())) > 1 else 1.0

    return _mean_of(lambda p, truth: float(-np.log(p[truth])), factor)(logits, target, weight, options)


def _over_labels(one: Callable[[Array, NDArray[np.bool_]], float]) -> Reference:
    def reference(logits: Array, target: NDArray[np.int64], weight: Array, _: dict[str, float]) -> float:
        pixels = _pixels(logits, target)
        top = bottom = 0.0
        for label in range(len(weight)):
            truth_P = np.array([truth == label for _, truth, _ in pixels], dtype=bool)
            if truth_P.any():
                top += weight[label] * one(np.array([p[label] for p, _, _ in pixels]), truth_P)
                bottom += weight[label]
        return top / bottom if bottom else 0.0

    return reference


def _tversky(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    def one(p_P: Array, truth_P: NDArray[np.bool_]) -> float:
        tp, fp, fn = p_P[truth_P].sum(), p_P[~truth_P].sum(), (1 - p_P[truth_P]).sum()
        smooth = options.get("smooth", 0.0)
        return float(1 - (tp + smooth) / (tp + options["alpha"] * fp + options["beta"] * fn + smooth))

    return _over_labels(one)(logits, target, weight, options)


def _dice(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    return _tversky(logits, target, weight, options | {"alpha": 0.5, "beta": 0.5})


def _jaccard(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    return _tversky(logits, target, weight, options | {"alpha": 1.0, "beta": 1.0})


def _lovasz(logits: Array, target: NDArray[np.int64], weight: Array, options: dict[str, float]) -> float:
    def one(p_P: Array, truth_P: NDArray[np.bool_]) -> float:
        # Definition 2 of the paper: the Jaccard loss of growing sets of mispredicted pixels, worst first
        error_P = np.abs(truth_P - p_P)
        order = np.argsort(-error_P, kind="stable")
        wrong: set[int] = set()
        before = total = 0.0
        for at in order.tolist():
            wrong.add(at)
            missed = sum(bool(truth_P[i]) for i in wrong)
            now = 1 - (truth_P.sum() - missed) / (truth_P.sum() + len(wrong) - missed)
            total += error_P[at] * (now - before)
            before = now
        return total

    return _over_labels(one)(logits, target, weight, options)


CASES: list[tuple[str, dict[str, float], Reference]] = [
    ("cross_entropy", {}, _cross_entropy),
    ("cross_entropy", {"label_smoothing": 0.1}, _cross_entropy),
    ("focal", {"gamma": 2.0}, _focal),
    ("focal", {"gamma": 0.5}, _focal),
    ("boundary", {"radius": 1, "factor": 4.0}, _boundary),
    ("boundary", {"radius": 3, "factor": 0.0}, _boundary),
    ("dice", {}, _dice),
    ("dice", {"smooth": 1.5}, _dice),
    ("jaccard", {}, _jaccard),
    ("tversky", {"alpha": 0.2, "beta": 0.8}, _tversky),
    ("tversky", {"alpha": 1.0, "beta": 0.0, "smooth": 1.0}, _tversky),
    ("lovasz", {}, _lovasz),
]
NAMES = ["cross_entropy", "focal", "boundary", "dice", "jaccard", "tversky", "lovasz"]


def _batch(seed: int, held: tuple[int, ...] = (0, 1, 3, 4)) -> tuple[Tensor, Tensor]:
    """Logits of 5 labels and a target in blocks, label 2 not in it, a strip ignored."""
    random = np.random.default_rng(seed)
    blocks = random.choice(held, (2, 3, 3))
    target = np.kron(blocks, np.ones((1, 3, 4), dtype=np.int64))
    target[:, 4, 2:9] = 255
    return torch.from_numpy(random.normal(0, 2, (2, 5, 9, 12))).float(), torch.from_numpy(target)


def _loss(
    name: str, options: dict[str, Any] | None = None, weights: object = None
) -> Callable[[Tensor, Tensor], Tensor]:
    return build_loss({"terms": {name: options or {}}, "class_weights": weights}, [5, 4, 3, 2, 1])


def _gradient(loss: Callable[[Tensor, Tensor], Tensor], logits: Tensor, target: Tensor) -> Tensor:
    leaf = logits.detach().requires_grad_()
    return torch.autograd.grad(loss(leaf, target), leaf)[0]


@pytest.mark.parametrize("weights", [None, WEIGHTS])
@pytest.mark.parametrize(("name", "options", "reference"), CASES)
def test_value_equals_the_definition(
    name: str, options: dict[str, float], reference: Reference, weights: list[float] | None
) -> None:
    """With ignored pixels and a label absent, each term is its definition, with and without class weights."""
    for seed in range(2):
        logits, target = _batch(seed)
        expected = reference(logits.double().numpy(), target.numpy(), np.array(weights or [1.0] * 5), options)
        assert expected > 0.05
        assert _loss(name, options, weights)(logits, target).item() == pytest.approx(expected, rel=2e-5)


@pytest.mark.parametrize(("name", "options", "reference"), CASES)
def test_gradient_equals_finite_differences(name: str, options: dict[str, float], reference: Reference) -> None:
    """The gradient at chosen logits is the slope of the definition."""
    logits, target = _batch(3)
    gradient = _gradient(_loss(name, options), logits, target)
    plain, step = logits.detach().double().numpy(), 1e-4
    for at in [(0, 1, 2, 5), (1, 4, 8, 11), (0, 0, 0, 0), (1, 2, 3, 3)]:
        high, low = plain.copy(), plain.copy()
        high[at] += step
        low[at] -= step
        slope = reference(high, target.numpy(), np.ones(5), options) - reference(
            low, target.numpy(), np.ones(5), options
        )
        assert gradient[at].item() == pytest.approx(slope / (2 * step), rel=5e-3, abs=2e-6)


@pytest.mark.parametrize("name", NAMES)
def test_ignored_pixels_take_no_part(name: str) -> None:
    """What is predicted where the truth is ignored changes nothing and gets no gradient."""
    logits, target = _batch(1)
    ignored = (target == 255).unsqueeze(1).expand_as(logits)
    other = torch.where(ignored, torch.randn_like(logits) * 9, logits)
    assert _loss(name)(other, target).item() == _loss(name)(logits, target).item()
    gradient = _gradient(_loss(name), other, target)
    assert gradient[ignored].abs().max() == 0
    assert gradient.abs().max() > 0


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_to_learn_from_is_zero(name: str, dtype: torch.dtype) -> None:
    """A batch of ignored pixels gives 0 with a gradient of 0, where torch's cross entropy gives NaN."""
    logits, target = torch.randn(2, 5, 8, 8, dtype=dtype), torch.full((2, 8, 8), 255)
    assert _loss(name)(logits, target).item() == 0
    assert _gradient(_loss(name), logits, target).abs().max() == 0


@pytest.mark.parametrize("name", NAMES)
def test_only_labels_of_weight_zero_is_zero(name: str) -> None:
    """A batch that holds only labels of weight 0 gives 0, not a division by it."""
    logits, target = _batch(0, held=(4,))
    assert _loss(name, weights=WEIGHTS)(logits.requires_grad_(), target).item() == 0


@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("name", NAMES)
def test_certain_predictions_have_finite_gradients(name: str, sign: int) -> None:
    """Probabilities of exactly 0 and 1, right or wrong, leave value and gradient finite."""
    _, target = _batch(0)
    target = torch.where(target == 255, 255, target % 2)
    logits = (torch.nn.functional.one_hot(target.clamp_max(1), 2).movedim(-1, 1) * 2.0 - 1) * 3e4 * sign
    loss = build_loss({"terms": {name: {"gamma": 0.3} if name == "focal" else {}}}, [1, 1])
    assert torch.isfinite(loss(logits, target))
    assert torch.isfinite(_gradient(loss, logits, target)).all()
    if sign == 1:
        assert loss(logits, target).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@pytest.mark.parametrize("name", NAMES)
def test_half_precision_logits_are_computed_in_float32(name: str, dtype: torch.dtype) -> None:
    """Under autocast and with logits of 16 bits the value is that of the same logits in float32."""
    random = torch.Generator().manual_seed(0)
    # 200,000 pixels: sums over them would overflow float16 and stall in bfloat16
    logits = torch.randn(2, 3, 320, 320, generator=random).to(dtype)
    target = torch.randint(0, 3, (2, 320, 320), generator=random)
    expected = _build3(name)(logits.float(), target)
    with torch.autocast("cpu", dtype=dtype):
        found = _build3(name)(logits, target)
    assert found.dtype == torch.float32
    assert found.item() == expected.item()


def _build3(name: str) -> Callable[[Tensor, Tensor], Tensor]:
    return build_loss({"terms": {name: {}}}, [1, 1, 1])


@pytest.mark.parametrize("seed", range(3))
def test_agrees_with_smp_where_all_labels_are_present(seed: int) -> None:
    """Dice, Jaccard, Tversky and Lovász equal smp's when no label is absent (it counts absent ones as perfect)."""
    logits, target = _batch(seed, held=(0, 1, 2, 3, 4))
    target[0, 0, :5] = torch.arange(5)
    pairs = [
        ("dice", {}, smp.DiceLoss("multiclass", ignore_index=255)),
        ("jaccard", {}, smp.JaccardLoss("multiclass", ignore_index=255)),
        ("tversky", {"alpha": 0.3, "beta": 0.7}, smp.TverskyLoss("multiclass", ignore_index=255, alpha=0.3, beta=0.7)),
        ("lovasz", {}, smp.LovaszLoss("multiclass", ignore_index=255)),
    ]
    for name, options, theirs in pairs:
        assert _loss(name, options)(logits, target).item() == pytest.approx(theirs(logits, target).item(), rel=1e-5)


@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_agrees_with_torch(smoothing: float) -> None:
    """Cross entropy equals torch's with weights, smoothing and the ignore index."""
    logits, target = _batch(2)
    weight = torch.tensor([1.0, 2.0, 0.5, 0.1, 3.0])
    theirs = cross_entropy(logits, target, weight, ignore_index=255, label_smoothing=smoothing)
    ours = _loss("cross_entropy", {"label_smoothing": smoothing}, weight.tolist())(logits, target)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-5)


def test_focal_of_two_labels_agrees_with_torchvision() -> None:
    """With two labels the softmax focal loss is torchvision's sigmoid focal loss of the logits' difference."""
    logits, target = torch.randn(2, 2, 8, 9), torch.randint(0, 2, (2, 8, 9))
    theirs = sigmoid_focal_loss(logits[:, 1] - logits[:, 0], target.float(), alpha=-1, gamma=2.0, reduction="mean")
    ours = build_loss({"terms": {"focal": {"gamma": 2.0}}}, [1, 1])(logits, target)
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-4)


def test_lovasz_of_hard_predictions_is_the_jaccard_loss() -> None:
    """Where probabilities are 0 or 1 the extension is 1 - IoU, label by label."""
    target = torch.tensor([[[0, 0, 1, 1, 1, 0]]])
    found = torch.tensor([[[0, 1, 1, 1, 0, 0]]])
    logits = torch.nn.functional.one_hot(found, 2).movedim(-1, 1) * 100.0
    assert build_loss({"terms": {"lovasz": {}}}, [1, 1])(logits, target).item() == pytest.approx(1 - 2 / 4)


def test_near_boundary_ends_at_the_radius() -> None:
    """Pixels up to the radius from another label are near; an ignored area's edge is no boundary."""
    target = torch.zeros(1, 5, 14, dtype=torch.int64)
    target[:, :, 7:] = 2
    valid = torch.ones_like(target, dtype=torch.bool)
    for radius in (1, 3):
        near = near_boundary(target, valid, radius)[0, 2]
        assert near.nonzero().flatten().tolist() == list(range(7 - radius, 7 + radius))
    valid[:, :, 4:10] = False
    assert not near_boundary(target, valid, 3).any()
