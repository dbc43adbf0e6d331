"""sin, cos and tan of angles in radians, any finite one; a float in, a float out.

Method: |x| = k pi/2 + r (angle.py), then sin or cos of r by minimax polynomials (benchmarks/functions_fit.py), chosen
by the last bit of k, with the sign by the one before. Angles of 2^17 (float64: 2^22) and more take the exact
reduction, which vector code branches around where no lane needs it.

Accuracy in ulp, float32 of all 2^32 arguments (benchmarks/results/functions-exhaustive.jsonl): sin 0.852, cos 0.847,
tan 2.51; float64 in 8,000 samples up to 1.8e308 against 200 bits: sin 0.71, cos 0.73, tan 1.9.
"""

from __future__ import annotations

import math

from tdsl.expr import build
from tdsl.expr.functions.angle import LIMIT, far, near
from tdsl.expr.functions.parts import (
    bits,
    integer,
    magnitude,
    minus,
    multiply_add,
    number,
    of_bits,
    plus,
    polynomial,
    shift_left,
    sign_of,
    times,
)  # fmt: skip
from tdsl.expr.node import Call, Node

_SIN = {
    32: (-0.1666666716337204, 0.008333378471434116, -0.00019852562400046736, 2.8263434614927974e-06),
    64: (
        -0.16666666666666666, 0.008333333333333044, -0.00019841269840966338, 2.7557319076869047e-06,
        -2.5052071877462537e-08, 1.6054456097533729e-10, -7.39764074020289e-13,
    ),
}  # fmt: skip
"""sin(r) = r + r^3 s(r^2)."""

_COS = {
    32: (0.04166664555668831, -0.00138873013202101, 2.4430759367533028e-05),
    64: (
        0.04166666666666659, -0.0013888888888872167, 2.4801587288274763e-05, -2.755731400736084e-07,
        2.0875676839873977e-09, -1.1357264373513907e-11,
    ),
}  # fmt: skip
"""cos(r) = 1 - r^2 / 2 + r^4 c(r^2)."""


def sin(x: Node) -> Node:
    """The sine; keeps -0."""
    return _near_or_far(x, "sin.far", _sine(x, near(magnitude(x))))


def cos(x: Node) -> Node:
    """The cosine."""
    return _near_or_far(x, "cos.far", _cosine(near(magnitude(x))))


def tan(x: Node) -> Node:
    """The tangent, as sine over cosine of the rest; keeps -0."""
    return _near_or_far(x, "tan.far", _tangent(x, near(magnitude(x))))


def sin_far(x: Node) -> Node:
    """The sine of an angle of LIMIT or more; NaN of infinities and NaN."""
    return _finite(x, _sine(x, far(magnitude(x))))


def cos_far(x: Node) -> Node:
    """The cosine of an angle of LIMIT or more; NaN of infinities and NaN."""
    return _finite(x, _cosine(far(magnitude(x))))


def tan_far(x: Node) -> Node:
    """The tangent of an angle of LIMIT or more; NaN of infinities and NaN."""
    return _finite(x, _tangent(x, far(magnitude(x))))


def _near_or_far(x: Node, name: str, value: Node) -> Node:
    inside = build.lt(magnitude(x), number(LIMIT[x.dtype.bits], x))
    return build.select(inside, value, Call(name, (x,)))


def _finite(x: Node, value: Node) -> Node:
    return build.select(build.lt(magnitude(x), number(math.inf, x)), value, number(math.nan, x))


def _sine_of_rest(r: Node, rest: Node) -> Node:
    z = times(r, r)
    return plus(r, multiply_add(times(r, z), polynomial(z, _SIN[r.dtype.bits]), rest))


def _cosine_of_rest(r: Node, rest: Node) -> Node:
    """1 - z/2 is rounded, and what it loses added with the small terms."""
    z = times(r, r)
    half, one = times(z, number(0.5, r)), number(1.0, r)
    main = minus(one, half)
    lost = minus(minus(one, main), half)
    small = multiply_add(times(z, z), polynomial(z, _COS[r.dtype.bits]), lost)
    return plus(main, multiply_add(build.neg(r), rest, small))


def _odd(k: Node) -> Node:
    return build.ne(build.binary("and", k, integer(1, k)), integer(0, k))


def _sign_of_quadrant(k: Node) -> Node:
    """The sign bit, set for the quadrants 2 and 3."""
    return shift_left(build.binary("and", k, integer(2, k)), k.dtype.bits - 2)


def _signed(value: Node, sign: Node) -> Node:
    return of_bits(build.binary("xor", bits(value), sign), value.dtype)


def _sine(x: Node, angle: tuple[Node, Node, Node]) -> Node:
    k, r, rest = angle
    value = build.select(_odd(k), _cosine_of_rest(r, rest), _sine_of_rest(r, rest))
    return _signed(value, build.binary("xor", sign_of(x), _sign_of_quadrant(k)))


def _cosine(angle: tuple[Node, Node, Node]) -> Node:
    k, r, rest = angle
    value = build.select(_odd(k), _sine_of_rest(r, rest), _cosine_of_rest(r, rest))
    return _signed(value, _sign_of_quadrant(plus(k, integer(1, k))))


def _tangent(x: Node, angle: tuple[Node, Node, Node]) -> Node:
    k, r, rest = angle
    sine, cosine = _sine_of_rest(r, rest), _cosine_of_rest(r, rest)
    odd = _odd(k)
    value = build.div(build.select(odd, cosine, sine), build.select(odd, build.neg(sine), cosine))
    return _signed(value, sign_of(x))
