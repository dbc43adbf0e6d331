"""Float arithmetic as semantics D3 and E5 read it: operands as text in, the result's name out; no library calls.

No fast-math flags and no `fmuladd`: LLVM then neither contracts nor reorders. Minimum and maximum let NaN win and put
-0 below +0. Rounding uses the machine's instructions; before SSE4.1 it is done by adding and taking away 2^fraction,
where the sum has no place for a fraction (needs round-to-nearest, semantics D4).
"""

from __future__ import annotations

from tdsl.codegen.llvm.operations import Operations
from tdsl.codegen.llvm.types import element_type, literal
from tdsl.dtypes import DType, bits_of, value_of
from tdsl.expr.node import BinaryOp, CompareOp, UnaryOp

ORDERED: dict[CompareOp, str] = {"eq": "oeq", "ne": "une", "lt": "olt", "le": "ole", "gt": "ogt", "ge": "oge"}
"""IEEE: a comparison with NaN is false, but for `ne`."""

ARITHMETIC = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv"}


def float_binary(
    o: Operations, op: BinaryOp, dtype: DType, a: str, b: str, constants: tuple[int | None, int | None]
) -> str:
    """`a op b`. `constants`: the bit patterns of those operands that are constants."""
    element = element_type(dtype)
    if op in ARITHMETIC:
        return o.binary(ARITHMETIC[op], element, a, b)
    assert op in ("min", "max"), op
    if o.capabilities.minmax:
        return o.intrinsic(f"llvm.{op}imum", element, a, b)
    for bits, constant, other in ((constants[1], b, a), (constants[0], a, b)):
        if bits is not None:
            return _extreme_of_constant(o, op, dtype, other, constant, bits)
    return _extreme(o, op, element, a, b)


def float_unary(o: Operations, op: UnaryOp, dtype: DType, a: str) -> str:
    """`op` of one operand."""
    element = element_type(dtype)
    match op:
        case "neg":
            return o.unary("fneg", element, a)
        case "abs":
            return o.intrinsic("llvm.fabs", element, a)
        case "sqrt":
            return o.intrinsic("llvm.sqrt", element, a)
        case "round" | "floor" | "ceil" | "trunc":
            if o.capabilities.rounding:
                return o.intrinsic("llvm.roundeven" if op == "round" else f"llvm.{op}", element, a)
            return _rounded(o, op, dtype, a)
        case _:
            raise AssertionError(op)


def float_compare(o: Operations, op: CompareOp, dtype: DType, a: str, b: str) -> str:
    """A comparison of floats."""
    return o.compare(ORDERED[op], element_type(dtype), a, b)


def _first_if(o: Operations, op: str, element: str, a: str, b: str) -> str:
    """x86's MINPS and MAXPS: `a` if it is beyond `b`, else `b`, so NaN and equal zeros give `b`."""
    return o.select(element, o.compare("ogt" if op == "max" else "olt", element, a, b), a, b)


def _extreme(o: Operations, op: str, element: str, a: str, b: str) -> str:
    """Both orders of the machine's operation; they differ only for NaN and for zeros of different sign.

    The bits together are NaN if either is, and the negative zero. For a maximum the sign that stands in one of them
    only is taken back: (u | v) - (u ^ v), where -0 - (-0) = +0. Source: V8's f32x4.max.
    """
    bits = "i32" if element == "float" else "i64"
    u, v = _first_if(o, op, element, a, b), _first_if(o, op, element, b, a)
    u_bits, v_bits = (o.convert("bitcast", element, bits, x) for x in (u, v))
    if op == "min":
        return o.convert("bitcast", bits, element, o.binary("or", bits, u_bits, v_bits))
    difference = o.binary("xor", bits, u_bits, v_bits)
    both = o.convert("bitcast", bits, element, o.binary("or", bits, u_bits, difference))
    return o.binary("fsub", element, both, o.convert("bitcast", bits, element, difference))


def _extreme_of_constant(o: Operations, op: str, dtype: DType, a: str, constant: str, bits: int) -> str:
    """With a constant in first place the machine's operation lets NaN through; only zeros of a sign need more."""
    element = element_type(dtype)
    value = value_of(bits, dtype)
    if value != value:
        return constant
    negative = bool(bits >> (dtype.bits - 1))
    if value == 0 and negative and op == "min":
        return _extreme(o, op, element, a, constant)
    chosen = _first_if(o, op, element, constant, a)
    if value == 0 and not negative and op == "max":
        return o.binary("fadd", element, chosen, constant)  # -0 + 0 = +0, and x + 0 = x for every other x
    return chosen


def _rounded(o: Operations, op: str, dtype: DType, a: str) -> str:
    """Rounding to an integer without an instruction for it."""
    element = element_type(dtype)
    magnitude = o.intrinsic("llvm.fabs", element, a)
    limit = o.real(literal(bits_of(float(1 << dtype.fraction_bits), dtype), dtype), element)
    one = o.real(literal(bits_of(1.0, dtype), dtype), element)
    zero = o.real(literal(0, dtype), element)
    source = magnitude if op == "trunc" else o.unary("fneg", element, a) if op == "ceil" else a
    start = o.intrinsic("llvm.fabs", element, source)
    nearest = o.binary("fsub", element, o.binary("fadd", element, start, limit), limit)
    if op != "round":
        nearest = o.intrinsic("llvm.copysign", element, nearest, source)
        above = o.compare("ogt", element, nearest, source)
        nearest = o.binary("fsub", element, nearest, o.select(element, above, one, zero))
    if op == "ceil":
        nearest = o.unary("fneg", element, nearest)
    whole = o.intrinsic("llvm.copysign", element, nearest, a)
    return o.select(element, o.compare("olt", element, magnitude, limit), whole, a)
