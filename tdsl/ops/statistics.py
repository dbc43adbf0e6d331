"""Statistics along axes. Tensors in, a tensor of the axes that are kept out.

Names are the array API's, NumPy's, PyTorch's and ONNX's, as each docstring says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import agree, check_floats, count_of, normalized_axes, one_axis, without
from tdsl.ops.elements import applied
from tdsl.ops.operator import op
from tdsl.ops.reductions import Axis, reduced, var
from tdsl.ops.reductions import max as _max
from tdsl.ops.reductions import min as _min
from tdsl.ops.row_classes import AXES

Array = np.ndarray


def _axes(axis: Axis) -> int | tuple[int, ...] | None:
    return tuple(axis) if isinstance(axis, (tuple, list)) else axis  # pyright: ignore[reportReturnType]


def _std_reference(x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> object:
    return np.std(x, axis=_axes(axis), ddof=correction, keepdims=keepdims)


@op(reference=_std_reference, cpu=AXES)
def std(x: td.Tensor, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> td.Tensor:
    """The square root of `var`. Args: as `var`. Source: the array API's `std`."""
    check_floats("std", x)
    spread = applied(var, x, axis=axis, correction=correction, keepdims=keepdims)

    def value(*at: td.Expr) -> td.Expr:
        return td.sqrt(spread[at])

    return td.compute("std", spread.shape, value)


def _count_reference(x: Array, axis: Axis = None, keepdims: bool = False) -> object:
    return np.asarray(np.count_nonzero(x, axis=_axes(axis), keepdims=keepdims), np.int64)


