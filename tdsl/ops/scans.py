"""Running sums and products along an axis: recurrences. A tensor in, a tensor of its shape out."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import is_float, is_integer, one_axis, summed_dtype
from tdsl.ops.operator import op
from tdsl.ops.row_classes import SCANS


def _scan(
    name: str, x: td.Tensor, axis: int, combine: Callable[[td.Expr, td.Expr], td.Expr], first: int | float,
    dtype: str,
) -> td.Tensor:  # fmt: skip
    at = one_axis(name, axis, x.ndim)

    def value(running: td.Tensor, *place: td.Expr) -> td.Expr:
        before = running[(*place[:at], place[at] - 1, *place[at + 1 :])]
        start = td.where(place[at] > 0, before, td.cast(first, dtype))
        return combine(start, td.cast(x[place], dtype))

    return td.recurrence(name, x.shape, value, dtype=dtype)


def _sum(a: td.Expr, b: td.Expr) -> td.Expr:
    return a + b


def _product(a: td.Expr, b: td.Expr) -> td.Expr:
    return a * b


@op(reference=lambda x, axis=-1: np.cumsum(x, axis=axis), cpu=SCANS)
def cumsum(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """Sums of the elements up to each along an axis, in order.

    Args:
        x: any shape but a scalar; integers are summed in 64 bits.

    Source: the array API's `cumulative_sum`, NumPy's and ONNX's CumSum.
    """
    return _scan("cumsum", x, axis, _sum, 0, summed_dtype(x))


@op(reference=lambda x, axis=-1: np.cumprod(x, axis=axis), cpu=SCANS)
def cumprod(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """Products of the elements up to each along an axis, in order; dtypes as `cumsum`. Source: the array API's
    `cumulative_prod`.
    """
    return _scan("cumprod", x, axis, _product, 1, summed_dtype(x))


def _least(x: td.Tensor) -> int | float:
    """What no element of x is below. Errors: E130 bools."""
    if is_float(x):
        return -float("inf")
    td.check(is_integer(x), f"x is of numbers, not {x.dtype.name}", error=td.DTypeError)
    return int(np.iinfo(x.dtype.name).min)


def _greatest(x: td.Tensor) -> int | float:
    """What no element of x is above. Errors: E130 bools."""
    if is_float(x):
        return float("inf")
    td.check(is_integer(x), f"x is of numbers, not {x.dtype.name}", error=td.DTypeError)
    return int(np.iinfo(x.dtype.name).max)


@op(reference=lambda x, axis=-1: np.maximum.accumulate(x, axis), cpu=SCANS)
def cummax(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """The greatest of the elements up to each along an axis, NaN from the first NaN on.

    Args:
        x: any shape but a scalar, numbers.

    Source: PyTorch's `torch.cummax`, its values.
    """
    return _scan("cummax", x, axis, td.maximum, _least(x), x.dtype.name)


@op(reference=lambda x, axis=-1: np.minimum.accumulate(x, axis), cpu=SCANS)
def cummin(x: td.Tensor, axis: int = -1) -> td.Tensor:
    """The least of the elements up to each along an axis, NaN from the first NaN on. Source: PyTorch's `torch.cummin`."""
    return _scan("cummin", x, axis, td.minimum, _greatest(x), x.dtype.name)
