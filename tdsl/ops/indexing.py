"""Elements picked by index: take, embedding, one_hot. Tensors of values and of integers in, a tensor out.

On arrays every index is checked before anything is written; in an expression an index tensor needs a declared `range=`,
and one without is clamped.
"""

from __future__ import annotations

from typing import cast

import numpy as np

import tdsl as td
from tdsl.ops.broadcasting import Extent, agree, agree_shapes, is_integer, one_axis, replaced
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
    x, axis = given["x"], cast("int", given["axis"])
    assert isinstance(x, td.Tensor)
    return _range(given["indices"], x.shape[one_axis("take", axis, x.ndim)])


@op(
    reference=lambda x, indices, axis=0: np.take(x, indices, axis=axis),
    ranges={"indices": _take_range},
    cpu=td.schedules.pointwise,
)
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


@op(
    reference=lambda indices, weight: weight[indices],
    ranges={"indices": _embedding_range},
    cpu=td.schedules.pointwise,
)
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


@op(reference=_one_hot_reference, cpu=td.schedules.pointwise)
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


def _along_range(**given: object) -> tuple[object, object]:
    x, axis = given["x"], cast("int", given["axis"])
    assert isinstance(x, td.Tensor)
    return _range(given["indices"], x.shape[one_axis("take_along_axis", axis, x.ndim)])


@op(
    reference=lambda x, indices, axis=-1: np.take_along_axis(x, indices, axis),
    ranges={"indices": _along_range},
    cpu=td.schedules.pointwise,
)
def take_along_axis(x: td.Tensor, indices: td.Tensor, axis: int = -1) -> td.Tensor:
    """The element of x along an axis that the index at the same place names.

    Args:
        x: any shape but a scalar. indices: integers of x's rank, x's extents in the other axes.

    Returns: the shape of `indices`. Errors: as `take`. Source: the array API's `take_along_axis`, ONNX's GatherElements.
    """
    _check_indices("take_along_axis", indices)
    at = one_axis("take_along_axis", axis, x.ndim)
    td.check(
        indices.ndim == x.ndim, f"take_along_axis: ranks {x.ndim} and {indices.ndim}", error=td.ShapeError
    )
    for each in range(x.ndim):
        if each != at:
            agree(
                "take_along_axis",
                x.shape[each],
                indices.shape[each],
                f"{x.shape} and {indices.shape} differ in axis {each}",
            )
    extent = x.shape[at]
    td.check(extent >= 1, f"take_along_axis: axis {axis} is empty", error=td.ShapeError)

    def value(*place: td.Expr) -> td.Expr:
        return x[replaced(place, at, _place(indices[place], extent, indices))]

    return td.compute("take_along_axis", indices.shape, value)


def _index_add_reference(x: Array, indices: Array, source: Array) -> Array:
    found = x.copy()
    np.add.at(found, indices, source)
    return found


def _index_add_range(**given: object) -> tuple[object, object]:
    x = given["x"]
    assert isinstance(x, td.Tensor)
    return (0, x.shape[0])


@op(reference=_index_add_reference, ranges={"indices": _index_add_range}, cpu=td.schedules.scans)
def index_add(x: td.Tensor, indices: td.Tensor, source: td.Tensor) -> td.Tensor:
    """X with the rows of `source` added to the rows that `indices` names, one after the other.

    Args:
        x: (n, ...). indices: (k,), integers in 0 … n - 1. source: (k, ...), of x's dtype.

    Errors: E130 shapes that do not fit; C112 an index out of range. Source: PyTorch's `torch.index_add` along axis 0.
    """
    _check_indices("index_add", indices)
    td.check(
        x.ndim > 0 and indices.ndim == 1, "index_add: x has rows, indices is a vector", error=td.ShapeError
    )
    agree_shapes(
        "index_add",
        source.shape,
        (indices.shape[0], *x.shape[1:]),
        f"{source.shape} are no rows for {indices.shape} indices of {x.shape}",
    )
    td.check(x.shape[0] >= 1, "index_add: x has no rows", error=td.ShapeError)
    over = [td.axis(f"r{each}", extent) for each, extent in enumerate(source.shape)]
    row = td.clamp(td.cast(indices[over[0]], "int64"), 0, x.shape[0] - 1)
    place = (row, *over[1:])

    def value(running: td.Tensor) -> td.Expr:
        return running[place] + source[tuple(over)]

    return td.update("index_add", x, over=tuple(over), at=place, value=value)
