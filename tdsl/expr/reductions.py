"""The public reductions: `sum prod max min any all argmax argmin mean` over axes, and `any`/`all` of conditions.

In: an expression and reduction axes. Out: an `Expr` with a `Reduce` node that binds the axes' names; bounds stay with
the axes' declarations, which the expression mentions (semantics E2, E4, E5, E10).
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentError, ArgumentTypeError, AxisScopeError, DTypeError
from tdsl.expr import build
from tdsl.expr.arithmetic import convert
from tdsl.expr.handles import AxisHandle, AxisOrigin, Expr, Origin, adopt, adopts, as_operand, merged
from tdsl.expr.node import Node, axis_var
from tdsl.expr.reducers import ALL, ANY, ARGMAX, ARGMIN, MAX, MIN, PROD, SUM
from tdsl.expr.rewrite import reductions, variables
from tdsl.expr.tensor import Reducer
from tdsl.location import here, hide_internal_frames

Over = AxisHandle | Sequence[AxisHandle]


@hide_internal_frames
def sum(value: object, *rest: object, over: Over | None = None, dtype: DType | str | None = None) -> Expr:  # noqa: A001
    """The sum of `value` over the axes, 0 where they are empty; float sums in the declared order, by fma for products.

    Args:
        value: an expression, its dtype is the result's; `dtype=` converts it first.
        over: one axis of `td.reduce_axis`, or a tuple, outermost first.

    Errors: E112 `over=` missing; E112 no reduction axis; E208 numbers only.
    """
    return _reduce(SUM, value, rest, over, dtype)


@hide_internal_frames
def prod(value: object, *rest: object, over: Over | None = None, dtype: DType | str | None = None) -> Expr:
    """The product of `value` over the axes, 1 where they are empty. Arguments and errors as `sum`."""
    return _reduce(PROD, value, rest, over, dtype)


@hide_internal_frames
def max(value: object, *rest: object, over: Over | None = None, dtype: DType | str | None = None) -> Expr:  # noqa: A001
    """The greatest `value` over the axes; NaN wins; -inf or the least integer where they are empty. As `sum`."""
    return _reduce(MAX, value, rest, over, dtype)


@hide_internal_frames
def min(value: object, *rest: object, over: Over | None = None, dtype: DType | str | None = None) -> Expr:  # noqa: A001
    """The least `value` over the axes; NaN wins; +inf or the greatest integer where they are empty. As `sum`."""
    return _reduce(MIN, value, rest, over, dtype)


@hide_internal_frames
def any(*conditions: object, over: Over | None = None) -> Expr:  # noqa: A001
    """Whether any of the conditions holds; with `over=` whether one condition holds anywhere on the axes.

    Errors: E207 a condition that is no bool; E112 no reduction axis.
    """
    return _combine_or_reduce(ANY, conditions, over)


@hide_internal_frames
def all(*conditions: object, over: Over | None = None) -> Expr:  # noqa: A001
    """Whether all of the conditions hold; with `over=` whether one condition holds everywhere on the axes.

    Errors: E207 a condition that is no bool; E112 no reduction axis.
    """
    return _combine_or_reduce(ALL, conditions, over)


@hide_internal_frames
def argmax(value: object, *rest: object, over: Over | None = None) -> Expr:
    """Where `value` is greatest over the axes: the first NaN, else the first of the greatest; int64.

    Args:
        value: an expression; of conditions the first that holds.
        over: one axis: the result is its value there. Several, outermost first, which start at 0: their row-major
            position. They must not be empty: facts of sizes that say so are checked at the call.

    Errors: E112 no reduction axis; E118 several axes whose position is not row-major; E120 an axis that may be empty.
    """
    return _argument(ARGMAX, value, rest, over)


@hide_internal_frames
def argmin(value: object, *rest: object, over: Over | None = None) -> Expr:
    """Where `value` is least over the axes; as `argmax`."""
    return _argument(ARGMIN, value, rest, over)


@hide_internal_frames
def mean(value: object, *rest: object, over: Over | None = None, dtype: DType | str | None = None) -> Expr:
    """The sum over the number of terms; of integers in float64 (E4); NaN where the axes are empty. As `sum`."""
    operand = operand_of("mean", value, dtype)
    if operand.dtype.is_bool:
        raise _wrong_kind("mean", operand)
    waits = adopts(operand)
    if operand.dtype.is_integer:
        operand = _converted(operand, as_dtype("float64"))
    total = _reduce(SUM, operand, rest, over, None)
    axes = axes_of("mean", over)
    return Expr(build.div(total.node, build.cast(_count(axes), total.dtype)), total.origins, weak=waits)


def _count(axes: Sequence[AxisOrigin]) -> Node:
    """The number of terms, int64: a product of extents, or a sum over axes whose bounds depend on each other."""
    names = tuple(origin.axis.name for origin in axes)
    bounds = [bound for origin in axes for bound in (origin.axis.lower, origin.axis.upper)]
    if [var for var in variables(*bounds) if var.kind == "axis" and var.name in names]:
        return build.reduction(SUM, names, (build.ONE,))
    count: Node = build.ONE
    for origin in axes:
        count = build.mul(count, build.maximum(build.extent(origin.axis), build.ZERO))
    return count


def _argument(reducer: Reducer, value: object, rest: tuple[object, ...], over: Over | None) -> Expr:
    if rest:
        raise _several_values(reducer.name)
    axes = axes_of(reducer.name, over)
    operand = operand_of(reducer.name, value, None)
    if operand.dtype.is_bool:
        operand = _converted(operand, as_dtype("uint8"))
    _check_computes(reducer.name, operand)
    place = Expr(_position(reducer.name, axes), merged(_mentioned(axes)))
    return reduction_of(reducer, (operand, place), axes)[1]


def _position(name: str, axes: Sequence[AxisOrigin]) -> Node:
    """The value of one axis, the row-major position of several. Errors: E118 there is none."""
    position: Node = build.ZERO
    names = [origin.axis.name for origin in axes]
    for origin in axes:
        axis = origin.axis
        depends = [var.name for var in variables(axis.lower, axis.upper) if var.name in names]
        if len(axes) > 1 and (depends or axis.lower is not build.ZERO):
            raise ArgumentError(
                "E118",
                f"td.{name} over several axes gives a row-major position, and {axis.name} has none",
                where=here(),
                why=(
                    f"its bounds depend on {depends[0]}"
                    if depends
                    else f"it starts at {Expr(axis.lower)}, not at 0",
                ),
                hint=(f"td.reducer over tuples: the value and each of {', '.join(names)}",),
            )
        position = build.add(build.mul(position, axis.upper), axis_var(axis.name))
    return position


def _reduce(
    reducer: Reducer, value: object, rest: tuple[object, ...], over: Over | None, dtype: DType | str | None
) -> Expr:
    if rest:
        raise _several_values(reducer.name)
    axes = axes_of(reducer.name, over)
    operand = operand_of(reducer.name, value, dtype)
    if operand.dtype.is_bool != (reducer in (ANY, ALL)):
        raise _wrong_kind(reducer.name, operand)
    _check_computes(reducer.name, operand)
    return reduction_of(reducer, (operand,), axes)[0]


def reduction_of(reducer: Reducer, operands: Sequence[Expr], axes: Sequence[AxisOrigin]) -> tuple[Expr, ...]:
    """What a reducer gives over axes, one expression a component.

    Errors: E106 an axis that an operand has reduced already.
    """
    names = tuple(origin.axis.name for origin in axes)
    nodes = tuple(operand.node for operand in operands)
    for inner in reductions(*nodes):
        twice = next((name for name in inner.axes if name in names), None)
        if twice is not None:
            raise AxisScopeError(
                "E106",
                f"axis {twice} is summed over inside and outside: {inner}",
                where=here(),
                why=(
                    f"the inner {inner.reducer.name} has used up {twice}; the outer one would loop over it again",
                ),
                hint=(f'another axis for one of them: td.reduce_axis("{twice}2", …)',),
            )
    origins = merged((*_mentioned(axes), *(operand.origins for operand in operands)))
    return tuple(
        Expr(build.reduction(reducer, names, nodes, component), origins, weak=operand.weak)
        for component, operand in enumerate(operands)
    )


def _mentioned(axes: Sequence[AxisOrigin]) -> tuple[tuple[Origin, ...], ...]:
    return (tuple(axes), *(origin.bounds for origin in axes))


def _check_computes(name: str, operand: Expr) -> None:
    if not operand.dtype.arithmetic and not operand.dtype.is_bool:
        raise DTypeError(
            "E207",
            f"{operand.dtype} is for storage: load, store and cast only",
            where=here(),
            why=(f"td.{name} computes with {operand}",),
            hint=(f'td.{name}({operand}.astype("float32"), over=…)',),
        )


def operand_of(name: str, value: object, dtype: DType | str | None) -> Expr:
    """A term of the reduction `name`, converted to `dtype`. Errors: E208 a number that has no dtype."""
    operand = as_operand(value)
    if dtype is not None:
        return _converted(operand, as_dtype(dtype, where=here()))
    if isinstance(operand, Expr) and (not operand.weak or adopts(operand)):
        return operand
    raise DTypeError(
        "E208",
        f"td.{name} of numbers alone has no dtype: {operand}",
        where=here(),
        why=("a Python number takes the dtype of what it meets, and it meets nothing here",),
        hint=(f'td.{name}({operand}, over=…, dtype="int64")',),
    )


def _converted(operand: object, dtype: DType) -> Expr:
    if isinstance(operand, Expr) and operand.weak:
        return Expr(build.cast(adopt(operand, dtype), dtype), operand.origins)
    converted = convert(operand, dtype)
    assert isinstance(converted, Expr)
    return converted


def axes_of(name: str, over: Over | None) -> tuple[AxisOrigin, ...]:
    """The declarations of the axes that `over=` names, outermost first. Errors: E112 there are none."""
    if over is None:
        raise ArgumentTypeError(
            "E112",
            f"td.{name} needs over=: the axes to reduce",
            where=here(),
            hint=(f'k = td.reduce_axis("k", extent); td.{name}(A[i, k], over=k)',),
        )
    given: Sequence[object] = over if isinstance(over, (tuple, list)) else (over,)
    origins: list[AxisOrigin] = []
    for axis in given:
        if not isinstance(axis, AxisHandle) or not axis.origin.reduced:
            raise _no_reduction_axis(name, axis)
        if axis.origin in origins:
            raise ArgumentTypeError(
                "E112",
                f"td.{name}: over= names axis {axis.name} twice",
                where=here(),
                hint=(f"over={axis.name}",),
            )
        origins.append(axis.origin)
    if not origins:
        raise ArgumentTypeError(
            "E112", f"td.{name} over no axis at all: over=()", where=here(), hint=("over=k",)
        )
    return tuple(origins)


def _no_reduction_axis(name: str, axis: object) -> ArgumentTypeError:
    if isinstance(axis, AxisHandle):
        what = f"axis {axis.name} runs over the elements of the stage"
        why = "a reduction has axes of its own"
    else:
        what = f"{axis!r} is a {type(axis).__name__}"
        why = "over= takes what td.reduce_axis gives"
    return ArgumentTypeError(
        "E112",
        f"td.{name}: over= is no reduction axis: {what}",
        where=here(),
        why=(why,),
        hint=('k = td.reduce_axis("k", extent), then over=k, or over=(ky, kx)',),
    )


def _several_values(name: str) -> ArgumentTypeError:
    element = {"max": "td.maximum(a, b)", "min": "td.minimum(a, b)", "sum": "a + b", "prod": "a * b"}.get(
        name, ""
    )
    return ArgumentTypeError(
        "E116",
        f"td.{name} reduces one value over axes; several were given",
        where=here(),
        hint=(*((f"{element} of two values",) if element else ()), f"td.{name}(A[i, k], over=k)"),
    )


def _wrong_kind(name: str, operand: Expr) -> DTypeError:
    if operand.dtype.is_bool:
        hint = (f'td.cast({operand}, "int64") counts', "td.any and td.all combine conditions")
        return DTypeError("E207", f"td.{name} of conditions: {operand}", where=here(), hint=hint)
    return DTypeError(
        "E207",
        f"td.{name} combines conditions, not {operand.dtype} values: {operand}",
        where=here(),
        hint=(f"td.{name}({operand} != 0)",),
    )


def _combine_or_reduce(reducer: Reducer, conditions: tuple[object, ...], over: Over | None) -> Expr:
    if over is not None:
        if len(conditions) != 1:
            raise _several_values(reducer.name)
        return _reduce(reducer, conditions[0], (), over, None)
    parts = [as_operand(condition) for condition in conditions]
    node: Node = reducer.identity((build.TRUE.dtype,))[0]
    for part in parts:
        term = (
            part.node
            if isinstance(part, Expr)
            else build.constant(part, build.TRUE.dtype)
            if isinstance(part, bool)
            else None
        )
        if term is None or not term.dtype.is_bool:
            raise _wrong_kind(
                reducer.name,
                part if isinstance(part, Expr) else Expr(build.cast(build.constant(part, "int64"), "int64")),
            )
        node = reducer.combine((node,), (term,))[0]
    return Expr(node, merged(part.origins for part in parts if isinstance(part, Expr)))


def bound_twice(node: Node) -> tuple[str, ...]:
    """Names of axes that a reduction binds although they also occur free outside of it."""
    bound = {name for part in reductions(node) for name in part.axes}
    return tuple(var.name for var in variables(node) if var.kind == "axis" and var.name in bound)
