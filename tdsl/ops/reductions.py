"""Reductions over axes, with keepdims. A tensor in, a tensor of the axes that are kept out.

Names and dtypes are the array API's: sums and products of small integers are widened to 64 bits, means of integers are
float64. Maxima and minima need at least one element.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import (
    Extent,
    check_floats,
    count_of,
    is_float,
    normalized_axes,
    summed_dtype,
    without,
)
from tdsl.ops.operator import op
from tdsl.ops.row_classes import AXES, POSITIONS

Axis = int | Sequence[int] | None
Array = np.ndarray


def reduced(
    name: str,
    x: td.Tensor,
    axis: Axis,
    keepdims: bool,
    value: Callable[[Callable[..., td.Expr], Sequence[td.AxisHandle]], object],
) -> td.Tensor:
    """The stage over the kept axes whose element is `value(read, reduction axes)`.

    Args:
        value: gets a function that gives x's element at the reduction axes of this point, and those axes.
    """
    axes = normalized_axes(name, axis, x.ndim)
    over = {each: td.reduce_axis(f"k{each}", x.shape[each]) for each in axes}
    shape = kept_shape(x, axes, keepdims)

    def body(*at: td.Expr) -> object:
        kept = iter(without(at, *axes) if keepdims else at)
        index = tuple(over[each] if each in over else next(kept) for each in range(x.ndim))
        return value(lambda: x[index], tuple(over.values()))

    return td.compute(name, shape, body)


def kept_shape(x: td.Tensor, axes: Sequence[int], keepdims: bool) -> tuple[Extent, ...]:
    """The shape without the reduced axes, or with 1 in their places."""
    if keepdims:
        return tuple(1 if each in axes else extent for each, extent in enumerate(x.shape))
    return tuple(extent for each, extent in enumerate(x.shape) if each not in axes)


def _folded(name: str, x: td.Tensor, axis: Axis, keepdims: bool, fold: Callable[..., td.Expr]) -> td.Tensor:
    wide = summed_dtype(x)

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        term = read() if x.dtype.name == wide else td.cast(read(), wide)
        return fold(term, over=over) if over else term

    return reduced(name, x, axis, keepdims, value)


def _extreme(name: str, x: td.Tensor, axis: Axis, keepdims: bool, fold: Callable[..., td.Expr]) -> td.Tensor:
    for each in normalized_axes(name, axis, x.ndim):
        td.check(
            x.shape[each] >= 1,
            f"{name}: axis {each} is empty, and nothing has no {name}",
            error=td.ShapeError,
        )

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        return fold(read(), over=over) if over else read()

    return reduced(name, x, axis, keepdims, value)


def _reference(function: Callable[..., object]) -> Callable[..., object]:
    def called(x: Array, axis: Axis = None, keepdims: bool = False) -> object:
        axes = tuple(axis) if isinstance(axis, (tuple, list)) else axis
        return function(x, axis=axes, keepdims=keepdims)

    return called


@op(reference=_reference(np.sum), cpu=AXES)
def sum(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The sum over `axis` (an int, several, or None for all); 0 of nothing.

    Args:
        x: any shape; integers and bools are summed in 64 bits.

    Source: the array API's `sum`.
    """
    return _folded("sum", x, axis, keepdims, td.sum)


