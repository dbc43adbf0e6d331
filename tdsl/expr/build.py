"""Node constructors that everybody uses: they check dtypes and fold constants and units; nothing inexact is folded.

In: nodes of agreeing dtypes (a mismatch is a bug of the caller: `InternalError`; users meet `handles.py` first).
Out: an interned node, often simpler than asked for: `x + 0`, `x * 1`, constants, a `select` with a known condition.
Float rules kept: `x * 1`, `x / 1`, `x - 0`, `x + (-0)`, since each gives x for every x; `x + 0` and `x * 0` do not.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce as accumulate

from tdsl.dtypes import DType, as_dtype, bits_of, wrap
from tdsl.errors import InternalError
from tdsl.expr import constants
from tdsl.expr.node import (
    BOOL,
    INT64,
    Binary,
    BinaryOp,
    Bitcast,
    Cast,
    Compare,
    CompareOp,
    Const,
    Fma,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    UnaryOp,
    const,
    index_const,
)  # fmt: skip
from tdsl.expr.tensor import Axis, Reducer, Tensor

TRUE = const(True, BOOL)
FALSE = const(False, BOOL)
ZERO = index_const(0)
ONE = index_const(1)

MAXIMUM = (1 << 63) - 1

NEGATED: dict[CompareOp, CompareOp] = {"eq": "ne", "ne": "eq", "lt": "ge", "ge": "lt", "gt": "le", "le": "gt"}
"""The comparison that holds exactly where another does not; for floats only `eq` and `ne` (NaN)."""

SWAPPED: dict[CompareOp, CompareOp] = {"eq": "eq", "ne": "ne", "lt": "gt", "gt": "lt", "le": "ge", "ge": "le"}
"""The same comparison with its operands exchanged."""

_FLOAT_ONLY = ("sqrt", "floor", "ceil", "trunc", "round")
_INTEGER_ONLY = ("floordiv", "mod", "shl", "shr")
_BITWISE = ("and", "or", "xor")


def _require(condition: bool, what: str) -> None:
    if not condition:
        raise InternalError(what, pass_name="expr.build")


def _same(op: str, a: Node, b: Node) -> DType:
    dtype = a.dtype
    if dtype is not b.dtype:
        raise InternalError(f"{op} of {dtype} and {b.dtype}", pass_name="expr.build")
    return dtype


def _takes(op: BinaryOp, dtype: DType) -> bool:
    """Whether operands of a dtype have this operation."""
    if dtype is INT64:  # most of all: subscripts and bounds
        return op != "div"
    if dtype.is_bool:
        return op in (*_BITWISE, "min", "max")
    if not dtype.arithmetic:
        return False
    return op != "div" if dtype.is_integer else op not in (*_INTEGER_ONLY, *_BITWISE)


def constant(value: int | float | bool, dtype: DType | str) -> Const:
    """A constant of an already wrapped or rounded value."""
    if dtype is INT64 and type(value) is int and -MAXIMUM <= value <= MAXIMUM:
        return index_const(value)
    of = as_dtype(dtype)
    return Const(of, bits_of(value, of))


def is_constant(node: Node, value: int) -> bool:
    """Whether a node is the constant `value`; for floats the positive zero is 0, the negative one is not."""
    if not isinstance(node, Const):
        return False
    # Zero is all bits clear in every dtype; most questions ask for it.
    return node.bits == (bits_of(value, node.of) if value else 0)


# one operand


def unary(op: UnaryOp, operand: Node) -> Node:
    """`op` of one operand: `not` of bools and integers, `neg abs` of numbers, counts of integers, else of floats."""
    dtype = operand.dtype
    _require(dtype.is_bool or dtype.arithmetic, f"{op} of {dtype}")
    _require(not dtype.is_bool or op == "not", f"{op} of a bool")
    _require(not (dtype.is_float and op in ("not", *constants.COUNTS)), f"{op} of {dtype}")
    if op in _FLOAT_ONLY and not dtype.is_float:
        _require(op != "sqrt", f"sqrt of {dtype}")
        return operand
    if isinstance(operand, Const):
        return constant(constants.unary(op, operand.value, dtype), dtype)
    if op == "abs" and dtype.kind == "uint":
        return operand
    if isinstance(operand, Unary):
        if op == operand.op and op in ("neg", "not"):
            return operand.operand
        if op == operand.op and op not in ("sqrt", *constants.COUNTS):
            return operand
        if op == "abs" and operand.op == "neg":
            return Unary("abs", operand.operand)
    if op == "not" and isinstance(operand, Compare) and _can_negate(operand):
        return Compare(NEGATED[operand.op], operand.lhs, operand.rhs)
    return Unary(op, operand)


def _can_negate(node: Compare) -> bool:
    return not node.lhs.dtype.is_float or node.op in ("eq", "ne")


def neg(a: Node) -> Node:
    """`-a`; integers wrap."""
    return unary("neg", a)


def absolute(a: Node) -> Node:
    """`|a|`; the least integer wraps to itself."""
    return unary("abs", a)


def logical_not(a: Node) -> Node:
    """Not of a bool, bitwise complement of an integer."""
    return unary("not", a)


def cast(a: Node, to: DType | str) -> Node:
    """Conversion to another dtype (D2)."""
    target = as_dtype(to)
    if target is a.dtype:
        return a
    if isinstance(a, Const):
        return constant(constants.cast(a.value, a.of, target), target)
    return Cast(target, a)


def bitcast(a: Node, to: DType | str) -> Node:
    """The bits of a number read as a number of another dtype of the same width."""
    target = as_dtype(to)
    fits = a.dtype.bits == target.bits and not a.dtype.is_bool and not target.is_bool
    _require(fits, f"the bits of {a.dtype} as {target}")
    if isinstance(a, Bitcast):
        a = a.operand
    if target is a.dtype:
        return a
    return Const(target, a.bits) if isinstance(a, Const) else Bitcast(target, a)


# two operands


def binary(op: BinaryOp, a: Node, b: Node) -> Node:
    """`op` of two operands of one dtype, folded by the rules of that operator."""
    dtype = _same(op, a, b)
    if not _takes(op, dtype):
        raise InternalError(f"{op} of {dtype}", pass_name="expr.build")
    if isinstance(a, Const) and isinstance(b, Const):
        return constant(constants.binary(op, a.value, b.value, dtype), dtype)
    folded = _fold_idempotent(op, a, b) if op in ("min", "max", "and", "or") else None
    if folded is None and op in ("add", "sub"):
        folded = _fold_sum(op, a, b, dtype)
    elif folded is None:
        folded = _fold_unit(op, a, b, dtype)
    return Binary(op, a, b) if folded is None else folded


def _fold_idempotent(op: BinaryOp, a: Node, b: Node) -> Node | None:
    if a is b:
        return a
    if not a.dtype.is_bool:
        return None
    for node, other in ((a, b), (b, a)):
        if node is TRUE:
            return other if op in ("and", "min") else TRUE
        if node is FALSE:
            return other if op in ("or", "max") else FALSE
    return None


def _fold_sum(op: BinaryOp, a: Node, b: Node, dtype: DType) -> Node | None:
    if dtype.is_float:
        if op == "add":
            minus_zero = bits_of(-0.0, dtype)
            for node, other in ((a, b), (b, a)):
                if isinstance(node, Const) and node.bits == minus_zero:
                    return other
        return a if op == "sub" and is_constant(b, 0) else None
    if isinstance(b, Const):
        return _add_constant(a, int(b.value) if op == "add" else -int(b.value), dtype)
    if isinstance(a, Const):
        if op == "add":
            return _add_constant(b, int(a.value), dtype)
        return neg(b) if a.bits == 0 else None
    if op == "sub" and a is b:
        return constant(0, dtype)
    return None


def _add_constant(a: Node, offset: int, dtype: DType) -> Node:
    """`a + offset` of integers, constants gathered at the end: `(i + 3) - 1` is `i + 2`."""
    if isinstance(a, Binary) and isinstance(a.rhs, Const) and a.op in ("add", "sub"):
        inner = int(a.rhs.value)
        return _add_constant(a.lhs, offset + (inner if a.op == "add" else -inner), dtype)
    offset = constants.signed(offset, dtype)
    if offset == 0:
        return a
    if -(1 << dtype.bits - 1) < offset < 0:
        return Binary("sub", a, constant(-offset, dtype))
    return Binary("add", a, constant(wrap(offset, dtype), dtype))


def _fold_unit(op: BinaryOp, a: Node, b: Node, dtype: DType) -> Node | None:
    match op:
        case "mul":
            return _fold_product(a, b, dtype)
        case "div":
            return a if is_constant(b, 1) else None
        case "floordiv" | "mod":
            return _fold_division(op, a, b, dtype)
        case "shl" | "shr":
            return a if is_constant(b, 0) or is_constant(a, 0) else None
        case "xor":
            if a is b:
                return constant(0, dtype)
            return a if is_constant(b, 0) else b if is_constant(a, 0) else None
        case "and" | "or" if dtype.is_integer:
            for node, other in ((a, b), (b, a)):
                if is_constant(node, 0):
                    return other if op == "or" else node
            return None
        case _:
            return None


def _fold_product(a: Node, b: Node, dtype: DType) -> Node | None:
    for node, other in ((b, a), (a, b)):
        if is_constant(node, 1):
            return other
        if dtype.is_integer and is_constant(node, 0):
            return node
    if dtype.is_integer and isinstance(a, Const):
        return Binary("mul", b, a)
    return None


def _fold_division(op: BinaryOp, a: Node, b: Node, dtype: DType) -> Node | None:
    if is_constant(b, 0) or is_constant(a, 0):
        return constant(0, dtype)
    if is_constant(b, 1):
        return a if op == "floordiv" else constant(0, dtype)
    return None


def add(a: Node, b: Node) -> Node:
    """`a + b`; integers wrap."""
    return binary("add", a, b)


def sub(a: Node, b: Node) -> Node:
    """`a - b`; integers wrap."""
    return binary("sub", a, b)


def mul(a: Node, b: Node) -> Node:
    """`a * b`; integers wrap."""
    return binary("mul", a, b)


def div(a: Node, b: Node) -> Node:
    """`a / b` of floats."""
    return binary("div", a, b)


def floordiv(a: Node, b: Node) -> Node:
    """`a // b` of integers, toward minus infinity; 0 for a zero divisor."""
    return binary("floordiv", a, b)


def mod(a: Node, b: Node) -> Node:
    """`a % b` of integers, with the sign of b; 0 for a zero divisor."""
    return binary("mod", a, b)


def ceildiv(a: Node, divisor: int) -> Node:
    """The least integer not below `a / divisor`, for a positive constant divisor."""
    _require(divisor > 0, f"ceildiv by {divisor}")
    return floordiv(add(a, constant(divisor - 1, a.dtype)), constant(divisor, a.dtype))


def minimum(a: Node, b: Node) -> Node:
    """The lesser; NaN wins, -0 < +0 (E5)."""
    return binary("min", a, b)


def maximum(a: Node, b: Node) -> Node:
    """The greater; NaN wins, -0 < +0 (E5)."""
    return binary("max", a, b)


def logical_and(*conditions: Node) -> Node:
    """All of the conditions (true for none); strict, so both sides are always evaluated."""
    return accumulate(lambda a, b: binary("and", a, b), conditions, TRUE)


def logical_or(*conditions: Node) -> Node:
    """Any of the conditions (false for none)."""
    return accumulate(lambda a, b: binary("or", a, b), conditions, FALSE)


def compare(op: CompareOp, a: Node, b: Node) -> Node:
    """A comparison of two operands of one dtype; of bools only `eq` and `ne`."""
    dtype = _same(op, a, b)
    if isinstance(a, Const) and isinstance(b, Const):
        return constant(constants.compare(op, a.value, b.value), BOOL)
    if a is b and not dtype.is_float:
        return TRUE if op in ("eq", "le", "ge") else FALSE
    return Compare(op, a, b)


def eq(a: Node, b: Node) -> Node:
    """`a == b`."""
    return compare("eq", a, b)


def ne(a: Node, b: Node) -> Node:
    """`a != b`."""
    return compare("ne", a, b)


def lt(a: Node, b: Node) -> Node:
    """`a < b`."""
    return compare("lt", a, b)


def le(a: Node, b: Node) -> Node:
    """`a <= b`."""
    return compare("le", a, b)


def gt(a: Node, b: Node) -> Node:
    """`a > b`."""
    return compare("gt", a, b)


def ge(a: Node, b: Node) -> Node:
    """`a >= b`."""
    return compare("ge", a, b)


# the rest


def select(cond: Node, then: Node, otherwise: Node) -> Node:
    """`then` where `cond` holds, else `otherwise`; the branch not taken is never evaluated."""
    _require(cond.dtype is BOOL, f"a condition of {cond.dtype}")
    _same("select", then, otherwise)
    if isinstance(cond, Const):
        return then if cond.value else otherwise
    return then if then is otherwise else Select(cond, then, otherwise)


def fma(a: Node, b: Node, c: Node, *, contracted: bool = False) -> Node:
    """`a * b + c` rounded once, of floats; of integers the product and the sum."""
    dtype = _same("fma", a, b)
    _same("fma", a, c)
    if dtype.is_integer:
        return add(mul(a, b), c)
    _require(dtype.is_float and dtype.arithmetic, f"fma of {dtype}")
    if isinstance(a, Const) and isinstance(b, Const) and isinstance(c, Const):
        folded = _fold_fma(float(a.value), float(b.value), float(c.value), dtype, contracted)
        if folded is not None:
            return folded
    for factor, other in ((a, b), (b, a)):
        if is_constant(factor, 1):
            return add(other, c)
    return Fma(a, b, c, contracted)


def _fold_fma(a: float, b: float, c: float, dtype: DType, contracted: bool) -> Node | None:
    """The constant; None for a contracted one that a target without the instruction would round otherwise (D5)."""
    once = constant(constants.fma(a, b, c, dtype), dtype)
    product = constants.binary("mul", a, b, dtype)
    twice = constant(constants.binary("add", product, c, dtype), dtype)
    return once if once is twice or not contracted else None


def read(tensor: Tensor, index: Sequence[Node]) -> Node:
    """One element of a tensor."""
    _require(len(index) == tensor.ndim, f"{len(index)} subscripts of {tensor.name} with rank {tensor.ndim}")
    _require(all(part.dtype is INT64 for part in index), f"a subscript of {tensor.name} is not int64")
    return Read(tensor, tuple(index))


def reduction(reducer: Reducer, axes: Sequence[str], operands: Sequence[Node], component: int = 0) -> Node:
    """A reduction over the named axes, outermost first; not fused until `contract` decides."""
    _require(bool(axes) and bool(operands), f"{reducer.name} over nothing")
    return Reduce(reducer, tuple(axes), tuple(operands), component, False)


def extent(axis: Axis) -> Node:
    """How many values an axis takes where its upper bound is not below its lower one: `upper - lower`."""
    return sub(axis.upper, axis.lower)


def refold(node: Node) -> Node:
    """The node made anew by the constructors here, which fold it where its operands are constants by now."""
    match node:
        case Unary():
            return unary(node.op, node.operand)
        case Binary():
            return binary(node.op, node.lhs, node.rhs)
        case Compare():
            return compare(node.op, node.lhs, node.rhs)
        case Select():
            return select(node.cond, node.then, node.otherwise)
        case Cast():
            return cast(node.operand, node.to)
        case Bitcast():
            return bitcast(node.operand, node.to)
        case Fma():
            return fma(node.a, node.b, node.c, contracted=node.contracted)
        case _:
            return node
