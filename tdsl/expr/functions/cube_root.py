"""cbrt from a polynomial for the inverse root of the mantissa, then two corrections; a float in, a float out.

Method: |x| = 2^(3 q) v with 1/2 <= v < 8, by integer arithmetic on the bits; numbers below the normal ones are scaled
first. y, about v^(-1/3), is a minimax polynomial of the mantissa (benchmarks/functions_fit.py) times a power of
2^(1/3), improved once by its series in 1 - v y^3 (Householder's method). c = v y^2 is then the root but for a few
last places, and v - c^3, computed exactly but for its last bits, corrects it. Cubes give their exact roots.

Accuracy in ulp: float32 of all 2^32 arguments 0.5001 (benchmarks/results/functions-exhaustive.jsonl), float64 in
5,000 samples against 70 digits 0.5001.
"""

from __future__ import annotations

import math

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    bits,
    exact_fma,
    integer,
    magnitude,
    minus,
    multiply_add,
    number,
    of_bits,
    plus,
    polynomial,
    shift_left,
    shift_right,
    times,
    two_product,
    with_sign,
)  # fmt: skip
from tdsl.expr.node import Node

_P = {
    32: (1.5418866872787476, -0.8099594116210938, 0.3177563548088074, -0.049936700612306595),
    64: (
        1.7810594965403552, -1.5660351376721486, 1.2437945246891948, -0.5978789524253665, 0.15607362528582822,
        -0.01701930441651917,
    ),
}  # fmt: skip
"""m^(-1/3) = p(m) for 1 <= m <= 2."""

_LIFT = {32: 24, 64: 54}
"""Powers of 2 by which small numbers are scaled; multiples of 3."""

_INVERSE_ROOT_OF_2 = 0.7937005259840998

_THIRD = (21846, 16)
"""floor(e / 3) = e * 21846 >> 16 for 0 <= e < 2^12."""


def cbrt(x: Node) -> Node:
    """The cube root, of negative numbers too; keeps -0 and infinities."""
    dtype, fraction = x.dtype, x.dtype.fraction_bits
    a = magnitude(x)
    small = build.lt(a, number(2.0 ** (2 - (1 << dtype.exponent_bits - 1)), x))
    lift = _LIFT[dtype.bits]
    pattern = bits(build.select(small, times(a, number(2.0**lift, x)), a))
    exponent = shift_right(pattern, fraction)
    third = shift_right(times(exponent, integer(_THIRD[0], exponent)), _THIRD[1])
    left = minus(exponent, times(third, integer(3, third)))
    bias = (1 << dtype.exponent_bits - 1) - 1
    mantissa = plus(minus(pattern, shift_left(exponent, fraction)), bits(number(1.0, x)))
    v = of_bits(plus(mantissa, shift_left(minus(left, integer(bias % 3, left)), fraction)), dtype)
    root = _root(v, of_bits(mantissa, dtype), _scale(left, bias % 3, x))
    moved = build.select(small, integer(bias // 3 + lift // 3, third), integer(bias // 3, third))
    value = of_bits(plus(bits(root), shift_left(minus(third, moved), fraction)), dtype)
    as_is = build.logical_or(build.eq(a, number(0.0, x)), build.logical_not(build.lt(a, number(math.inf, x))))
    return with_sign(build.select(as_is, a, value), x)


def _scale(left: Node, shift: int, like: Node) -> Node:
    """2^(-(left - shift) / 3) for left = 0, 1, 2."""
    first, second, third = (number(_INVERSE_ROOT_OF_2 ** (place - shift), like) for place in range(3))
    return build.select(
        build.eq(left, integer(0, left)), first, build.select(build.eq(left, integer(1, left)), second, third)
    )


def _root(v: Node, mantissa: Node, scale: Node) -> Node:
    y = times(polynomial(mantissa, _P[v.dtype.bits]), scale)
    h = multiply_add(build.neg(times(v, y)), times(y, y), number(1.0, v))
    y = multiply_add(times(y, h), multiply_add(h, number(2 / 9, v), number(1 / 3, v)), y)
    inverse = times(y, y)
    c = times(v, inverse)
    square, square_lost = two_product(c, c)
    rest = multiply_add(build.neg(square_lost), c, exact_fma(build.neg(square), c, v))
    return multiply_add(rest, times(inverse, number(1 / 3, v)), c)
