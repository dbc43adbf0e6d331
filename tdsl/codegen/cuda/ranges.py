"""Where integers lie and what divides them, so that index arithmetic is 32 bits wide and accesses are vectors.

In: int64 nodes, and what is known of variables. Out: an interval that surely holds, or a divisor. Sizes lie between
their minimum and a limit that the entry checks; sound, not complete.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import gcd

from tdsl.expr.linear import linear
from tdsl.expr.node import Binary, Cast, Compare, Const, Load, Node, Select, Unary, Var

Interval = tuple[int, int]

LEAST, GREATEST = -(1 << 63), (1 << 63) - 1
WHOLE: Interval = (LEAST, GREATEST)

NARROW: Interval = (-(1 << 31), (1 << 31) - 1)


def inside(interval: Interval, other: Interval) -> bool:
    """Whether an interval lies in another one."""
    return other[0] <= interval[0] and interval[1] <= other[1]


@dataclass
class Ranges:
    """variables: interval of each; divisors: of each, where one is known."""

    variables: dict[str, Interval] = field(default_factory=dict[str, Interval])
    divisors: dict[str, int] = field(default_factory=dict[str, int])

    def interval(self, node: Node) -> Interval:
        """Where the exact value of an integer node lies; wider than 64 bits where it may wrap."""
        match node:
            case Const():
                value = int(node.value)
                return value, value
            case Var():
                return self.variables.get(node.name, _of_dtype(node))
            case Binary():
                return self._binary(node)
            case Select(_, then, otherwise):
                return _hull(self.interval(then), self.interval(otherwise))
            case Unary("neg", operand):
                low, high = self.interval(operand)
                return -high, -low
            case Cast(operand=operand) if operand.dtype.is_integer or operand.dtype.is_bool:
                found = self.interval(operand) if operand.dtype.is_integer else (0, 1)
                return found if inside(found, _of_dtype(node)) else _of_dtype(node)
            case Compare():
                return 0, 1
            case _:
                return _of_dtype(node)

    def _binary(self, node: Binary) -> Interval:
        a, b = self.interval(node.lhs), self.interval(node.rhs)
        match node.op:
            case "add":
                return a[0] + b[0], a[1] + b[1]
            case "sub":
                return a[0] - b[1], a[1] - b[0]
            case "mul":
                products = [x * y for x in a for y in b]
                return min(products), max(products)
            case "min":
                return min(a[0], b[0]), min(a[1], b[1])
            case "max":
                return max(a[0], b[0]), max(a[1], b[1])
            case "xor" if a[0] >= 0 and b[0] >= 0:
                return 0, (1 << max(a[1], b[1]).bit_length()) - 1
            case "floordiv" if b[0] > 0:
                quotients = [x // y for x in a for y in b]
                return min(quotients), max(quotients)
            case "mod" if b[0] > 0:
                return a if a[0] >= 0 and a[1] < b[0] else (0, b[1] - 1)
            case _:
                return _of_dtype(node)

    def divides(self, node: Node, factor: int) -> bool:
        """Whether `factor` surely divides the value."""
        return self.divisor(node) % factor == 0

    def divisor(self, node: Node) -> int:
        """Something that divides the value; 0 divides nothing but zero."""
        terms, constant = linear(node)
        found = abs(constant)
        for term, factor in terms.items():
            found = gcd(found, factor * self._of_term(term))
        return found

    def _of_term(self, term: Node) -> int:
        match term:
            case Var():
                return self.divisors.get(term.name, 1)
            case Binary("mul", lhs, rhs):
                return self.divisor(lhs) * self.divisor(rhs)
            case Binary("min" | "max", lhs, rhs):
                return gcd(self.divisor(lhs), self.divisor(rhs))
            case Binary("mod", lhs, Const() as rhs):
                return gcd(self.divisor(lhs), int(rhs.value))
            case _:
                return 1

    def given(self, variables: Mapping[str, Interval]) -> Ranges:
        """With more variables."""
        return Ranges({**self.variables, **variables}, dict(self.divisors))


def _of_dtype(node: Node) -> Interval:
    dtype = node.dtype
    if dtype.is_bool:
        return 0, 1
    if not dtype.is_integer:
        return WHOLE
    if dtype.kind == "uint":
        return 0, (1 << dtype.bits) - 1
    return -(1 << (dtype.bits - 1)), (1 << (dtype.bits - 1)) - 1


def _hull(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), max(a[1], b[1])


def reads_memory(node: Node) -> bool:
    """Whether a node loads anything."""
    stack = [node]
    while stack:
        one = stack.pop()
        if isinstance(one, Load):
            return True
        stack.extend(one.children)
    return False
