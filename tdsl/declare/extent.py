"""Extents and bounds as the user writes them: ints, sizes, affine expressions; products of sizes in shapes only.

In: a shape, or the range of an axis. Out: int64 nodes and the declarations they mention, or an error on the user's
line. An extent that may turn out negative is the call's to refuse (semantics B5); a constant one is refused here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.declare.names import entries, shown
from tdsl.dtypes import DType
from tdsl.errors import ArgumentError, ArgumentTypeError, BoundsError, ShapeError
from tdsl.expr.handles import Expr, Origin, as_index, merged
from tdsl.expr.node import Const, Node, Read, Var
from tdsl.expr.rewrite import reads, variables
from tdsl.expr.tensor import Param
from tdsl.location import Location
from tdsl.poly.lift import opaque_term
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Extents:
    """int64 nodes and what occurs in them."""

    nodes: tuple[Node, ...]
    origins: tuple[Origin, ...]


def checked_shape(shape: object, what: str, where: Location) -> Extents:
    """The extents of a shape: a tuple or list of extents, or one extent alone.

    Errors: E104 not a shape; a constant negative extent; an extent that is no affine expression of sizes.
    """
    parts = _entries(shape, what, where)
    nodes = tuple(_extent(part, what, where) for part in parts)
    return Extents(nodes, _origins(parts))


def _entries(shape: object, what: str, where: Location) -> Sequence[object]:
    parts = entries(shape)
    if parts is not None:
        return parts
    if isinstance(shape, Expr) or (hasattr(shape, "__index__") and not isinstance(shape, bool)):
        return (shape,)
    raise ShapeError(
        "E104",
        f"the shape of {what} is a tuple of extents, not {shown(shape)}",
        where=where,
        hint=("(m, n)", "(n,)"),
    )


def _extent(entry: object, what: str, where: Location) -> Node:
    node = _integer(entry, f"an extent of {what}", where)
    if isinstance(node, Const) and int(node.value) < 0:
        raise ShapeError("E104", f"an extent of {what} is negative: {int(node.value)}", where=where)
    strangers = [var.name for var in variables(node) if var.kind != "size"]
    if strangers:
        raise ShapeError(
            "E104",
            f"an extent of {what} depends on {strangers[0]}: {shown(entry)}",
            where=where,
            why=("a shape is fixed by sizes alone, before anything is computed",),
            hint=("the largest extent, with where= for the part that is meant",),
        )
    term = opaque_term(node, products=True)
    if term is not None:
        raise ShapeError(
            "E104",
            f"an extent of {what} is not affine: {Expr(term)}",
            where=where,
            why=("shapes are sums and products of sizes and ints, with // and % by ints",),
            hint=('a size of its own: td.size("rows")',),
        )
    return node


def checked_bounds(extent: object, what: str, where: Location, *, data: bool = False) -> Extents:
    """Lower and upper bound of an axis: `n` is `(0, n)`.

    Args:
        data: elements of integer arrays and params with a declared range may occur (semantics B3).

    Errors: E115 not an extent or a pair; E117 not affine in sizes and axes; E302 data without a range.
    """
    pair = entries(extent)
    pair = (0, extent) if pair is None else pair
    if len(pair) != 2:
        raise ArgumentError(
            "E115",
            f"{what} runs over an extent or a pair (lower, upper), not {shown(extent)}",
            where=where,
            hint=("steps and directions are subscripts: lower + 2 * i, or n - 1 - i, of an axis i from 0",)
            if len(pair) == 3
            else (),
        )
    nodes = tuple(_integer(bound, f"a bound of {what}", where) for bound in pair)
    origins = _origins(pair)
    params = [origin for origin in origins if isinstance(origin, Param)]
    term = opaque_term(*nodes, data=data, params=params)
    if term is not None and data and _is_data(term):
        raise _without_range(term, what, where)
    if term is not None:
        raise ArgumentError(
            "E117",
            f"a bound of {what} is not affine in sizes and axes: {Expr(term)}",
            where=where,
            why=("bounds are sums and products with ints, // and % by ints, minimum and maximum",),
            hint=(f'td.cast({Expr(reads(term)[0])}, "int64"): arithmetic in {term.dtype} may wrap around',)
            if data and reads(term)
            else (),
        )
    return Extents(nodes, origins)


def _is_data(term: Node) -> bool:
    return isinstance(term, Read) or (isinstance(term, Var) and term.kind == "param")


def _without_range(term: Node, what: str, where: Location) -> BoundsError:
    """Data that bounds a loop must have a range, since what the loop reads is proved in bounds for all of it."""
    name = term.tensor.name if isinstance(term, Read) else str(term)
    computed = isinstance(term, Read) and term.tensor.producer is not None
    verb = "placeholder" if isinstance(term, Read) else "param"
    shape = "…, " if isinstance(term, Read) else ""
    return BoundsError(
        "E302",
        f"a bound of {what} comes from data: nothing is known of {Expr(term)}",
        where=where,
        why=(f"{name} is computed, and its values have no declared range",)
        if computed
        else (
            f"{name} is {term.dtype} without a range, and what the axis indexes is proved for every value",
        ),
        hint=("a placeholder with range=",)
        if computed
        else (f'td.{verb}("{name}", {shape}"{term.dtype}", range=(0, …))',),
        access=str(term),
    )


def _integer(entry: object, what: str, where: Location) -> Node:
    """An int64 node. Errors: E104 anything that is no integer."""
    if isinstance(entry, float) and not hasattr(entry, "dtype"):
        hint = (str(int(entry)),) if entry.is_integer() else ()
        raise ShapeError("E104", f"{what} is an integer, not {entry!r}", where=where, hint=hint)
    try:
        return as_index(entry, what)
    except ArgumentTypeError as error:
        raise ShapeError("E104", error.what, where=where, why=error.why) from None


def _origins(entries: Iterable[object]) -> tuple[Origin, ...]:
    return merged(entry.origins for entry in entries if isinstance(entry, Expr))


def check_bytes(nodes: Iterable[Node], dtype: DType, what: str, where: Location) -> None:
    """Refuses constant shapes of 2^63 bytes or more, which no address space holds (semantics B5). Errors: E104."""
    count = dtype.bytes
    for node in nodes:
        if not isinstance(node, Const):
            return
        count *= int(node.value)
    if count >= 1 << 63:
        raise ShapeError("E104", f"{what} takes {count} bytes: more than 2^63", where=where)
