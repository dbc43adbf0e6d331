"""Fused multiply-add on NumPy arrays without the instruction, correctly rounded for every input.

In: three arrays of one float dtype. Out: `a * b + c` rounded once. Narrow floats: the product is exact in float64, the
sum is rounded to odd, and odd rounding followed by rounding to at most 51 bits is one rounding. float64: exact product
and sums as pairs, the low parts added with rounding to odd, which makes the last addition the only rounding; extreme
exponents go through fractions. Source: Boldo and Melquiond, "Emulation of FMA and correctly rounded sums: proved
algorithms using rounding to odd", IEEE Transactions on Computers 57 (2008).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tdsl.dtypes import DTYPES
from tdsl.expr import constants

Array = npt.NDArray[Any]

_SAFE_EXPONENT = 400
"""Operands of float64 with binary exponents within ± this neither overflow nor lose low parts on the way."""

_SPLITTER = float(2**27 + 1)


def exact_fma(a: Array, b: Array, c: Array, dtype: np.dtype[Any]) -> Array:
    """`a * b + c`, rounded once to `dtype`."""
    a, b, c = (np.asarray(part) for part in np.broadcast_arrays(a, b, c))
    if dtype == np.float64:
        return _fma64(a, b, c)
    return fma_to_odd(a, b, c).astype(dtype)


def fma_to_odd(a: Array, b: Array, c: Array) -> Array:
    """`a * b + c` of floats of at most 24 bits as a float64 that any narrower rounding takes for the exact sum."""
    wide = [part.astype(np.float64) for part in (a, b, c)]
    return _add_to_odd(wide[0] * wide[1], wide[2])


def _two_sum(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded sum and its error, exactly (Knuth)."""
    total = a + b
    shadow = total - a
    return total, (a - (total - shadow)) + (b - shadow)


def _two_product(a: Array, b: Array) -> tuple[Array, Array]:
    """The rounded product and its error, exactly (Dekker, Veltkamp's split)."""
    product = a * b
    (a_high, a_low), (b_high, b_low) = _split(a), _split(b)
    error = ((a_high * b_high - product) + a_high * b_low + a_low * b_high) + a_low * b_low
    return product, error


def _split(a: Array) -> tuple[Array, Array]:
    scaled = _SPLITTER * a
    high = scaled - (scaled - a)
    return high, a - high


def _add_to_odd(a: Array, b: Array) -> Array:
    """The sum rounded to odd: exact where it is a float64, else the neighbour whose last bit is 1."""
    total, error = _two_sum(a, b)
    inexact = np.isfinite(total) & (error != 0)
    even = (total.view(np.int64) & 1) == 0
    toward = np.where(error > 0, np.inf, -np.inf)
    return np.where(inexact & even, np.nextafter(total, toward), total)


def _fma64(a: Array, b: Array, c: Array) -> Array:
    high, low = _two_product(a, b)
    middle_high, middle_low = _two_sum(c, low)
    top, rest = _two_sum(high, middle_high)
    result = np.asarray(top + _add_to_odd(middle_low, rest))
    # An exact zero takes its sign from the one addition that IEEE defines.
    result = np.where(result == 0, high + c, result)
    unsafe = ~(_safe(a) & _safe(b) & _safe(c))
    if unsafe.any():
        result = result.copy()
        result[unsafe] = [
            constants.fma(float(x), float(y), float(z), DTYPES["float64"])
            for x, y, z in zip(a[unsafe], b[unsafe], c[unsafe], strict=True)
        ]
    return result


def _safe(a: Array) -> Array:
    """Zero, or finite with a moderate exponent."""
    exponent = np.frexp(a)[1]
    return np.isfinite(a) & (np.abs(exponent) < _SAFE_EXPONENT)
