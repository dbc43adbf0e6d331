"""tanh by a polynomial near 0 and by the exponential elsewhere; a float in, a float out.

Method, for a = |x|: below 1, a + a^3 p(a^2); above, 1 - 2 / (e^(2a) + 1), where 2 a = n ln2 + 2 h and e^(2h) - 1 is
h q(h), so that e^(2a) + 1 is one fma from 2^n: (2^n + 1) + 2^n h q(h). Polynomials: minimax
(benchmarks/functions_fit.py).
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
    32: (
        -0.33333295583724976, 0.13332344591617584, -0.05387970060110092, 0.02148614078760147, -0.007945073768496513,
        0.0023004317190498114, -0.00035813526483252645,
    ),
    64: (
        -0.3333333333333294, 0.13333333333292158, -0.05396825395318791, 0.021869488255816107, -0.008863232411950188,
        0.003592105352071836, -0.0014557202205821265, 0.0005896153051715583, -0.00023803648392117872,
        9.475660777429602e-05, -3.607372694490403e-05, 1.2331340286972326e-05, -3.4145724579598508e-06,
        6.529460567459762e-07, -6.248196056736148e-08,
    ),
}  # fmt: skip
"""tanh(a) = a + a^3 p(a^2) for a < 1."""

_Q = {
    32: (
        2.0, 1.9999949932098389, 1.333323359489441, 0.6672046184539795, 0.26773515343666077, 0.07622312754392624,
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
    inside = build.minimum(a, number(_LARGEST[width], x))
    magic = number(rounder(x.dtype) + _BIAS[width], x)
    shifted = multiply_add(inside, number(2.885390081777927, x), magic)
    h = exact_fma(minus(shifted, magic), number(-0.34657359027997264, x), inside)
    power = of_bits(shift_left(bits(shifted), x.dtype.fraction_bits), x.dtype)
    raised = multiply_add(power, times(h, polynomial(h, _Q[width])), plus(power, one))
    far = minus(one, build.div(number(2.0, x), raised))
    z = times(a, a)
    near = multiply_add(times(a, z), polynomial(z, _P[width]), a)
    return with_sign(build.select(build.ge(a, one), far, near), x)
