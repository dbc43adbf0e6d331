"""Loops whose iterations run together: parallel tasks, vector lanes, promoted tiles.

In: the checks' relations and a group of dims of one statement. Out: None, or the `Violation`. Parallel: two iterations
touch one cell, one of them writing. Vector (semantics P6): lanes in lockstep, statement by statement, reads before
writes: within a statement carried flow and output are refused and carried anti is legal; between statements the edges
know the order (`order.py`). The running value of a reduction may be spread over lanes.
"""

from __future__ import annotations

from collections.abc import Iterator

from tdsl.expr.node import Node, Var
from tdsl.poly import library as isl
from tdsl.poly.answers import DependenceKind
from tdsl.poly.edges import Edges, Touch, touches_of
from tdsl.poly.looptree import Dim
from tdsl.poly.model import Access, Statement
from tdsl.poly.violation import Violation
from tdsl.records import dataclass


@dataclass(frozen=True, slots=True)
class Group:
    """Adjacent dims start … end - 1 that run together, below `dims[:start]`; `names`: the loops as the user sees."""

    stage: str
    names: tuple[str, ...]
    dims: tuple[Dim, ...]
    start: int
    vector: bool

    @property
    def end(self) -> int:
        return len(self.dims)

    @property
    def place(self) -> tuple[str, str]:
        return self.stage, self.names[0]


@dataclass(slots=True)
class Carried:
    """The checks of one arrangement."""

    edges: Edges

    def tensors(self, group: Group) -> Iterator[tuple[str, list[Touch]]]:
        """Tensors written inside the group into a buffer that its iterations share, with who touches them."""
        tree = self.edges.copies.tree
        for tensor in tree.writers:
            if tree.level(tensor) >= group.end:
                continue
            if any(tree.inside(each.name, group.dims) for each in tree.writers[tensor]):
                touches = touches_of(tree, tensor)
                yield tensor, [each for each in touches if tree.inside(each.statement.name, group.dims)]

    def pairs(self, group: Group, touches: list[Touch], tensor: str) -> Iterator[tuple[Touch, Touch]]:
        """Who may collide, a write with a later read first: at least one writes; what lockstep keeps taken out."""
        kinds = {"flow": 0, "anti": 1, "output": 2}
        every = [(one, other) for one in touches for other in touches if one.writes or other.writes]
        for one, other in sorted(every, key=lambda pair: kinds[_dependence(*pair)]):
            if not (group.vector and self._harmless(group, one, other, tensor)):
                yield one, other

    def _harmless(self, group: Group, one: Touch, other: Touch, tensor: str) -> bool:
        """Whether lockstep keeps a dependence from `one` in a lower lane to `other` in a higher one."""
        tree = self.edges.copies.tree
        if one.statement is not other.statement:
            return True  # their order in lockstep is what edges are asked (`order.py`)
        writes_it = any(access.tensor == tensor for access in one.statement.writes)
        if one.statement.role == "update" and writes_it and self._over_reduction(group, one.statement):
            return True
        innermost = len(tree.dims(one.statement.name)) == group.end
        return innermost and not one.writes and other.writes

    def _over_reduction(self, group: Group, update: Statement) -> bool:
        """Whether some of the group's dims carry an axis that the update sums over, in a loop of its own stage."""
        if update.stage != group.stage:
            return False
        carried = self.edges.copies.tree.own(group.stage).carried
        axes = frozenset(update.reduction_axes)
        return any(not axes.isdisjoint(carried.get(leaf, ())) for _, leaf in group.dims[group.start :])

    def check(self, group: Group, tensor: str, one: Touch, other: Touch) -> Violation | None:
        """Two iterations of the group, the first in a lower one, that touch one cell of the tensor."""
        first, second = one.statement, other.statement
        collisions = self.collisions(group, tensor, one, other)
        if collisions.is_empty():
            return None
        loop = ", ".join(group.names)
        terms = first.role == second.role == "update" and first.stage == second.stage
        if terms and self._over_reduction(group, first):
            text = f"the iterations of {loop} add up terms of one element of {tensor}"
            kind = "reduction"
        elif group.vector:
            text = f"lanes of {loop} touch one element of {tensor}"
            kind = "vector"
        else:
            text = f"two iterations of {loop} touch one element of {tensor}"
            kind = "race"
        dependence = _dependence(one, other)
        return Violation(
            kind, tensor, first.name, second.name, dependence, collisions, text, place=group.place
        )

    def collisions(
        self, group: Group, tensor: str, one: Touch, other: Touch, alias: isl.Map | None = None
    ) -> isl.Map:
        """{ dims -> dims } two iterations of the group, the first in a lower one, that touch one cell of the tensor.

        alias: { element -> element } instead of having one cell.
        """
        first, second = one.statement, other.statement
        if alias is None:
            pairs = self._touched(tensor, one).apply_range(self._touched(tensor, other).reverse())
        else:
            pairs = self.elements(tensor, one).apply_range(alias)
            pairs = pairs.apply_range(self.elements(tensor, other).reverse())
        apart = self.edges.order.apart(first.name, second.name, group.start, group.end)
        return self.edges.same_buffer(tensor, first, second, pairs.intersect(apart))

    def elements(self, tensor: str, touch: Touch) -> isl.Map:
        """{ dims -> element }"""
        if touch.writes:
            return self.edges.written(tensor, touch.statement)
        relation = self.edges.copies.relation(touch.statement.name)
        return relation.apply_range(self.edges.copies.flow.read(touch.statement, tensor))

    def _touched(self, tensor: str, touch: Touch) -> isl.Map:
        """{ dims -> cell }"""
        elements = self.elements(tensor, touch)
        cell = self.edges.storage.cell(tensor)
        return elements if cell is None else elements.apply_range(cell)


def _dependence(one: Touch, other: Touch) -> DependenceKind:
    if one.writes and other.writes:
        return "output"
    return "flow" if one.writes else "anti"


def obviously_apart(group: Group, roots: dict[str, str], accesses: list[Access]) -> bool:
    """Whether different iterations of the group touch different elements by their subscripts alone.

    roots: leaf loop -> the one axis it is a part of (splits, fuses, renames, reversals only). Every access has that
    very axis as the same subscript, so another iteration (outer loops equal) has another value of it.
    """
    return all(
        any(
            all(_is_axis(access.index[place], axis) for access in accesses)
            for place in range(len(accesses[0].index))
        )
        for axis in (roots.get(leaf, "") for _, leaf in group.dims[group.start :])
    )


def _is_axis(node: Node | None, axis: str) -> bool:
    return isinstance(node, Var) and node.kind == "axis" and node.name == axis
