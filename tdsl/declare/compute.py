"""`td.compute`: a stage from a callable of its axes.

In: a name (or several), a shape and a callable. Out: a tensor (or several) whose every read is proved in bounds.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import overload

from tdsl.declare.domain import checked_domain, checked_fill
from tdsl.declare.extent import checked_shape
from tdsl.declare.names import checked_name, entries, shown
from tdsl.declare.stage import Draft, make_stage
from tdsl.declare.trace import axis_names, call, check_pure, data_axes
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentError, DuplicateNameError
from tdsl.expr.tensor import Tensor
from tdsl.location import Location, here, hide_internal_frames


@overload
def compute(
    name: str, shape: object, value: Callable[..., object], *, axes: Sequence[str] | None = None,
    where: Callable[..., object] | None = None, fill: object = None, dtype: DType | str | type | None = None,
) -> Tensor: ...  # fmt: skip


@overload
def compute(
    name: tuple[str, ...] | list[str], shape: object, value: Callable[..., object], *,
    axes: Sequence[str] | None = None, where: Callable[..., object] | None = None, fill: object = None,
    dtype: DType | str | type | None = None,
) -> tuple[Tensor, ...]: ...  # fmt: skip


@hide_internal_frames
def compute(
    name: object,
    shape: object,
    value: Callable[..., object],
    *,
    axes: Sequence[str] | None = None,
    where: Callable[..., object] | None = None,
    fill: object = None,
    dtype: DType | str | type | None = None,
) -> Tensor | tuple[Tensor, ...]:
    """A stage: the element at every point of `shape` is what `value` returns for its axes.

    Args:
        name: of the tensor; a tuple of names for a stage of several tensors, whose callable returns as many values.
        shape: a tuple of extents: ints, sizes, affine expressions of them, products of sizes.
        value: any pure callable; its parameters name the axes (`*idx` gives d0, d1, …), one a dimension.
        axes: other names for the axes.
        where: a callable as `value` that gives a condition, affine in axes and sizes: the points that are computed.
        fill: the value of the other points, default 0.
        dtype: converts the value as `td.cast` does.

    Returns: a tensor, or a tuple of tensors where `name` is one.

    Errors: E104 shape; E106 an axis without a loop; E107 number of parameters; E108 names; E109, E110 names and facts
    that clash; E111 what the callable returns; E115 an argument; E117 a domain that is not affine; E119 a callable
    that is not pure; E208 no dtype; E301 to E303 a read that is not proved in bounds.
    Source: TVM's `te.compute`, Halide's pure definitions.
    """
    at = here()
    names = checked_names(name, at)
    extents = checked_shape(shape, names[0], at)
    handles = data_axes(axis_names(value, extents, axes, names[0], at), extents, at)
    listed = not isinstance(name, str)
    values = call(value, handles, len(names), names[0], at, listed=listed)
    check_pure(values, call(value, handles, len(names), names[0], at, listed=listed), names[0], at)
    domain = checked_domain(where, handles, names[0], at)
    tensors = make_stage(
        Draft(
            names=names,
            axes=handles,
            values=values,
            dtype=None if dtype is None else as_dtype(dtype, where=at),
            domain=domain.nodes,
            fill=checked_fill(fill, where is not None, names[0], at),
            origins=(*extents.origins, *domain.origins),
            where=at,
        )
    )
    return tensors[0] if isinstance(name, str) else tensors


def checked_names(given: object, where: Location) -> tuple[str, ...]:
    """The names of a stage's tensors. Errors: E105 one name twice; E108 no name."""
    if isinstance(given, str):
        return (checked_name(given, "a stage", where),)
    parts = entries(given)
    if not parts:
        raise ArgumentError(
            "E108", f"the name of a stage is a string or a tuple of strings, not {shown(given)}", where=where
        )
    names = tuple(checked_name(name, "a tensor", where) for name in parts)
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DuplicateNameError("E105", f"two tensors of one stage are called {name}", where=where)
    return names
