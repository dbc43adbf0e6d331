"""What a nest needs to know of one stage before any bound is asked: its leaf loops, which of them reduce, how axes recover.

In: a StageState. Out: a `StagePlan`, a plain value. A leaf is a loop that isl sees; a fused loop stands for its leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property

from tdsl.expr.build import add, mul, neg, sub
from tdsl.expr.node import Node, Reduce, index_const
from tdsl.expr.rewrite import reductions
from tdsl.poly.model import AxisRelation, Fuse, LoopMark, Rename, Reverse, Shift, Skew, Split
from tdsl.records import dataclass
from tdsl.schedule.loops import descendants
from tdsl.schedule.state import StageState, Tail
from tdsl.schedule.statements import is_bare


@dataclass(frozen=True, slots=True)
class LoopLeaves:
    """What a loop as it now stands is made of.

    leaves: the loops isl sees, outermost first. chunks: of a part of a split fused loop, how it was split, outermost
    first: (outer, inner, factor); empty for all other loops.
    """

    leaves: tuple[str, ...]
    chunks: tuple[tuple[str, str, int], ...] = ()


def loop_leaves(state: StageState) -> dict[str, LoopLeaves]:
    """Every loop of a stage as it now stands, by following the relations forward (a name may be used again)."""
    stage = state.stage
    found = {axis.name: LoopLeaves((axis.name,)) for axis in (*stage.axes, *stage.reduce_axes)}
    for relation in state.relations:
        match relation:
            case Fuse(outer, inner, into):
                found[into] = LoopLeaves(found.pop(outer).leaves + found.pop(inner).leaves)
            case Split(parent, outer, inner, factor):
                whole = found.pop(parent)
                if len(whole.leaves) == 1 and not whole.chunks:
                    found |= {name: LoopLeaves((name,)) for name in (outer, inner)}
                else:
                    parts = LoopLeaves(whole.leaves, (*whole.chunks, (outer, inner, factor)))
                    found |= dict.fromkeys((outer, inner), parts)
            case Skew() | Reverse() | Rename() | Shift():
                whole = found.pop(relation.parent)
                single = len(whole.leaves) == 1 and not whole.chunks
                found[relation.into] = LoopLeaves((relation.into,)) if single else whole
    return found


def leaves_of(loop: str, state: StageState) -> tuple[str, ...]:
    """The leaf loops a loop of a stage stands for, outermost first."""
    return loop_leaves(state)[loop].leaves


def derived_from(axes: frozenset[str], relations: tuple[AxisRelation, ...]) -> frozenset[str]:
    """All loops that carry any of `axes`, the axes themselves included."""
    found = set(axes)
    for relation in relations:
        match relation:
            case Split():
                found |= {relation.outer, relation.inner} if relation.parent in found else set()
            case Fuse():
                found |= {relation.into} if {relation.outer, relation.inner} & found else set()
            case Skew():
                found |= {relation.into} if {relation.parent, relation.by} & found else set()
            case Reverse() | Rename() | Shift():
                found |= {relation.into} if relation.parent in found else set()
    return frozenset(found)


def turned_round(relations: tuple[AxisRelation, ...]) -> frozenset[str]:
    """Loops that run over minus their value under the name they had before."""
    found: set[str] = set()
    for relation in relations:
        if isinstance(relation, Reverse) and relation.parent == relation.into:
            found ^= {relation.into}
    return frozenset(found)


def recover(
    relations: tuple[AxisRelation, ...],
    values: Mapping[str, Node],
    base: Callable[[int], Node],
) -> dict[str, Node]:
    """Values of every loop and axis that the leaf `values` determine; base(n): where relation n, a relative split, starts."""
    known = dict(values)
    for step in range(len(relations) - 1, -1, -1):
        relation = relations[step]
        match relation:
            case Split(parent, outer, inner, factor, relative):
                if outer in known and inner in known:
                    tile = add(mul(known[outer], index_const(factor)), known[inner])
                    known[parent] = add(base(step), tile) if relative else tile
            case Skew(parent, by, factor, into):
                if into in known and by in known:
                    known[parent] = sub(known[into], mul(known[by], index_const(factor)))
            case Reverse(parent, into):
                if into in known:
                    known[parent] = neg(known[into])
            case Rename(parent, into):
                if into in known:
                    known[parent] = known[into]
            case Shift(parent, into, by):
                if into in known:
                    known[parent] = sub(known[into], index_const(by))
            case Fuse():
                pass
    return known


def tail_loops(state: StageState) -> tuple[tuple[frozenset[str], Tail], ...]:
    """Of every split with a tail asked for: its inner loop, and what came of that loop by later directives."""
    found: list[tuple[frozenset[str], Tail]] = []
    splits = [one for one in state.relations if isinstance(one, Split)]
    for inner, tail in state.tails:
        made = next((one for one in splits if one.inner == inner), None)
        made = made or next(one for one in splits if one.outer == inner)  # the middle one of three
        found.append((frozenset(descendants(state, made, inner)), tail))
    return tuple(found)


@dataclass(frozen=True)
class StagePlan:
    """One stage: groups of leaves in loop order, the number of prefix groups, and its reductions."""

    state: StageState

    @property
    def name(self) -> str:
        return self.state.name

    @cached_property
    def tails(self) -> tuple[tuple[frozenset[str], Tail], ...]:
        """Loops inside tiles whose partial ones are treated as the user named it."""
        return tail_loops(self.state)

    @cached_property
    def tailed(self) -> frozenset[str]:
        """Serial loops of those: they run over a whole tile, with a condition where it may be partial."""
        skewed = {relation.into for relation in self.state.relations if isinstance(relation, Skew)}
        inside = {loop for loops, _ in self.tails if not loops & skewed for loop in loops}
        return frozenset(
            leaves[0]
            for mark, leaves in self.groups
            if mark.kind == "serial" and len(leaves) == 1 and leaves[0] in inside
        )

    @cached_property
    def table(self) -> dict[str, LoopLeaves]:
        """What each loop is made of."""
        return loop_leaves(self.state)

    @cached_property
    def groups(self) -> tuple[tuple[LoopMark, tuple[str, ...]], ...]:
        """(loop as it stands, its leaves), outermost first; the parts of a split fused loop stand once, as the outermost."""
        found: list[tuple[LoopMark, tuple[str, ...]]] = []
        seen: set[tuple[str, ...]] = set()
        for mark in self.state.loops:
            made = self.table[mark.name]
            if made.leaves not in seen or not made.chunks:
                found.append((mark, made.leaves))
            seen.add(made.leaves)
        return tuple(found)

    def chunked(self, loop: str) -> tuple[tuple[LoopMark, ...], tuple[tuple[str, str, int], ...]]:
        """The parts of a split fused loop in loop order, and how they were split; nothing for other loops."""
        made = self.table[loop]
        if not made.chunks:
            return (), ()
        parts = [mark for mark in self.state.loops if self.table[mark.name].leaves == made.leaves]
        splits = dict.fromkeys(split for mark in parts for split in self.table[mark.name].chunks)
        return tuple(parts), tuple(splits)

    @cached_property
    def threads(self) -> frozenset[str]:
        """Leaves of loops bound to the threads of a block."""
        bound = (leaves for mark, leaves in self.groups if mark.kind.startswith("thread"))
        return frozenset(leaf for leaves in bound for leaf in leaves)

    @cached_property
    def shared_out(self) -> frozenset[str]:
        """Leaves that the threads of a block share out, bound to them or by `cooperate`."""
        if self.state.cooperate is None:
            return self.threads
        return frozenset(leaf for _, leaves in self.groups for leaf in leaves)

    @cached_property
    def reducing(self) -> frozenset[str]:
        """Leaves that carry a reduction axis."""
        axes = frozenset(axis.name for axis in self.state.stage.reduce_axes)
        return derived_from(axes, self.state.relations)

    @cached_property
    def prefix(self) -> int:
        """How many groups stand before the first one that reduces."""
        for position, (_, leaves) in enumerate(self.groups):
            if set(leaves) & self.reducing:
                return position
        return len(self.groups)

    @cached_property
    def inner_data(self) -> tuple[tuple[LoopMark, tuple[str, ...]], ...]:
        """Groups inside the first reducing one that reduce nothing."""
        return tuple(group for group in self.groups[self.prefix :] if not set(group[1]) & self.reducing)

    @cached_property
    def lanes(self) -> tuple[str, ...]:
        """Vector loops over a reduction axis."""
        return tuple(
            mark.name for mark, leaves in self.groups if mark.kind == "vector" and set(leaves) & self.reducing
        )

    @cached_property
    def reduces(self) -> tuple[Reduce, ...]:
        """The reductions of the body, one a reducer and operands, in order of appearance."""
        found: dict[tuple[object, ...], Reduce] = {}
        for node in reductions(*self.state.stage.body):
            found.setdefault((node.reducer, node.axes, node.operands, node.fused), node)
        return tuple(found.values())

    @property
    def bare(self) -> bool:
        """Whether the stage is nothing but its reduction, so that the tensor is the accumulator."""
        return is_bare(self.state.stage)

    @property
    def is_reduction(self) -> bool:
        return bool(self.state.stage.reduce_axes)