@op(reference=_count_reference, cpu=AXES)
def count_nonzero(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """How many elements over `axis` are not 0, int64; NaN is not 0. Source: the array API's `count_nonzero`."""

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        found = read() if x.dtype.name == "bool" else read() != 0
        term = td.cast(td.where(found, 1, 0), "int64")
        return td.sum(term, over=over) if over else term

    return reduced("count_nonzero", x, axis, keepdims, value)


def _ptp_reference(x: Array, axis: Axis = None, keepdims: bool = False) -> object:
    return np.ptp(x, axis=_axes(axis), keepdims=keepdims)


@op(reference=_ptp_reference, cpu=AXES)
def ptp(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The greatest less the least element over `axis`, integers wrapped.

    Errors: E130 an empty axis. Source: NumPy's `ptp`.
    """
    td.check(x.dtype.name != "bool", "ptp: x is of numbers, not bool", error=td.DTypeError)
    high, low = applied(_max, x, axis, keepdims), applied(_min, x, axis, keepdims)

    def value(*at: td.Expr) -> td.Expr:
        return high[at] - low[at]

    return td.compute("ptp", high.shape, value)


def _nan_folded(
    name: str, x: td.Tensor, axis: Axis, keepdims: bool, fold: Callable[..., td.Expr], missing: float
) -> td.Tensor:
    """A fold over the elements that are no NaN; `missing` stands for those that are."""
    check_floats(name, x)

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        term = td.where(td.isnan(read()), td.cast(missing, x.dtype), read())
        return fold(term, over=over) if over else term

    return reduced(name, x, axis, keepdims, value)


def _nan_reference(function: Callable[..., object]) -> Callable[..., object]:
    def called(x: Array, axis: Axis = None, keepdims: bool = False) -> object:
        return function(x, axis=_axes(axis), keepdims=keepdims)

    return called


@op(reference=_nan_reference(np.nansum), cpu=AXES)
def nansum(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The sum over `axis` of what is no NaN. Args: x: floats. Source: NumPy's `nansum`."""
    return _nan_folded("nansum", x, axis, keepdims, td.sum, 0.0)


@op(reference=_nan_reference(np.nanprod), cpu=AXES)
def nanprod(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The product over `axis` of what is no NaN. Args: x: floats. Source: NumPy's `nanprod`."""
    return _nan_folded("nanprod", x, axis, keepdims, td.prod, 1.0)


def _nan_extreme(
    name: str, x: td.Tensor, axis: Axis, keepdims: bool, fold: Callable[..., td.Expr], missing: float
) -> td.Tensor:
    """As `_nan_folded`; NaN where no element is a number."""
    for each in normalized_axes(name, axis, x.ndim):
        td.check(x.shape[each] >= 1, f"{name}: axis {each} is empty", error=td.ShapeError)
    found = _nan_folded(name, x, axis, keepdims, fold, missing)

    def some(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        number = td.logical_not(td.isnan(read()))
        return td.any(number, over=over) if over else number

    numbers = reduced(f"{name}_some", x, axis, keepdims, some)

    def value(*at: td.Expr) -> td.Expr:
        return td.where(numbers[at], found[at], td.cast(float("nan"), x.dtype))

    return td.compute(f"{name}_value", found.shape, value)


@op(reference=_nan_reference(np.nanmax), cpu=AXES)
def nanmax(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The greatest number over `axis`, NaN only where there is none. Args: x: floats. Errors: E130 an empty axis.

    Source: NumPy's `nanmax`.
    """
    return _nan_extreme("nanmax", x, axis, keepdims, td.max, -float("inf"))


@op(reference=_nan_reference(np.nanmin), cpu=AXES)
def nanmin(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The least number over `axis`, NaN only where there is none. As `nanmax`. Source: NumPy's `nanmin`."""
    return _nan_extreme("nanmin", x, axis, keepdims, td.min, float("inf"))


@op(reference=_nan_reference(np.nanmean), cpu=AXES)
def nanmean(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The mean over `axis` of what is no NaN; NaN of nothing. Args: x: floats. Source: NumPy's `nanmean`."""
    total = _nan_folded("nanmean_sum", x, axis, keepdims, td.sum, 0.0)

    def one(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        term = td.cast(td.where(td.isnan(read()), 0, 1), x.dtype)
        return td.sum(term, over=over) if over else term

    numbers = reduced("nanmean_count", x, axis, keepdims, one)

    def value(*at: td.Expr) -> td.Expr:
        return total[at] / numbers[at]

    return td.compute("nanmean", total.shape, value)


def _average_reference(x: Array, weights: Array, axis: int = -1) -> object:
    return np.average(x, axis=axis, weights=weights)


@op(reference=_average_reference, cpu=AXES)
def average(x: td.Tensor, weights: td.Tensor, axis: int = -1) -> td.Tensor:
    """sum(x * weights) / sum(weights) along an axis.

    Args:
        x: floats, any shape but a scalar. weights: as long as the axis, of x's dtype.

    Errors: E130. Source: NumPy's `average` with weights for one axis.
    """
    check_floats("average", x)
    at = one_axis("average", axis, x.ndim)
    td.check(weights.ndim == 1, "average: weights are a vector", error=td.ShapeError)
    agree("average", weights.shape[0], x.shape[at], f"{weights.shape[0]} weights for {x.shape[at]} elements")
    k = td.reduce_axis("k", x.shape[at])

    def value(*rest: td.Expr) -> td.Expr:
        place = (*rest[:at], k, *rest[at:])
        return td.sum(x[place] * weights[k], over=k) / td.sum(weights[k], over=k)

    return td.compute("average", without(x.shape, at), value)


def _cov_reference(x: Array, correction: float = 1.0) -> object:
    off = x - x.mean(1, keepdims=True)
    return off @ off.T / (x.shape[1] - correction)


@op(reference=_cov_reference, cpu=td.schedules.products)
def cov(x: td.Tensor, correction: float = 1.0) -> td.Tensor:
    """The covariance of the rows: the mean of (x_i - mean_i) * (x_j - mean_j), the divisor less `correction`.

    Args:
        x: (variables, observations), floats.

    Returns: (variables, variables). Source: NumPy's `cov`.
    """
    check_floats("cov", x)
    td.check(x.ndim == 2, "cov: x is (variables, observations)", error=td.ShapeError)
    k = td.reduce_axis("k", x.shape[1])
    number = count_of([x.shape[1]], x.dtype.name)

    def mean(i: td.Expr) -> td.Expr:
        return td.sum(x[i, k], over=k) / number

    centre = td.compute("cov_mean", (x.shape[0],), mean)

    def distance(i: td.Expr, j: td.Expr) -> td.Expr:
        return x[i, j] - centre[i]

    off = td.compute("cov_off", x.shape, distance)

    def value(i: td.Expr, j: td.Expr) -> td.Expr:
        return td.sum(off[i, k] * off[j, k], over=k) / (number - correction)

    return td.compute("cov", (x.shape[0], x.shape[0]), value)
