"""What a scalar node is inside a vector loop: a constant, one value for all lanes, an index that moves, or a vector.

Everything of dtype int64 that is the same in all lanes, or moves by constants, is a `Linear`: a sum of names with
coefficients, a constant, and an offset for each lane. Sums and differences of them cost no instruction until one is
used as a value or an address. All arithmetic is modulo 2^64, so taking sums apart and together again changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from tdsl.dtypes import DType

_WRAP = 1 << 64
_HALF = 1 << 63


def wrapped(value: int) -> int:
    """An integer as int64 holds it."""
    return value if -_HALF <= value < _HALF else (value + _HALF) % _WRAP - _HALF


@dataclass(frozen=True, slots=True)
class Constant:
    """A constant of any dtype but int64, by its bit pattern."""

    bits: int
    dtype: DType


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value for all lanes; `text` is a name or a constant."""

    text: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Vector:
    """A value a lane; `text` is a name or a constant vector."""

    text: str
    dtype: DType


@dataclass(frozen=True, slots=True)
class Linear:
    """int64: constant + sum of coefficient * name + offset of the lane. `lanes` is empty where all offsets are 0.

    The offset of lane 0 is 0: it is part of the constant. No coefficient is 0.
    """

    constant: int
    terms: tuple[tuple[str, int], ...] = ()
    lanes: tuple[int, ...] = ()

    @property
    def is_constant(self) -> bool:
        return not self.terms and not self.lanes


@dataclass(frozen=True, slots=True)
class Clamped:
    """`min(max(ramp, low), high)` where the ramp moves by one a lane and the bounds do not; either may be absent.

    For `max(min(ramp, high), low)` the bounds have been put into this order: low is then `min(low, high)` for nobody,
    so it is only made where both orders agree or one bound is absent.
    """

    ramp: Linear
    low: Linear | None
    high: Linear | None


Value = Constant | Scalar | Vector | Linear | Clamped


def is_uniform(value: Value) -> bool:
    """Whether all lanes hold the same."""
    if isinstance(value, Linear):
        return not value.lanes
    return not isinstance(value, (Vector, Clamped))


def normal(constant: int, terms: dict[str, int], lanes: tuple[int, ...] = ()) -> Linear:
    """A `Linear` with the offsets starting at 0 and nothing superfluous in it."""
    if lanes:
        constant += lanes[0]
        if lanes[0]:
            lanes = tuple(wrapped(offset - lanes[0]) for offset in lanes)
        if not any(lanes):
            lanes = ()
    kept = tuple((name, wrapped(factor)) for name, factor in terms.items() if factor % _WRAP)
    return Linear(wrapped(constant), kept, lanes)


def plus(a: Linear, b: Linear, factor: int = 1) -> Linear:
    """`a + factor * b`."""
    constant = wrapped(a.constant + factor * b.constant)
    if not b.terms and not b.lanes:
        return Linear(constant, a.terms, a.lanes)
    if not a.terms and not a.lanes and factor == 1:
        return Linear(constant, b.terms, b.lanes)
    terms = dict(a.terms)
    for name, coefficient in b.terms:
        terms[name] = terms.get(name, 0) + factor * coefficient
    lanes = a.lanes
    if b.lanes:
        start = a.lanes or (0,) * len(b.lanes)
        lanes = tuple(x + factor * y for x, y in zip(start, b.lanes, strict=True))
    return normal(constant, terms, lanes)


def times(a: Linear, factor: int) -> Linear:
    """`factor * a`."""
    if factor == 1:
        return a
    return plus(Linear(0), a, factor)


def offsets(a: Linear, lanes: int) -> tuple[int, ...]:
    """The offset of each lane, zeros written out."""
    return a.lanes or (0,) * lanes


@lru_cache(maxsize=256)
def moving_index(start: int, width: int, times: int) -> Linear:
    """The variable of a vector loop: start, start + 1, … of `width` lanes, all of that `times` times."""
    return Linear(start, (), row(width) * times)


@lru_cache(maxsize=1024)
def row(lanes: int, step: int = 1, start: int = 0) -> tuple[int, ...]:
    """The offsets of neighbours, 0, 1, 2, …; or of others at equal distances."""
    return tuple(range(start, start + lanes * step, step))


def repeated(value: Linear, times_each: int) -> Linear:
    """The same value for more lanes: each of the old lanes becomes `times_each` neighbours."""
    return Linear(
        value.constant, value.terms, tuple(offset for offset in value.lanes for _ in range(times_each))
    )
