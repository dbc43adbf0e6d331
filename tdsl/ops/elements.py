"""Makes operators that are one formula an element: a function of expressions, its reference and its text in, an `Op` out."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import tdsl as td
from tdsl.ops.broadcasting import pointwise
from tdsl.ops.operator import Op

Function = Callable[..., object]


def unary(
    name: str,
    function: Function,
    reference: Function,
    formula: str,
    *,
    source: str = "",
    takes: str = "any shape",
) -> Op:
    """An operator of one tensor.

    Args:
        formula: what an element is, in terms of x. source: where name and meaning are from: the array API and NumPy
            where it is empty. takes: shapes and dtypes of x.
    """

    def body(x: td.Tensor) -> td.Tensor:
        return pointwise(name, function, x)

    return _made(name, body, reference, f"{formula}, element by element.\n\nArgs:\n    x: {takes}.", source)


def binary(
    name: str, function: Function, reference: Function, formula: str, *, source: str = "",
    takes: str = "shapes that broadcast; a number may stand for either",
) -> Op:  # fmt: skip
    """An operator of two tensors that broadcast; arguments as `unary`."""

    def body(x: td.Tensor, y: td.Tensor) -> td.Tensor:
        return pointwise(name, function, x, y)

    return _made(
        name, body, reference, f"{formula}, element by element.\n\nArgs:\n    x, y: {takes}.", source
    )


def _made(name: str, body: Callable[..., td.Tensor], reference: Function, doc: str, source: str) -> Op:
    body.__name__ = body.__qualname__ = name
    body.__module__ = "tdsl.ops"
    body.__doc__ = f"{doc}\n\nSource: {source or f'the array API and NumPy: `{name}`'}."
    return Op(body, reference=reference, cpu=td.schedules.pointwise, elementwise=True)


def applied(operator: Op, *args: object, **keywords: object) -> td.Tensor:
    """An operator of one result inside another one's function: the tensor."""
    return cast("td.Tensor", operator(*args, **keywords))
