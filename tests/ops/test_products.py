"""Products of vectors and matrices, and parts of matrices, beside NumPy."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(6)


def f(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


def test_products_of_vectors():
    agrees(td.ops.outer, f(3), f(4))
    agrees(td.ops.outer, f(2, 3), f(4))
    agrees(td.ops.vecdot, f(3, 5), f(3, 5))
    agrees(td.ops.vecdot, f(3, 5), f(5))
    agrees(td.ops.matvec, f(3, 5), f(5))
    agrees(td.ops.matvec, f(2, 3, 5), f(2, 5))
    agrees(td.ops.cross, f(7, 3), f(7, 3))
    agrees(td.ops.cross, f(3), f(3))


def test_products_of_matrices():
    for axes, shapes in ((2, ((2, 3, 4), (3, 4, 5))), (1, ((2, 3), (3, 4))), (0, ((2,), (3,)))):
        agrees(td.ops.tensordot, *(f(*shape) for shape in shapes), axes=axes)
    agrees(td.ops.kron, f(2, 3), f(4, 5))
    agrees(td.ops.bilinear, f(6, 3), f(6, 4), f(5, 3, 4), f(5))
    agrees(td.ops.bilinear, f(6, 3), f(6, 4), f(5, 3, 4))


@pytest.mark.parametrize("trans_a", [False, True])
@pytest.mark.parametrize("trans_b", [False, True])
def test_gemm(trans_a, trans_b):
    a, b = f(4, 3) if trans_a else f(3, 4), f(5, 4) if trans_b else f(4, 5)
    agrees(td.ops.gemm, a, b, trans_a=trans_a, trans_b=trans_b)
    for c in (f(5), f(3, 1), f(3, 5), np.float32(2)[None]):
        agrees(td.ops.gemm, a, b, c, alpha=0.5, beta=2.0, trans_a=trans_a, trans_b=trans_b)


def test_parts_of_matrices():
    agrees(td.ops.matrix_transpose, f(2, 3, 4))
    for x in (f(4, 4), f(2, 4, 4), f(0, 0)):
        agrees(td.ops.trace, x)
        agrees(td.ops.diagonal, x)
    agrees(td.ops.diag, f(4))
    agrees(td.ops.diag, f(2, 4))
    for k in (-1, 0, 2):
        agrees(td.ops.tril, f(3, 5), k)
        agrees(td.ops.triu, f(2, 5, 3), k)
    assert td.ops.trace(np.full((2, 2), 100, np.int8)) == 200


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: td.ops.tensordot(f(2, 3), f(4, 5), 1), "is 3 in one place and 4 in another"),
        (lambda: td.ops.tensordot(f(2), f(2), 2), "tensordot: 2 axes of ranks 1 and 1"),
        (lambda: td.ops.gemm(f(2), f(2, 2)), "gemm: a and b are matrices"),
        (lambda: td.ops.gemm(f(2, 2), f(2, 2), f(3)), "gemm: c"),
        (lambda: td.ops.kron(f(2, 2), f(0, 2)), "kron: an axis is empty"),
        (lambda: td.ops.cross(f(4), f(4)), "has not 3 elements"),
        (lambda: td.ops.cross(f(2, 3), f(3, 3)), "cross: shapes"),
        (lambda: td.ops.trace(f(2, 3)), "trace: the matrices are 2 by 3, not square"),
        (lambda: td.ops.tril(f(3)), "tril: x is made of matrices"),
        (lambda: td.ops.bilinear(f(2, 3), f(2, 4), f(3, 4)), "bilinear: weight has 3 axes"),
    ],
)
def test_bad_arguments(call, text):
    with pytest.raises(td.TdslError, match=text):
        call()
