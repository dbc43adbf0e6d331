"""Losses beside their formulas in float64, with every reduction, and their bad arguments."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(3)
p, q, v = (rng.random((5, 7), dtype=np.float32) for _ in range(3))
sign = np.where(p > 0.5, 1, -1).astype(np.float32)
PLAIN = [
    "mse_loss", "l1_loss", "binary_cross_entropy", "binary_cross_entropy_with_logits", "kl_div", "poisson_nll_loss",
    "huber_loss", "smooth_l1_loss",
]  # fmt: skip
reductions = pytest.mark.parametrize("reduction", ["mean", "sum", "none"])


@reductions
@pytest.mark.parametrize("name", PLAIN)
def test_of_prediction_and_target(name, reduction):
    agrees(getattr(td.ops, name), p, q, reduction=reduction)


@reductions
def test_of_more(reduction):
    agrees(td.ops.soft_margin_loss, p, sign, reduction=reduction)
    agrees(td.ops.hinge_embedding_loss, p, sign, reduction=reduction)
    agrees(td.ops.margin_ranking_loss, p, q, sign, 0.1, reduction=reduction)
    agrees(td.ops.gaussian_nll_loss, p, q, v, reduction=reduction)


@reductions
@pytest.mark.parametrize("name", ["nll_loss", "cross_entropy"])
def test_of_classes(name, reduction):
    op = getattr(td.ops, name)
    agrees(op, p, rng.integers(0, 7, 5), reduction=reduction)
    agrees(
        op,
        rng.random((2, 4, 3), dtype=np.float32),
        rng.integers(0, 4, (2, 3)).astype(np.int32),
        reduction=reduction,
    )
    agrees(op, p[0], np.array(3), reduction=reduction)


def test_where_logarithms_end():
    zero, one = np.zeros(1, np.float32), np.ones(1, np.float32)
    assert td.ops.binary_cross_entropy(zero, one) == 100 and td.ops.binary_cross_entropy(zero, zero) == 0
    assert td.ops.kl_div(zero, zero) == 0
    far = np.array([1e4, -1e4], np.float32)
    assert td.ops.binary_cross_entropy_with_logits(far, np.array([1, 0], np.float32)) == 0
    assert td.ops.cross_entropy(np.array([1e4, 0], np.float32), np.array(1)) == 1e4


def test_attributes_and_nothing():
    agrees(td.ops.huber_loss, p * 4, q, 0.5)
    agrees(td.ops.smooth_l1_loss, p * 4, q, 0.25)
    agrees(td.ops.mse_loss, p, q[:1])
    assert td.ops.mse_loss(p[:0], q[:0], reduction="sum") == 0 and np.isnan(td.ops.mse_loss(p[:0], q[:0]))


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: td.ops.mse_loss(p, q, reduction="max"),
            "mse_loss: reduction is one of mean, sum, none, not 'max'",
        ),
        (lambda: td.ops.mse_loss(p, q[:, :3]), "do not broadcast"),
        (lambda: td.ops.l1_loss(p.astype(int), q), "l1_loss: x is of floats"),
        (lambda: td.ops.huber_loss(p, q, 0.0), "huber_loss: delta is positive"),
        (lambda: td.ops.smooth_l1_loss(p, q, 0.0), "smooth_l1_loss: beta is positive"),
        (lambda: td.ops.nll_loss(p, rng.integers(0, 7, 4)), r"nll_loss: x is \(5, 7\), target \(4,\)"),
        (lambda: td.ops.nll_loss(p, q[:, 0]), "classes are integers"),
        (lambda: td.ops.cross_entropy(p, np.full(5, 7)), "7, outside its declared range"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
