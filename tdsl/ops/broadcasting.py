"""Shapes that meet: NumPy's broadcasting of tensors and scalars, axes counted from the end. Operands in, shapes and reads out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import index
from typing import SupportsIndex, cast

import tdsl as td

Extent = int | td.Expr
Operand = td.Tensor | td.Expr | int | float
Index = tuple[td.Expr | int, ...]
NARROW = ("float16", "bfloat16")
"""Dtypes that are computed with in float32 where a result is made of several steps."""


def is_one(extent: Extent) -> bool:
    """Whether an extent is the number 1, which broadcasts; a size is not, whatever a call brings."""
    return isinstance(extent, int) and extent == 1


def agree(what: str, a: Extent, b: Extent, message: str) -> None:
    """Two extents must be equal: checked now where both are numbers, else a fact of the call."""
    if a is b:
        return
    td.check(a == b, f"{what}: {message}", error=td.ShapeError)


def agree_shapes(what: str, a: Sequence[Extent], b: Sequence[Extent], message: str) -> None:
    """Two shapes must be equal, extent by extent (`agree`). Errors: E130 ranks or extents that differ."""
    td.check(len(a) == len(b), f"{what}: {message}", error=td.ShapeError)
    for mine, theirs in zip(a, b, strict=True):
        agree(what, mine, theirs, message)


def broadcast_shape(what: str, *operands: Operand) -> tuple[Extent, ...]:
    """The shape of the operands together.

    Errors: E130 extents that differ and are not 1. Source: NumPy's broadcasting rules, aligned at the last axis.
    """
    shapes = [operand.shape for operand in operands if isinstance(operand, td.Tensor)]
    return broadcast_shapes(what, shapes, f"shapes {' and '.join(map(str, shapes))} do not broadcast")


def broadcast_shapes(what: str, shapes: Sequence[tuple[Extent, ...]], message: str) -> tuple[Extent, ...]:
    """The common shape of several, aligned at the last axis; `message` says what is wrong where they have none."""
    rank = max(map(len, shapes), default=0)
    found: list[Extent] = []
    for place in range(-rank, 0):
        extents = [shape[place] for shape in shapes if len(shape) >= -place]
        wide = [extent for extent in extents if not is_one(extent)]
        for other in wide[1:]:
            agree(what, wide[0], other, message)
        found.append(wide[0] if wide else 1)
    return tuple(found)


def element(operand: Operand, at: Sequence[td.Expr | int]) -> td.Expr | int | float:
    """An operand's value at a point of the common shape."""
    if not isinstance(operand, td.Tensor):
        return operand
    inside = at[len(at) - operand.ndim :]
    index = tuple(
        0 if is_one(extent) else subscript for extent, subscript in zip(operand.shape, inside, strict=True)
    )
    return operand[index]


def pointwise(name: str, function: Callable[..., object], *operands: Operand) -> td.Tensor:
    """The stage whose elements are `function` of the operands' elements, broadcast."""

    def value(*at: td.Expr) -> object:
        return function(*(element(operand, at) for operand in operands))

    return td.compute(name, broadcast_shape(name, *operands), value)


def normalized_axes(what: str, axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """Axes counted from 0, ascending; all of them for None.

    Errors: E130 no such axis, one named twice, or what is no integer.
    """
    several = tuple(range(ndim)) if axis is None else axis if isinstance(axis, (tuple, list)) else (axis,)
    given = tuple(_integer(what, each) for each in several)
    for each in given:
        td.check(
            -ndim <= each < ndim, f"{what}: there is no axis {each} in {ndim} dimensions", error=td.ShapeError
        )
    found = tuple(sorted({each % ndim for each in given}))
    td.check(len(found) == len(given), f"{what}: an axis is named twice in {given}", error=td.ShapeError)
    return found


def _integer(what: str, axis: object) -> int:
    if not isinstance(axis, bool) and hasattr(axis, "__index__"):
        return index(cast("SupportsIndex", axis))
    raise td.ArgumentTypeError("E130", f"{what}: an axis is an integer, not {axis!r}")


def one_axis(what: str, axis: int, ndim: int) -> int:
    """An axis counted from 0. Errors: E130 no such axis."""
    return normalized_axes(what, _integer(what, axis), ndim)[0]


def replaced(at: Sequence[td.Expr | int], axis: int, subscript: td.Expr | int) -> Index:
    """A point with one subscript replaced."""
    return (*at[:axis], subscript, *at[axis + 1 :])


def without(at: Sequence[td.Expr | int], *axes: int) -> Index:
    """A point without some axes."""
    return tuple(subscript for place, subscript in enumerate(at) if place not in axes)


def is_float(x: td.Tensor) -> bool:
    """Whether a tensor holds floats."""
    return "float" in x.dtype.name


def check_floats(what: str, x: td.Tensor) -> None:
    """Errors: E130 a tensor that holds no floats."""
    td.check(is_float(x), f"{what}: x is of floats, not {x.dtype.name}", error=td.DTypeError)


def is_integer(x: td.Tensor) -> bool:
    """Whether a tensor holds integers."""
    return "int" in x.dtype.name


def count_of(extents: Sequence[Extent], dtype: str) -> td.Expr:
    """How many elements there are, as a value of a dtype."""
    number: Extent = 1
    for extent in extents:
        number = number * extent
    return td.cast(number, dtype)


def summed_dtype(x: td.Tensor) -> str:
    """The dtype that sums have (the array API): 64 bits of integers and bools, the tensor's own of floats."""
    if is_float(x):
        return x.dtype.name
    return "uint64" if x.dtype.name.startswith("uint") else "int64"
