"""The reductions of a stage as nests: which share one, which stand inside another, in the order they run.

In: the body of a stage. Out: `ReductionGroup`s (semantics E2): reductions over the same axes at the same place share a
nest; over different axes they run in order of appearance; one inside another's operand is computed anew at each of the
outer one's iterations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from tdsl.expr.node import Node, Reduce
from tdsl.expr.rewrite import reductions
from tdsl.expr.tensor import Stage
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class ReductionGroup:
    """One reduction nest.

    number: in order of first appearance, outer ones before those inside. axes: it runs over, outermost first. within:
    numbers of the groups it stands inside, outermost first. nodes: its reductions, one a reducer and operands.
    """

    number: int
    axes: tuple[str, ...]
    within: tuple[int, ...]
    nodes: tuple[Reduce, ...]

    @property
    def chain(self) -> tuple[int, ...]:
        """The groups around it, and itself."""
        return (*self.within, self.number)


@lru_cache(maxsize=1024)
def reduction_groups(stage: Stage) -> tuple[ReductionGroup, ...]:
    """The nests of a stage's body, in order of number."""
    found: list[ReductionGroup] = []
    places: dict[tuple[tuple[str, ...], tuple[int, ...]], int] = {}
    _gather(tuple(top_reductions(*stage.body)), (), found, places)
    return tuple(found)


def _gather(
    nodes: Sequence[Reduce],
    within: tuple[int, ...],
    found: list[ReductionGroup],
    places: dict[tuple[tuple[str, ...], tuple[int, ...]], int],
) -> None:
    for node in nodes:
        key = node.axes, within
        if key not in places:
            places[key] = len(found)
            found.append(ReductionGroup(len(found), node.axes, within, ()))
        number = places[key]
        group = found[number]
        if all(reduction_key(other) != reduction_key(node) for other in group.nodes):
            found[number] = replace(group, nodes=(*group.nodes, node))
        _gather(tuple(top_reductions(*node.operands)), (*within, number), found, places)


def top_reductions(*roots: Node) -> tuple[Reduce, ...]:
    """The reductions of expressions that stand inside no other, in order of appearance."""
    outer = _outer(roots)
    return tuple(node for node in reductions(*roots) if node in outer)


def _outer(roots: Sequence[Node]) -> set[Reduce]:
    """Reductions reached without passing through another."""
    seen: set[Node] = set()
    found: set[Reduce] = set()
    stack = list(roots)
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        if isinstance(node, Reduce):
            found.add(node)
        else:
            stack.extend(node.children)
    return found


def reduction_key(node: Reduce) -> tuple[object, ...]:
    """What one accumulator tuple is for: all components of a reduction share it."""
    return node.reducer, node.axes, node.operands, node.fused


def children_of(groups: Sequence[ReductionGroup], chain: tuple[int, ...]) -> tuple[ReductionGroup, ...]:
    """The groups that stand directly inside a chain of groups, in order."""
    return tuple(group for group in groups if group.within == chain)


def replaced_reductions(root: Node, table: dict[tuple[object, ...], tuple[Node, ...]]) -> Node:
    """The expression with its outermost reductions replaced by the components in the table."""
    memo: dict[Node, Node] = {}

    def visit(node: Node) -> Node:
        if node not in memo:
            if isinstance(node, Reduce):
                memo[node] = table[reduction_key(node)][node.component]
            else:
                memo[node] = node.rebuilt(tuple(visit(child) for child in node.children))
        return memo[node]

    return visit(root)
