"""Norms and distances beside their formulas in float64."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(5)
x, y = (rng.standard_normal((4, 6), dtype=np.float32) for _ in range(2))


@pytest.mark.parametrize("order", [0, 1, 2, 3, 0.5, np.inf, -np.inf])
def test_norms(order):
    for axis in (None, 0, -1, (0, 1)):
        agrees(td.ops.vector_norm, x, axis, float(order), keepdims=axis == 0)


def test_distances():
    agrees(td.ops.sum_square, x, 1)
    assert td.ops.sum_square(np.full(3, 100, np.int8)) == 30000
    for axis in (0, -1):
        agrees(td.ops.cosine_similarity, x, y, axis)
        agrees(td.ops.pairwise_distance, x, y, axis)
    assert td.ops.cosine_similarity(x * 0, y).tolist() == [0] * 4
    agrees(td.ops.cdist, x, y[:3])
    assert td.ops.cdist(x[:0], y).shape == (0, 4)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.vector_norm(x[:0], 0, float("inf")), "vector_norm: axis 0 is empty"),
        (lambda: td.ops.vector_norm(x, 0, float("nan")), "vector_norm: ord is a number"),
        (lambda: td.ops.vector_norm(x.astype(int)), "vector_norm: x is of floats"),
        (lambda: td.ops.cosine_similarity(x, y[:3]), "cosine_similarity: shapes"),
        (lambda: td.ops.pairwise_distance(x, y[0]), "pairwise_distance: shapes"),
        (lambda: td.ops.cdist(x, y[:, :5]), "cdist: rows of 6 and 5"),
        (lambda: td.ops.cdist(x[0], y), "cdist: x and y are matrices"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
