"""Subscripts that are digits of one number: in a row-major array they are that number. Loop IR in and out.

`x[i // n, i % n]` of an array with rows of n elements lies at element i: neither division nor remainder is needed, and
neighbours of i are neighbours in memory. Reshaped, flattened and fused loops are full of them. What comes out is for the
contiguous body alone: an address is the same sum, but a subscript may leave its dim.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tdsl.expr import build
from tdsl.expr.linear import combined, from_linear, linear
from tdsl.expr.node import INT64, Binary, Const, Load, Node, index_const
from tdsl.expr.rewrite import rewrite
from tdsl.lower.ir import (
    Allocate,
    ArrayArgument,
    Barrier,
    Block,
    For,
    If,
    Kernel,
    Let,
    Prefetch,
    Statement,
    Store,
)

Index = tuple[Node, ...]
ZERO = index_const(0)


def flat_accesses(kernel: Kernel) -> Statement:
    """The body of a kernel whose arrays are all row-major without gaps.

    Rewrite::

        y[i] = x[i // 6, i // 3 % 2, i % 3]     y[i] = x[0, 0, i]     x: float32[n, 2, 3]
    """
    extents = {each.name: each.extents for each in kernel.arguments if isinstance(each, ArrayArgument)}
    return _Flattened(extents).statement(kernel.body)


class _Flattened:
    """One run. extents: of the buffers in sight, by name; those in registers are left out."""

    def __init__(self, extents: Mapping[str, Index]) -> None:
        self.extents = extents
        self.memo: dict[Node, Node] = {}

    def statement(self, statement: Statement) -> Statement:
        match statement:
            case Store(buffer, index, value):
                flat = self.index(buffer, tuple(map(self.node, index)))
                return replace(statement, index=flat, value=self.node(value))
            case Prefetch(buffer, index):
                return Prefetch(buffer, self.index(buffer, tuple(map(self.node, index))))
            case Block(inside):
                return replace(statement, statements=tuple(map(self.statement, inside)))
            case If(cond, then, other):
                otherwise = None if other is None else self.statement(other)
                return replace(
                    statement, cond=self.node(cond), then=self.statement(then), otherwise=otherwise
                )
            case For(intrinsic=marked) if marked is not None:
                return statement  # an instruction is matched with the loops as they were proved
            case For(_, lower, upper, _, body):
                bounds = {"lower": self.node(lower), "upper": self.node(upper)}
                return replace(statement, **bounds, body=self.statement(body))
            case Let(_, value, body):
                return replace(statement, value=self.node(value), body=self.statement(body))
            case Allocate(buffer, extents=extents, scope=scope, body=body):
                inside = _Flattened({**self.extents, buffer: () if scope == "register" else extents})
                return replace(statement, body=inside.statement(body))
            case Barrier():
                return statement

    def node(self, node: Node) -> Node:
        return rewrite(node, self.load, self.memo)

    def load(self, node: Node) -> Node:
        if not isinstance(node, Load):
            return node
        flat = self.index(node.buffer, node.index)
        return node if flat is node.index else node.rebuilt(flat)

    def index(self, buffer: str, index: Index) -> Index:
        """The index with digits of one number put together, leftmost first."""
        extents = self.extents.get(buffer, ())
        if len(extents) != len(index):
            return index
        found = list(index)
        for place in range(1, len(found)):
            merged = joined(found[place - 1], found[place], extents[place])
            if merged is not None:
                found[place - 1 : place + 1] = merged
        return index if found == list(index) else tuple(found)


def joined(high: Node, low: Node, extent: Node) -> tuple[Node, Node] | None:
    """Two neighbouring subscripts `rest + x // extent` and `x % extent` as `rest` and `x`; None where they are others."""
    if not isinstance(low, Binary) or low.op != "mod" or low.rhs is not extent:
        return None
    terms, constant = linear(high)
    for quotient in _quotients(low.lhs, extent):
        if terms.get(quotient) == 1:
            rest = combined((terms, constant), ({quotient: 1}, 0), -1, INT64)
            return from_linear(rest), low.lhs
    return None


def _quotients(x: Node, divisor: Node) -> tuple[Node, ...]:
    """The nodes that x // divisor may be written as."""
    plain = build.floordiv(x, divisor)
    if (
        isinstance(x, Binary)
        and x.op == "floordiv"
        and isinstance(x.rhs, Const)
        and isinstance(divisor, Const)
    ):
        inner = int(x.rhs.value)
        if inner > 0 and int(divisor.value) > 0:
            return plain, build.floordiv(x.lhs, index_const(inner * int(divisor.value)))
    return (plain,)
