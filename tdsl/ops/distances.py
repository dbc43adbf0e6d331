"""Norms and distances along axes. Tensors in, a tensor of the axes that are kept out.

Names are the array API's, PyTorch's and ONNX's, as each docstring says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import (
    agree,
    agree_shapes,
    check_floats,
    normalized_axes,
    one_axis,
    summed_dtype,
    without,
)
from tdsl.ops.operator import op
from tdsl.ops.reductions import Axis, reduced
from tdsl.ops.row_classes import AXES

Array = np.ndarray


def _norm_reference(x: Array, axis: Axis = None, ord: float = 2.0, keepdims: bool = False) -> object:
    axes = tuple(range(x.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    wide = np.abs(x.astype(np.float64))
    if np.isinf(ord):
        return wide.max(axes, keepdims=keepdims) if ord > 0 else wide.min(axes, keepdims=keepdims)
    if ord == 0:
        return (wide != 0).sum(axes, keepdims=keepdims).astype(np.float64)
    return (wide**ord).sum(axes, keepdims=keepdims) ** (1 / ord)


@op(reference=_norm_reference, cpu=AXES)
def vector_norm(x: td.Tensor, axis: Axis = None, ord: float = 2.0, keepdims: bool = False) -> td.Tensor:
    """sum(|x|^ord)^(1/ord) over `axis`; the greatest and least magnitude for +-inf, how many are not 0 for 0.

    Args:
        x: any shape, floats.

    Errors: E130 a NaN for ord, an empty axis for +-inf. Source: the array API's `linalg.vector_norm`; ONNX's ReduceL1, L2.
    """
    check_floats("vector_norm", x)
    td.check(ord == ord, "vector_norm: ord is a number")
    if ord in (float("inf"), -float("inf")):
        for each in normalized_axes("vector_norm", axis, x.ndim):
            td.check(x.shape[each] >= 1, f"vector_norm: axis {each} is empty", error=td.ShapeError)

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        return _norm(td.abs(read()), over, ord)

    return reduced("vector_norm", x, axis, keepdims, value)


def _norm(magnitude: td.Expr, over: Sequence[td.AxisHandle], order: float) -> td.Expr:
    def total(term: td.Expr) -> td.Expr:
        return td.sum(term, over=over) if over else term

    if order == float("inf"):
        return td.max(magnitude, over=over) if over else magnitude
    if order == -float("inf"):
        return td.min(magnitude, over=over) if over else magnitude
    if order == 0:
        return total(td.cast(td.where(magnitude != 0.0, 1, 0), magnitude.dtype))
    if order == 1:
        return total(magnitude)
    if order == 2:
        return td.sqrt(total(magnitude * magnitude))
    return td.pow(total(td.pow(magnitude, order)), 1 / order)


@op(
    reference=lambda x, axis=None, keepdims=False: np.sum(
        np.square(x), axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims
    ),
    cpu=AXES,
)
def sum_square(x: td.Tensor, axis: Axis = None, keepdims: bool = False) -> td.Tensor:
    """The sum of squares over `axis`; integers in 64 bits. Source: ONNX's ReduceSumSquare."""
    wide = summed_dtype(x)

    def value(read: Callable[..., td.Expr], over: Sequence[td.AxisHandle]) -> object:
        term = read() if x.dtype.name == wide else td.cast(read(), wide)
        return td.sum(term * term, over=over) if over else term * term

    return reduced("sum_square", x, axis, keepdims, value)


def _cosine_reference(x: Array, y: Array, axis: int = -1, eps: float = 1e-8) -> Array:
    a, b = x.astype(np.float64), y.astype(np.float64)
    norms = np.maximum(np.sqrt((a * a).sum(axis) * (b * b).sum(axis)), eps)
    return (a * b).sum(axis) / norms


@op(reference=_cosine_reference, cpu=AXES)
def cosine_similarity(x: td.Tensor, y: td.Tensor, axis: int = -1, eps: float = 1e-8) -> td.Tensor:
    """The sum of x * y along an axis, by the product of their lengths (at least eps).

    Args:
        x, y: floats of one shape.

    Errors: E130. Source: PyTorch's `functional.cosine_similarity`.
    """
    at = _along("cosine_similarity", x, y, axis)
    k = td.reduce_axis("k", x.shape[at])

    def value(*rest: td.Expr) -> td.Expr:
        place = (*rest[:at], k, *rest[at:])
        product = td.sum(x[place] * y[place], over=k)
        squares = td.sum(x[place] * x[place], over=k) * td.sum(y[place] * y[place], over=k)
        return product / td.maximum(td.sqrt(squares), eps)

    return td.compute("cosine_similarity", without(x.shape, at), value)


def _distance_reference(x: Array, y: Array, axis: int = -1, eps: float = 1e-6) -> Array:
    return np.sqrt(((x.astype(np.float64) - y + eps) ** 2).sum(axis))


@op(reference=_distance_reference, cpu=AXES)
def pairwise_distance(x: td.Tensor, y: td.Tensor, axis: int = -1, eps: float = 1e-6) -> td.Tensor:
    """sqrt(sum((x - y + eps)^2)) along an axis.

    Args: as `cosine_similarity`.

    Source: PyTorch's `functional.pairwise_distance`.
    """
    at = _along("pairwise_distance", x, y, axis)
    k = td.reduce_axis("k", x.shape[at])

    def value(*rest: td.Expr) -> td.Expr:
        place = (*rest[:at], k, *rest[at:])
        off = x[place] - y[place] + eps
        return td.sqrt(td.sum(off * off, over=k))

    return td.compute("pairwise_distance", without(x.shape, at), value)


def _along(what: str, x: td.Tensor, y: td.Tensor, axis: int) -> int:
    check_floats(what, x)
    agree_shapes(what, x.shape, y.shape, f"shapes {x.shape} and {y.shape} differ")
    return one_axis(what, axis, x.ndim)


def _cdist_reference(x: Array, y: Array) -> Array:
    off = x.astype(np.float64)[..., :, None, :] - y[..., None, :, :]
    return np.sqrt((off * off).sum(-1))


@op(reference=_cdist_reference, cpu=td.schedules.products)
def cdist(x: td.Tensor, y: td.Tensor) -> td.Tensor:
    """The Euclidean distance of every row of x to every row of y.

    Args:
        x: (m, k). y: (n, k). Floats.

    Returns: (m, n). Errors: E130. Source: PyTorch's `torch.cdist` with p = 2.
    """
    check_floats("cdist", x)
    td.check(x.ndim == 2 and y.ndim == 2, "cdist: x and y are matrices of rows", error=td.ShapeError)
    agree("cdist", x.shape[1], y.shape[1], f"rows of {x.shape[1]} and {y.shape[1]}")
    k = td.reduce_axis("k", x.shape[1])

    def value(i: td.Expr, j: td.Expr) -> td.Expr:
        return td.sqrt(td.sum((x[i, k] - y[j, k]) * (x[i, k] - y[j, k]), over=k))

    return td.compute("cdist", (x.shape[0], y.shape[0]), value)
