"""`A[i, j]`: from what a user wrote between the brackets to a `Read` node; rank and kinds are checked here.

In: a tensor and one subscript or a tuple. Out: an `Expr` that mentions the origins of its subscripts. Whether the
element lies inside is proved by `declare/` when the stage is declared.
"""

from __future__ import annotations

from typing import cast

from tdsl.dtypes import Number
from tdsl.errors import DTypeError, ShapeError
from tdsl.expr import build
from tdsl.expr.handles import Expr, as_index, as_operand, expression, integer_hint
from tdsl.expr.node import Node
from tdsl.expr.tensor import Tensor
from tdsl.location import here


def element(tensor: Tensor, index: object) -> Expr:
    """One element of a tensor.

    Errors: E102 a number of subscripts that is not the rank; E103 a subscript that is no integer; E103 a slice.
    """
    parts = cast("tuple[object, ...]", index) if isinstance(index, tuple) else (index,)
    for part in parts:
        if isinstance(part, slice) or part is Ellipsis or part is None:
            raise _slice(tensor, cast(object, part))
    if len(parts) != tensor.ndim:
        raise _wrong_rank(tensor, parts)
    operands = [as_operand(part) for part in parts]
    nodes = [_subscript(tensor, part, place) for place, part in enumerate(operands)]
    return expression(build.read(tensor, nodes), *operands, weak=tensor.adopts)


def _subscript(tensor: Tensor, part: Expr | Number, place: int) -> Node:
    """An int64 node, which every integer becomes but those of uint64."""
    if isinstance(part, Expr) and part.dtype.is_integer:
        return as_index(part)
    if isinstance(part, int) and not isinstance(part, bool):
        return as_index(part)
    kind = part.dtype if isinstance(part, Expr) else type(part).__name__
    raise DTypeError(
        "E103",
        f"subscript {place} of {tensor.name} is no integer: {part}",
        where=here(),
        why=(f"{part} is a {kind}",),
        hint=integer_hint(part),
    )


def _slice(tensor: Tensor, part: object) -> DTypeError:
    shown = "..." if part is Ellipsis else "None" if part is None else ":"
    return DTypeError(
        "E103",
        f"{tensor.name}[… {shown} …] is no element: subscripts are integers",
        where=here(),
        why=("an expression says one element; the shape of the stage says which elements there are",),
        hint=(f"td.compute(name, shape, lambda i, …: {tensor.name}[i, …])",),
    )


def _wrong_rank(tensor: Tensor, parts: tuple[object, ...]) -> ShapeError:
    from tdsl.expr.printer import shape_text

    written = ", ".join(str(part) for part in parts)
    count = len(parts)
    names = "ijklmn"[: tensor.ndim] if tensor.ndim <= 6 else [f"i{place}" for place in range(tensor.ndim)]
    return ShapeError(
        "E102",
        f"{tensor.name}[{written}] has {count} subscript{'s' * (count != 1)}, {tensor.name} has rank {tensor.ndim}",
        where=here(),
        why=(f"{tensor.name} is declared with shape {shape_text(tensor.extents)}",),
        hint=(f"{tensor.name}[{', '.join(names)}]",) if tensor.ndim else (f"{tensor.name}[()]",),
    )
