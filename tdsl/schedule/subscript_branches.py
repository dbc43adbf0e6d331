"""Reads whose subscripts choose by `minimum maximum clamp`, as several reads under conditions: what each of them reads.

In: a read. Out: reads without these operators with the conditions under which each is the one, so that a product of sizes
with a clamped row, `U[td.maximum(i - 1, 0) * w + j]`, is a polynomial in every branch.
"""

from __future__ import annotations

from collections.abc import Iterator

from tdsl.expr.build import compare
from tdsl.expr.node import Binary, Node, Read
from tdsl.expr.rewrite import substitute, walk

BRANCHES = 8
"""Choices of three operators; a read with more stays as it is."""

Branch = tuple[Read, tuple[Node, ...]]
"""(a read, the conditions under which it is the one)"""


def branches(read: Read) -> tuple[Branch, ...]:
    """All branches of a read; empty where there is nothing to choose, or too much."""
    found: list[Branch] = []
    for branch in _branches(read, ()):
        found.append(branch)
        if len(found) > BRANCHES:
            return ()
    return tuple(found) if len(found) > 1 else ()


def _branches(read: Read, conditions: tuple[Node, ...]) -> Iterator[Branch]:
    """The innermost choice made both ways, and then the others."""
    choice = next((node for node in walk(*read.index) if _chooses(node)), None)
    if not isinstance(choice, Binary):
        yield read, conditions
        return
    other = compare("gt" if choice.op == "min" else "lt", choice.lhs, choice.rhs)
    for side, condition in ((choice.lhs, taken(choice)), (choice.rhs, other)):
        table: dict[Node, Node] = {choice: side}
        index = tuple(substitute(subscript, table) for subscript in read.index)
        yield from _branches(Read(read.tensor, index), (*conditions, condition))


def taken(choice: Binary) -> Node:
    """The condition under which a choice is its left side."""
    return compare("le" if choice.op == "min" else "ge", choice.lhs, choice.rhs)


def outermost_choice(subscript: Node) -> Binary | None:
    """A choice of a subscript that stands in no other; None where it has none."""
    choices = [node for node in walk(subscript) if isinstance(node, Binary) and _chooses(node)]
    return choices[-1] if choices else None


def _chooses(node: Node) -> bool:
    return isinstance(node, Binary) and node.op in ("min", "max")
