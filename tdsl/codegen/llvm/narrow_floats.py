"""Floats narrower than float32: their bit patterns in, float32 out, and back with one rounding; no library calls.

A value of 16 or 8 bits is an integer, its pattern, in registers as in memory; arithmetic happens in float32
(halves.py). Machines that convert float16 do so; everything else is done by integers, with the same bits. float64 goes
through a float32 rounded to odd, which any narrower rounding takes for the number itself (Boldo, Melquiond, "Emulation
of a FMA and correctly rounded sums", IEEE Trans. Computers 57(4), 2008). tfloat32 lives in a float32 whose last bits
are 0. NaN becomes the quiet one. Sources: F. Giesen, "Float->half conversions", 2012; semantics D2, D7.
"""

from __future__ import annotations

from tdsl.codegen.llvm.operations import Operations
from tdsl.codegen.llvm.types import literal
from tdsl.dtypes import DTYPES, DType, bits_of

FLOAT32 = DTYPES["float32"]
FLOAT16 = DTYPES["float16"]

_SIGN = 1 << 31
_INFINITY = 0x7F80_0000
_QUIET = 0x7FC0_0000
_LOST_BY_TFLOAT32 = (1 << 13) - 1


def is_narrow(dtype: DType) -> bool:
    """Whether values are patterns in integers: float16, bfloat16 and fp8."""
    return dtype.is_float and dtype.bits < 32


def is_rounded_single(dtype: DType) -> bool:
    """Whether a dtype's values are made by rounding float32 further: the narrow ones and tfloat32."""
    return dtype.is_float and dtype.fraction_bits < FLOAT32.fraction_bits


# to float32, exactly


def widened(o: Operations, dtype: DType, a: str) -> str:
    """The float32 of a pattern; a tfloat32 is one already."""
    if not is_narrow(dtype):
        return a
    if dtype.name == "bfloat16":
        return _of_bits(o, o.binary("shl", "i32", o.convert("zext", "i16", "i32", a), o.integer(16, 32)))
    if dtype.name == "float8_e5m2":  # the upper half of a float16
        return widened(
            o, FLOAT16, o.binary("shl", "i16", o.convert("zext", "i8", "i16", a), o.integer(8, 16))
        )
    if dtype is FLOAT16 and o.capabilities.half_conversion:
        return o.convert("fpext", "half", "float", o.convert("bitcast", "i16", "half", a))
    return _widened_by_integers(o, dtype, a)


def _widened_by_integers(o: Operations, dtype: DType, a: str) -> str:
    """The pattern moved to float32's place has an exponent that is too small by a constant, subnormals included."""
    fraction, bits = dtype.fraction_bits, dtype.bits
    bias = (1 << dtype.exponent_bits - 1) - 1
    wide = o.convert("zext", f"i{bits}", "i32", a)
    size = o.binary("and", "i32", wide, o.integer((1 << bits - 1) - 1, 32))
    sign = o.binary(
        "shl",
        "i32",
        o.binary("and", "i32", wide, o.integer(1 << bits - 1, 32)),
        o.integer(32 - bits, 32),
    )
    moved = _of_bits(o, o.binary("shl", "i32", size, o.integer(23 - fraction, 32)))
    scaled = _bits(o, o.binary("fmul", "float", moved, _number(o, 2.0 ** (127 - bias))))
    top = ((1 << dtype.exponent_bits) - 1) << fraction
    if dtype.infinities:
        special = o.binary("or", "i32", scaled, o.integer(_INFINITY, 32))
        beyond = o.compare("uge", "i32", size, o.integer(top, 32))
    else:
        special = o.integer(_QUIET, 32)
        beyond = o.compare("eq", "i32", size, o.integer(top | (1 << fraction) - 1, 32))
    magnitude = o.select("i32", beyond, special, scaled)
    return _of_bits(o, o.binary("or", "i32", magnitude, sign))


# from float32, rounded to nearest even


def narrowed(o: Operations, dtype: DType, a: str, *, exact: bool = False) -> str:
    """The pattern (for tfloat32 the float32) nearest to a float32; `exact`: it is known to be a value of the dtype."""
    if dtype is FLOAT16 and o.capabilities.half_conversion:
        return o.convert("bitcast", "half", "i16", o.convert("fptrunc", "float", "half", a))
    if dtype.exponent_bits < FLOAT32.exponent_bits:
        return _narrowed_by_integers(o, dtype, a)
    lost = FLOAT32.fraction_bits - dtype.fraction_bits
    bits = _bits(o, a)
    if not exact:
        up = o.binary("add", "i32", bits, _rounding(o, bits, lost))
        bits = o.select("i32", _is_nan(o, a), o.integer(_QUIET, 32), up)
    if is_narrow(dtype):
        return o.convert("trunc", "i32", "i16", o.binary("lshr", "i32", bits, o.integer(16, 32)))
    return tfloat32_of_bits(o, _of_bits(o, bits))


