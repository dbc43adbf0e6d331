"""log, log2, log10 and log1p by the exponent and a polynomial of what is left; a float in, a float out.

Method: x = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2), by integer arithmetic on the bits; numbers below the normal
ones are scaled first. float32: log(1 + f) = f + f^2 p(f). float64: with s = f / (2 + f), f - (f^2 / 2 - s (f^2 / 2 +
s^2 r(s^2))) (the form of fdlibm's e_log.c, Sun Microsystems 1993). k ln2 comes in two parts, the first exact, and
what the sum of the large parts loses is added with the small ones. Other bases: the logarithm as a sum of two
numbers times 1 / log(base) as one. log1p: f = x 2^-k + (2^-k - 1) is one fma, whose loss is kept. Polynomials:
minimax (benchmarks/functions_fit.py).

Accuracy in ulp, float32 of all 2^32 arguments (benchmarks/results/functions-exhaustive.jsonl): log 0.886, log2 0.945,
log10 0.923, log1p 0.886; float64 in 12,000 samples against 200 bits: log 0.69, log2 0.86, log10 0.76, log1p 0.70.
"""

from __future__ import annotations

import math

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    bits,
    exact_fma,
    fast_two_sum,
    integer,
    minus,
    multiply_add,
    number,
    of_bits,
    plus,
    polynomial,
    shift_left,
    shift_right,
    sign_of,
    times,
    two_product,
    unsigned_bits,
)  # fmt: skip
from tdsl.expr.node import Call, Node

_ROOT_HALF = 0.7071067811865476

_INVERSE = {
    2: {
        32: (1.4426950216293335, 1.9259629911266175e-08),
        64: (1.4426950408889634, 2.0355273740931033e-17),
    },
    10: {
        32: (0.4342944920063019, -1.0103050052231683e-08),
        64: (0.4342944819032518, 1.098319650216765e-17),
    },
}
"""1 / log(base) as a sum of two numbers."""

_LOGARITHM_OF_2 = {
    32: (0.301025390625, 4.605038981195214e-06),
    64: (0.301029995663157, 8.241712586023572e-13),
}
"""log10(2) in two parts; the first times an exponent is exact."""

_P32 = (
    -0.5, 0.3333330750465393, -0.2499997615814209, 0.20002393424510956, -0.16669903695583344, 0.14216576516628265,
    -0.12374276667833328, 0.11875488609075546, -0.11834891885519028, 0.0695744976401329,
)  # fmt: skip
"""log(1 + f) = f + f^2 p(f) for sqrt(1/2) <= 1 + f <= sqrt(2)."""

_R64 = (
    0.6666666666666735, 0.3999999999940917, 0.28571428743769484, 0.22222198416201755, 0.18183573233150752,
    0.15313804415490673, 0.14798587295289084,
)  # fmt: skip
"""2 atanh(s) = 2 s + s^3 r(s^2), s = f / (2 + f)."""

_LN2_HIGH = {32: 0.693145751953125, 64: 0.6931471805601177}
_LN2_LOW = {32: 1.4286068203094172e-06, 64: -1.7239444525614835e-13}


def log(x: Node) -> Node:
    """The natural logarithm: -infinity of zeros, NaN below."""
    return _usual_or_rare(x, "log.rare", _natural(*_of_normal(x)))


def log_rare(x: Node) -> Node:
    """The same of anything."""
    return _checked(x, _natural(*split(x)))


def log1p(x: Node) -> Node:
    """log(1 + x), accurate near 0; keeps -0."""
    inside = build.logical_and(build.gt(x, number(-1.0, x)), build.lt(x, number(math.inf, x)))
    value = build.select(inside, of_one_and(x), Call("log1p.rare", (x,)))
    return of_bits(build.binary("or", bits(value), sign_of(x)), x.dtype)


def log1p_rare(x: Node) -> Node:
    """The same of -1 and below, infinity and NaN."""
    below = build.select(build.lt(x, number(-1.0, x)), number(math.nan, x), x)
    return build.select(build.eq(x, number(-1.0, x)), number(-math.inf, x), below)


def of_one_and(x: Node, low: Node | None = None, doubled: Node | None = None) -> Node:
    """log(1 + x + low) for finite x above -1 and low below its last place; plus log(2) where `doubled`."""
    k, scale = _exponent(plus(number(1.0, x), x))
    offset = minus(scale, number(1.0, x))
    f = exact_fma(x, scale, offset)
    lost = exact_fma(x, scale, minus(offset, f))
    if low is not None:
        lost = multiply_add(low, scale, lost)
    if doubled is not None:
        k = plus(k, build.select(doubled, number(1.0, x), number(0.0, x)))
    lost = multiply_add(build.neg(lost), f, lost)
    return _sum(k, f, _tail(f), lost) if low is None else _fine_sum(k, f, lost)


def log2(x: Node) -> Node:
    """The logarithm to base 2; exact for powers of 2."""
    return _usual_or_rare(x, "log2.rare", _to_base_2(*_of_normal(x)))


def log2_rare(x: Node) -> Node:
    """The same of anything."""
    return _checked(x, _to_base_2(*split(x)))


def log10(x: Node) -> Node:
    """The logarithm to base 10."""
    return _usual_or_rare(x, "log10.rare", _to_base_10(*_of_normal(x)))


def log10_rare(x: Node) -> Node:
    """The same of anything."""
    return _checked(x, _to_base_10(*split(x)))


def _usual_or_rare(x: Node, name: str, value: Node) -> Node:
    """`value` for positive normal numbers; zeros, subnormal and negative numbers, infinities and NaN are rare."""
    pattern = unsigned_bits(x)
    least = unsigned_bits(number(_least_normal(x), x))
    normal = build.lt(minus(pattern, least), minus(unsigned_bits(number(math.inf, x)), least))
    return build.select(normal, value, Call(name, (x,)))