@op(reference=_reference(np.prod), cpu=AXES)
def prod(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The product over `axis`; 1 of nothing. Dtypes as `sum`. Source: the array API's `prod`."""
    return _folded("prod", x, axis, keepdims, td.prod)


@op(reference=_reference(np.max), cpu=AXES)
def max(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The greatest element over `axis`, NaN where one is. Errors: E130 an empty axis. Source: the array API's `max`."""
    return _extreme("max", x, axis, keepdims, td.max)


@op(reference=_reference(np.min), cpu=AXES)
def min(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The least element over `axis`, NaN where one is. Errors: E130 an empty axis. Source: the array API's `min`."""
    return _extreme("min", x, axis, keepdims, td.min)


@op(reference=_reference(np.mean), cpu=AXES)
def mean(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The sum over `axis` by the number of terms; of integers in float64; NaN of nothing. Source: the array API's `mean`."""
    axes = normalized_axes("mean", axis, x.ndim)
    dtype = x.dtype.name if is_float(x) else "float64"

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        term = td.cast(read(), dtype)
        return td.sum(term, over=over) / count_of([x.shape[each] for each in axes], dtype) if over else term

    return reduced("mean", x, axis, keepdims, value)


def _var_reference(x: Array, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> object:
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else axis
    return np.var(x, axis=axes, ddof=correction, keepdims=keepdims)


@op(reference=_var_reference, cpu=AXES)
def var(x: td.Tensor, axis: Axis = None, correction: float = 0.0, keepdims: bool = False) -> td.Tensor:
    """The mean of squared distances from the mean over `axis`; the divisor is the number of terms less `correction`.

    Args:
        x: any shape, floats.

    Source: the array API's `var`; two passes, the stable form.
    """
    check_floats("var", x)
    axes = normalized_axes("var", axis, x.ndim)
    dtype = x.dtype.name
    number = count_of([x.shape[each] for each in axes], dtype)
    over = {each: td.reduce_axis(f"k{each}", x.shape[each]) for each in axes}
    centre = reduced(
        "mean", x, axis, False, lambda read, by: td.sum(read(), over=by) / number if by else read()
    )

    def body(*at: td.Expr) -> object:
        kept = without(at, *axes) if keepdims else at
        places = iter(kept)
        index = tuple(over[each] if each in over else next(places) for each in range(x.ndim))
        off = x[index] - centre[kept]
        squares = td.sum(off * off, over=tuple(over.values())) if over else off * off
        return squares / (number - correction)

    return td.compute("var", kept_shape(x, axes, keepdims), body)


@op(reference=_reference(np.all), cpu=AXES)
def all(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """Whether every element over `axis` is true, or not 0; true of nothing. Source: the array API's `all`."""
    return reduced(
        "all",
        x,
        axis,
        keepdims,
        lambda read, over: td.all(_true(read(), x), over=over) if over else _true(read(), x),
    )


@op(reference=_reference(np.any), cpu=AXES)
def any(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """Whether some element over `axis` is true, or not 0; false of nothing. Source: the array API's `any`."""
    return reduced(
        "any",
        x,
        axis,
        keepdims,
        lambda read, over: td.any(_true(read(), x), over=over) if over else _true(read(), x),
    )


def _true(value: td.Expr, x: td.Tensor) -> td.Expr:
    return value if x.dtype.name == "bool" else value != 0


def _indexed(function: Callable[..., object]) -> Callable[..., object]:
    def called(x: Array, axis: int | None = None, keepdims: bool = False) -> object:
        return function(x, axis=axis, keepdims=keepdims)

    return called


def _place(
    name: str, x: td.Tensor, axis: int | None, keepdims: bool, fold: Callable[..., td.Expr],
    extreme: Callable[..., td.Expr],
) -> td.Tensor:  # fmt: skip
    td.check(x.ndim > 0, f"{name}: x has no axis", error=td.ShapeError)
    axes = normalized_axes(name, axis, x.ndim)
    for each in axes:
        td.check(x.shape[each] >= 1, f"{name}: axis {each} is empty", error=td.ShapeError)
    if axes == (x.ndim - 1,) and x.dtype.name != "bool":
        return _place_in_row(name, x, keepdims, extreme)[0]
    if axis is None and x.dtype.name != "bool":
        return _place_in_all(name, x, keepdims, extreme)
    return reduced(name, x, axis, keepdims, lambda read, over: fold(read(), over=over))


def _place_in_all(name: str, x: td.Tensor, keepdims: bool, extreme: Callable[..., td.Expr]) -> td.Tensor:
    """The first place of the extreme value in the flat tensor: in each row, then among rows, and so on outwards.

    The first row that holds it is the one whose extreme it first is, NaN included; rows run side by side and in parallel.
    """
    place, top = _place_in_row(name, x, False, extreme)
    inside: Extent = x.shape[-1]
    while top.ndim:
        row, after = _place_in_row(name, top, False, extreme)
        place = _outwards(name, place, row, top.shape[-1], inside)
        inside, top = inside * top.shape[-1], after
    if not keepdims:
        return place

    def only(*_: td.Expr) -> td.Expr:
        return place[()]

    return td.compute(name, (1,) * x.ndim, only)


def _outwards(name: str, place: td.Tensor, row: td.Tensor, rows: Extent, inside: Extent) -> td.Tensor:
    """Places among all elements of some rows, from places in each and the row that was chosen."""

    def value(*at: td.Expr) -> td.Expr:
        return row[at] * inside + place[(*at, td.clamp(row[at], 0, rows - 1))]

    return td.compute(name, row.shape, value)


def _place_in_row(
    name: str, x: td.Tensor, keepdims: bool, extreme: Callable[..., td.Expr]
) -> tuple[td.Tensor, td.Tensor]:
    """The first place of the extreme value along the last axis: the value, then the least place that holds it; both.

    Two passes over a row in cache take half as long as one whose every term waits for the place so far.
    """
    top = _extreme(f"{name}_value", x, -1, False, extreme)
    k = td.reduce_axis("k", x.shape[-1])

    def body(*at: td.Expr) -> td.Expr:
        kept = at[:-1] if keepdims else at
        term = x[(*kept, k)]
        hit = term == top[kept]
        hit = td.any(hit, td.isnan(term)) if is_float(x) else hit
        return td.min(td.where(hit, k, x.shape[-1]), over=k)

    return td.compute(name, kept_shape(x, (x.ndim - 1,), keepdims), body), top


@op(reference=_indexed(np.argmax), cpu=POSITIONS)
def argmax(x: td.Tensor, axis: int | None = None, keepdims: bool = False) -> td.Tensor:
    """The position of the first greatest element along `axis`, int64; in the flat tensor for None; the first NaN wins.

    Errors: E130 an empty axis. Source: the array API's `argmax`.
    """
    return _place("argmax", x, axis, keepdims, td.argmax, td.max)


@op(reference=_indexed(np.argmin), cpu=POSITIONS)
def argmin(x: td.Tensor, axis: int | None = None, keepdims: bool = False) -> td.Tensor:
    """The position of the first least element along `axis`; as `argmax`. Source: the array API's `argmin`."""
    return _place("argmin", x, axis, keepdims, td.argmin, td.min)


def _logsumexp_reference(x: Array, axis: Axis = None, keepdims: bool = False) -> object:
    wide = x.astype(np.float64)
    axes = tuple(axis) if isinstance(axis, (tuple, list)) else axis
    top = np.max(wide, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, 0)
    found = np.log(np.sum(np.exp(wide - top), axis=axes, keepdims=True)) + top
    return found if keepdims else np.squeeze(found, axis=axes)


@op(reference=_logsumexp_reference, cpu=AXES)
def logsumexp(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """log(sum(exp(x))) over `axis` without overflow. Errors: E130 an empty axis. Source: ONNX's ReduceLogSumExp."""
    check_floats("logsumexp", x)
    axes = normalized_axes("logsumexp", axis, x.ndim)
    greatest = _extreme("logsumexp_max", x, axis, False, td.max)
    over = {each: td.reduce_axis(f"k{each}", x.shape[each]) for each in axes}

    def body(*at: td.Expr) -> object:
        kept = without(at, *axes) if keepdims else at
        places = iter(kept)
        index = tuple(over[each] if each in over else next(places) for each in range(x.ndim))
        top = td.where(td.isfinite(greatest[kept]), greatest[kept], 0.0)
        terms = td.exp(x[index] - top)
        return td.log(td.sum(terms, over=tuple(over.values())) if over else terms) + top

    return td.compute("logsumexp", kept_shape(x, axes, keepdims), body)
