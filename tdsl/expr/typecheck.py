"""Whether an expression is well typed: for text that was parsed and IR that a pass made, node by node.

In: a node. Out: the first violation as a sentence, or None. `build.py` cannot make an ill-typed node; the constructors
of `node.py`, which parsers and tests use, can.
"""

from __future__ import annotations

from tdsl.expr.node import (
    BOOL,
    INT64,
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
)
from tdsl.expr.rewrite import walk

_INTEGERS_ONLY = ("floordiv", "mod", "shl", "shr")
_LOGICAL = ("and", "or", "xor")
_COUNTS = ("popcount", "clz", "ctz")
_FLOATS_ONLY = ("sqrt", "floor", "ceil", "trunc", "round")


def violation(node: Node) -> str | None:
    """The first ill-typed node below, children first, said in a sentence; None where all is well."""
    for part in walk(node):
        problem = _violation(part)
        if problem is not None:
            return f"{problem}: {part}"
    return None


def _violation(node: Node) -> str | None:
    match node:
        case Const():
            return None if 0 <= node.bits < 1 << node.of.bits else f"a constant wider than {node.of}"
        case Var():
            wrong = node.kind in ("axis", "size") and node.of is not INT64
            return f"{node.kind} {node.name} is {node.of}, not int64" if wrong else None
        case Unary():
            return _unary(node)
        case Binary():
            return _binary(node)
        case Compare():
            return _agree(node.op, node.lhs, node.rhs) or (
                "bools have no order" if node.lhs.dtype.is_bool and node.op not in ("eq", "ne") else None
            )
        case Select():
            if node.cond.dtype is not BOOL:
                return f"a condition of {node.cond.dtype}"
            return _agree("where", node.then, node.otherwise)
        case Fma():
            wrong = not (node.dtype.is_float and node.dtype.arithmetic)
            return (
                f"fma of {node.dtype}"
                if wrong
                else _agree("fma", node.a, node.b) or _agree("fma", node.a, node.c)
            )
        case Read() | Load():
            return _subscripts(node)
        case Reduce():
            return (
                None if node.axes and 0 <= node.component < len(node.operands) else "a reduction over nothing"
            )
        case Cast():
            return None
        case Bitcast():
            fits = node.operand.dtype.bits == node.to.bits and not (
                node.to.is_bool or node.operand.dtype.is_bool
            )
            return None if fits else f"the bits of {node.operand.dtype} as {node.to}"
        case Call():
            return _call(node)
        case _:
            return f"{type(node).__name__} is no expression"


def _agree(what: str, a: Node, b: Node) -> str | None:
    return None if a.dtype is b.dtype else f"{what} of {a.dtype} and {b.dtype}"


def _unary(node: Unary) -> str | None:
    dtype = node.dtype
    fits = (
        dtype.is_float
        if node.op in _FLOATS_ONLY
        else dtype.is_integer
        if node.op in _COUNTS
        else not dtype.is_float
        if node.op == "not"
        else not dtype.is_bool
    )
    return None if fits and (dtype.arithmetic or dtype.is_bool) else f"{node.op} of {dtype}"


def _call(node: Call) -> str | None:
    if not (node.dtype.is_float and node.dtype.arithmetic):
        return f"{node.name} of {node.dtype}"
    return next((wrong for arg in node.args if (wrong := _agree(node.name, node.args[0], arg))), None)


def _binary(node: Binary) -> str | None:
    dtype = node.dtype
    if (problem := _agree(node.op, node.lhs, node.rhs)) is not None:
        return problem
    if dtype.is_bool:
        fits = node.op in (*_LOGICAL, "min", "max")
    elif dtype.is_integer:
        fits = node.op != "div"
    else:
        fits = dtype.arithmetic and node.op not in (*_INTEGERS_ONLY, *_LOGICAL)
    return None if fits else f"{node.op} of {dtype}"


def _subscripts(node: Read | Load) -> str | None:
    if isinstance(node, Read) and len(node.index) != node.tensor.ndim:
        return f"{len(node.index)} subscripts for rank {node.tensor.ndim}"
    wrong = next((part for part in node.index if part.dtype is not INT64), None)
    return None if wrong is None else f"a subscript of {wrong.dtype}"
