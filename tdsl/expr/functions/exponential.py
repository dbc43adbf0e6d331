"""exp, exp2 and expm1 by argument reduction and a polynomial; a float in, a float out.

Method: x = n ln2 + r with n whole and |r| <= ln2 / 2 (for exp2: x = n + r). The sum of x / ln2 and 1.5 * 2^fraction
leaves n in the low bits of a float, from where one shift brings it to the place of the exponent. ln2 is subtracted in
two parts, the first of so few bits that n times it is exact. Then exp(r) = 1 + (r + r^2 q(r)), q of degree 5
(float64: 10), minimax by Remez' exchange (benchmarks/functions_fit.py). Results below the normal range are made
2^lift too large first and multiplied by 2^-lift, so that they are rounded once. Source of the method: Muller et al.,
"Handbook of Floating-Point Arithmetic", 2nd ed., 10.2; of the reduction: Cody and Waite, 1980.

Accuracy in ulp, float32 of all 2^32 arguments (benchmarks/results/functions-exhaustive.jsonl): exp 0.979, exp2 0.868,
expm1 0.908; float64 in 16,000 samples against 200 bits: exp 0.93, exp2 0.72, expm1 0.89.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

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
    rounder,
    shift_left,
    times,
)  # fmt: skip
from tdsl.expr.node import Node


@dataclass(frozen=True, slots=True)
class _Range:
    """Where a format rounds exponentials to something else than a normal number, as exponents of two.

    least: below 2^least all is 0. normal: from 2^normal on results are normal. top: 2^top is infinite.
    """

    least: float
    normal: float
    top: float
    lift: int


_RANGES = {32: _Range(-151.0, -125.0, 128.0, 64), 64: _Range(-1076.0, -1021.0, 1024.0, 128)}

_LN2_HIGH = {32: 0.693145751953125, 64: 0.6931471805601177}
_LN2_LOW = {32: 1.4286068203094172e-06, 64: -1.7239444525614835e-13}
_LOG2E = 1.4426950408889634

_LARGEST = {32: 88.72283172607422, 64: 709.782712893384}
"""The greatest argument whose exponential is finite."""

_Q = {
    32: (
        0.5, 0.16666647791862488, 0.041666481643915176, 0.008337858133018017, 0.0013933383161202073,
        0.00017351530550513417,
    ),
    64: (
        0.5, 0.16666666666666688, 0.04166666666666682, 0.008333333333314012, 0.0013888888888788059,
        0.00019841269902827488, 2.4801587523987457e-05, 2.7557229381981093e-06, 2.7557109725535977e-07,
        2.5113659179755413e-08, 2.096169270726871e-09,
    ),
}  # fmt: skip
"""exp(r) = 1 + r + r^2 q(r) for |r| < 0.3473."""

POWER_OF_TWO = {
    32: (
        0.6931471824645996, 0.24022650718688965, 0.055504050105810165, 0.009618088603019714, 0.0013337970012798905,
        0.00015451356011908501, 1.4321760318125598e-05,
    ),
    64: (
        0.6931471805599453, 0.2402265069591007, 0.05550410866482337, 0.009618129107630224, 0.0013333558146036031,
        0.00015403530388921084, 1.5252734163566618e-05, 1.3215491281412714e-06, 1.0177933974866137e-07,
        7.05297830611205e-09, 4.4730220024970507e-10, 2.8672608430667815e-11,
    ),
}  # fmt: skip
"""2^r = 1 + r p(r) for |r| < 0.501."""


LEAST = {width: limits.least / _LOG2E for width, limits in _RANGES.items()}
"""Below this e^x is 0."""


def exp(x: Node) -> Node:
    """e^x: 0 below, infinite above the range; NaN for NaN."""
    shifted, r = reduced(build.maximum(x, number(LEAST[x.dtype.bits], x)))
    value = plus(grown(r), number(1.0, x))
    return _finite(x, raised(value, shifted, result_may_be_subnormal(x)))


def exp2(x: Node) -> Node:
    """2^x."""
    limits = _RANGES[x.dtype.bits]
    inside = build.maximum(x, number(limits.least, x))
    shifted = plus(inside, number(rounder(x.dtype), x))
    r = minus(inside, minus(shifted, number(rounder(x.dtype), x)))
    value = multiply_add(r, polynomial(r, POWER_OF_TWO[x.dtype.bits]), number(1.0, x))
    result = raised(value, shifted, build.lt(x, number(limits.normal, x)))
    return build.select(build.lt(x, number(limits.top, x)), result, plus(x, number(math.inf, x)))


def expm1(x: Node) -> Node:
    """e^x - 1, accurate near 0, where it is x.

    2^n e^r - 1 is put together from halves, 2 (2^(n-1) (e^r - 1) + (2^(n-1) - 1/2)), so that n may be the exponent
    beyond the greatest; what sums lose is gathered and added last. Far below 0 the result is -1.
    """
    inside = build.maximum(x, number({32: -18.0, 64: -38.0}[x.dtype.bits], x))
    shifted, r, lost = reduced_pair(inside)
    rest = multiply_add(times(r, r), polynomial(r, _Q[x.dtype.bits]), lost)
    half = number(0.5, x)
    power = of_bits(plus(shift_left(bits(shifted), x.dtype.fraction_bits), bits(half)), x.dtype)
    offset = minus(power, half)
    offset_lost = minus(minus(power, offset), half)
    main = exact_fma(power, r, offset)
    main_lost = plus(exact_fma(power, r, minus(offset, main)), offset_lost)
    value = plus(main, multiply_add(power, rest, main_lost))
    near = build.lt(magnitude(x), number(2.0 ** -(x.dtype.fraction_bits + 2), x))
    return build.select(near, x, _finite(x, plus(value, value)))


def grown(r: Node) -> Node:
    """e^r - 1 for |r| <= ln2 / 2."""
    return multiply_add(times(r, r), polynomial(r, _Q[r.dtype.bits]), r)


def result_may_be_subnormal(x: Node) -> Node:
    """Whether e^x may be below the normal numbers."""
    return build.lt(x, number((_RANGES[x.dtype.bits].normal - 0.5) / _LOG2E, x))


def reduced(x: Node) -> tuple[Node, Node]:
    """(n + the rounder, r) with x = n ln2 + r."""
    width, magic = x.dtype.bits, number(rounder(x.dtype), x)
    shifted = multiply_add(x, number(_LOG2E, x), magic)
    n = minus(shifted, magic)
    r = multiply_add(n, number(-_LN2_HIGH[width], x), x)
    return shifted, multiply_add(n, number(-_LN2_LOW[width], x), r)


def reduced_pair(x: Node) -> tuple[Node, Node, Node]:
    """(n + the rounder, r, what r lost by rounding)."""
    width, magic = x.dtype.bits, number(rounder(x.dtype), x)
    shifted = multiply_add(x, number(_LOG2E, x), magic)
    n = minus(shifted, magic)
    start, low = multiply_add(n, number(-_LN2_HIGH[width], x), x), number(-_LN2_LOW[width], x)
    r = exact_fma(n, low, start)
    return shifted, r, exact_fma(n, low, minus(start, r))


def raised(value: Node, shifted: Node, small: Node) -> Node:
    """The value times 2^n, where n stands in the low bits of `shifted`; `small`: the result may be subnormal."""
    place, lift = value.dtype.fraction_bits, _RANGES[value.dtype.bits].lift
    pattern = plus(bits(value), shift_left(bits(shifted), place))
    lifted = plus(pattern, build.select(small, integer(lift << place, pattern), integer(0, pattern)))
    factor = build.select(small, number(2.0**-lift, value), number(1.0, value))
    return times(of_bits(lifted, value.dtype), factor)


def _finite(x: Node, value: Node) -> Node:
    """`value` where e^x is finite; infinity above, NaN for NaN."""
    return build.select(build.le(x, number(_LARGEST[x.dtype.bits], x)), value, plus(x, number(math.inf, x)))
