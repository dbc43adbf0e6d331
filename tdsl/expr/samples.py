"""Values of variables at a few sample points: what is false at one of them needs no proof.

In: ranges of variables and conditions that hold. Out: points that satisfy them, and the values of integer and bool
expressions at all of them. Most questions that a simplifier asks have no proof, and a point where the condition is false
says so at the price of evaluating it. What is not known at the points (loads, floats) they say nothing about.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any
from zlib import crc32

import numpy as np
import numpy.typing as npt

from tdsl.expr.node import BOOL, INT64, Binary, Compare, Const, Node, Select, Unary, Var
from tdsl.expr.rewrite import walk
from tdsl.expr.scalar_ops import compute

Bound = Node | int | None
Array = npt.NDArray[Any]

SIZES = (1, 64, 33, 1000, 2, 128, 70, 777, 3, 256, 101, 640, 5, 96, 47, 1023)
"""What sizes are, in rotation: each is another of these at each point."""

PLACES = (0, 8, 0, 8, 1, 4, 7)
"""Where in its range a variable stands, in eighths: all at their starts or ends at some points, mixed at the others."""

REGULAR = len(SIZES) * 2
"""Points at which variables move in step."""

COUNT = 256
"""Points; at the others each variable stands where it does whatever the others do."""

LARGE = 1 << 40
"""What the ends of ranges are taken to be at most."""


class Samples:
    """Points, as one array a variable. alive: which of the points satisfy all ranges and facts."""

    __slots__ = ("alive", "memo", "values")

    def __init__(
        self, values: Mapping[str, Array | None], memo: dict[Node, Array | None], alive: Array
    ) -> None:
        self.values = values
        self.memo = memo
        self.alive = alive

    def value(self, node: Node) -> Array | None:
        """The values of an integer or bool expression; None where they are not known."""
        if node not in self.memo:
            for part in walk(node, skip=self.memo):
                self.memo[part] = self._evaluated(part)
        return self.memo[node]

    def fails(self, condition: Node) -> bool:
        """Whether a condition is false at a point."""
        value = self.value(condition)
        return value is not None and bool((self.alive & ~value).any())

    def holds(self, condition: Node) -> bool:
        """Whether a condition is true at a point."""
        value = self.value(condition)
        return value is not None and bool((self.alive & value).any())

    def exceeds(self, a: Node, b: Node) -> bool:
        """Whether a > b at a point."""
        first, second = self.value(a), self.value(b)
        return first is not None and second is not None and bool((self.alive & (first > second)).any())

    def leaves(self, terms: Mapping[Node, int], constant: int, upper: int | None) -> bool:
        """Whether a sum is below 0, or not below `upper`, at a point."""
        total: Array | int = constant
        for term, count in terms.items():
            value = self.value(term)
            if value is None or not -(1 << 31) < count < 1 << 31:
                return False
            total = total + count * value
        below = total < 0 if upper is None else (total < 0) | (total >= upper)
        return bool((self.alive & below).any())

    def given(self, facts: Iterable[Node]) -> Samples:
        """The points where facts are known to hold."""
        alive = self.alive
        for fact in facts:
            value = self.value(fact)
            alive = alive & (value if value is not None else False)
        return Samples(self.values, self.memo, alive)

    def inside(self, name: str, lower: Bound, upper: Bound) -> Samples:
        """The points with one more variable, where its range is not empty."""
        low, high = (self._end(bound) for bound in (lower, upper))
        value, alive = None, self.alive
        if low is not None and high is None:
            high = np.maximum(low, _rotated(SIZES, name)) + 1  # at least so much: a size
            low = high - 1
        if low is not None and high is not None:
            value = low + (high - 1 - low) * _rotated(PLACES, name) // 8
            alive = alive & np.less(low, high)
        # What was evaluated without the variable stays; a name that was there before may stand in it.
        memo = {} if name in self.values else dict(self.memo)
        return Samples({**self.values, name: value}, memo, alive)

    def _end(self, bound: Bound) -> Array | int | None:
        """An end of a range; numbers are cut to what no arithmetic on it wraps, which leaves a part of the range."""
        if bound is None or isinstance(bound, Node):
            return None if bound is None else self.value(bound)
        return max(-LARGE, min(LARGE, bound))

    def _evaluated(self, node: Node) -> Array | None:
        match node:
            case Const():
                return _constant(node)
            case Var():
                return self._variable(node)
            case Binary() | Compare() | Select() | Unary():
                if node.dtype not in (INT64, BOOL):
                    return None
                parts = [self.memo[child] for child in node.children]
                known = [part for part in parts if part is not None]
                return compute(node, known) if len(known) == len(parts) else None
            case _:
                return None

    def _variable(self, var: Var) -> Array | None:
        if var.of is not INT64:
            return None
        if var.name in self.values:
            return self.values[var.name]
        # Of no range: a size is not negative, and of others any value will do.
        return _rotated(SIZES, var.name) - (0 if var.kind == "size" else 40)


def samples(ranges: Mapping[str, tuple[Bound, Bound] | None], facts: Iterable[Node]) -> Samples:
    """Points in all ranges where all facts hold; ranges of a variable may mention those before it."""
    found = Samples({}, {}, np.ones(COUNT, bool))
    for name, bounds in ranges.items():
        if bounds is not None:
            found = found.inside(name, *bounds)
    return found.given(facts)


@lru_cache(maxsize=4096)
def _rotated(numbers: tuple[int, ...], name: str) -> Array:
    """One of the numbers at each point, in another order for each name."""
    start, stride = sum(map(ord, name)), 1 + len(name) % 3
    picked = [numbers[(start + point * stride) % len(numbers)] for point in range(REGULAR)]
    if numbers is PLACES:
        picked[: len(SIZES)] = [8 * (point % 2) for point in range(len(SIZES))]
    # A linear congruential generator from Numerical Recipes (chapter 7.1); its high bits are the better ones.
    state = crc32(name.encode())
    for _ in range(COUNT - REGULAR):
        state = (state * 1664525 + 1013904223) % (1 << 32)
        picked.append(numbers[(state >> 16) % len(numbers)])
    return np.array(picked, np.int64)


def _constant(node: Const) -> Array | None:
    if node.dtype is BOOL:
        return np.array(bool(node.value))
    return np.array(int(node.value), np.int64) if node.dtype is INT64 else None