def tfloat32_of_bits(o: Operations, a: str) -> str:
    """A float32 without the bits that are no part of a tfloat32."""
    return _of_bits(o, o.binary("and", "i32", _bits(o, a), o.integer(~_LOST_BY_TFLOAT32, 32)))


def _narrowed_by_integers(o: Operations, dtype: DType, a: str) -> str:
    """Normal numbers by rounding their bits, subnormal ones by adding the number whose last place is their unit."""
    fraction, bits = dtype.fraction_bits, dtype.bits
    bias = (1 << dtype.exponent_bits - 1) - 1
    lost = 23 - fraction
    pattern = _bits(o, a)
    size = o.binary("and", "i32", pattern, o.integer(_SIGN - 1, 32))
    rebias = o.integer(-((127 - bias) << 23), 32)
    up = o.binary("add", "i32", o.binary("add", "i32", size, rebias), _rounding(o, size, lost))
    normal = o.binary("lshr", "i32", up, o.integer(lost, 32))
    unit = 2.0 ** (1 - bias - fraction + 23)
    placed = o.binary("fadd", "float", _of_bits(o, size), _number(o, unit))
    small = o.binary("sub", "i32", _bits(o, placed), o.integer(bits_of(unit, FLOAT32), 32))
    is_small = o.compare("ult", "i32", size, o.integer((128 - bias) << 23, 32))
    top = ((1 << dtype.exponent_bits) - 1) << fraction
    limit = top if dtype.infinities else top | (1 << fraction) - 1
    quiet = top | (1 << fraction - 1) if dtype.infinities else limit
    limited = o.intrinsic("llvm.umin", "i32", o.select("i32", is_small, small, normal), o.integer(limit, 32))
    whole = o.select("i32", _is_nan(o, a), o.integer(quiet, 32), limited)
    sign = o.binary(
        "and", "i32", o.binary("lshr", "i32", pattern, o.integer(32 - bits, 32)), o.integer(1 << bits - 1, 32)
    )
    return o.convert("trunc", "i32", f"i{bits}", o.binary("or", "i32", whole, sign))


def _rounding(o: Operations, bits: str, lost: int) -> str:
    """What to add to a pattern before its last `lost` bits are cut off: just below half, a half if the rest is odd."""
    last = o.binary("and", "i32", o.binary("lshr", "i32", bits, o.integer(lost, 32)), o.integer(1, 32))
    return o.binary("add", "i32", last, o.integer((1 << lost - 1) - 1, 32))


# from float64 and integers


def odd_single(o: Operations, a: str) -> str:
    """A float64 as the float32 toward zero, its last bit set if that is not the number itself."""
    nearest = o.convert("fptrunc", "double", "float", a)
    back = o.convert("fpext", "float", "double", nearest)
    magnitudes = (o.intrinsic("llvm.fabs", "double", x) for x in (back, a))
    beyond = o.convert("sext", "i1", "i32", o.compare("ogt", "double", *magnitudes))
    inexact = o.convert("zext", "i1", "i32", o.compare("one", "double", back, a))
    down = o.binary("add", "i32", _bits(o, nearest), beyond)
    return _of_bits(o, o.binary("or", "i32", down, inexact))


def narrowed_number(o: Operations, source: DType, target: DType, a: str) -> str:
    """A float32, float64 or integer as a value of a dtype that float32 is rounded to, with one rounding in all."""
    if source.is_float:
        return narrowed(o, target, a if source.bits == 32 else odd_single(o, a))
    op = "sitofp" if source.kind == "int" else "uitofp"
    # 16 bits fit in a float32; what overflows at 2^24 already may be rounded on the way there
    if source.bits <= 16 or target.exponent_bits < FLOAT32.exponent_bits:
        return narrowed(o, target, o.convert(op, f"i{source.bits}", "float", a))
    if source.bits == 64:
        a = _jammed(o, source, a)
    return narrowed(o, target, odd_single(o, o.convert(op, f"i{source.bits}", "double", a)))


def _jammed(o: Operations, source: DType, a: str) -> str:
    """Beyond 2^52 the last 12 bits gathered in one, so that a float64 holds what is left."""
    low = o.binary("and", "i64", a, o.integer(0xFFF, 64))
    something = o.compare("ne", "i64", low, o.integer(0, 64))
    sticky = o.select("i64", something, o.integer(0x800, 64), o.integer(0, 64))
    jammed = o.binary("or", "i64", o.binary("xor", "i64", a, low), sticky)
    moved = o.binary("add", "i64", a, o.integer(1 << 52, 64)) if source.kind == "int" else a
    fits = o.compare("ult", "i64", moved, o.integer(1 << 53, 64))
    return o.select("i64", fits, a, jammed)


def _is_nan(o: Operations, a: str) -> str:
    return o.compare("uno", "float", a, a)


def _bits(o: Operations, a: str) -> str:
    return o.convert("bitcast", "float", "i32", a)


def _of_bits(o: Operations, a: str) -> str:
    return o.convert("bitcast", "i32", "float", a)


def _number(o: Operations, value: float) -> str:
    return o.real(literal(bits_of(value, FLOAT32), FLOAT32), "float")
