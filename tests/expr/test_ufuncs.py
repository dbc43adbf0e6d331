"""NumPy beside expressions: its numbers take part in operators, its functions name ours, its arrays are arguments."""

from __future__ import annotations

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text

n = td.size("n", min=1)
A, B = td.placeholder("A", (n,)), td.placeholder("B", (n, n))
i = td.axis("i", n)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (lambda: np.float32(2) * A[i], "2.0 * A[i]"),
        (lambda: np.float32(2) - A[i], "2.0 - A[i]"),
        (lambda: A[i] / np.float32(2), "A[i] / 2.0"),
        (lambda: np.float32(1) == A[i], "1.0 == A[i]"),
        (lambda: np.float32(3) < A[i], "3.0 < A[i]"),
        (lambda: np.int64(3) + i, "i + 3"),
        (lambda: np.multiply(2.0, A[i]), "2.0 * A[i]"),
        (lambda: np.negative(A[i]), "-A[i]"),
        (lambda: np.abs(A[i]), "abs(A[i])"),
    ],
)
def test_numbers_take_part_in_operators(value, written):
    assert text(value().node) == written


def test_tensors_compare_by_identity_and_operate_whole():
    assert (np.float32(1) == A) is False and (np.float32(1) != A) is True
    doubled = np.float32(2) * A
    assert isinstance(doubled, td.Tensor) and doubled.name == "mul"


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda: np.exp(A[i]), "try: td.exp(A[i])"),
        (lambda: np.arctan2(A[i], 1.0), "try: td.atan2(A[i], 1.0)"),
        (lambda: np.maximum(A, 0.0), "try: td.maximum(A, 0.0)"),
        (lambda: np.where(A[i] > 0, 1, 2), "try: td.where(A[i] > 0.0, 1, 2)"),
        (lambda: np.clip(A[i], 0, 1), "try: td.clamp(A[i], 0, 1)"),
        (lambda: np.sum(A), "try: td.sum(…, over=k), k a td.reduce_axis"),
        (lambda: np.add.reduce(A), "try: td.sum(A[…, k], over=k)"),
        (lambda: np.dot(A, A), "try: A @ B, or td.ops"),
        (lambda: np.frexp(A[i]), "A[i] has no values before a kernel runs"),
        (lambda: np.ones(3) * A[i], 'A = td.placeholder("A", shape, dtype)'),
        (lambda: np.ones((3, 3)) @ B, "td.ops"),
        (lambda: B @ np.ones(3), 'B = td.placeholder("B", shape, dtype)'),
        (lambda: np.array(A), "td.build(td.schedule(…))(…) computes it"),
        (lambda: A.__setitem__(0, 1), 'U = td.update("U", A'),
    ],
)
def test_functions_are_refused_and_ours_named(call, advice):
    with pytest.raises(td.ArgumentTypeError, match=r"E11[34]") as caught:
        call()
    assert advice in str(caught.value) and "test_ufuncs.py" in str(caught.value)


def test_the_matrix_product_of_whole_tensors():
    product = A @ B
    assert product.name == "matmul" and product.extents == A.extents
    a, b = np.arange(3, dtype=np.float32), np.arange(9, dtype=np.float32).reshape(3, 3)
    assert np.array_equal(td.build(td.schedule(product))(a, b), a @ b)
