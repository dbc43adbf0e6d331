"""Angles brought to within pi/4 of a multiple of pi/2: |x| in, the multiple modulo 4 and the rest as a pair out.

`near`: x - k pi/2 with pi/2 in three parts and fma (Cody and Waite; with fma: Boldo, Daumas and Li, "Formally
verified argument reduction with a fused multiply-add", IEEE Trans. Computers 58(8), 2009). The first difference is
exact; what the second loses is kept (Knuth's two-sum), so below 2^17 (float64: 2^22) the sum is right to 2^-43
(2^-96).

`far`: x = m 2^e with a whole m, times the bits of 2/pi from place e - 1 on: those before it only add multiples of 4.
32-bit words of 2/pi are chosen by the exponent, shifted and multiplied in exact integer arithmetic (Payne and Hanek,
"Radian reduction for trigonometric functions", SIGNUM 18, 1983). Of 96 (float64: 192) bits, the first two are the
multiple, the others the fraction.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from tdsl.dtypes import DTYPES
from tdsl.expr import build
from tdsl.expr.functions.parts import (
    HALF_PI,
    bits,
    exact_fma,
    minus,
    multiply_add,
    number,
    plus,
    rounder,
    shift_left,
    shift_right,
    times,
    unsigned_bits,
)  # fmt: skip
from tdsl.expr.node import Node

LIMIT = {32: 2.0**17, 64: 2.0**22}
"""Below this `near` is accurate."""

_TWO_OVER_PI = (
    0x00000000, 0xA2F9836E, 0x4E441529, 0xFC2757D1, 0xF534DDC0, 0xDB629599, 0x3C439041, 0xFE5163AB, 0xDEBBC561,
    0xB7246E3A, 0x424DD2E0, 0x06492EEA, 0x09D1921C, 0xFE1DEB1C, 0xB129A73E, 0xE88235F5, 0x2EBB4484, 0xE99C7026,
    0xB45F7E41, 0x3991D639, 0x835339F4, 0x9C845F8B, 0xBDF9283B, 0x1FF897FF, 0xDE05980F, 0xEF2F118B, 0x5A0A6D1F,
    0x6D367ECF, 0x27CB09B7, 0x4F463F66, 0x9E5FEA2D, 0x7527BAC7, 0xEBE5F17B, 0x3D0739F7, 0x8A5292EA, 0x6BFB5FB1,
    0x1F8D5D08, 0x56033046, 0xFC7B6BAB,
)  # fmt: skip
"""The bits of 2/pi behind its point, 32 a word, one word of zeros before them."""

_UNIT = 3.4061215800865545e-19
"""pi/2 * 2^-62, and what it lacks of that."""
_UNIT_LOW = 1.3277647201629795e-35

_WORD = DTYPES["uint64"]
_FLOAT64 = DTYPES["float64"]


def near(x: Node) -> tuple[Node, Node, Node]:
    """(k, r, rest): x = k pi/2 + r + rest for 0 <= x < LIMIT; k is whole, right in its low bits."""
    first, second, third = (number(-part, x) for part in HALF_PI[x.dtype.bits])
    magic = number(rounder(x.dtype), x)
    shifted = multiply_add(x, number(0.6366197723675814, x), magic)
    k = minus(shifted, magic)
    exact = exact_fma(k, first, x)
    product = times(k, second)
    product_lost = exact_fma(k, second, build.neg(product))
    r = plus(exact, product)
    of_product = minus(r, exact)
    lost = plus(minus(exact, minus(r, of_product)), minus(product, of_product))
    return bits(shifted), r, multiply_add(k, third, plus(lost, product_lost))


def far(x: Node) -> tuple[Node, Node, Node]:
    """(k modulo 4, r, rest) for finite x >= LIMIT."""
    return _far32(x) if x.dtype.bits == 32 else _far64(x)


def _word(value: int) -> Node:
    return build.constant(value, _WORD)


def _low(word: Node) -> Node:
    return build.binary("and", word, _word(0xFFFF_FFFF))


def _mantissa(pattern: Node, fraction: int) -> Node:
    kept = build.binary("and", pattern, _word((1 << fraction) - 1))
    return build.binary("or", kept, _word(1 << fraction))


def _window(place: Node, words: int, table: Sequence[int]) -> list[Node]:
    """`words` 32-bit words from bit `place` of the table on, the first first."""
    index = shift_right(place, 5)
    chosen: list[Node] = [_word(word) for word in table]
    step = 1 << (len(table) - words - 1).bit_length() - 1
    while step:
        taken = build.ne(build.binary("and", index, _word(step)), _word(0))
        needed = words + step  # this word and the ones that smaller steps may still reach
        behind = [*chosen[step:], *[_word(0)] * step]
        chosen = [build.select(taken, *pair) for pair in zip(behind[:needed], chosen[:needed], strict=True)]
        step //= 2
    count = build.binary("and", place, _word(31))
    joined = (build.binary("or", shift_left(first, 32), second) for first, second in pairwise(chosen))
    return [shift_right(build.binary("shl", pair, count), 32) for pair in joined]


def _quadrant(top: Node) -> tuple[Node, Node]:
    """The nearest whole number, modulo 4, of a fixed-point number with two bits before the point; and the rest."""
    k = shift_right(plus(top, _word(1 << 61)), 62)
    return k, build.bitcast(minus(top, shift_left(k, 62)), "int64")


def _far32(x: Node) -> tuple[Node, Node, Node]:
    pattern = build.cast(unsigned_bits(x), _WORD)
    high, middle, low = _window(minus(shift_right(pattern, 23), _word(120)), 3, _TWO_OVER_PI[:8])
    m = _mantissa(pattern, 23)
    top = plus(shift_left(times(m, high), 32), plus(times(m, middle), shift_right(times(m, low), 32)))
    k, fraction = _quadrant(top)
    angle = times(build.cast(fraction, _FLOAT64), build.constant(_UNIT, _FLOAT64))
    r = build.cast(angle, x.dtype)
    rest = build.cast(minus(angle, build.cast(r, _FLOAT64)), x.dtype)
    return build.cast(k, "int32"), r, rest


def _far64(x: Node) -> tuple[Node, Node, Node]:
    pattern = build.bitcast(x, _WORD)
    window = _window(minus(shift_right(pattern, 52), _word(1045)), 6, _TWO_OVER_PI)
    digits = _product_digits(_mantissa(pattern, 52), window[::-1])
    top = build.binary("or", shift_left(digits[3], 32), digits[2])
    k, fraction = _quadrant(top)
    head = times(build.cast(shift_right(fraction, 32), _FLOAT64), build.constant(2.0**32, _FLOAT64))
    body = build.cast(_low(build.bitcast(fraction, _WORD)), _FLOAT64)
    tail = multiply_add(
        build.cast(digits[0], _FLOAT64),
        build.constant(2.0**-64, _FLOAT64),
        times(build.cast(digits[1], _FLOAT64), build.constant(2.0**-32, _FLOAT64)),
    )
    first = plus(head, body)
    first_lost = plus(minus(head, first), body)
    behind = plus(first_lost, tail)
    whole = plus(first, behind)
    whole_lost = plus(minus(first, whole), behind)
    unit, unit_low = build.constant(_UNIT, _FLOAT64), build.constant(_UNIT_LOW, _FLOAT64)
    r = times(whole, unit)
    lost = multiply_add(whole, unit_low, multiply_add(whole_lost, unit, exact_fma(whole, unit, build.neg(r))))
    return build.bitcast(k, "int64"), r, lost


def _product_digits(m: Node, words: Sequence[Node]) -> list[Node]:
    """The 32-bit digits 2 to 5 of m times the number with these 6 digits, the least first."""
    m_low, m_high = _low(m), shift_right(m, 32)
    lower = [times(m_low, word) for word in words]
    upper = [times(m_high, word) for word in words[:-1]]
    carry = shift_right(lower[0], 32)
    digits: list[Node] = []
    for place in range(1, 6):
        total = plus(carry, plus(_low(lower[place]), _low(upper[place - 1])))
        digits.append(_low(total))
        heads = plus(shift_right(lower[place], 32), shift_right(upper[place - 1], 32))
        carry = plus(shift_right(total, 32), heads)
    return digits[1:]
