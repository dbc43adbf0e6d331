"""What does not change along a loop: the largest parts of a stage's expression that could be computed outside of it.

In: a stage's state and one of its loops. Out: the parts, a stage that computes them, and the stage that reads them.
Nothing is rewritten inside a part, and a product stays with the sum that contracts it, so all bits are kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property

from tdsl.declare.proof import prove_reads
from tdsl.errors import BoundsError
from tdsl.expr.node import BOOL, Binary, Const, Node, Read, Reduce, Var, axis_var
from tdsl.expr.rewrite import rewrite, walk
from tdsl.expr.tensor import Axis, Stage, tensors_of
from tdsl.location import Location
from tdsl.schedule.derive import fresh_state
from tdsl.schedule.loops import children, origins, parents
from tdsl.schedule.state import StageState


class Invariants:
    """The parts of one stage along one loop."""

    def __init__(self, entry: StageState, axis: str) -> None:
        self.entry = entry
        roots = origins(entry)
        position = entry.axes.index(axis)
        self.own = frozenset(roots[axis])
        """The declared axes that the loop itself derives from."""
        self.inside = frozenset(root for loop in entry.axes[position:] for root in roots[loop])
        """Those that change along it or inside it."""
        self.reducing = {one.name: one for one in entry.stage.reduce_axes}
        self._free: dict[Node, frozenset[str]] = {}

    @cached_property
    def parts(self) -> tuple[Node, ...]:
        """The parts, in order of first occurrence, each once."""
        found: dict[Node, list[frozenset[str]]] = {}
        seen: set[tuple[Node, frozenset[str]]] = set()
        bound = self._bound()
        stack = [(node, frozenset[str]()) for node in reversed(self.entry.stage.body)]
        while stack:
            node, around = stack.pop()
            if (node, around) in seen:
                continue
            seen.add((node, around))
            if node not in bound and self._moves(node):
                found.setdefault(node, []).append(around)
            elif not isinstance(node, Read):  # subscripts stay where they are
                inner = around.union(node.axes) if isinstance(node, Reduce) else around
                stack.extend((child, inner) for child in reversed(node.children))
        return self._together(found)

    def _together(self, found: Mapping[Node, Sequence[frozenset[str]]]) -> tuple[Node, ...]:
        """The parts that one stage can hold: the reduction axes it has as dims go on wherever one of them is read.

        found: each part, and the axes of the reductions around each of its places.
        """
        summed = {part: self.free(part) & self.reducing.keys() for part in found}
        dims = max(summed.values(), key=len, default=frozenset[str]())
        return tuple(
            part
            for part, places in found.items()
            if summed[part] <= dims and all(dims <= around for around in places)
        )

    def _bound(self) -> set[Node]:
        """Products that their sum contracts: outside they would be rounded."""
        nodes = (node for node in walk(*self.entry.stage.body) if isinstance(node, Reduce) and node.fused)
        operands = (operand for node in nodes for operand in node.operands)
        return {node for node in operands if isinstance(node, Binary) and node.op == "mul"}

    def _moves(self, node: Node) -> bool:
        """Whether a node is a part: it is the same for all iterations, worth an array, and may be computed anywhere."""
        if isinstance(node, Read | Var | Const) or node.dtype is BOOL or self.free(node) & self.inside:
            return False
        inner = list(walk(node))
        if any(isinstance(one, Read) and one.tensor in self.entry.stage.own for one in inner):
            return False
        sums = [one for one in inner if isinstance(one, Reduce)]
        if any(set(one.axes) & self.own or not set(one.axes) <= self.inside for one in sums):
            return False
        if any(self._is_bounded(name) for name in self.free(node) if name in self.reducing):
            return False
        if not any(isinstance(one, Read) or (isinstance(one, Var) and one.kind == "param") for one in inner):
            return False
        return self._reads_inside(node)

    def _is_bounded(self, name: str) -> bool:
        """Whether a reduction axis is no plain range from 0, which alone can be a dim."""
        axis = self.reducing[name]
        plain = isinstance(axis.lower, Const) and axis.lower.value == 0
        moving = (
            one
            for one in walk(axis.upper)
            if isinstance(one, Read) or (isinstance(one, Var) and one.kind != "size")
        )
        return not plain or next(moving, None) is not None

    def _reads_inside(self, node: Node) -> bool:
        """Whether what it reads is in bounds without the conditions around it."""
        try:
            prove_reads(self._stage("hoisted", (node,)), (node,))
        except BoundsError:
            return False
        return True

    def free(self, node: Node) -> frozenset[str]:
        """The axes on which a value depends, with those in the bounds of the reductions inside it."""
        for one in walk(node):
            if one in self._free:
                continue
            total: set[str] = {one.name} if isinstance(one, Var) and one.kind == "axis" else set()
            for child in one.children:
                total |= self._free[child]
            if isinstance(one, Reduce):
                total -= set(one.axes)
                for name in one.axes:
                    axis = self.reducing[name]
                    total |= self.free(axis.lower) | self.free(axis.upper)
                total -= set(one.axes)
            self._free[one] = frozenset(total)
        return self._free[node]

    # ------------------------------------------------------------ the two stages
    def stage(self, name: str, where: Location | None) -> Stage:
        """The stage that computes the parts, over all axes they depend on."""
        return replace(self._stage(name, self.parts), where=where)

    def _stage(self, name: str, parts: tuple[Node, ...]) -> Stage:
        stage = self.entry.stage
        needed = frozenset(axis for part in parts for axis in self.free(part))
        inner = {axis for part in parts for one in walk(part) if isinstance(one, Reduce) for axis in one.axes}
        axes = tuple(axis for axis in (*stage.axes, *stage.reduce_axes) if axis.name in needed)
        return Stage(
            name=name,
            axes=axes,
            reduce_axes=tuple(axis for axis in stage.reduce_axes if axis.name in inner),
            body=parts,
            dtypes=tuple(part.dtype for part in parts),
            tensor_names=(name,)
            if len(parts) == 1
            else tuple(f"{name}_{place}" for place in range(len(parts))),
            sizes=stage.sizes,
            params=stage.params,
            facts=stage.facts,
            options=stage.options,
            number=stage.number,
        )

    def divided(self, hoisted: Stage) -> tuple[StageState, StageState] | None:
        """The new stage and the one that reads it; loops of reductions that move go along as they stand.

        None where a loop is shared by a reduction that moves and one that stays.
        """
        entry = self.entry
        index = tuple(axis_var(axis.name) for axis in hoisted.axes)
        table = dict(zip(self.parts, (Read(tensor, index) for tensor in tensors_of(hoisted)), strict=True))
        body = tuple(_replaced(node, table) for node in entry.stage.body)
        used = {name for node in walk(*body) if isinstance(node, Reduce) for name in node.axes}
        gone = frozenset(name for name in self.reducing if name not in used)
        roots = origins(entry)
        if any(gone & set(of) and not set(of) <= gone for of in roots.values()):
            return None
        lost = set(gone)
        for relation in entry.relations:
            if set(parents(relation)) & lost:
                lost |= set(children(relation))
        axes: tuple[Axis, ...] = tuple(axis for axis in entry.stage.reduce_axes if axis.name in used)
        rest = replace(entry, stage=replace(entry.stage, body=body, reduce_axes=axes))
        rest = _with_loops(rest, entry, frozenset(entry.axes) - lost, lost, moved=False)
        moved = _with_loops(
            fresh_state(hoisted, tuple(axis.name for axis in hoisted.axes)),
            entry,
            frozenset(lost),
            lost,
            moved=True,
        )
        outer = tuple(loop for loop in fresh_state(hoisted, moved.dims).loops if loop.name not in lost)
        return replace(moved, loops=(*outer, *moved.loops), origin="hoist"), rest


def _with_loops(
    made: StageState, entry: StageState, loops: frozenset[str], lost: set[str], *, moved: bool
) -> StageState:
    """A half of a stage with those of its loops that belong to it, as they stand."""
    return replace(
        made,
        loops=tuple(loop for loop in entry.loops if loop.name in loops),
        relations=tuple(one for one in entry.relations if bool(set(parents(one)) & lost) == moved),
        retired=tuple(one for one in entry.retired if (one[0] in lost) == moved),
        tails=tuple(one for one in entry.tails if (one[0] in lost) == moved),
        cuts=tuple(one for one in entry.cuts if one.loop in loops),
    )


def _replaced(node: Node, table: Mapping[Node, Node]) -> Node:
    """The node with parts exchanged, the outermost ones first."""
    memo: dict[Node, Node] = dict(table)
    return rewrite(node, lambda part: part, memo)
