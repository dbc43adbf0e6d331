"""The value of an affine integer node at one point, as Python integers: for witnesses.

In: an int64 node or condition over `Var`s and their values. Out: its value. Exact integers, so no wrap-around.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from tdsl.expr.node import Binary, Cast, Compare, Const, Node, Select, Unary, Var
from tdsl.expr.rewrite import walk

_BINARY: Mapping[str, Callable[[int, int], int]] = {
    "add": lambda a, b: a + b,
    "sub": lambda a, b: a - b,
    "mul": lambda a, b: a * b,
    "min": min,
    "max": max,
    "floordiv": lambda a, b: a // b if b else 0,
    "mod": lambda a, b: a % b if b else 0,
    "and": lambda a, b: a & b,
    "or": lambda a, b: a | b,
    "xor": lambda a, b: a ^ b,
}

_COMPARE: Mapping[str, Callable[[int, int], bool]] = {
    "eq": lambda a, b: a == b,
    "ne": lambda a, b: a != b,
    "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b,
    "gt": lambda a, b: a > b,
    "ge": lambda a, b: a >= b,
}


def value_at(node: Node, at: Mapping[Var, int]) -> int:
    """The value of `node` where every variable has its value in `at` (a bool is 0 or 1)."""
    done: dict[Node, int] = {}
    for part in walk(node):
        done[part] = _value(part, at, done)
    return done[node]


def _value(node: Node, at: Mapping[Var, int], done: Mapping[Node, int]) -> int:
    match node:
        case Const():
            return int(node.value)
        case Var():
            return at[node]
        case Unary(op="neg"):
            return -done[node.operand]
        case Unary(op="abs"):
            return abs(done[node.operand])
        case Unary(op="not"):
            return 1 - done[node.operand]
        case Binary():
            return _BINARY[node.op](done[node.lhs], done[node.rhs])
        case Compare():
            return int(_COMPARE[node.op](done[node.lhs], done[node.rhs]))
        case Select():
            return done[node.then] if done[node.cond] else done[node.otherwise]
        case Cast():
            return done[node.operand]
        case _:
            raise TypeError(type(node).__name__)
