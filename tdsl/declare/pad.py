"""`td.pad`: a tensor with a border, as `numpy.pad` makes it.

In: a tensor, widths and a mode. Out: a stage of its own, so that it can be inlined, placed or stored like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tdsl.declare.extent import checked_shape
from tdsl.declare.names import checked_name, entries, shown
from tdsl.declare.stage import Draft, make_stage
from tdsl.declare.trace import data_axes, free_axis_names
from tdsl.errors import ArgumentError, ArgumentTypeError, ShapeError, near_names
from tdsl.expr.build import ONE, add, compare
from tdsl.expr.handles import AxisHandle, Expr, as_index, merged
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.operations import clamp, maximum, minimum, where
from tdsl.expr.reductions import all as all_of
from tdsl.expr.tensor import Tensor
from tdsl.location import Location, here, hide_internal_frames
from tdsl.records import dataclass


@hide_internal_frames
def pad(
    tensor: Tensor,
    width: object,
    mode: str = "constant",
    *,
    constant_values: object = None,
    name: str | None = None,
) -> Tensor:
    """The tensor with a border of `width` elements before and after each dimension.

    Args:
        tensor: any tensor.
        width: as `numpy.pad`'s: one number, a pair (before, after), or a pair for every dimension; ints or affine
            expressions of sizes.
        mode: "constant" (`constant_values`, default 0), "edge" (the nearest element), "reflect" (mirrored at the outer
            elements, which are not repeated), "symmetric" (mirrored at the border, outer elements repeated) or "wrap"
            (from the other end). What they need of a symbolic dimension becomes a fact that is checked at the call: an
            element for "edge", no less elements than the width for "symmetric" and "wrap", one more for "reflect".
        constant_values: a number or an expression of params and sizes.
        name: of the stage; default `pad`, made unique in a schedule.

    Errors: E104 a width that cannot be one, a dimension too small for the mode; E108 name; E115 mode,
    constant_values. Source: `numpy.pad`.
    """
    at = here()
    if not isinstance(tensor, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError("E113", f"td.pad takes a tensor, not {shown(tensor)}", where=at)
    if mode not in _MODES:
        raise ArgumentError(
            "E115",
            f"td.pad has no mode {mode!r}",
            where=at,
            why=("modes: " + ", ".join(_MODES),),
            hint=tuple(f'mode="{near}"' for near in near_names(str(mode), _MODES, count=1))
            or ('mode="edge"',),
        )
    if constant_values is not None and mode != "constant":
        raise ArgumentError("E115", f"constant_values= of td.pad has no meaning with mode={mode!r}", where=at)
    title = "pad" if name is None else checked_name(name, "a stage", at)
    widths = _widths(width, tensor, at)
    extents = checked_shape(
        tuple(Expr(extent, tensor.sizes) + before.width + after.width
              for extent, (before, after) in zip(tensor.extents, widths, strict=True)),
        title, at,
    )  # fmt: skip
    axes = data_axes(free_axis_names(tensor.ndim, (tensor,), extents.nodes), extents, at)
    if mode == "constant":
        value, facts = _constant(tensor, axes, widths, 0 if constant_values is None else constant_values), ()
    else:
        value, facts = _repeated(mode, tensor, axes, widths, at)
    (padded,) = make_stage(
        Draft(
            names=(title,),
            axes=axes,
            values=(value,),
            dtype=tensor.dtype,
            facts=facts,
            origins=(*extents.origins, *merged(part.width.origins for pair in widths for part in pair)),
            named_by_user=name is not None,
            where=at,
        )
    )
    return padded


@dataclass(frozen=True, slots=True)
class _Side:
    """How much stands before or after a dimension."""

    width: Expr

    @property
    def is_nothing(self) -> bool:
        return isinstance(self.width.node, Const) and self.width.node.bits == 0


Widths = Sequence[tuple[_Side, _Side]]


def _widths(given: object, tensor: Tensor, where: Location) -> Widths:
    """One pair a dimension from the forms that NumPy takes."""
    ndim = tensor.ndim
    parts = entries(given)
    parts = (given,) if parts is None else parts
    nested = [entries(part) is not None for part in parts]
    pairs: tuple[object, ...] = ()
    if parts and all(nested):
        pairs = parts * ndim if len(parts) == 1 else parts
    elif not any(nested) and len(parts) in (1, 2):
        pairs = ((parts[0], parts[-1]),) * ndim
    if len(pairs) != ndim:
        raise ShapeError(
            "E104",
            f"the widths of td.pad are a number, a pair, or {ndim} pairs, not {shown(given)}",
            where=where,
            why=(f"{tensor.name} has {ndim} dimension{'s' * (ndim != 1)}",),
            hint=(f"({', '.join(['(1, 1)'] * ndim)}{',' * (ndim == 1)})",),
        )
    return [_pair(pair, where) for pair in pairs]


def _pair(pair: object, where: Location) -> tuple[_Side, _Side]:
    sides = entries(pair)
    sides = (pair,) if sides is None else sides
    if len(sides) not in (1, 2):
        raise ShapeError(
            "E104", f"a width of td.pad is a pair (before, after), not {shown(pair)}", where=where
        )
    return _side(sides[0], where), _side(sides[-1], where)


def _side(width: object, where: Location) -> _Side:
    try:
        node = as_index(width, "a width of td.pad")
    except ArgumentTypeError as error:
        raise ShapeError("E104", error.what, where=where, why=error.why) from None
    if isinstance(node, Const) and int(node.value) < 0:
        raise ShapeError(
            "E104",
            f"a width of td.pad is negative: {int(node.value)}",
            where=where,
            hint=("td.compute takes a part",),
        )
    return _Side(Expr(node, width.origins if isinstance(width, Expr) else ()))


def _constant(tensor: Tensor, axes: Sequence[AxisHandle], widths: Widths, value: object) -> Expr:
    conditions: list[Expr] = []
    for axis, extent, (before, after) in zip(axes, tensor.extents, widths, strict=True):
        if not before.is_nothing:
            conditions.append(axis >= before.width)
        if not after.is_nothing:
            conditions.append(axis < Expr(extent, tensor.sizes) + before.width)
    element = tensor[tuple(axis - before.width for axis, (before, _) in zip(axes, widths, strict=True))]
    return where(all_of(*conditions), element, value)


def _repeated(
    mode: str, tensor: Tensor, axes: Sequence[AxisHandle], widths: Widths, where: Location
) -> tuple[Expr, tuple[Node, ...]]:
    """The element that stands at a point of the result, and the facts that the mode needs."""
    subscripts: list[Expr] = []
    facts: list[Node] = []
    for place, (axis, extent, (before, after)) in enumerate(zip(axes, tensor.extents, widths, strict=True)):
        if before.is_nothing and after.is_nothing:
            subscripts.append(axis)
            continue
        size = Expr(extent, tensor.sizes)
        most = _once(mode, extent, before, after)
        if most is None:
            facts += _needed(mode, extent, before, after)
        elif most:
            subscripts.append(_PERIODIC[mode](axis - before.width, int(most)))
            continue
        else:
            raise ShapeError(
                "E104",
                f'td.pad with mode="{mode}" repeats elements, and dimension {place} of {tensor.name} has none',
                where=where,
                hint=('mode="constant"',),
            )
        subscripts.append(_MODES[mode](axis - before.width, size))
    return tensor[tuple(subscripts)], tuple(facts)


def _once(mode: str, extent: Node, before: _Side, after: _Side) -> int | None:
    """The extent where it is constant and the border takes more than one repetition, or there is nothing to repeat."""
    if not isinstance(extent, Const):
        return None
    count = int(extent.value)
    sides = [side.width.node for side in (before, after)]
    known = all(isinstance(side, Const) for side in sides)
    enough = mode == "edge" or (
        known
        and all(int(side.value) <= count - (mode == "reflect") for side in sides if isinstance(side, Const))
    )
    return None if enough and count else count


def _needed(mode: str, extent: Node, before: _Side, after: _Side) -> list[Node]:
    """Facts of sizes that keep the subscripts inside."""
    if isinstance(extent, Const):
        return []
    if mode == "edge":
        return [compare("ge", extent, index_const(1))]
    sides = dict.fromkeys(side.width.node for side in (before, after) if not side.is_nothing)
    return [compare("ge", extent, add(side, ONE) if mode == "reflect" else side) for side in sides]


def _edge(at: Expr, size: Expr) -> Expr:
    return clamp(at, 0, size - 1)


def _reflect(at: Expr, size: Expr) -> Expr:
    inside = maximum(at, -at)
    return minimum(inside, 2 * size - 2 - inside)


def _symmetric(at: Expr, size: Expr) -> Expr:
    inside = maximum(at, -1 - at)
    return minimum(inside, 2 * size - 1 - inside)


def _wrap(at: Expr, size: Expr) -> Expr:
    return where(at < 0, at + size, where(at < size, at, at - size))


_MODES: dict[str, Callable[[Expr, Expr], Expr]] = {
    "constant": _edge,
    "edge": _edge,
    "reflect": _reflect,
    "symmetric": _symmetric,
    "wrap": _wrap,
}
"""Mode -> the element that stands at `at`, which may lie as much as one repetition outside 0 <= at < size."""


def _periodic_reflect(at: Expr, size: int) -> Expr:
    inside = at % (2 * size - 2)
    return minimum(inside, 2 * size - 2 - inside)


def _periodic_symmetric(at: Expr, size: int) -> Expr:
    inside = at % (2 * size)
    return minimum(inside, 2 * size - 1 - inside)


_PERIODIC: dict[str, Callable[[Expr, int], Expr]] = {
    "reflect": _periodic_reflect,
    "symmetric": _periodic_symmetric,
    "wrap": lambda at, size: at % size,
}
"""The same for constant extents and any number of repetitions."""
