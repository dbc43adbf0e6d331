"""Running sums and products along an axis: recurrences. A tensor in, a tensor of its shape out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import one_axis, summed_dtype
from tdsl.ops.operator import op


def _scan(
    name: str, x: td.Tensor, axis: int, combine: Callable[[td.Expr, td.Expr], td.Expr], first: int
) -> td.Tensor:
    at = one_axis(name, axis, x.ndim)
    dtype = summed_dtype(x)

    def value(running: td.Tensor, *place: td.Expr) -> td.Expr:
        before = running[(*place[:at], place[at] - 1, *place[at + 1 :])]
        start = td.where(place[at] > 0, before, td.cast(first, dtype))
        return combine(start, td.cast(x[place], dtype))

    return td.recurrence(name, x.shape, value, dtype=dtype)


def _sum(a: td.Expr, b: td.Expr) -> td.Expr:
    return a + b


def _product(a: td.Expr, b: td.Expr) -> td.Expr:
    return a * b


@op(reference=lambda x, axis=-1: np.cumsum(x, axis=axis))
def cumsum(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """Sums of the elements up to each along an axis, in order.

    Args:
        x: any shape but a scalar; integers are summed in 64 bits.

    Source: the array API's `cumulative_sum`, NumPy's and ONNX's CumSum.
    """
    return _scan("cumsum", x, axis, _sum, 0)


@op(reference=lambda x, axis=-1: np.cumprod(x, axis=axis))
def cumprod(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """Products of the elements up to each along an axis, in order; dtypes as `cumsum`. Source: the array API's
    `cumulative_prod`.
    """
    return _scan("cumprod", x, axis, _product, 1)
