"""asin and acos by a polynomial, beyond 1/2 of the root of (1 - |x|) / 2; a float in, a float out.

Method: for |x| <= 1/2, asin(x) = x + x^3 p(x^2); beyond, with z = (1 - |x|) / 2, which is exact, and s = sqrt(z),
asin|x| = pi/2 - 2 (s + s^3 p(z)) and acos|x| = 2 (s + s^3 p(z)). pi/2 is a sum of two numbers; what the root and the
sum of the large terms lose is added with the small ones. p: minimax (benchmarks/functions_fit.py).

Accuracy in ulp: float32 of all 2^32 arguments (benchmarks/results/functions-exhaustive.jsonl) asin 0.640, acos
0.615; float64 in 5,000 samples against 70 digits asin 0.58, acos 0.60.
"""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    exact_fma,
    fast_two_sum,
    half_pi,
    magnitude,
    minus,
    number,
    plus,
    polynomial,
    times,
    with_sign,
)  # fmt: skip
from tdsl.expr.node import Node

_P = {
    32: (
        0.16666659712791443, 0.07500521838665009, 0.044513385742902756, 0.03183893486857414, 0.01431531272828579,
        0.03769686073064804,
    ),
    64: (
        0.1666666666666676, 0.07499999999970866, 0.044642857174561235, 0.030381942709834093, 0.022372214937199413,
        0.01735161282406105, 0.013980811707570746, 0.011398978875438184, 0.010779905224962872, 0.0037076395741964716,
        0.021704621300976147, -0.020995268590196892, 0.03262636232462711,
    ),
}  # fmt: skip
"""asin(s) = s + s^3 p(s^2) for |s| <= 1/2."""


def asin(x: Node) -> Node:
    """The inverse sine; keeps -0, NaN beyond -1 and 1."""
    a = magnitude(x)
    far, s, small = _parts(a)
    high, low = half_pi(x)
    main, lost = fast_two_sum(high, build.neg(s))
    beyond = plus(main, minus(plus(lost, low), small))
    return with_sign(build.select(far, beyond, plus(s, small)), x)


def acos(x: Node) -> Node:
    """The inverse cosine, from 0 at 1 to pi at -1; NaN beyond."""
    far, s, small = _parts(magnitude(x))
    high, low = half_pi(x)
    zero = number(0.0, x)
    left = build.logical_and(far, build.lt(x, zero))
    base = build.select(left, plus(high, high), build.select(far, zero, high))
    base_low = build.select(left, plus(low, low), build.select(far, zero, low))
    turned = build.select(far, with_sign(s, x), build.neg(x))
    turned_small = build.select(far, _flipped(small, x), build.neg(_flipped(small, x)))
    main, lost = fast_two_sum(base, turned)
    return plus(main, plus(plus(lost, base_low), turned_small))


def _flipped(value: Node, x: Node) -> Node:
    return build.select(build.lt(x, number(0.0, x)), build.neg(value), value)


def _parts(a: Node) -> tuple[Node, Node, Node]:
    """(a > 1/2, large, small): large + small is asin(a), or 2 asin(sqrt((1 - a) / 2)) beyond 1/2."""
    half = number(0.5, a)
    far = build.gt(a, half)
    z = build.select(far, times(minus(number(1.0, a), a), half), times(a, a))
    root = build.unary("sqrt", z)
    least = number(2.0 ** (3 - (1 << a.dtype.exponent_bits - 1)), a)  # for 0 / 0
    root_lost = build.div(exact_fma(build.neg(root), root, z), build.maximum(plus(root, root), least))
    s = build.select(far, root, a)
    cubic = times(times(s, z), polynomial(z, _P[a.dtype.bits]))
    beyond = plus(cubic, root_lost)
    return far, build.select(far, plus(root, root), a), build.select(far, plus(beyond, beyond), cubic)
