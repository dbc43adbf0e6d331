"""Elements picked by index: take, embedding, one_hot. Tensors of values and of integers in, a tensor out.

On arrays every index is checked before anything is written; in an expression an index tensor needs a declared `range=`,
and one without is clamped.
"""

from __future__ import annotations

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, is_integer, one_axis
from tdsl.ops.operator import op

Array = np.ndarray


def _place(index: td.Expr, extent: Extent, tensor: td.Tensor) -> td.Expr:
    """A subscript from an index: negative ones count from the end; held inside where the tensor declares no range."""
    signed = not tensor.dtype.name.startswith("uint")
    wide = td.cast(index, "int64") if tensor.dtype.name != "int64" else index
    found = td.where(wide < 0, wide + extent, wide) if signed else wide
    return td.clamp(found, 0, extent - 1)


def _range(tensor: object, extent: Extent) -> tuple[object, object]:
    unsigned = isinstance(tensor, td.Tensor) and tensor.dtype.name.startswith("uint")
    return (0 if unsigned else -extent, extent)


def _check_indices(what: str, indices: td.Tensor) -> None:
    td.check(
        is_integer(indices), f"{what}: indices are integers, not {indices.dtype.name}", error=td.DTypeError
    )


def _take_range(**given: object) -> tuple[object, object]:
    x, axis = given["x"], given["axis"]
    assert isinstance(x, td.Tensor) and isinstance(axis, int)
    return _range(given["indices"], x.shape[one_axis("take", axis, x.ndim)])


@op(reference=lambda x, indices, axis=0: np.take(x, indices, axis=axis), ranges={"indices": _take_range})
def take(x: td.Tensor, indices: td.Tensor, axis: int = 0) -> td.Tensor:
    """Slices of x along an axis, in the order of `indices`.

    Args:
        x: any shape but a scalar. indices: integers of any shape in -n … n - 1 for an axis of n; negative from the end.

    Returns: x's shape with the axis replaced by the shape of `indices`.

    Errors: C1xx an index out of range; E130 indices that are no integers, an empty axis. Source: NumPy's `take`, ONNX's
    Gather.
    """
    _check_indices("take", indices)
    at = one_axis("take", axis, x.ndim)
    extent = x.shape[at]
    td.check(extent >= 1, f"take: axis {axis} is empty", error=td.ShapeError)
    rank = indices.ndim

    def value(*place: td.Expr) -> td.Expr:
        index = indices[place[at : at + rank]]
        return x[(*place[:at], _place(index, extent, indices), *place[at + rank :])]

    return td.compute("take", (*x.shape[:at], *indices.shape, *x.shape[at + 1 :]), value)


def _embedding_range(**given: object) -> tuple[object, object]:
    weight = given["weight"]
    assert isinstance(weight, td.Tensor)
    return (0, weight.shape[0])


@op(reference=lambda indices, weight: weight[indices], ranges={"indices": _embedding_range})
def embedding(indices: td.Tensor, weight: td.Tensor) -> td.Tensor:
    """Rows of a table.

    Args:
        indices: integers of any shape in 0 … n - 1. weight: (n, width).

    Returns: (*indices.shape, width). Errors: as `take`. Source: PyTorch's `functional.embedding`.
    """
    _check_indices("embedding", indices)
    td.check(weight.ndim == 2, "embedding: weight is a table (n, width)", error=td.ShapeError)
    td.check(weight.shape[0] >= 1, "embedding: weight has no rows", error=td.ShapeError)

    def value(*place: td.Expr) -> td.Expr:
        return weight[td.clamp(td.cast(indices[place[:-1]], "int64"), 0, weight.shape[0] - 1), place[-1]]

    return td.compute("embedding", (*indices.shape, weight.shape[1]), value)


def _one_hot_reference(indices: Array, num_classes: int, dtype: str = "float32") -> Array:
    return (indices[..., None] == np.arange(num_classes)).astype(dtype)


@op(reference=_one_hot_reference)
def one_hot(indices: td.Tensor, num_classes: int, dtype: str = "float32") -> td.Tensor:
    """1 where the last subscript is the index, else 0; zeros only for an index outside 0 … num_classes - 1.

    Args:
        indices: integers of any shape. num_classes: the extent of the new last axis.

    Source: ONNX's OneHot with depth and values (0, 1).
    """
    _check_indices("one_hot", indices)
    td.check(num_classes >= 0, f"one_hot: num_classes is not negative, not {num_classes}")

    def value(*place: td.Expr) -> td.Expr:
        hit = td.cast(indices[place[:-1]], "int64") == place[-1]
        return td.cast(td.where(hit, 1, 0), dtype)

    return td.compute("one_hot", (*indices.shape, num_classes), value)
