"""Edits of a stage's loops that the primitives share, and what a loop comes from: pure functions on `StageState`.

In: a stage's state and names that are already checked. Out: a new stage state; or, of a loop, its parents, the axes of
the declaration it derives from, and its constant extent. Source of the questions: taco's provenance graph.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import assert_never

from tdsl.expr.node import Const
from tdsl.poly.model import AxisRelation, Fuse, LoopMark, Place, Rename, Reverse, Shift, Skew, Split
from tdsl.schedule.state import Cut, StageState, State

LARGEST_SIZE = 2**47
"""Sizes are below it (semantics C5)."""


def parents(relation: AxisRelation) -> tuple[str, ...]:
    """The loops that a relation consumes."""
    match relation:
        case Fuse():
            return (relation.outer, relation.inner)
        case Split() | Skew() | Reverse() | Rename() | Shift():
            return (relation.parent,)
        case _:
            assert_never(relation)


def children(relation: AxisRelation) -> tuple[str, ...]:
    """The loops that a relation makes, outermost first."""
    match relation:
        case Split():
            return (relation.outer, relation.inner)
        case Fuse() | Skew() | Reverse() | Rename() | Shift():
            return (relation.into,)
        case _:
            assert_never(relation)


def origins(entry: StageState) -> Mapping[str, tuple[str, ...]]:
    """Of every loop as it now stands: the axes of the declaration that it derives from, outermost first."""
    table: dict[str, tuple[str, ...]] = {
        axis.name: (axis.name,) for axis in (*entry.stage.axes, *entry.stage.reduce_axes)
    }
    for relation in entry.relations:
        roots = tuple(root for parent in parents(relation) for root in table.pop(parent))
        for child in children(relation):
            table[child] = roots
    return table


def descendants(entry: StageState, made: AxisRelation, loop: str) -> set[str]:
    """The loops that come of `loop`, a child of the relation `made`, through later relations; itself included."""
    found = {loop}
    after = entry.relations[entry.relations.index(made) + 1 :]
    for relation in after:
        if found & set(parents(relation)):
            found |= set(children(relation))
    return found


def over_reduction(entry: StageState, loop: str) -> bool:
    """Whether a loop derives from a reduction axis."""
    reduced = {axis.name for axis in entry.stage.reduce_axes}
    return bool(reduced & set(origins(entry)[loop]))


def constant_extents(entry: StageState) -> Mapping[str, int | None]:
    """Of every loop as it now stands: how often it runs where the stage is at root, or None where sizes decide."""
    table: dict[str, int | None] = {}
    for axis in (*entry.stage.axes, *entry.stage.reduce_axes):
        constant = isinstance(axis.lower, Const) and isinstance(axis.upper, Const)
        table[axis.name] = max(0, _value(axis.upper) - _value(axis.lower)) if constant else None
    for relation in entry.relations:
        extents = [table.pop(parent) for parent in parents(relation)]
        match relation:
            case Split():
                whole = extents[0]
                table[relation.outer] = None if whole is None else -(-whole // relation.factor)
                table[relation.inner] = relation.factor
            case Fuse():
                known = [extent for extent in extents if extent is not None]
                table[relation.into] = known[0] * known[1] if len(known) == 2 else None
            case Skew():
                table[relation.into] = None
            case Reverse() | Rename() | Shift():
                table[relation.into] = extents[0]
            case _:
                assert_never(relation)
    return table


def _value(node: object) -> int:
    assert isinstance(node, Const)
    return int(node.value)


def reaches(entry: StageState) -> Mapping[str, int]:
    """Of every loop as it now stands: a bound on how far its values lie from 0, sizes being below 2**47 (C5)."""
    table = {axis.name: LARGEST_SIZE for axis in (*entry.stage.axes, *entry.stage.reduce_axes)}
    for relation in entry.relations:
        reach = max(table.get(parent, LARGEST_SIZE) for parent in parents(relation))
        match relation:
            case Skew():
                reach += abs(relation.factor) * table.get(relation.by, LARGEST_SIZE)
            case Shift():
                reach += abs(relation.by)
            case _:
                pass
        table.update(dict.fromkeys(children(relation), reach))
    return table


def is_fused(entry: StageState, loop: str) -> bool:
    """Whether a loop is a fused one, an order over its parents, or a part of such a one."""
    fused: set[str] = set()
    for relation in entry.relations:
        if isinstance(relation, Fuse) or fused & set(parents(relation)):
            fused |= set(children(relation))
    return loop in fused


# edits


def replaced(entry: StageState, axis: str, made: Sequence[LoopMark]) -> StageState:
    """The stage with one loop replaced by others in its place."""
    place = entry.axes.index(axis)
    return replace(entry, loops=(*entry.loops[:place], *made, *entry.loops[place + 1 :]))


def related(entry: StageState, *relations: AxisRelation) -> StageState:
    """The stage with relations added."""
    return replace(entry, relations=(*entry.relations, *relations))


def retired(entry: StageState, step: int, *axes: str) -> StageState:
    """The stage with axes recorded as consumed by step number `step`."""
    return replace(entry, retired=(*entry.retired, *((axis, step) for axis in axes)))


def marked(entry: StageState, position: int, mark: LoopMark) -> StageState:
    """The stage with another mark on one loop."""
    return replace(entry, loops=(*entry.loops[:position], mark, *entry.loops[position + 1 :]))


def with_cut(entry: StageState, cut: Cut) -> StageState:
    """The stage with one more loop that runs in parts."""
    return replace(entry, cuts=(*entry.cuts, cut))


def moved_places(state: State, stage: str, old: str, new: str) -> State:
    """What stood in the body of loop `old` of a stage stands in the body of `new`: one iteration is still the same."""

    def moved(place: Place | None) -> Place | None:
        return Place(stage, new) if place == Place(stage, old) else place

    changed: list[StageState] = []
    for entry in state.stages:
        store = entry.store if isinstance(entry.store, str) else moved(entry.store)
        fresh = replace(entry, compute=moved(entry.compute), store=store)
        if entry.joined is not None and moved(Place(entry.joined.stage, entry.joined.loop)) == Place(
            stage, new
        ):
            fresh = replace(fresh, joined=replace(entry.joined, stage=stage, loop=new))
        if entry.name == stage:
            promotes = tuple(
                replace(promote, loop=new) if promote.loop == old else promote for promote in entry.promotes
            )
            fresh = replace(fresh, promotes=promotes)
        changed.append(entry if fresh == entry else fresh)
    return replace(state, stages=tuple(changed))


def standing_at(state: State, stage: str, loop: str) -> tuple[str, ...]:
    """What is computed or stored in the body of a loop: stages, and tiles promoted there."""
    place = Place(stage, loop)
    stages = tuple(
        entry.name
        for entry in state.stages
        if place in (entry.compute, entry.store)
        or (entry.joined and (entry.joined.stage, entry.joined.loop) == (stage, loop))
    )
    return stages + tuple(promote.name for promote in state.stage(stage).promotes if promote.loop == loop)


def split_loop(
    entry: StageState, relation: Split, *, outer: LoopMark | None = None, inner: LoopMark | None = None
) -> StageState:
    """The stage with one loop split in place; marks default to serial."""
    made = (outer or LoopMark(relation.outer), inner or LoopMark(relation.inner))
    return related(replaced(entry, relation.parent, made), relation)
