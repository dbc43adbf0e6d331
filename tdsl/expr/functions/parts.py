"""Pieces that expansions are made of: nodes in, nodes out, for float32 and float64 alike.

A polynomial step is a *contracted* fma: on a target without the instruction it rounds twice, which costs a little
accuracy and no library call. Steps whose exactness an expansion relies on are `exact_fma`, rounded once everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.dtypes import DTYPES, DType
from tdsl.expr import build
from tdsl.expr.node import Const, Node

_INTEGERS = {32: DTYPES["int32"], 64: DTYPES["int64"]}
_UNSIGNED = {32: DTYPES["uint32"], 64: DTYPES["uint64"]}

HALF_PI = {
    32: (1.5707963705062866, -4.371138828673793e-08, -1.7151245100058819e-15),
    64: (1.5707963267948966, 6.123233995736766e-17, -1.4973849048591698e-33),
}
"""pi/2 as a sum of three numbers of the format."""


def number(value: float, like: Node) -> Const:
    """A constant in the dtype of another node."""
    return build.constant(value, like.dtype)


def multiply_add(a: Node, b: Node, c: Node) -> Node:
    """`a * b + c`, rounded once where the target can."""
    return build.fma(a, b, c, contracted=True)


def exact_fma(a: Node, b: Node, c: Node) -> Node:
    """`a * b + c`, rounded once everywhere."""
    return build.fma(a, b, c)


def polynomial(x: Node, coefficients: Sequence[float]) -> Node:
    """`c[0] + c[1] x + c[2] x^2 + …` by Horner's rule."""
    total: Node = number(coefficients[-1], x)
    for coefficient in reversed(coefficients[:-1]):
        total = multiply_add(total, x, number(coefficient, x))
    return total


def bits(x: Node) -> Node:
    """The bits of a float as a signed integer of its width."""
    return build.bitcast(x, _INTEGERS[x.dtype.bits])


def unsigned_bits(x: Node) -> Node:
    """The bits of a float as an unsigned integer of its width."""
    return build.bitcast(x, _UNSIGNED[x.dtype.bits])


def of_bits(pattern: Node, dtype: DType) -> Node:
    """The float whose bits these are."""
    return build.bitcast(pattern, dtype)


def integer(value: int, like: Node) -> Const:
    """An integer constant in the dtype of another node, wrapped into it."""
    return Const(like.dtype, value & ((1 << like.dtype.bits) - 1))


def sign_of(x: Node) -> Node:
    """The sign bit alone, in place."""
    pattern = bits(x)
    return build.binary("and", pattern, integer(1 << x.dtype.bits - 1, pattern))


def with_sign(magnitude: Node, x: Node) -> Node:
    """A number that is not negative with the sign of another."""
    return of_bits(build.binary("or", bits(magnitude), sign_of(x)), x.dtype)


def shift_left(pattern: Node, count: int) -> Node:
    """`pattern << count`."""
    return build.binary("shl", pattern, integer(count, pattern))


def shift_right(pattern: Node, count: int) -> Node:
    """`pattern >> count`, keeping the sign of a signed integer."""
    return build.binary("shr", pattern, integer(count, pattern))


def rounder(dtype: DType) -> float:
    """1.5 * 2^fraction: adding it to a number below 2^(fraction - 1) leaves the nearest whole number in the low bits.

    Its own low bits are 0, so that the bits of the sum, shifted to the exponent's place, are that whole number there.
    """
    return 1.5 * 2.0**dtype.fraction_bits


def magnitude(x: Node) -> Node:
    """The number without its sign."""
    return build.absolute(x)


def times(a: Node, b: Node) -> Node:
    """`a * b`."""
    return build.mul(a, b)


def plus(a: Node, b: Node) -> Node:
    """`a + b`."""
    return build.add(a, b)


def minus(a: Node, b: Node) -> Node:
    """`a - b`."""
    return build.sub(a, b)


def two_sum(a: Node, b: Node) -> tuple[Node, Node]:
    """(a + b rounded, what that lost); exact for all finite sums (Knuth)."""
    total = plus(a, b)
    of_b = minus(total, a)
    return total, plus(minus(a, minus(total, of_b)), minus(b, of_b))


def fast_two_sum(a: Node, b: Node) -> tuple[Node, Node]:
    """(a + b rounded, what that lost), where a is 0 or |a| >= |b| (Dekker)."""
    total = plus(a, b)
    return total, plus(minus(a, total), b)


def two_product(a: Node, b: Node) -> tuple[Node, Node]:
    """(a * b rounded, what that lost)."""
    product = times(a, b)
    return product, exact_fma(a, b, build.neg(product))


def half_pi(like: Node) -> tuple[Node, Node]:
    """pi/2 as a sum of two constants."""
    first, second = HALF_PI[like.dtype.bits][:2]
    return number(first, like), number(second, like)
