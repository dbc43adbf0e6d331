"""What the loop tree alone decides, without isl: impossible placements, scope, edges that are right by construction.

In: a `LoopTree`. Out: answers or booleans. A placed stage computes exactly what the readers inside read there, and text
order follows the program: where a reader stands after the writer in the body that owns the buffer, nothing is left to
ask.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from tdsl.expr.build import ZERO, compare
from tdsl.expr.node import axis_var
from tdsl.poly.answers import Refuted, Unknown
from tdsl.poly.looptree import LoopTree, Misplaced
from tdsl.poly.model import Access, Arranged, Fuse, Program, Rename, Shift, Skew, Split, Statement


def placement_fault(tree: LoopTree) -> Refuted | Unknown | None:
    """A stage that cannot stand where it is."""
    stages = [each.stage for each in tree.arranged.arrangements if each.stage in tree.of_stage]
    try:
        for stage in stages:
            tree.own(stage)
        for stage in stages:
            tree.host(stage)
        for tensor in tree.writers:
            tree.level(tensor)
        for name in tree.statements:
            tree.dims(name)
    except Misplaced as fault:
        if fault.opaque:
            return Unknown(fault.text, "a fused loop taken whole: isl sees it as the order of its parents")
        return Refuted("placement", fault.stage, (fault.stage,), fault.text)
    fault = next((fault for stage in stages if (fault := _misplaced(tree, stage))), None)
    return fault or (_cyclic(tree) if tree.joins.of else None)


def _cyclic(tree: LoopTree) -> Refuted | None:
    """Stages in one body that need each other's values of the same iteration: no order of the body is right."""
    for name in tree.statements:
        for depth in range(len(tree.dims(name)) + 1):
            tree.position(name, depth)
    for body, stages in tree.joins.cycles.items():
        where = f" in one iteration of loop {body[-1][1]} of {body[-1][0]}" if body else ""
        named = f"{', '.join(stages[:-1])} and {stages[-1]}"
        text = f"{named} need values of each other{where}"
        return Refuted("cycle", stages[0], stages, text, place=body[-1] if body else None)
    return None


def _misplaced(tree: LoopTree, stage: str) -> Refuted | Unknown | None:
    """A result or an update inside another stage, or a stage that nothing around it reads."""
    host = tree.host(stage)
    if not host:
        return None
    tensors = {access.tensor for statement in tree.of_stage[stage] for access in statement.writes}
    place = host[-1]
    if not tensors.isdisjoint(tree.arranged.program.outputs):
        text = f"{stage} is a result and must stand outside other stages"
        return Refuted("placement", stage, (stage,), text, place=place)
    if not tensors.isdisjoint(tree.arranged.program.ordered):
        fault = _history_apart(tree, stage, place)
        if fault is not None:
            return fault
    readers = [each for tensor in tensors for each in tree.readers.get(tensor, ()) if each.stage != stage]
    if any(tree.inside(reader.name, host) for reader in readers):
        return None
    text = f"no reader of {stage} is inside loop {place[1]} of {place[0]}"
    outside = sorted({each.stage for each in readers})
    return Refuted("placement", stage, (stage, *outside), text, place=place)


def _history_apart(tree: LoopTree, stage: str, place: tuple[str, str]) -> Refuted | None:
    """An update inside another stage whose elements are not made and stored in one place: base, changes, all of them."""
    if tree.level(stage) < len(tree.host(stage)):
        text = f"{stage} updates in place: it is stored where it is computed, its whole history together"
        return Refuted("placement", stage, (stage,), text, place=place)
    together = stage in tree.joins.of or any(join.stage == stage for join in tree.joins.of.values())
    if together:
        text = f"{stage} updates in place and is computed with another stage: both stand at root"
        return Refuted("placement", stage, (stage,), text, place=place)
    return None


def with_sinks(arranged: Arranged) -> Arranged:
    """The program with a reader, after everything, of each result that is updated in place: its last values stand."""
    program = _sunk(arranged.program)
    return arranged if program is arranged.program else replace(arranged, program=program)


