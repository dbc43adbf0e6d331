"""`td.update`: elements of a tensor changed in place, in a stated order; the result is a new value.

In: a name, a base, axes, subscripts and a callable of the tensor as it then stands. Out: a tensor whose every read and
every target is proved in bounds. For each point of `over` in order, `U[at] = value`; it starts as a copy of the base,
which keeps its old value (semantics E11).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import cast

from tdsl.declare.names import checked_name, entries, shown
from tdsl.declare.size import sizes_of
from tdsl.declare.stage import Draft, make_stage
from tdsl.declare.trace import call
from tdsl.dtypes import DType, as_dtype
from tdsl.errors import ArgumentError, ArgumentTypeError, DTypeError, DuplicateNameError, ShapeError
from tdsl.expr.callables import wrong_parameters
from tdsl.expr.handles import AxisHandle, Expr, Origin, as_operand, merged
from tdsl.expr.node import Node
from tdsl.expr.rewrite import reductions
from tdsl.expr.tensor import Tensor
from tdsl.location import Location, here, hide_internal_frames


@hide_internal_frames
def update(
    name: str,
    base: Tensor,
    *,
    over: object,
    at: object,
    value: Callable[[Tensor], object],
    dtype: DType | str | type | None = None,
) -> Tensor:
    """The base after `U[at] = value` for each point of `over`, in order.

    Args:
        name: of the result.
        base: the tensor it starts from; it keeps its own value.
        over: axes made by `td.axis`, outermost first; their bounds may use axes outside them.
        at: the subscripts that are written, a tuple of integer expressions of the axes, or a callable giving one; data
            may stand in them where its `range=` is declared.
        value: a pure callable of the tensor as it stands at that point: ``lambda U: U[i] + 1``. A reduction in it is
            computed at that point, from the elements as they then stand: ``U[i] - td.sum(U[k] * x[k], over=k)``.
        dtype: converts the value as `td.cast` does; it is the base's.

    Returns: a new tensor of the base's shape and dtype.

    Errors: E102 number of subscripts; E103 a subscript that is no integer; E106 an axis without a loop; E107 a callable
    with other parameters; E108 name; E109
    one name twice; E111 what the callable returns; E112 no axis; E115 an argument; E210 the value has another dtype;
    E301 to E303 a read or a target that is not proved in bounds. Source: Halide's update definitions over an RDom.
    """
    place = here()
    named = checked_name(name, "a stage", place)
    if not isinstance(base, Tensor):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError(
            "E115",
            f"the base of {named} is a tensor, not {shown(base)}",
            where=place,
            hint=("U[i] is one element",),
        )
    axes = _axes(over, named, place)
    target, origins = _target(at, axes, base, named, place)
    own = Tensor(name=named, extents=base.extents, dtype=base.dtype, sizes=sizes_of(base), where=place)
    if not callable(value):
        raise ArgumentTypeError(
            "E111", f"the value of {named} is a callable of the tensor, not {shown(value)}", where=place,
            hint=(f"value=lambda {named}: …",),
        )  # fmt: skip
    _check_parameters(
        value,
        (own,),
        f"the value of {named} is a callable of the tensor alone",
        f"value=lambda {named}: …",
        place,
    )
    (result,) = call(lambda *_: value(own), axes, 1, named, place)
    asked = None if dtype is None else as_dtype(dtype, where=place)
    _check_value(result, asked, base, named, place)
    (tensor,) = make_stage(
        Draft(
            names=(named,),
            axes=axes,
            values=(result,),
            dtype=base.dtype,
            origins=origins,
            own=(own,),
            base=base,
            at=target,
            where=place,
        )
    )
    return tensor


def _axes(over: object, what: str, where: Location) -> tuple[AxisHandle, ...]:
    """The axes, outermost first. Errors: E109 one name twice; E112 none, or something else."""
    given: Sequence[object] = cast("Sequence[object]", over) if isinstance(over, (tuple, list)) else (over,)
    axes: list[AxisHandle] = []
    for axis in given:
        if not isinstance(axis, AxisHandle) or axis.origin.reduced:
            raise ArgumentTypeError(
                "E112",
                f"over= of {what} takes axes made by td.axis, not {shown(axis)}",
                where=where,
                hint=('i = td.axis("i", n), then over=(i,)',),
            )
        if any(axis.name == other.name for other in axes):
            raise DuplicateNameError("E109", f"two axes of {what} are called {axis.name}", where=where)
        axes.append(axis)
    if not axes:
        raise ArgumentTypeError(
            "E112", f"{what} runs over no axis at all: over=()", where=where, hint=("over=(i,)",)
        )
    return tuple(axes)


def _check_parameters(
    function: Callable[..., object], arguments: tuple[object, ...], stated: str, example: str, where: Location
) -> None:
    """Refuses a callable that does not take what it will be given. Errors: E107."""
    wrong = wrong_parameters(function, *arguments)
    if wrong is not None:
        why = (wrong, "axes are made by td.axis, and stand in over=")
        raise ShapeError("E107", stated, where=where, why=why, hint=(example,))


def _target(
    at: object, axes: Sequence[AxisHandle], base: Tensor, what: str, where: Location
) -> tuple[tuple[Node, ...], tuple[Origin, ...]]:
    """The subscripts as nodes. Errors: E102 their number; E103 no integer; E107 parameters; E115 a reduction."""
    given = at
    if callable(at) and not isinstance(at, Expr):
        names = ", ".join(axis.name for axis in axes)
        stated = f"at= of {what} is a tuple of subscripts, or a callable without parameters"
        _check_parameters(at, (), stated, f"at=({names}{',' * (len(axes) == 1)})", where)
        given = at()
    parts = entries(given)
    parts = (given,) if parts is None else parts
    if len(parts) != base.ndim:
        raise ShapeError(
            "E102",
            f"at= of {what} has {len(parts)} subscript{'s' * (len(parts) != 1)}, {base.name} has rank {base.ndim}",
            where=where,
            hint=("one integer expression a dimension of the base",),
        )
    element = base[parts]
    index = element.node.children
    if reductions(*index):
        raise ArgumentError(
            "E115", f"at= of {what} reduces: {element}", where=where, hint=("a stage of its own",)
        )
    origins = merged(part.origins for part in map(as_operand, parts) if isinstance(part, Expr))
    return index, origins


def _check_value(result: object, asked: DType | None, base: Tensor, what: str, where: Location) -> None:
    """The value has the base's dtype, or is a number. Errors: E210 another dtype."""
    if asked is not None and asked is not base.dtype:
        raise DTypeError(
            "E210",
            f"{what} is {base.dtype}, as its base is, and dtype= says {asked}",
            where=where,
            hint=(f'a base of that dtype: td.compute("{base.name}_{asked}", …)',),
        )
    operand = as_operand(result)
    if not isinstance(operand, Expr):
        return
    if asked is None and not operand.weak and operand.dtype is not base.dtype:
        raise DTypeError(
            "E210",
            f"the elements of {what} are {base.dtype} and their value is {operand.dtype}",
            where=where,
            why=(f"{what} starts as a copy of {base.name}, which is {base.dtype}",),
            hint=(f'td.cast(value, "{base.dtype}")', f"a base of {operand.dtype}"),
        )
