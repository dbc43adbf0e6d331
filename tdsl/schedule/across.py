"""Which reductions are made by several threads together: partial results of an `rfactor`, one a thread.

In: a state and one of its stages. Out: names of the loops over its reduction that are bound to threads and that the
lowerer combines across (`nest.NestExchange`); none for stages that threads reduce each for itself. Counterpart: TVM's
cross-thread reduction (`te.schedule`, `bind` of an `rfactor`ed axis).
"""

from __future__ import annotations

from tdsl.expr.node import Read, axis_var
from tdsl.expr.reduction_groups import reduction_key
from tdsl.expr.rewrite import reductions
from tdsl.poly.model import Dimension
from tdsl.schedule.loops import origins
from tdsl.schedule.state import StageState, State

THREADS: tuple[Dimension, ...] = ("thread.x", "thread.y", "thread.z")


def crossing(state: State, entry: StageState) -> tuple[str, ...]:
    """The loops of a stage over partial results that threads hold, one each; empty where it has none.

    A stage qualifies where all it reduces are the results of one `rfactor`, over the axis that made them.
    """
    if entry.inlined or entry.stage.base is not None or entry.atomic or entry.promotes:
        return ()
    threads = [loop.name for loop in entry.loops if loop.kind in THREADS]
    if not threads or not _of_partial_results(state, entry):
        return ()
    reduced = {axis.name for axis in entry.stage.reduce_axes}
    roots = origins(entry)
    return tuple(loop for loop in threads if set(roots[loop]) <= reduced)


def crossing_stages(state: State) -> frozenset[str]:
    """The stages that several threads reduce together."""
    return frozenset(entry.name for entry in state.live() if crossing(state, entry))


def _of_partial_results(state: State, entry: StageState) -> bool:
    found = {reduction_key(node): node for node in reductions(*entry.stage.body)}
    if len(found) != 1 or any(loop.kind == "vector" for loop in entry.loops):
        return False
    (node,) = found.values()
    makers: set[str] = set()
    for operand in node.operands:
        if len(node.axes) != 1 or not isinstance(operand, Read) or not operand.index:
            return False
        if operand.index[0] is not axis_var(node.axes[0]):
            return False
        maker = state.find(operand.tensor.name)
        if maker is None or maker.origin != "rfactor":
            return False
        makers.add(maker.name)
    return len(makers) == 1
