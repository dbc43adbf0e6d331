"""sinh and cosh from even and odd polynomials of the rest of |x| modulo ln2; a float in, a float out.

Method: |x| = n ln2 + r. With W = 2^n / 2 and V = 2^-n / 2, sinh|x| = (W - V) cosh(r) + (W + V) sinh(r), and cosh|x|
the same with W + V and W - V exchanged. The greatest terms are one fma, (W - V) + (W + V) r or (W + V) + (W - V) r,
whose loss, and that of r, is gathered with the small terms and added last. All is computed four times too small, so
that it reaches the greatest number. cosh(r) = 1 + r^2 / 2 + r^4 c(r^2), sinh(r) = r + r^3 s(r^2): minimax
(benchmarks/functions_fit.py).

Accuracy in ulp: float32 of all 2^32 arguments (benchmarks/results/functions-exhaustive.jsonl) sinh 0.935, cosh
0.748; float64 in 10,000 samples against 70 digits sinh 0.72, cosh 0.77.
"""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.functions.exponential import reduced_pair
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
    times,
    with_sign,
)  # fmt: skip
from tdsl.expr.node import Node

_S = {
    32: (0.1666666716337204, 0.00833317544311285, 0.0001997399958781898),
    64: (
        0.16666666666666677, 0.008333333333321376, 0.00019841269886844393, 2.7557243427769437e-06,
        2.510932725271975e-08,
    ),
}  # fmt: skip
"""sinh(r) = r + r^3 s(r^2) for |r| < 0.3473."""

_C = {
    32: (0.0416666679084301, 0.0013888583052903414, 2.5005572751979344e-05),
    64: (
        0.041666666666666685, 0.0013888888888873264, 2.480158734928186e-05, 2.7557251718144277e-07,
        2.092181083051092e-09,
    ),
}  # fmt: skip
"""cosh(r) = 1 + r^2 / 2 + r^4 c(r^2) for |r| < 0.3473."""

_LARGEST = {32: 90.0, 64: 711.0}
"""Both are infinite here."""

_SMALL = {32: 2.0**-13, 64: 2.0**-28}
"""sinh(x) is x below."""


def sinh(x: Node) -> Node:
    """The hyperbolic sine; keeps -0."""
    a = magnitude(x)
    value = _combined(a, odd=True)
    return with_sign(build.select(build.lt(a, number(_SMALL[x.dtype.bits], x)), a, value), x)


def cosh(x: Node) -> Node:
    """The hyperbolic cosine, 1 or more."""
    return _combined(magnitude(x), odd=False)


def _combined(a: Node, odd: bool) -> Node:
    """sinh(a) or cosh(a) for a >= 0."""
    width = a.dtype.bits
    shifted, r, r_lost = reduced_pair(build.minimum(a, number(_LARGEST[width], a)))
    step = shift_left(bits(shifted), a.dtype.fraction_bits)
    eighth = bits(number(0.125, a))
    up = of_bits(plus(eighth, step), a.dtype)
    down = of_bits(build.maximum(minus(eighth, step), integer(0, step)), a.dtype)
    sum_, difference = plus(up, down), minus(up, down)
    head, factor = (difference, sum_) if odd else (sum_, difference)
    head_lost = minus(minus(up, head), down) if odd else plus(minus(up, head), down)
    z = times(r, r)
    even = times(z, multiply_add(z, polynomial(z, _C[width]), number(0.5, a)))
    rest = multiply_add(times(r, z), polynomial(z, _S[width]), r_lost)
    main = exact_fma(factor, r, head)
    main_lost = plus(exact_fma(factor, r, minus(head, main)), head_lost)
    value = plus(main, multiply_add(head, even, multiply_add(factor, rest, main_lost)))
    return times(value, number(4.0, a))
