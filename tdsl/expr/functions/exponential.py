"""exp, exp2, expm1."""

from __future__ import annotations

from tdsl.expr import build
from tdsl.expr.functions.parts import (
    bits,
    exact_fma,
    integer,
    multiply_add,
    number,
    of_bits,
    polynomial,
    rounder,
    shift_left,
)
from tdsl.expr.node import Node

_Q32 = (
    0.5,
    0.16666647791862488,
    0.041666481643915176,
    0.008337858133018017,
    0.0013933383161202073,
    0.00017351530550513417,
)


def exp(x: Node) -> Node:
    c = build.maximum(x, number(-104.0, x))
    t = multiply_add(c, number(1.4426950408889634, x), number(rounder(x.dtype), x))
    n = build.sub(t, number(rounder(x.dtype), x))
    r = exact_fma(n, number(-0.6931472, x), c)
    r = exact_fma(n, number(1.904654e-9, x), r)
    q = polynomial(r, _Q32)
    p = build.add(multiply_add(build.mul(r, r), q, r), number(1.0, x))
    v = build.add(bits(p), shift_left(bits(t), 23))
    small = build.lt(x, number(-87.0, x))
    v = build.add(v, build.select(small, integer(64 << 23, v), integer(0, v)))
    y = build.mul(of_bits(v, x.dtype), build.select(small, number(2.0**-64, x), number(1.0, x)))
    return build.select(build.le(x, number(88.72283, x)), y, build.add(x, number(float("inf"), x)))
