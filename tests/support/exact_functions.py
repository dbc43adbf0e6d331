"""The functions of floats to 70 digits and more by Python's decimals: a float in, a `Decimal` out; and errors in ulp.

`exp` and `ln` are decimal's own, the rest follows from them or from Taylor's series after a reduction with as many
digits of pi as the argument needs. What no float reaches is left out: callers keep to finite results.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal, Overflow, Underflow, localcontext
from fractions import Fraction
from functools import lru_cache

DIGITS = 70


def _context(digits: int = DIGITS) -> Context:
    return Context(
        prec=digits, rounding=ROUND_HALF_EVEN, Emin=-(10**6), Emax=10**6, traps=[Overflow, Underflow]
    )


@lru_cache(maxsize=4)
def pi(digits: int) -> Decimal:
    """Machin: pi = 16 atan(1/5) - 4 atan(1/239), in whole numbers."""
    one = 10 ** (digits + 10)

    def atan_of_inverse(n: int) -> int:
        term = total = one // n
        place, sign = 1, -1
        while term:
            term //= n * n
            place += 2
            total += sign * (term // place)
            sign = -sign
        return total

    with localcontext(_context(digits + 10)):
        return Decimal(16 * atan_of_inverse(5) - 4 * atan_of_inverse(239)) / Decimal(one)


def _series(first: Decimal, ratio: Callable[[int], Decimal]) -> Decimal:
    """first + first * ratio(1) + first * ratio(1) * ratio(2) + …"""
    total, term, place = first, first, 1
    while term and abs(term) > abs(total) * Decimal(10) ** -(DIGITS + 2):
        term *= ratio(place)
        total += term
        place += 1
    return total


def _sine_and_cosine(x: float) -> tuple[Decimal, Decimal]:
    digits = DIGITS + max(0, math.frexp(x)[1] // 3) + 30
    with localcontext(_context(digits)):
        half = pi(digits) / 2
        k = (Decimal(x) / half).to_integral_value()
        r = Decimal(x) - k * half
    with localcontext(_context()):
        square = -r * r
        sine = _series(r, lambda n: square / (2 * n * (2 * n + 1)))
        cosine = _series(Decimal(1), lambda n: square / (2 * n * (2 * n - 1)))
    turned = ((sine, cosine), (cosine, -sine), (-sine, -cosine), (-cosine, sine))
    return turned[int(k) % 4]


def _erf(x: Decimal) -> Decimal:
    # 2/sqrt(pi) e^(-x^2) sum of 2^n x^(2n+1) / (1 3 5 … (2n+1)): all terms of one sign
    total = _series(x, lambda n: 2 * x * x / (2 * n + 1))
    return 2 / pi(DIGITS).sqrt() * (-x * x).exp() * total


def _expm1(x: Decimal) -> Decimal:
    return _series(x, lambda n: x / (n + 1)) if abs(x) < 1 else x.exp() - 1


def _log1p(x: Decimal) -> Decimal:
    if abs(x) > Decimal("1e-5"):
        return (1 + x).ln()
    total, power, n = x, x, 1
    while abs(power) > abs(x) * Decimal(10) ** -(DIGITS + 2):
        power *= -x
        n += 1
        total += power / n
    return total


def _tanh(x: Decimal) -> Decimal:
    grown = _expm1(2 * x)
    return grown / (grown + 2)


def _sinh(x: Decimal) -> Decimal:
    return _series(x, lambda n: x * x / (2 * n * (2 * n + 1))) if abs(x) < 1 else (x.exp() - (-x).exp()) / 2


def _atan(x: Decimal) -> Decimal:
    if abs(x) > 1:
        return (pi(DIGITS) / 2).copy_sign(x) - _atan(1 / x)
    halvings = 0
    while abs(x) > Decimal("0.01"):  # atan(x) = 2 atan(x / (1 + sqrt(1 + x^2)))
        x, halvings = x / (1 + (1 + x * x).sqrt()), halvings + 1
    total, power, n = x, x, 1
    while abs(power) > abs(x) * Decimal(10) ** -(DIGITS + 2):
        power, n = -power * x * x, n + 2
        total += power / n
    return total * 2**halvings


def _acos(x: Decimal) -> Decimal:
    return 2 * _atan(((1 - x) / (1 + x)).sqrt()) if x > -1 else pi(DIGITS)


def _atan2(y: Decimal, x: Decimal) -> Decimal:
    if x == 0:
        return (pi(DIGITS) / 2).copy_sign(y)
    return _atan(y / x) if x > 0 else _atan(y / x) + pi(DIGITS).copy_sign(y)


_OF_DECIMALS: dict[str, Callable[..., Decimal]] = {
    "exp": lambda x: x.exp(), "exp2": lambda x: (x * Decimal(2).ln()).exp(), "expm1": _expm1,
    "log": lambda x: x.ln(), "log2": lambda x: x.ln() / Decimal(2).ln(), "log10": lambda x: x.log10(),
    "log1p": _log1p, "tanh": _tanh, "sigmoid": lambda x: 1 / (1 + (-x).exp()), "erf": _erf,
    "pow": lambda x, y: (y * x.ln()).exp(), "sinh": _sinh, "cosh": lambda x: (x.exp() + (-x).exp()) / 2,
    "asinh": lambda x: _log1p(abs(x) + x * x / (1 + (1 + x * x).sqrt())).copy_sign(x),
    "acosh": lambda x: (x + (x * x - 1).sqrt()).ln(),
    "atanh": lambda x: (_log1p(x) - _log1p(-x)) / 2, "atan": _atan, "acos": _acos, "atan2": _atan2,
    "asin": lambda x: _atan(x / ((1 - x) * (1 + x)).sqrt()) if abs(x) < 1 else (pi(DIGITS) / 2).copy_sign(x),
    "cbrt": lambda x: (abs(x).ln() / 3).exp().copy_sign(x) if x else x, "hypot": lambda x, y: (x * x + y * y).sqrt(),
}  # fmt: skip


def exact(name: str, *arguments: float) -> Decimal:
    """The value of a function of finite arguments inside its domain."""
    if name in ("sin", "cos", "tan"):
        sine, cosine = _sine_and_cosine(arguments[0])
        with localcontext(_context()):
            return {"sin": sine, "cos": cosine, "tan": sine / cosine}[name]
    with localcontext(_context()):
        return +_OF_DECIMALS[name](*(Decimal(argument) for argument in arguments))


def ulp_error(got: float, value: Decimal, fraction_bits: int, least_exponent: int) -> float:
    """How many last places of the exact value a result is away from it; an infinity counts as the next power of two."""
    whole = Fraction(value)
    if whole == 0:
        return 0.0 if got == 0 else math.inf
    size = abs(whole)
    exponent = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** exponent:
        exponent -= 1
    place = Fraction(2) ** (max(exponent, least_exponent) - fraction_bits)
    top = Fraction(2) ** (2 - least_exponent)
    reached = Fraction(math.copysign(1, got)) * top if math.isinf(got) else Fraction(got)
    return float(abs(reached - min(max(whole, -top), top)) / place)
