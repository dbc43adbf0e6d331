"""Integer arithmetic as semantics D2 reads it: operands as text in, the result's name out; no case is undefined.

Sums and products wrap. Division floors, by zero it gives 0, the least value by -1 the least. Constant divisors become
shifts or the multiply-high forms that LLVM makes of a division by a constant. A shift count is unsigned: the width or
more gives 0, or the sign. Hardware and LLVM leave those cases undefined, so each is selected away first.
"""

from __future__ import annotations

from tdsl.codegen.llvm.operations import Operations
from tdsl.dtypes import DType
from tdsl.expr.node import BinaryOp, CompareOp, UnaryOp

_PLAIN = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
_SIGNED = {"lt": "slt", "le": "sle", "gt": "sgt", "ge": "sge", "eq": "eq", "ne": "ne"}
_UNSIGNED = {"lt": "ult", "le": "ule", "gt": "ugt", "ge": "uge", "eq": "eq", "ne": "ne"}


def predicate(op: CompareOp, dtype: DType) -> str:
    """The comparison's name in `icmp`."""
    return (_SIGNED if dtype.kind == "int" else _UNSIGNED)[op]


def integer_binary(
    o: Operations, op: BinaryOp, dtype: DType, a: str, b: str, constant: int | None, *, positive: bool = False
) -> str:
    """`a op b`. `constant` is the value of b where it is one; `positive`: a is known not to be negative."""
    element = f"i{dtype.bits}"
    if op in _PLAIN:
        return o.binary(_PLAIN[op], element, a, b)
    if op in ("min", "max"):
        return o.intrinsic(f"llvm.{'s' if dtype.kind == 'int' else 'u'}{op}", element, a, b)
    if op in ("shl", "shr"):
        return _shift(o, op, dtype, a, b, constant)
    unsigned = positive or dtype.kind == "uint"
    if constant is not None and constant > 0:
        return _divide_by_constant(o, op, dtype.bits, a, constant, unsigned)
    if dtype.kind == "uint":
        return _divide_unsigned(o, op, element, a, b)
    return _divide_signed(o, op, dtype.bits, a, b)


def negate(o: Operations, bits: int, a: str) -> str:
    """`-a`, wrapping."""
    return o.binary("sub", f"i{bits}", o.integer(0, bits), a)


def complement(o: Operations, bits: int, a: str) -> str:
    """Every bit the other way."""
    return o.binary("xor", f"i{bits}", a, o.integer(-1, bits))


def absolute(o: Operations, dtype: DType, a: str) -> str:
    """`|a|`; the least value stays."""
    return (
        o.intrinsic("llvm.abs", f"i{dtype.bits}", a, extra=(("i1", "false"),)) if dtype.kind == "int" else a
    )


def count_bits(o: Operations, op: UnaryOp, dtype: DType, a: str) -> str:
    """Bits that are set, zeros before the first, zeros after the last; the width where no bit is set."""
    element = f"i{dtype.bits}"
    if op == "popcount":
        return o.intrinsic("llvm.ctpop", element, a)
    return o.intrinsic("llvm.ctlz" if op == "clz" else "llvm.cttz", element, a, extra=(("i1", "false"),))


def _shift(o: Operations, op: str, dtype: DType, a: str, b: str, constant: int | None) -> str:
    element, bits = f"i{dtype.bits}", dtype.bits
    instruction = "shl" if op == "shl" else "ashr" if dtype.kind == "int" else "lshr"
    if constant is not None:
        inside = 0 <= constant < bits
        if inside or instruction == "ashr":
            return o.binary(instruction, element, a, o.integer(constant if inside else bits - 1, bits))
        return o.integer(0, bits)
    if instruction == "ashr":
        count = o.intrinsic("llvm.umin", element, b, o.integer(bits - 1, bits))
        return o.binary("ashr", element, a, count)
    inside_flag = o.compare("ult", element, b, o.integer(bits, bits))
    shifted = o.binary(instruction, element, a, o.binary("and", element, b, o.integer(bits - 1, bits)))
    return o.select(element, inside_flag, shifted, o.integer(0, bits))


def _divide_by_constant(o: Operations, op: str, bits: int, a: str, divisor: int, unsigned: bool) -> str:
    """By a positive constant: a shift or a mask for powers of two, else LLVM's multiply-high."""
    element = f"i{bits}"
    if divisor & (divisor - 1) == 0:
        if op == "mod":
            return o.binary("and", element, a, o.integer(divisor - 1, bits))
        return o.binary("lshr" if unsigned else "ashr", element, a, o.integer(divisor.bit_length() - 1, bits))
    if unsigned:
        return o.binary("udiv" if op == "floordiv" else "urem", element, a, o.integer(divisor, bits))
    # floor(a / d) = ~(~a / d) for negative a: mirror there and back, and divide what is not negative
    sign = o.binary("ashr", element, a, o.integer(bits - 1, bits))
    mirrored = o.binary("xor", element, a, sign)
    quotient = o.binary("xor", element, o.binary("udiv", element, mirrored, o.integer(divisor, bits)), sign)
    if op == "floordiv":
        return quotient
    return o.binary("sub", element, a, o.binary("mul", element, quotient, o.integer(divisor, bits)))


def _divide_unsigned(o: Operations, op: str, element: str, a: str, b: str) -> str:
    bits = int(element[1:])
    zero = o.compare("eq", element, b, o.integer(0, bits))
    safe = o.select(element, zero, o.integer(1, bits), b)
    result = o.binary("udiv" if op == "floordiv" else "urem", element, a, safe)
    return o.select(element, zero, o.integer(0, bits), result)


def _divide_signed(o: Operations, op: str, bits: int, a: str, b: str) -> str:
    """0 and -1 are taken out of the divisor; then the truncated quotient is moved down where signs differ."""
    element = f"i{bits}"
    zero, one = o.integer(0, bits), o.integer(1, bits)
    by_zero = o.compare("eq", element, b, zero)
    by_minus_one = o.compare("eq", element, b, o.integer(-1, bits))
    safe = o.select(element, o.binary("or", "i1", by_zero, by_minus_one), one, b)
    quotient = o.binary("sdiv", element, a, safe)
    rest = o.binary("sub", element, a, o.binary("mul", element, quotient, safe))
    inexact = o.compare("ne", element, rest, zero)
    opposite = o.compare("slt", element, o.binary("xor", element, rest, safe), zero)
    below = o.binary("and", "i1", inexact, opposite)
    if op == "mod":
        floored = o.select(element, below, o.binary("add", element, rest, safe), rest)
        return o.select(element, by_zero, zero, floored)  # by -1 became by 1: rest 0
    floored = o.binary("add", element, quotient, o.convert("sext", "i1", element, below))
    negated = o.binary("sub", element, zero, a)
    return o.select(element, by_zero, zero, o.select(element, by_minus_one, negated, floored))
