"""What the loop tree alone decides, without isl: impossible placements, scope, edges that are right by construction.

In: a `LoopTree`. Out: answers or booleans. A placed stage computes exactly what the readers inside read there, and text
order follows the program: where a reader stands after the writer in the body that owns the buffer, nothing is left to
ask.
"""

from __future__ import annotations

from tdsl.poly.answers import Refuted, Unknown
from tdsl.poly.looptree import LoopTree, Misplaced
from tdsl.poly.model import Skew, Statement


def placement_fault(tree: LoopTree) -> Refuted | Unknown | None:
    """A stage that cannot stand where it is."""
    stages = [each.stage for each in tree.arranged.arrangements if each.stage in tree.of_stage]
    try:
        for stage in stages:
            tree.host(stage)
        for tensor in tree.writers:
            tree.level(tensor)
    except Misplaced as fault:
        if fault.opaque:
            return Unknown(fault.text, "a placement below all parts of the fused loop")
        return Refuted("placement", "", (fault.stage,), fault.text)
    return next((fault for stage in stages if (fault := _misplaced(tree, stage))), None)


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
        return Unknown(f"{stage} inside {place[0]}", f"{stage} updates in place: its whole history is computed at root")
    readers = [each for tensor in tensors for each in tree.readers.get(tensor, ()) if each.stage != stage]
    if any(tree.inside(reader.name, host) for reader in readers):
        return None
    text = f"no reader of {stage} is inside loop {place[1]} of {place[0]}"
    outside = sorted({each.stage for each in readers})
    return Refuted("placement", stage, (stage, *outside), text, place=place)


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
    if not tree.text_before(writer.name, reader.name):
        return False
    host = len(tree.host(writer.stage))
    if reader.stage == writer.stage:
        relations = tree.arrangements[writer.stage].relations
        return not any(isinstance(relation, Skew) for relation in relations)
    return tree.level(tensor) == host and tree.shared(writer.name, reader.name) == host
