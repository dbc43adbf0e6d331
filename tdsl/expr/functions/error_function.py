"""erf by a polynomial near 0 and by a power of two elsewhere; a float in, a float out.

Method, for a = |x|: below 0.85 (float64: 0.9), a + a p(a^2); above, 1 - 2^y with y = log2(erfc(a)) as a polynomial
q(a), whose error counts less the larger a is. 2^y is 2^n (1 + f r(f)), so that the result is one fma from 1 - 2^n,
which is exact. Source of the idea to fit the logarithm: N. Juffa's erff (NVIDIA forums, 2014). Polynomials: minimax
(benchmarks/functions_fit.py).

Accuracy in ulp: float32 of all 2^32 arguments 0.969 (benchmarks/results/functions-exhaustive.jsonl), float64 in 8,000
samples against 200 bits 0.85.
"""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.functions.exponential import POWER_OF_TWO
from tdsl.expr.functions.parts import (
    bits,
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
    with_sign,
)  # fmt: skip
from tdsl.expr.node import Node

_P = {
    32: (
        0.12837916612625122, -0.37612587213516235, 0.112828329205513, -0.026806259527802467, 0.005056379828602076,
        -0.000634247378911823,
    ),
    64: (
        0.1283791670955126, -0.3761263890318411, 0.11283791670972024, -0.026866170648254282, 0.005223977654981892,
        -0.0008548328644868691, 0.00012055387890574504, -1.4926820736053405e-05, 1.647747563528557e-06,
        -1.647802954205751e-07, 1.5088563470639153e-08, -1.080085476735284e-09,
    ),
}  # fmt: skip
"""erf(a) = a + a p(a^2) for a < _BORDER."""

_Q = {
    32: (
        1.9998505115509033, -1.6274536848068237, -0.918292760848999, -0.15080809593200684, 0.03249262273311615,
        -0.004499264992773533, 0.0002939623373094946,
    ),
    64: (
        1.9999999018944293, -1.627905986166423, -0.9184532730114997, -0.14825453737982894, 0.027567096831829493,
        0.0003411918333791362, -0.0024808869997180725, 0.0008626471285292602, -2.1499033618544955e-05,
        -0.0001253096437868703, 7.544245116285324e-05, -2.7491395162110934e-05, 7.257799077730838e-06,
        -1.4462382964370116e-06, 2.174136571415124e-07, -2.4025134740508606e-08, 1.8460198033734577e-09,
        -8.818879816637058e-11, 1.9728326767904645e-12,
    ),
}  # fmt: skip
"""2 + log2(erfc(a)) for _BORDER <= a <= _LARGEST: small where the error counts most."""

_BORDER = {32: 0.85, 64: 0.9}
_LARGEST = {32: 3.94, 64: 5.95}
"""From here on erf is 1 in the format."""

_BIAS = {32: 125.0, 64: 1021.0}
"""Of exponents, less the 2 that q has too much."""


def erf(x: Node) -> Node:
    """The error function; keeps -0."""
    width = x.dtype.bits
    a = magnitude(x)
    y = polynomial(build.minimum(a, number(_LARGEST[width], x)), _Q[width])
    magic = number(rounder(x.dtype) + _BIAS[width], x)
    shifted = plus(y, magic)
    f = minus(y, minus(shifted, magic))
    power = of_bits(shift_left(bits(shifted), x.dtype.fraction_bits), x.dtype)
    grown = times(f, polynomial(f, POWER_OF_TWO[width]))
    far = multiply_add(build.neg(power), grown, minus(number(1.0, x), power))
    near = multiply_add(a, polynomial(times(a, a), _P[width]), a)
    return with_sign(build.select(build.lt(a, number(_BORDER[width], x)), near, far), x)
