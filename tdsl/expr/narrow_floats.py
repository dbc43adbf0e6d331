"""bfloat16, fp8 and tfloat32 on NumPy arrays without another package: float32 arrays that hold only their values.

In: arrays of floats, of integers or of bit patterns. Out: arrays in the form in which the interpreters keep a dtype.
NumPy has float16 of its own; the other narrow dtypes have at most float32's exponent range and fewer digits, so a
float32 holds each of their values exactly. Rounding is to nearest even, once, as `dtypes.bits_of` says; overflow gives
an infinity, in float8_e4m3fn NaN.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tdsl.dtypes import DType, max_value, to_numpy

Array = npt.NDArray[Any]

_HELD = ("bfloat16", "float8_e4m3fn", "float8_e5m2", "tfloat32")

_JAMMED = 0xFFF
"""Low bits of a 64-bit integer that are gathered into one: what is left fits in the 53 bits of a float64."""


def is_held(dtype: DType) -> bool:
    """Whether values of a dtype are kept in float32 arrays."""
    return dtype.name in _HELD


def held(dtype: DType) -> np.dtype[Any]:
    """The NumPy dtype of arrays that keep values of `dtype`: float32 for what NumPy has not, else the same."""
    return np.dtype(np.float32) if is_held(dtype) else to_numpy(dtype)


def rounded(a: Array, dtype: DType) -> Array:
    """Floats or integers as the nearest values of a float dtype, in the form in which they are kept."""
    with np.errstate(all="ignore"):
        if not is_held(dtype):
            return np.asarray(a).astype(to_numpy(dtype))
        wide = _as_float64(np.asarray(a))
        bias = (1 << dtype.exponent_bits - 1) - 1
        exponent = np.maximum(np.frexp(wide)[1] - 1, 1 - bias)
        place = exponent - dtype.fraction_bits
        nearest = np.ldexp(np.rint(np.ldexp(wide, -place)), place)
        finite = np.isfinite(wide)
        over = finite & (np.abs(nearest) > float(max_value(dtype)))
        beyond = np.copysign(np.inf, wide) if dtype.infinities else np.full_like(wide, np.nan)
        nearest = np.where(over | np.isinf(wide), beyond, np.where(finite, nearest, np.nan))
        return np.asarray(nearest).astype(np.float32)


def _as_float64(a: Array) -> Array:
    """The same values; of 64-bit integers beyond 2^53, values on the same side of everything that rounding asks for."""
    if a.dtype.kind not in "iu" or a.dtype.itemsize < 8:
        return a.astype(np.float64)
    low: Array = a & a.dtype.type(_JAMMED)
    sticky: Array = (low != 0).astype(a.dtype) * a.dtype.type((_JAMMED + 1) // 2)
    jammed: Array = (a - low) | sticky
    exact: Array = a.astype(np.float64)
    return np.where(np.abs(exact) < 2.0**53, exact, jammed.astype(np.float64))


def encoded(a: Array, dtype: DType) -> Array:
    """The bit patterns of values that are kept in their dtype's form; NaN is the quiet positive one."""
    unsigned = np.dtype(f"u{dtype.bytes}")
    if not is_held(dtype):
        return np.asarray(a).view(unsigned)
    if dtype.name in ("bfloat16", "tfloat32"):
        bits = np.where(np.isnan(a), np.uint32(0x7FC0_0000), np.asarray(a, np.float32).view(np.uint32))
        return (bits >> np.uint32(32 - dtype.bits)).astype(unsigned)
    bias = (1 << dtype.exponent_bits - 1) - 1
    magnitude = np.abs(a).astype(np.float64)
    exponent = np.maximum(np.frexp(np.where(np.isfinite(magnitude), magnitude, 1.0))[1] - 1, 1 - bias)
    units = np.where(np.isfinite(magnitude), np.ldexp(magnitude, dtype.fraction_bits - exponent), 0.0)
    pattern = units.astype(np.int64) + ((exponent + bias - 1) << dtype.fraction_bits)
    infinity = ((1 << dtype.exponent_bits) - 1) << dtype.fraction_bits
    quiet = infinity | (1 << dtype.fraction_bits - 1 if dtype.infinities else (1 << dtype.fraction_bits) - 1)
    pattern = np.where(np.isinf(a), infinity, np.where(units == 0, 0, pattern))
    sign = np.signbit(a).astype(np.int64) << (dtype.bits - 1)
    return np.where(np.isnan(a), quiet, pattern | sign).astype(unsigned)


def decoded(bits: Array, dtype: DType) -> Array:
    """The values of bit patterns (unsigned integers of the dtype's width), in the form in which they are kept."""
    if not is_held(dtype):
        return np.asarray(bits).view(to_numpy(dtype))
    wide = np.asarray(bits).astype(np.uint32)
    if dtype.name == "tfloat32":
        wide &= np.uint32(0xFFFF_E000)  # what lies behind the fraction is no part of the value
    if dtype.name in ("bfloat16", "tfloat32"):
        return (wide << np.uint32(32 - dtype.bits)).view(np.float32)
    bias = (1 << dtype.exponent_bits - 1) - 1
    field = (wide >> dtype.fraction_bits & ((1 << dtype.exponent_bits) - 1)).astype(np.int64)
    fraction = (wide & ((1 << dtype.fraction_bits) - 1)).astype(np.float64)
    hidden = np.where(field > 0, float(1 << dtype.fraction_bits), 0.0)
    value = np.ldexp(fraction + hidden, np.maximum(field, 1) - bias - dtype.fraction_bits)
    top = field == (1 << dtype.exponent_bits) - 1
    if dtype.infinities:
        value = np.where(top, np.where(fraction == 0, np.inf, np.nan), value)
    else:
        value = np.where(top & (fraction == (1 << dtype.fraction_bits) - 1), np.nan, value)
    return np.where(wide >> (dtype.bits - 1), -value, value).astype(np.float32)


def is_array_of(array: Array, dtype: DType) -> bool:
    """Whether an array holds values of a dtype: in the form in which they are kept, or in an extension's own dtype."""
    return array.dtype == held(dtype) or (is_held(dtype) and array.dtype.name == dtype.name)


def kept(array: Array, dtype: DType) -> Array:
    """The array itself, or for an extension's dtype (ml_dtypes) a copy in the form in which values are kept."""
    return array if array.dtype == held(dtype) else array.astype(held(dtype))
