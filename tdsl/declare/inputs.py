"""Arguments of a kernel: `td.placeholder` for arrays, `td.param` for scalars.

In: names, shapes, dtypes and facts. Out: a `Tensor` or a handle that stands in expressions. `range=` makes values
usable as indices (semantics B2), `strides=` and `align=` are layout facts; all are checked at the call before anything
is written.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.declare.extent import Extents, check_bytes, checked_bounds, checked_shape
from tdsl.declare.names import checked_name, entries, next_number, shown
from tdsl.declare.size import gather_sizes
from tdsl.dtypes import DType, as_dtype, max_value, min_value
from tdsl.errors import ArgumentError, DTypeError
from tdsl.expr.handles import ParamHandle
from tdsl.expr.node import Const, Node
from tdsl.expr.rewrite import variables
from tdsl.expr.tensor import Param, Tensor
from tdsl.location import Location, here, hide_internal_frames


@hide_internal_frames
def placeholder(
    name: str,
    shape: object,
    dtype: DType | str | type = "float32",
    *,
    range: tuple[object, object] | None = None,
    strides: Sequence[int | None] | None = None,
    align: int | None = None,
) -> Tensor:
    """An array argument of that name.

    Args:
        shape: a tuple of extents: ints, sizes, affine expressions of them, products of sizes.
        dtype: of the elements.
        range: half-open `(lo, hi)` of the values of an integer array, in ints and sizes: they may then be indices.
        strides: one a dimension, in elements; None where nothing is known. Default: nothing is known.
        align: of the first element's address, in bytes, a power of two.

    Errors: E104 a shape that cannot be one; E108 no identifier; E115 strides or align; E201 dtype; E304 range.
    Source: Halide's `ImageParam`, TVM's `te.placeholder`.
    """
    where = here()
    named = checked_name(name, "a placeholder", where)
    extents = checked_shape(shape, named, where)
    element = _element(dtype, where)
    check_bytes(extents.nodes, element, named, where)
    values = None if range is None else _checked_range(range, named, element, where)
    origins = (*extents.origins, *(() if values is None else values.origins))
    nodes = (*extents.nodes, *(() if values is None else values.nodes))
    return Tensor(
        name=named,
        extents=extents.nodes,
        dtype=element,
        number=next_number(),
        value_range=None if values is None else _pair(values.nodes),
        strides=_strides(strides, len(extents.nodes), named, where),
        align=_align(align, named, where),
        sizes=gather_sizes(origins, (), nodes, where),
        where=where,
    )


@hide_internal_frames
def param(
    name: str, dtype: DType | str | type = "float32", *, range: tuple[object, object] | None = None
) -> ParamHandle:
    """A scalar argument of that name; an expression.

    Args:
        dtype: of the value.
        range: half-open `(lo, hi)` of an integer value, so that it may stand in indices; ints only.

    Errors: E108 no identifier; E201 dtype; E304 range.
    """
    where = here()
    named = checked_name(name, "a param", where)
    element = _element(dtype, where)
    values = None if range is None else _checked_range(range, named, element, where)
    return ParamHandle(
        Param(
            name=named,
            dtype=element,
            number=next_number(),
            value_range=None if values is None else _pair(values.nodes),
            where=where,
        )
    )


def _element(dtype: object, where: Location) -> DType:
    element = as_dtype(dtype, where=where)
    if element.name == "tfloat32":
        raise DTypeError(
            "E205",
            "tfloat32 lives in expressions only, by cast",
            where=where,
            hint=('"float32" here, and td.cast(x, "tfloat32") where it is multiplied',),
        )
    return element


def _pair(nodes: tuple[Node, ...]) -> tuple[Node, Node]:
    lower, upper = nodes
    return lower, upper


def _checked_range(values: object, name: str, dtype: DType, where: Location) -> Extents:
    if len(entries(values) or ()) != 2:
        raise ArgumentError(
            "E304", f"range= of {name} is a half-open pair (lo, hi), not {shown(values)}", where=where
        )
    if not dtype.is_integer:
        raise ArgumentError(
            "E304",
            f"range= is for integers that are used as indices; {name} is {dtype}",
            where=where,
            hint=('an integer dtype: "int32"', "td.clamp where the value is used"),
        )
    bounds = checked_bounds(values, f"the range of {name}", where)
    if any(var.kind != "size" for var in variables(*bounds.nodes)):
        raise ArgumentError(
            "E304", f"range= of {name} depends on more than sizes: {shown(values)}", where=where
        )
    _check_values(bounds.nodes, name, dtype, where)
    return bounds


def _check_values(nodes: tuple[Node, ...], name: str, dtype: DType, where: Location) -> None:
    low, high = nodes
    least, greatest = int(min_value(dtype)), int(max_value(dtype))
    if isinstance(low, Const) and isinstance(high, Const) and low.value >= high.value:
        raise ArgumentError(
            "E304",
            f"range= of {name} holds no value: ({low.value}, {high.value})",
            where=where,
            why=("it is half-open: lo <= value < hi",),
        )
    if isinstance(low, Const) and not least <= low.value:
        raise ArgumentError("E304", f"range= of {name} starts below {dtype}: {low.value}", where=where)
    if isinstance(high, Const) and not high.value <= greatest + 1:
        raise ArgumentError("E304", f"range= of {name} ends above {dtype}: {high.value}", where=where)


def _strides(given: object, ndim: int, name: str, where: Location) -> tuple[int | None, ...] | None:
    if given is None:
        return None
    parts = entries(given)
    if parts is None or len(parts) != ndim:
        raise ArgumentError(
            "E115",
            f"strides= of {name} has one entry a dimension ({ndim}), not {shown(given)}",
            where=where,
        )
    strides: list[int | None] = []
    for entry in parts:
        if entry is not None and (not isinstance(entry, int) or isinstance(entry, bool)):
            raise ArgumentError(
                "E115", f"a stride of {name} is an int in elements, or None, not {shown(entry)}", where=where
            )
        strides.append(entry)
    return tuple(strides)


def _align(given: object, name: str, where: Location) -> int | None:
    if given is None:
        return None
    if isinstance(given, int) and not isinstance(given, bool) and given > 0 and (given & (given - 1)) == 0:
        return given
    raise ArgumentError(
        "E115", f"align= of {name} is a power of two in bytes, not {shown(given)}", where=where
    )
