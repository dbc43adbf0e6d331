"""atan and atan2 by a polynomial of a quotient of at most 1/2; floats in, a float out.

Method: of |x| and 1 (atan2: |y| and |x|) let l be the lesser and m the greater. Up to l = m / 2, q = l / m; above, q
= (l - m) / (l + m) and the angle is pi/4 more; what the quotient lacks is kept. atan(q) = q + q^3 p(q^2) is added
to, or taken from, k pi/4, a sum of two numbers; what the sum of the large terms loses is added with the small ones.
p: minimax (benchmarks/functions_fit.py). Cases of atan2 are C's (ISO C23 F.10.1.4).

Accuracy in ulp: float32 atan of all 2^32 arguments 0.746, atan2 of 6.8 * 10^7 pairs 0.851
(benchmarks/results/functions-exhaustive.jsonl); float64 in 7,500 samples against 70 digits atan 0.62, atan2 0.67.
"""

from __future__ import annotations

import math

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    HALF_PI,
    bits,
    exact_fma,
    fast_two_sum,
    integer,
    magnitude,
    minus,
    multiply_add,
    number,
    plus,
    polynomial,
    times,
    two_product,
    with_sign,
)  # fmt: skip
from tdsl.expr.node import Node

_P = {
    32: (
        -0.3333323299884796, 0.19994166493415833, -0.14174264669418335, 0.10156507045030594, -0.05126972123980522,
    ),
    64: (
        -0.3333333333333298, 0.19999999999903084, -0.14285714276383696, 0.11111110659554817, -0.09090896242991738,
        0.0769207388890441, -0.06663810405108644, 0.05858297645012368, -0.05122000740595737, 0.041864915645308885,
        -0.027434764467637696, 0.010116729938256889,
    ),
}  # fmt: skip
"""atan(q) = q + q^3 p(q^2) for |q| <= 1/2."""


def atan(x: Node) -> Node:
    """The inverse tangent; keeps -0."""
    a, one = magnitude(x), number(1.0, x)
    steep = build.gt(a, one)
    middle, q, lacking = _quotient(build.minimum(a, one), build.maximum(a, one))
    eighths = build.select(steep, minus(number(2.0, x), middle), middle)
    return with_sign(_around(eighths, _turned(steep, q), _turned(steep, lacking)), x)


def atan2(y: Node, x: Node) -> Node:
    """The angle of the point (x, y), from -pi to pi; the sign is y's, also of zeros."""
    a, b = magnitude(x), magnitude(y)
    steep, left = build.gt(b, a), build.lt(bits(x), integer(0, bits(x)))
    middle, q, lacking = _quotient(*_lifted(build.minimum(a, b), build.maximum(a, b)))
    backwards = build.ne(steep, left)
    start = build.select(steep, number(2.0, x), build.select(left, number(4.0, x), number(0.0, x)))
    eighths = plus(start, _turned(backwards, middle))
    return with_sign(_around(eighths, _turned(backwards, q), _turned(backwards, lacking)), y)


def _turned(condition: Node, value: Node) -> Node:
    return build.select(condition, build.neg(value), value)


def _quotient(least: Node, most: Node) -> tuple[Node, Node, Node]:
    """(1 or 0 times pi/4, q, lacking): their sum, with atan(q + lacking), is the angle of (most, least)."""
    zero, one = number(0.0, most), number(1.0, most)
    close = build.gt(plus(least, least), most)
    above, above_lost = fast_two_sum(most, least)
    top, bottom = build.select(close, minus(least, most), least), build.select(close, above, most)
    bottom_lost = build.select(close, above_lost, zero)
    q = build.div(top, bottom)
    rest = multiply_add(build.neg(q), bottom_lost, exact_fma(build.neg(q), bottom, top))
    lacking = build.div(rest, bottom)
    level = build.eq(least, most)  # two infinities, or zeros
    plain = build.logical_or(level, build.logical_not(build.lt(bottom, number(math.inf, most))))
    q = build.select(level, zero, q)
    turned = build.logical_or(close, build.logical_and(level, build.gt(most, zero)))
    return build.select(turned, one, zero), q, build.select(plain, zero, lacking)


def _lifted(least: Node, most: Node) -> tuple[Node, Node]:
    """Both times a power of two where they are small or great, so that nothing on the way is subnormal or infinite."""
    half_range = (1 << most.dtype.exponent_bits - 1) // 2
    one, up, down = number(1.0, most), number(2.0**half_range, most), number(2.0**-half_range, most)
    small, great = build.lt(most, down), build.gt(most, up)
    lift = build.select(small, up, build.select(great, number(0.25, most), one))
    return times(least, lift), times(most, lift)


def _around(eighths: Node, q: Node, lacking: Node) -> Node:
    """`eighths` times pi/4, plus atan(q + lacking)."""
    first, second = (number(part / 2, q) for part in HALF_PI[q.dtype.bits][:2])
    base, base_lost = two_product(eighths, first)
    z = times(q, q)
    small = multiply_add(eighths, second, base_lost)
    small = multiply_add(lacking, minus(number(1.0, q), z), small)
    small = multiply_add(times(q, z), polynomial(z, _P[q.dtype.bits]), small)
    main, lost = fast_two_sum(base, q)
    return plus(main, plus(lost, small))