@lru_cache(maxsize=32)
def _sunk(program: Program) -> Program:
    """One program with sinks for all its schedules."""
    made = {access.tensor: each for each in program.statements for access in each.writes}
    sinks: list[Statement] = []
    for tensor in program.ordered:
        if tensor not in program.outputs or tensor not in made:
            continue
        shape = dict(program.shapes)[tensor]
        axes = tuple(f"d{place}" for place in range(len(shape)))
        index = tuple(axis_var(axis) for axis in axes)
        bounds = [compare("ge", axis, ZERO) for axis in index]
        bounds += [compare("lt", axis, extent) for axis, extent in zip(index, shape, strict=True)]
        read = Access(tensor, index)
        sinks.append(
            Statement(f"{tensor}.sink", made[tensor].stage, "sink", axes, tuple(bounds), (read,), ())
        )
    if not sinks:
        return program
    return replace(program, statements=(*program.statements, *sinks))


def scope_fault(tree: LoopTree, tensor: str, reader: Statement, writer: Statement) -> Refuted | None:
    """A reader outside the loops that own the buffer it reads from."""
    level = tree.level(tensor)
    if tree.dims(reader.name)[:level] == tree.dims(writer.name)[:level]:
        return None
    owner, loop = tree.dims(writer.name)[level - 1]
    text = f"{reader.stage} reads {tensor} outside loop {loop} of {owner}, in which it is stored"
    return Refuted("scope", tensor, (reader.name, writer.name), text, place=(owner, loop))


def by_construction(tree: LoopTree, tensor: str, reader: Statement, writer: Statement) -> bool:
    """Whether order and coverage of an edge hold because of how copies are made.

    Between stages: the buffer belongs to one iteration of the loops around the writer, the reader is inside and stands
    after it. Within a stage: init, update and finish of one element share its prefix loops in that order; a skew by a
    reduction loop could part them.
    """
    if not tree.text_before(writer.name, reader.name) or writer.stage in tree.joins.of:
        return False
    host = len(tree.host(writer.stage))
    if reader.stage == writer.stage:
        relations = tree.arrangements[writer.stage].relations
        return not any(isinstance(relation, Skew) for relation in relations)
    return tree.level(tensor) == host and tree.common(writer.name, reader.name) == host


def as_declared(tree: LoopTree, tensor: str, reader: Statement) -> bool:
    """Whether all that updates a tensor in place, and one reader of it, run in the order of the declaration.

    That order is right by definition; the written order of a recurrence need not be.
    """
    for statement in (reader, *tree.writers[tensor]):
        if statement.role in ("source", "sink"):
            continue
        if tree.host(statement.stage) or statement.stage in tree.joins.of:
            return False
        if statement.role != "assign" and not _takes_turns(tree, statement):
            return False
        points = tree.definer(statement.stage).axes
        if not in_declared_order(tree, statement.stage, points):
            return False
    return tree.level(tensor) == 0


def _takes_turns(tree: LoopTree, statement: Statement) -> bool:
    """Whether an update's sums stand whole inside the loops over its points, as declared: of its own, read in any order."""
    own = tree.own(statement.stage)
    updating = statement.stage in tree.arranged.program.ordered and statement.role in ("update", "finish")
    return updating and all(leaf in own.reduces for leaf in own.leaves[own.prefix :])


def in_declared_order(tree: LoopTree, stage: str, axes: tuple[str, ...]) -> bool:
    """Whether the loops over some axes stand in the order of the axes, outer parts of split ones before inner parts."""
    parts = {axis: [axis] for axis in axes}
    for relation in tree.arrangements[stage].relations:
        if isinstance(relation, Fuse):
            continue
        axis = next((axis for axis, names in parts.items() if relation.parent in names), None)
        if axis is None:
            if isinstance(relation, Skew) and any(relation.by in names for names in parts.values()):
                return False
            continue
        if not isinstance(relation, Split | Rename | Shift):
            return False
        place = parts[axis].index(relation.parent)
        children = [relation.outer, relation.inner] if isinstance(relation, Split) else [relation.into]
        parts[axis][place : place + 1] = children
    leaves = tree.own(stage).leaves
    declared = [leaf for axis in axes for leaf in parts[axis] if leaf in leaves]
    return [leaf for leaf in leaves if leaf in declared] == declared
