"""Expressions as text: infix with as few parentheses as Python needs; what messages, prints and IR text show.

In: a node. Out: one line that `parser.py` reads back to the very same node, given the names that occur. A number is
written bare where the other operand tells its dtype, or as int64, the dtype of subscripts; else `float32(0.5)`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tdsl.dtypes import DType, bits_of
from tdsl.expr.node import (
    INT64,
    Binary,
    Bitcast,
    Call,
    Cast,
    Compare,
    Const,
    Fma,
    Load,
    Node,
    Read,
    Reduce,
    Select,
    Unary,
    Var,
)
from tdsl.expr.rewrite import walk

# Python's precedence, so that text means to a reader what it says.
OR, AND, NOT, COMPARISON, BIT_OR, BIT_XOR, BIT_AND, SHIFT, SUM, PRODUCT, UNARY, ATOM = range(12)

INFIX: dict[str, tuple[str, int]] = {
    "add": ("+", SUM),
    "sub": ("-", SUM),
    "mul": ("*", PRODUCT),
    "div": ("/", PRODUCT),
    "floordiv": ("//", PRODUCT),
    "mod": ("%", PRODUCT),
    "shl": ("<<", SHIFT),
    "shr": (">>", SHIFT),
    "and": ("&", BIT_AND),
    "or": ("|", BIT_OR),
    "xor": ("^", BIT_XOR),
}
"""Operator -> its sign and precedence; `and` and `or` of bools are written as words."""

LOGICAL: dict[str, tuple[str, int]] = {"and": ("and", AND), "or": ("or", OR)}

COMPARISONS: dict[str, str] = {"eq": "==", "ne": "!=", "lt": "<", "le": "<=", "gt": ">", "ge": ">="}

LIMIT = 20_000
"""Characters of the longest text: a shared subexpression is written at every use, so text can grow exponentially."""


def text(node: Node) -> str:
    """An expression as one line, such as ``(A[i, k] + 1) * B[k, j]``; cut with `…` beyond `LIMIT` characters."""
    done: dict[Node, tuple[str, int]] = {}
    for part in walk(node):
        written, level = _Writer(part, done).write()
        done[part] = (written if len(written) <= LIMIT else written[: LIMIT - 1] + "…", level)
    return done[node][0]


def shape_text(extents: Sequence[Node]) -> str:
    """A shape as Python writes a tuple: ``(m, n + 2)``, ``(m,)``."""
    parts = ", ".join(text(extent) for extent in extents)
    return f"({parts},)" if len(extents) == 1 else f"({parts})"


class _Writer:
    """Writes one node from the texts of its children."""

    def __init__(self, node: Node, done: dict[Node, tuple[str, int]]) -> None:
        self.node = node
        self.done = done

    def write(self) -> tuple[str, int]:
        """Text and precedence."""
        node = self.node
        match node:
            case Const():
                return typed_constant(node), _constant_level(node)
            case Var():
                return node.name, ATOM
            case Unary() if node.op in ("neg", "not"):
                return self._prefix(node)
            case Binary() if node.op in INFIX:
                symbol, level = INFIX[node.op]
                if node.dtype.is_bool:
                    symbol, level = LOGICAL.get(node.op, (symbol, level))
                return self._infix(symbol, level, level, level + 1), level
            case Compare():
                return self._infix(
                    COMPARISONS[node.op], COMPARISON, COMPARISON + 1, COMPARISON + 1
                ), COMPARISON
            case _:
                return self._call(), ATOM

    def _prefix(self, node: Unary) -> tuple[str, int]:
        if node.op == "not" and node.dtype.is_bool:
            return f"not {self._child(0, NOT)}", NOT
        # -(3) is an operation, -3 a constant.
        inner = f"({self._child(0)})" if isinstance(node.operand, Const) else self._child(0, UNARY)
        return ("-" if node.op == "neg" else "~") + inner, UNARY

    def _infix(self, symbol: str, level: int, left: int, right: int) -> str:
        return f"{self._sibling(0, left)} {symbol} {self._sibling(1, right)}"

    def _child(self, place: int, level: int = 0) -> str:
        written, own = self.done[self.node.children[place]]
        return written if own >= level else f"({written})"

    def _sibling(self, place: int, level: int = 0, first: int = 0) -> str:
        """A child whose dtype its siblings (children from `first` on) share: a constant is bare where they tell it."""
        children = self.node.children
        child = children[place]
        told = place > first or not all(isinstance(other, Const) for other in children[first:])
        if isinstance(child, Const) and told:
            bare = bare_constant(child)
            return f"({bare})" if bare.startswith("-") and level > UNARY else bare
        return self._child(place, level)

    def _siblings(self, first: int = 0) -> str:
        return ", ".join(self._sibling(place, first=first) for place in range(first, len(self.node.children)))

    def _plain(self) -> str:
        return ", ".join(self._child(place) for place in range(len(self.node.children)))

    def _call(self) -> str:
        node = self.node
        match node:
            case Unary():
                return f"{node.op}({self._child(0)})"
            case Binary():
                return f"{node.op}({self._siblings()})"
            case Select():
                return f"where({self._child(0)}, {self._siblings(first=1)})"
            case Cast():
                constant = isinstance(node.operand, Const) and node.operand.of is INT64
                return f"{node.to}({f'int64({self._child(0)})' if constant else self._child(0)})"
            case Bitcast():
                return f"bitcast.{node.to}({self._child(0)})"
            case Call():
                return f"{node.name}({self._siblings()})"
            case Fma():
                return f"{'contracted' if node.contracted else 'fma'}({self._siblings()})"
            case Read():
                return f"{node.tensor.name}[{self._plain() or '()'}]"
            case Load():
                return f"{node.buffer}[{self._plain() or '()'}]"
            case Reduce():
                return f"{node.reducer.name}({self._plain()}, over=({', '.join(node.axes)}){_details(node)})"
            case _:
                raise AssertionError(type(node).__name__)


def _details(node: Reduce) -> str:
    component = f", component={node.component}" if len(node.operands) > 1 else ""
    return component + (", fused=True" if node.fused else "")


def _constant_level(node: Const) -> int:
    return UNARY if node.of is INT64 and int(node.value) < 0 else ATOM


def typed_constant(node: Const) -> str:
    """A constant that carries its dtype; int64 and bool need no mark."""
    bare = bare_constant(node)
    return bare if node.of is INT64 or node.of.is_bool else f"{node.of}({bare})"


def bare_constant(node: Const) -> str:
    """The number alone: the shortest decimals that round to it in its dtype."""
    value = node.value
    if isinstance(value, float) and node.of.is_float:
        if not math.isfinite(value):
            return f"'{value!r}'"
        return _shortest(value, lambda guess: bits_of(guess, node.of) == node.bits, node.of)
    return repr(value)


def _shortest(value: float, same: Callable[[float], bool], dtype: DType) -> str:
    if dtype.name == "float64":
        return repr(value)
    for digits in range(1, 18):
        guess = float(f"{value:.{digits}g}")
        if same(guess):
            return repr(guess)
    return repr(value)
