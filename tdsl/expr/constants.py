"""What each operator gives on constants: semantics D2, D3 and E5 in Python numbers, exact, one value at a time.

In: an operator's name, Python values (bool, int, float) of one dtype, the dtype. Out: the Python value of the result,
already wrapped or rounded to the dtype. Used to fold constants, and as the oracle of `scalar_ops.py` (the same on
NumPy arrays). Floats narrower than float64 go through float64: for + - * / and sqrt that rounds as once, because 53
bits are at least 2p + 2 (Figueroa, "When is double rounding innocuous?", SIGNUM 1995); fma goes through fractions.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tdsl.dtypes import DType, bits_of, max_value, min_value, value_of, wrap
from tdsl.expr.node import BinaryOp, CompareOp, UnaryOp

if TYPE_CHECKING:
    from fractions import Fraction  # with decimal two milliseconds of the first declaration

Number = bool | int | float

COUNTS: tuple[UnaryOp, ...] = ("popcount", "clz", "ctz")
"""The operators that count bits of an integer."""


def rounded(value: int | float, dtype: DType) -> float:
    """A number rounded to the nearest value of a float dtype, ties to even; overflow gives an infinity."""
    return float(value_of(bits_of(value, dtype), dtype))


def rounded_fraction(value: Fraction, dtype: DType) -> float:
    """The same of a fraction, which is rounded once, by integers: a whole number of last places to nearest even."""
    if value == 0:
        return 0.0
    bias = (1 << dtype.exponent_bits - 1) - 1
    magnitude, sign = abs(value), -1.0 if value < 0 else 1.0
    exponent = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    power = type(value)(2)
    if magnitude < power**exponent:
        exponent -= 1
    place = max(exponent, 1 - bias) - dtype.fraction_bits
    units = round(magnitude / power**place)  # Python rounds a Fraction to nearest even
    if units.bit_length() + place > bias + 1:
        return sign * math.inf
    return sign * math.ldexp(units, place)


def unary(op: UnaryOp, value: Number, dtype: DType) -> Number:
    """`op` of one constant."""
    if op == "not":
        return not value if dtype.is_bool else wrap(~int(value), dtype)
    if dtype.is_integer:
        if op == "neg":
            return wrap(-int(value), dtype)
        if op == "abs":
            return wrap(abs(int(value)), dtype)
        return _count_bits(op, int(value) & ((1 << dtype.bits) - 1), dtype.bits) if op in COUNTS else value
    real = float(value)
    if op == "neg":
        return -real
    if op == "abs":
        return math.fabs(real)
    if op == "sqrt":
        return math.nan if math.isnan(real) or real < 0 else rounded(math.sqrt(real), dtype)
    if not math.isfinite(real):
        return real
    whole = {"floor": math.floor, "ceil": math.ceil, "trunc": math.trunc, "round": round}[op](real)
    return math.copysign(float(whole), real)


def _count_bits(op: UnaryOp, pattern: int, width: int) -> int:
    if op == "popcount":
        return pattern.bit_count()
    if op == "clz":
        return width - pattern.bit_length()
    return (pattern & -pattern).bit_length() - 1 if pattern else width


def binary(op: BinaryOp, a: Number, b: Number, dtype: DType) -> Number:
    """`op` of two constants of one dtype."""
    if op == "min" or op == "max":
        return _extreme(op, a, b, dtype)
    if dtype.is_bool:
        return {"and": bool(a and b), "or": bool(a or b), "xor": bool(a) != bool(b)}[op]
    if dtype.is_integer:
        return _binary_integer(op, int(a), int(b), dtype)
    return _binary_float(op, float(a), float(b), dtype)


def _extreme(op: BinaryOp, a: Number, b: Number, dtype: DType) -> Number:
    """NaN wins, +0 > -0 (E5)."""
    if dtype.is_float:
        if math.isnan(a) or math.isnan(b):
            return math.nan
        if a == b == 0:
            negative = [math.copysign(1.0, value) < 0 for value in (a, b)]
            return -0.0 if (any(negative) if op == "min" else all(negative)) else 0.0
    return min(a, b) if op == "min" else max(a, b)


def _binary_integer(op: BinaryOp, a: int, b: int, dtype: DType) -> int:
    match op:
        case "add":
            return wrap(a + b, dtype)
        case "sub":
            return wrap(a - b, dtype)
        case "mul":
            return wrap(a * b, dtype)
        case "floordiv":
            return wrap(a // b, dtype) if b else 0
        case "mod":
            return a % b if b else 0
        case "and":
            return a & b
        case "or":
            return a | b
        case "xor":
            return a ^ b
        case "shl" | "shr":
            # The count is unsigned: a negative one is the width or more, as in the hardware's view of its bits.
            beyond = not 0 <= b < dtype.bits
            if op == "shl":
                return 0 if beyond else wrap(a << b, dtype)
            return (-1 if a < 0 else 0) if beyond else a >> b
        case _:
            raise AssertionError(op)


def _binary_float(op: BinaryOp, a: float, b: float, dtype: DType) -> float:
    match op:
        case "add":
            exact = a + b
        case "sub":
            exact = a - b
        case "mul":
            exact = a * b
        case "div":
            exact = _quotient(a, b)
        case _:
            raise AssertionError(op)
    return exact if math.isnan(exact) else rounded(exact, dtype)


def _quotient(a: float, b: float) -> float:
    """IEEE division in float64: Python's raises for a zero divisor."""
    if b != 0 or math.isnan(b):
        return a / b
    if a == 0 or math.isnan(a):
        return math.nan
    return math.copysign(math.inf, math.copysign(1.0, a) * math.copysign(1.0, b))


def compare(op: CompareOp, a: Number, b: Number) -> bool:
    """A comparison; Python's on floats is IEEE's."""
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[op]


def fma(a: float, b: float, c: float, dtype: DType) -> float:
    """`a * b + c` rounded once."""
    if math.isnan(a) or math.isnan(b) or math.isnan(c):
        return math.nan
    if not (math.isfinite(a) and math.isfinite(b)):
        return a * b + c
    if not math.isfinite(c):
        return c
    from fractions import Fraction

    exact = Fraction(a) * Fraction(b) + Fraction(c)
    if exact == 0:
        # The sign is that of IEEE's sum of the two signed parts; parts that cancel give +0.
        product = math.copysign(0.0, math.copysign(1.0, a) * math.copysign(1.0, b))
        return product + c if c == 0 else 0.0
    return rounded_fraction(exact, dtype)


def cast(value: Number, source: DType, target: DType) -> Number:
    """Conversion (D2): int to int wraps, float to int truncates and saturates, NaN gives 0, to bool is `!= 0`."""
    if target.is_bool:
        return value != 0
    if target.is_float:
        return rounded(value, target)
    if not source.is_float:
        return wrap(int(value), target)
    if math.isnan(value):
        return 0
    low, high = int(min_value(target)), int(max_value(target))
    if math.isinf(value):
        return low if value < 0 else high
    return max(low, min(high, math.trunc(value)))


def signed(value: int, dtype: DType) -> int:
    """The representative of least magnitude modulo 2**bits, for signed and unsigned dtypes alike."""
    half = 1 << dtype.bits - 1
    return (value + half) % (2 * half) - half
