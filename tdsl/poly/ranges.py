"""The least and greatest value of a lifted node by intervals: its operands' ranges in, its own out.

Source: interval arithmetic, as Halide's bounds inference; coarse, and enough to exclude most wrap-around.
"""

from __future__ import annotations

from collections.abc import Mapping

from tdsl.dtypes import DType, max_value, min_value
from tdsl.expr.node import Binary, Const, Node, Select, Unary, Var

SIZE_LIMIT = 1 << 47
"""Every size is below this (checked at the call): user address spaces of x86-64 hold 2^47 bytes."""

Range = tuple[int, int]
"""Least and greatest value."""


def interval(node: Node, ranges: Mapping[Node, Range]) -> Range:
    """The interval of an affine node from its operands' intervals."""
    match node:
        case Const():
            return (int(node.value), int(node.value))
        case Var():
            return (0, SIZE_LIMIT - 1) if node.kind == "size" else of_dtype(node.dtype)
        case Unary(op="neg"):
            low, high = ranges[node.operand]
            return -high, -low
        case Select():
            then, otherwise = ranges[node.then], ranges[node.otherwise]
            return min(then[0], otherwise[0]), max(then[1], otherwise[1])
        case Binary():
            return _combined(node.op, ranges[node.lhs], ranges[node.rhs])
        case _:
            return of_dtype(node.dtype)


def _combined(op: str, a: Range, b: Range) -> Range:
    match op:
        case "add":
            return a[0] + b[0], a[1] + b[1]
        case "sub":
            return a[0] - b[1], a[1] - b[0]
        case "min":
            return min(a[0], b[0]), min(a[1], b[1])
        case "max":
            return max(a[0], b[0]), max(a[1], b[1])
        case "floordiv":
            return a[0] // b[0], a[1] // b[0]
        case "mod":
            return (a[0], a[1]) if a[0] >= 0 and a[1] < b[0] else (0, b[0] - 1)
        case _:
            products = [x * y for x in a for y in b]
            return min(products), max(products)


def of_dtype(dtype: DType) -> Range:
    """The values of an integer dtype."""
    return int(min_value(dtype)), int(max_value(dtype))
