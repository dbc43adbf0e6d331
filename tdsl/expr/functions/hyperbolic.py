"""tanh by a rational function near 0 and by the exponential elsewhere; a float in, a float out.

Method, for a = |x| and z = a^2: below 0.94, a + a z p(z) / d(z); above, 1 - 2 / (e^(2a) + 1), where 2 a = n ln2 + 2 h
and e^(2h) - 1 is h q(h), so that e^(2a) + 1 is one fma from 2^n: (2^n + 1) + 2^n h q(h). Both have one form, base +
base * (numerator / denominator), so that one division serves them. The border is where both are equally accurate; p
and d are scaled so that their values lie high in a binade, where a rounding is small beside them. The coefficients:
interpolation and Remez' exchange, then a search for the least error over all arguments (benchmarks/functions_fit.py).

Accuracy in ulp: float32 of all 2^32 arguments 0.97 (benchmarks/results/functions-exhaustive.jsonl); float64 by
sampling against 70 digits 0.95.
"""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    bits,
    exact_fma,
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
    32: (-29.5833683013916, -1.431154727935791, -0.0005544012528844178),
    64: (-1887.0844054391391, -121.21114394733563, -1.3775684179737449, -9.782514381669913e-05),
}
_D = {
    32: (88.75010681152344, 39.79350280761719, 1.550001859664917),
    64: (5661.253216317417, 2628.134718368972, 138.8027385311112, 1.44),
}
"""tanh(a) = a + a z p(z) / d(z), z = a^2, for a < _BORDER."""

_BORDER = 0.94

_Q = {
    32: (
        1.9999998807907104, 1.999995470046997, 1.3333218097686768, 0.667205274105072, 0.26773467659950256,
        0.07621826231479645,
    ),
    64: (
        2.0, 2.0000000000000067, 1.3333333333333444, 0.6666666666637083, 0.2666666666628057, 0.08888888931672463,
        0.025396825812042598, 0.006349179199949883, 0.0014109167735077714, 0.0002829744151229962,
        5.161287034341457e-05,
    ),
}  # fmt: skip
"""e^(2h) = 1 + h q(h) for |h| < 0.1735."""

_LARGEST = {32: 10.0, 64: 20.0}
"""From here on tanh is 1 in the format."""

_BIAS = {32: 127.0, 64: 1023.0}


def tanh(x: Node) -> Node:
    """The hyperbolic tangent; keeps -0."""
    width, one = x.dtype.bits, number(1.0, x)
    a = magnitude(x)
    far = build.gt(a, number(_BORDER, x))
    z = times(a, a)
    numerator = build.select(far, number(-2.0, x), times(z, polynomial(z, _P[width])))
    denominator = build.select(far, _exponential_and_one(a), polynomial(z, _D[width]))
    base = build.select(far, one, a)
    return with_sign(multiply_add(base, build.div(numerator, denominator), base), x)


def _exponential_and_one(a: Node) -> Node:
    """e^(2a) + 1; of large a some great number."""
    width = a.dtype.bits
    inside = build.minimum(a, number(_LARGEST[width], a))
    magic = number(rounder(a.dtype) + _BIAS[width], a)
    shifted = multiply_add(inside, number(2.885390081777927, a), magic)
    h = exact_fma(minus(shifted, magic), number(-0.34657359027997264, a), inside)
    power = of_bits(shift_left(bits(shifted), a.dtype.fraction_bits), a.dtype)
    return multiply_add(power, times(h, polynomial(h, _Q[width])), plus(power, number(1.0, a)))
