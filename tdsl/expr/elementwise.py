"""Operators on whole tensors: operands broadcast as NumPy's do and make an unnamed stage (semantics E1, N4).

In: an operator's name, a function of elements, operands of which one at least is a tensor. Out: a tensor, made by the
maker that `declare/` registers here once, because making stages is its business and this package stands below it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from tdsl.errors import ArgumentTypeError, InternalError, ShapeError
from tdsl.expr.handles import Expr, Origin, as_operand, merged
from tdsl.expr.node import Const, Node, index_const
from tdsl.expr.rewrite import free_vars
from tdsl.expr.simplify import simplify
from tdsl.expr.tensor import Tensor
from tdsl.location import here


class StageMaker(Protocol):
    """Makes an unnamed stage: `name` is what it may be called, `element` gives its value at subscripts."""

    def __call__(
        self,
        name: str,
        extents: tuple[Node, ...],
        element: Callable[[tuple[Expr, ...]], Expr],
        origins: tuple[Origin, ...],
    ) -> Tensor: ...


_maker: list[StageMaker] = []


def register_stage_maker(maker: StageMaker) -> None:
    """Called once by `declare/` when it loads."""
    if _maker and _maker[0] is not maker:
        raise InternalError("a second maker of unnamed stages", pass_name="expr.elementwise")
    _maker[:] = [maker]


def elementwise(name: str, function: Callable[..., Expr], *operands: object) -> Tensor:
    """The tensor of `function` over the elements of operands, broadcast from the last dimension on.

    Scalars (numbers, sizes, params) stand for themselves.

    Errors: E104 extents that neither agree nor are 1; E113 an element or axis beside a whole tensor.
    """
    tensors = [operand for operand in operands if isinstance(operand, Tensor)]
    for operand in operands:
        _check_scalar(operand, tensors[0])
    extents = _broadcast(name, tensors)

    def element(index: tuple[Expr, ...]) -> Expr:
        return function(
            *(_element(operand, index) if isinstance(operand, Tensor) else operand for operand in operands)
        )

    if not _maker:
        raise InternalError(
            "operators on whole tensors need tdsl.declare, which is not loaded", pass_name="expr.elementwise"
        )
    origins = merged(operand.origins for operand in operands if isinstance(operand, Expr))
    return _maker[0](name, extents, element, origins)


def _check_scalar(operand: object, tensor: Tensor) -> None:
    if isinstance(operand, Tensor):
        return
    value = as_operand(operand)
    if isinstance(value, Expr) and any(var.kind == "axis" for var in free_vars(value.node)):
        index = ", ".join("ijklmn"[: tensor.ndim])
        raise ArgumentTypeError(
            "E113",
            f"the whole tensor {tensor.name} meets the element {value}",
            where=here(),
            why=("an operator takes whole tensors, or elements, but not one of each",),
            hint=(f"{tensor.name}[{index}]",),
        )


def _broadcast(name: str, tensors: Sequence[Tensor]) -> tuple[Node, ...]:
    """The extents of the result; NumPy's rule, where symbolic extents agree if they are the same expression."""
    rank = max(tensor.ndim for tensor in tensors)
    extents: list[Node] = [index_const(1)] * rank
    for tensor in tensors:
        for place, extent in enumerate(tensor.extents, start=rank - tensor.ndim):
            extent = simplify(extent)
            if _is_one(extents[place]):
                extents[place] = extent
            elif not _is_one(extent) and extent is not extents[place]:
                raise _mismatch(name, tensors, place - rank)
    return tuple(extents)


def _mismatch(name: str, tensors: Sequence[Tensor], place: int) -> ShapeError:
    shapes = " and ".join(f"{tensor.name}{_shape_text(tensor)}" for tensor in tensors)
    return ShapeError(
        "E104",
        f"{name}: the shapes do not broadcast: {shapes}",
        where=here(),
        why=(f"dimension {place} (counted from the last) must agree, or be 1",),
        hint=("td.compute with the subscripts written out",),
    )


def _shape_text(tensor: Tensor) -> str:
    from tdsl.expr.printer import text

    parts = ", ".join(text(extent) for extent in tensor.extents)
    return f" ({parts},)" if tensor.ndim == 1 else f" ({parts})"


def _is_one(extent: Node) -> bool:
    return isinstance(extent, Const) and extent.value == 1


def _element(tensor: Tensor, index: tuple[Expr, ...]) -> Expr:
    """The element that a point of the result takes from an operand: its last dimensions, 0 along extents of 1."""
    own = index[len(index) - tensor.ndim :]
    subscripts = tuple(
        0 if _is_one(extent) else part for extent, part in zip(tensor.extents, own, strict=True)
    )
    return tensor[subscripts]
