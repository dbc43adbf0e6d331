"""Calls the user's callable on axes: its parameters name them, what it returns is the body.

In: a callable and the extents of the data axes. Out: axis handles and expressions. The callable must be pure; it may be
called more than once (semantics E8).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from numbers import Number

from tdsl.declare.check import axis_name
from tdsl.declare.extent import Extents
from tdsl.declare.names import checked_name, entries, shown
from tdsl.declare.size import sizes_of
from tdsl.errors import ArgumentError, ArgumentTypeError, DuplicateNameError, ShapeError
from tdsl.expr.build import ZERO
from tdsl.expr.handles import AxisHandle, AxisOrigin, Expr
from tdsl.expr.node import Node
from tdsl.expr.printer import shape_text, text
from tdsl.expr.rewrite import variables
from tdsl.expr.tensor import Axis, Tensor
from tdsl.location import Location

_POSITIONAL = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)


def axis_names(
    function: object, extents: Extents, given: object, what: str, where: Location
) -> tuple[str, ...]:
    """The names of the data axes: the callable's parameters, or `given` (`axes=`).

    A parameter with a default is the user's own (`lambda i, n=n: …`), no axis.

    Errors: E107 not a callable, another number of parameters; E108 no identifier; E109 one name twice.
    """
    ndim = len(extents.nodes)
    parameters = _parameters(function, ndim, what, where)
    if parameters is not None and len(parameters) != ndim:
        raise _wrong_number(what, extents.nodes, parameters, where)
    if given is not None:
        parameters = _given(given, ndim, what, where)
    names = tuple(f"d{place}" for place in range(ndim)) if parameters is None else tuple(parameters)
    names = tuple(map(axis_name, names))
    for place, name in enumerate(names):
        if name in names[:place]:
            raise DuplicateNameError("E109", f"two axes of {what} are called {name}", where=where)
    return names


def count_parameters(function: object, axes: Sequence[AxisHandle], what: str, where: Location) -> None:
    """Refuses a callable that does not take one parameter an axis. Errors: E107."""
    parameters = _parameters(function, len(axes), what, where)
    if parameters is not None and len(parameters) != len(axes):
        raise _wrong_number(what, [axis.origin.axis.upper for axis in axes], parameters, where)


def _parameters(function: object, ndim: int, what: str, where: Location) -> list[str] | None:
    """The parameters that take axes, `*idx` filled up with d0, d1, …; None where Python cannot tell."""
    if not callable(function):
        raise ArgumentTypeError(
            "E111",
            f"the value of {what} is a callable of its axes, not {shown(function)}",
            where=where,
            hint=("lambda i, j: …",),
        )
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return None
    names: list[str] = []
    for parameter in signature.parameters.values():
        if parameter.kind in _POSITIONAL and parameter.default is parameter.empty:
            names.append(parameter.name)
        elif parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"d{place}" for place in range(ndim - len(names))]
        elif parameter.kind is parameter.KEYWORD_ONLY and parameter.default is parameter.empty:
            raise ShapeError(
                "E107",
                f"the callable of {what} wants {parameter.name} by keyword, and axes come by position",
                where=where,
                hint=(f"{parameter.name}=… bound before: functools.partial",),
            )
    return names


def _wrong_number(
    what: str, extents: Sequence[Node], parameters: Sequence[str], where: Location
) -> ShapeError:
    ndim, count = len(extents), len(parameters)
    names = [*parameters[:ndim], *(name for name in "ijklmnpqrstuvw" if name not in parameters)][:ndim]
    return ShapeError(
        "E107",
        f"{what} has {_counted(ndim, 'dimension')} and its callable takes {_counted(count, 'axis parameter')}",
        where=where,
        why=(f"shape {shape_text(extents)}, parameters ({', '.join(parameters)})",),
        hint=(f"lambda {', '.join(names)}: …" if names else "lambda: …",),
    )


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _given(axes: object, ndim: int, what: str, where: Location) -> list[str]:
    names = (axes,) if isinstance(axes, str) else entries(axes) or ()
    if len(names) != ndim:
        raise ArgumentError(
            "E115", f"axes= of {what} has one name a dimension ({ndim}), not {shown(axes)}", where=where
        )
    return [checked_name(name, "an axis", where) for name in names]


def data_axes(names: Sequence[str], extents: Extents, where: Location) -> tuple[AxisHandle, ...]:
    """One handle a dimension: axis `name` runs from 0 to the extent."""
    return tuple(
        AxisHandle(AxisOrigin(Axis(name, ZERO, extent), False, extents.origins, where))
        for name, extent in zip(names, extents.nodes, strict=True)
    )


def call(
    function: Callable[..., object],
    axes: Sequence[AxisHandle],
    count: int,
    what: str,
    where: Location,
    *,
    listed: bool = False,
) -> tuple[object, ...]:
    """What the callable returns for its axes: `count` values; `listed`: a single one may stand in a tuple, as its name.

    Errors: E111 something else.
    """
    value = function(*axes)
    several = isinstance(value, tuple)
    values: tuple[object, ...] = value if several else (value,)  # pyright: ignore[reportUnknownVariableType]
    if several and count == 1 and not listed:
        raise ArgumentTypeError(
            "E111",
            f"the callable of {what} returns {_counted(len(values), 'value')} in a tuple for one name",
            where=where,
            hint=('a name for each: a, b = td.compute(("a", "b"), shape, …)',),
        )
    if len(values) != count:
        raise ArgumentTypeError(
            "E111",
            f"{what} has {_counted(count, 'name')} and its callable returns {_counted(len(values), 'value')}",
            where=where,
        )
    for part in values:
        _check_value(part, axes, what, where)
    return values


def _check_value(value: object, axes: Sequence[AxisHandle], what: str, where: Location) -> None:
    if value is None:
        raise ArgumentTypeError(
            "E111", f"the callable of {what} returns None", where=where, hint=("return the expression",)
        )
    if isinstance(value, Tensor) and value.ndim:
        index = ", ".join(axis.name for axis in axes) if len(axes) == value.ndim else "…"
        raise ArgumentTypeError(
            "E111",
            f"the callable of {what} returns the whole tensor {value.name}, not one element",
            where=where,
            hint=(f"{value.name}[{index}]",),
        )
    if getattr(value, "shape", ()) != () and not isinstance(value, Tensor):
        raise ArgumentTypeError(
            "E111",
            f"the callable of {what} returns an array",
            where=where,
            why=("arrays are arguments of the call, not of the declaration",),
            hint=('A = td.placeholder("A", shape, dtype), then A[…]',),
        )


def same_tracing(one: Sequence[Node], other: Sequence[Node]) -> bool:
    """Whether two calls of one callable gave the same expressions.

    Tensors made inside the callable are new ones at each call, so what is written counts where objects differ.
    """
    return all(a is b or text(a) == text(b) for a, b in zip(one, other, strict=True))


def check_pure(values: Sequence[object], again: Sequence[object], what: str, where: Location) -> None:
    """Refuses a callable that gave something else when it was called again (semantics E8). Errors: E119."""
    for one, other in zip(values, again, strict=True):
        if isinstance(one, Expr) and isinstance(other, Expr):
            same = same_tracing([one.node], [other.node])
        elif not any(isinstance(each, Number) or hasattr(each, "dtype") for each in (one, other)):
            continue  # no expression at all, as whoever looks at the value will say
        else:
            same = repr(one) == repr(other)
        if not same:
            raise ArgumentError(
                "E119",
                f"the callable of {what} is no pure function: called twice, it gave two expressions",
                where=where,
                why=(f"{shown_briefly(one)}, then {shown_briefly(other)}",),
                hint=("what varies is an argument: a placeholder or a td.param",),
            )


def shown_briefly(value: object) -> str:
    """An expression in a message, cut where it is long."""
    written = str(value)
    return written if len(written) <= 60 else f"{written[:59]}…"


def free_axis_names(ndim: int, tensors: Sequence[Tensor], extents: Sequence[Node]) -> tuple[str, ...]:
    """d0, d1, … for the axes of an operator's stage, with `_` behind them where a size has such a name."""
    taken = {size.name for tensor in tensors for size in sizes_of(tensor)}
    taken |= {var.name for var in variables(*extents)}
    names: list[str] = []
    for place in range(ndim):
        name = f"d{place}"
        while name in taken:
            name += "_"
        names.append(name)
    return tuple(names)
