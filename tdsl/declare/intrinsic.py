"""`td.intrinsic`: an instruction of the user's own, whose meaning is a tensor expression; that and its call in, a value out.

In: a small sum of products over placeholders, of constant extents, and LLVM's name of the instruction. Out: an
`Intrinsic` for `tensorize`. What it means is read off the expression; whether LLVM has it for a target, and whether it
computes that, is tried where it is built (`codegen/llvm/trial.py`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NoReturn

from tdsl.declare.names import checked_name, shown
from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.expr.intrinsic import Intrinsic, TileOperand
from tdsl.expr.node import Binary, Cast, Const, Node, Read, Reduce, Var
from tdsl.expr.tensor import Axis, Stage, Tensor
from tdsl.location import Location, here, hide_internal_frames

_CALL = re.compile(r"llvm\.[a-z0-9_]+(\.[a-z0-9_]+)+")
_FEATURES = re.compile(r"[a-z0-9.-]+(\+[a-z0-9.-]+)*")
LARGEST_OPERAND = 1024
"""Elements of one operand: eight 512-bit registers of bytes."""


@hide_internal_frames
def intrinsic(
    tensor: Tensor,
    *,
    call: str,
    architecture: str,
    features: Sequence[str] | str = (),
    name: str | None = None,
) -> Intrinsic:
    """Declares what an instruction computes, for `s.tensorize`.

    Args:
        tensor: its meaning: a `td.compute` of constant extents (data dims) that is one `td.sum` over one axis of
            `td.cast(a[…], dtype) * td.cast(b[…], dtype)` of integers. The subscripts of the placeholders `a` and `b` are
            axes of the tensor, in their order, and the reduction axis last; an operand lacks the axes that it does not
            vary along. The instruction adds that sum to its first operand, and wraps.
        call: LLVM's name of it, ``"llvm.x86.avx512.vpdpbusd.512"``: a function of the result, `a` and `b` (in the order of
            their declaration), each a row-major vector, that returns the new result.
        architecture: "x86_64" or "aarch64".
        features: what a target needs: LLVM feature names, joined by "+" where several are needed; several strings are
            alternatives.
        name: what prints and errors call it; the tensor's where None.

    Returns: an `Intrinsic`; its `text()` declares it again where a schedule is loaded.

    Errors, here: E108 name; E115 no tensor; E132 a tensor or an argument that is none of this. Where it is built: G123 a
    target without the features, G124 an instruction that LLVM does not have, or that computes something else.
    Source: TVM's `tensor_intrin`.
    """
    where = here()
    if not isinstance(tensor, Tensor) or tensor.producer is None:  # pyright: ignore[reportUnnecessaryIsInstance]
        raise ArgumentTypeError(
            "E115", f"td.intrinsic takes a computed tensor, not {shown(tensor)}", where=where,
            hint=("td.intrinsic(td.compute(…), call=…)",),
        )  # fmt: skip
    given = (features,) if isinstance(features, str) else tuple(features)
    known = checked_name(tensor.name if name is None else name, "an intrinsic", where)
    if not _CALL.fullmatch(str(call)):
        _refuse(
            where, f"call={call!r} is no name of an LLVM intrinsic", 'call="llvm.x86.avx512.vpdpbusd.512"'
        )
    if architecture not in ("x86_64", "aarch64"):
        _refuse(where, f"architecture={architecture!r}", '"x86_64" or "aarch64"')
    if not given or not all(_FEATURES.fullmatch(str(one)) for one in given):
        _refuse(where, f"features={features!r} names no features", 'features="avx512vnni"')
    result, operands = _meaning(tensor, tensor.producer, where)
    return Intrinsic(known, call, result, operands, architecture, given)


def _meaning(
    tensor: Tensor, stage: Stage, where: Location | None
) -> tuple[TileOperand, tuple[TileOperand, TileOperand]]:
    """The operands of the sum of products that a stage is."""
    body = stage.body[0] if len(stage.body) == 1 and len(stage.reduce_axes) == 1 else None
    term = body.operands[0] if isinstance(body, Reduce) and body.reducer.name == "sum" else None
    if stage.domain or stage.own or not isinstance(term, Binary) or term.op != "mul":
        _refuse(where, f"{tensor.name} is not one sum of products over one axis")
    reads = [_read(one) for one in (term.lhs, term.rhs)]
    if None in reads or not term.dtype.is_integer or tensor.dtype is not term.dtype:
        _refuse(where, f"the factors of {tensor.name} are no casts of integer inputs to the sum's dtype")
    first, second = sorted((one for one in reads if one is not None), key=lambda one: one.tensor.number)
    extents = [_extent(axis, where) for axis in (*stage.axes, *stage.reduce_axes)]
    names = [axis.name for axis in (*stage.axes, *stage.reduce_axes)]
    operands = tuple(_operand(one, names, extents, where) for one in (first, second))
    if not stage.axes or max(one.count for one in operands) > LARGEST_OPERAND:
        _refuse(
            where, f"{tensor.name} has no data axis, or an operand of more than {LARGEST_OPERAND} elements"
        )
    if any(one.shape[-1] != extents[-1] for one in operands):
        _refuse(where, f"both factors of {tensor.name} vary along {names[-1]}")
    return TileOperand(tensor.dtype, (*extents[:-1], 1)), (operands[0], operands[1])


def _read(node: Node) -> Read | None:
    """The read of an integer input under a cast."""
    if isinstance(node, Cast) and isinstance(node.operand, Read) and node.operand.dtype.is_integer:
        return node.operand if node.operand.tensor.producer is None else None
    return None


def _extent(axis: Axis, where: Location | None) -> int:
    if not (isinstance(axis.lower, Const) and isinstance(axis.upper, Const)) or axis.lower.value:
        _refuse(where, f"{axis.name} has no constant extent, or does not start at 0")
    return int(axis.upper.value)


def _operand(read: Read, names: Sequence[str], extents: Sequence[int], where: Location | None) -> TileOperand:
    """The extents of a read along all axes, 1 along those that it lacks."""
    found = [part.name if isinstance(part, Var) and part.kind == "axis" else "" for part in read.index]
    if [name for name in names if name in found] != found or len(set(found)) < len(found):
        _refuse(where, f"the subscripts of {read.tensor.name} are not axes, in their order")
    shape = tuple(extent if name in found else 1 for name, extent in zip(names, extents, strict=True))
    inside = [extent for name, extent in zip(names, extents, strict=True) if name in found]
    if [part.value if isinstance(part, Const) else None for part in read.tensor.extents] != inside:
        _refuse(where, f"{read.tensor.name} is not as large as the axes that index it")
    return TileOperand(read.dtype, shape)


def _refuse(where: Location | None, why: str, hint: str = "") -> NoReturn:
    raise ArgumentError(
        "E132",
        "td.intrinsic cannot make an intrinsic of this",
        where=where,
        why=(why,),
        hint=(hint or "td.sum(td.cast(a[i, k], dtype) * td.cast(b[i, k], dtype), over=k)",),
    )