def _least_normal(x: Node) -> float:
    return float(2.0 ** (2 - (1 << x.dtype.exponent_bits - 1)))


def split(x: Node) -> tuple[Node, Node]:
    """(k, f) with x = 2^k (1 + f), of any positive number."""
    lift = x.dtype.fraction_bits + 2
    small = build.lt(x, number(_least_normal(x), x))
    k, f = _parts(build.select(small, times(x, number(2.0**lift, x)), x))
    return build.cast(minus(k, build.select(small, integer(lift, k), integer(0, k))), x.dtype), f


def _of_normal(x: Node) -> tuple[Node, Node]:
    """The same of normal numbers."""
    k, f = _parts(x)
    return build.cast(k, x.dtype), f


def _parts(x: Node) -> tuple[Node, Node]:
    """(k as an integer, f)."""
    pattern = bits(x)
    k = shift_right(minus(pattern, bits(number(_ROOT_HALF, x))), x.dtype.fraction_bits)
    return k, minus(of_bits(minus(pattern, shift_left(k, x.dtype.fraction_bits)), x.dtype), number(1.0, x))


def _exponent(u: Node) -> tuple[Node, Node]:
    """(k, 2^-k) with sqrt(1/2) <= u 2^-k < sqrt(2)."""
    dtype, fraction = u.dtype, u.dtype.fraction_bits
    above = minus(bits(u), bits(number(_ROOT_HALF, u)))
    k = shift_right(above, fraction)
    quarter = of_bits(minus(bits(number(4.0, u)), shift_left(k, fraction)), dtype)
    return build.cast(k, dtype), times(quarter, number(0.25, u))


def _tail(f: Node) -> Node:
    """log(1 + f) - f."""
    if f.dtype.bits == 32:
        return times(times(f, f), polynomial(f, _P32))
    half = times(times(f, f), number(0.5, f))
    return minus(_above_half(f, half), half)


def _fine_sum(k: Node, f: Node, lost: Node) -> Node:
    """K ln2 + log(1 + f) + lost; what the sums of the three large terms and the square lose is added last."""
    width = f.dtype.bits
    square, square_lost = two_product(f, f)
    half = times(square, number(0.5, f))
    small = multiply_add(square_lost, number(-0.5, f), multiply_add(k, number(_LN2_LOW[width], f), lost))
    if width == 32:
        small = multiply_add(times(square, f), polynomial(f, _P32[1:]), small)
    else:
        small = plus(_above_half(f, half), small)
    high, high_lost = fast_two_sum(times(k, number(_LN2_HIGH[width], f)), f)
    main, main_lost = fast_two_sum(high, build.neg(half))
    return plus(main, plus(main_lost, plus(high_lost, small)))


def _above_half(f: Node, half: Node) -> Node:
    """log(1 + f) - f + f^2 / 2 of float64."""
    s = build.div(f, plus(f, number(2.0, f)))
    z = times(s, s)
    return times(s, multiply_add(z, polynomial(z, _R64), half))


def _sum(k: Node, f: Node, tail: Node, lost: Node | None = None) -> Node:
    """K ln2 + f + tail + lost."""
    width = f.dtype.bits
    tail = multiply_add(k, number(_LN2_LOW[width], f), tail)
    if lost is not None:
        tail = plus(tail, lost)
    whole = times(k, number(_LN2_HIGH[width], f))
    high = plus(whole, f)
    return plus(high, plus(plus(minus(whole, high), f), tail))


def _natural(k: Node, f: Node) -> Node:
    return _sum(k, f, _tail(f))


def _to_base_2(k: Node, f: Node) -> Node:
    """K + log2(1 + f): where k is not 0, the sum is rounded in a place above that of log2(1 + f)."""
    return plus(k, exact_fma(f, number(_INVERSE[2][f.dtype.bits][0], f), _small_of_base(f, 2)))


def _to_base_10(k: Node, f: Node) -> Node:
    """K log10(2) + log10(1 + f); what the two large terms and their sum lose is added with the small ones."""
    high, low = (number(part, f) for part in _LOGARITHM_OF_2[f.dtype.bits])
    whole = times(k, high)
    product, product_lost = two_product(f, number(_INVERSE[10][f.dtype.bits][0], f))
    total = plus(whole, product)
    total_lost = plus(minus(whole, total), product)
    small = multiply_add(k, low, _small_of_base(f, 10, product_lost))
    return plus(total, plus(total_lost, small))


def _small_of_base(f: Node, base: int, lost: Node | None = None) -> Node:
    """The logarithm of 1 + f to a base, but for f times the first part of 1 / log(base); plus `lost`."""
    first, second = _INVERSE[base][f.dtype.bits]
    if f.dtype.bits == 32:
        share = polynomial(f, (second, *(first * each for each in _P32)))
        return times(f, share) if lost is None else multiply_add(f, share, lost)
    small = multiply_add(_tail(f), number(first, f), times(f, number(second, f)))
    return small if lost is None else plus(small, lost)


def _checked(x: Node, value: Node) -> Node:
    """`value` for positive finite x, and what the others give."""
    pattern = unsigned_bits(x)
    inside = build.lt(
        minus(pattern, integer(1, pattern)), minus(unsigned_bits(number(math.inf, x)), integer(1, pattern))
    )
    below = build.select(build.lt(x, number(0.0, x)), number(math.nan, x), x)
    edge = build.select(build.eq(x, number(0.0, x)), number(-math.inf, x), below)
    return build.select(inside, value, edge)
