"""Loops as parts of the axis they were split from: a stage's state and an axis in, extents and values of blocks out."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce as fold_left

from tdsl.expr.build import add, ceildiv, minimum, mul, sub
from tdsl.expr.node import Const, Node, axis_var, index_const
from tdsl.poly.model import Split
from tdsl.schedule.state import StageState


class LoopParts:
    """The loops that derive from one axis by splits, as parts of every block between it and them."""

    def __init__(self, entry: StageState, root: str) -> None:
        declared = next(axis for axis in (*entry.stage.axes, *entry.stage.reduce_axes) if axis.name == root)
        self.extents: dict[str, Node] = {root: sub(declared.upper, declared.lower)}
        self.strides: dict[str, dict[str, int]] = {root: {root: 1}}
        for relation in entry.relations:
            if isinstance(relation, Split) and relation.parent in self.extents:
                self._split(relation)

    def _split(self, relation: Split) -> None:
        whole = self.extents[relation.parent]
        self.extents[relation.outer] = ceildiv(whole, relation.factor)
        inner = index_const(relation.factor)
        self.extents[relation.inner] = minimum(inner, whole) if isinstance(whole, Const) else inner
        self.strides[relation.parent] = {relation.parent: 1} | self.strides.get(relation.parent, {})
        for parts in self.strides.values():
            stride = parts.pop(relation.parent, None)
            if stride is not None:
                parts[relation.outer] = stride * relation.factor
                parts[relation.inner] = stride

    def bound(self, loop: str, fixed: Sequence[str]) -> Node:
        """How often a loop runs with other ones fixed and the rest at 0."""
        own = self.extents[loop]
        limits: list[Node] = [own] if isinstance(own, Const) else []
        for block, parts in self.strides.items():
            if loop in parts:
                limits.append(ceildiv(sub(self.extents[block], self.value(block, fixed)), parts[loop]))
        return fold_left(minimum, limits)

    def value(self, block: str, fixed: Sequence[str]) -> Node:
        """Where the fixed loops stand in a block: the sum of their parts of it."""
        parts = self.strides[block]
        terms = [mul(axis_var(loop), index_const(parts[loop])) for loop in fixed if loop in parts]
        return fold_left(add, terms, index_const(0))
