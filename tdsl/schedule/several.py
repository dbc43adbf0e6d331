"""One call about several stages: may its steps be judged together, at their end?

In: a state and the steps. Out: whether every state on the way is legal where the first and the last are. A step of its own
costs a question about every stage of the program, so that placing n stages one by one asks n * n of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.poly.model import Place
from tdsl.schedule import primitives
from tdsl.schedule.directive import Directive
from tdsl.schedule.placement import encloses
from tdsl.schedule.state import State


def judged_at_the_end(state: State, steps: Sequence[Directive]) -> bool:
    """Whether the steps leave every stage that has not had its turn complete wherever the others want it.

    Stages inlined stood at root, and what they read is whole there. Stages that move inward have been made farther out,
    whole, until their turn comes.
    """
    if len(steps) < 2:
        return False
    return all(
        isinstance(step, primitives.Inline)
        or (isinstance(step, primitives.ComputeAt | primitives.StoreAt) and _moves_inward(state, step))
        for step in steps
    )


def _moves_inward(state: State, step: primitives.ComputeAt | primitives.StoreAt) -> bool:
    """Whether the stage stands at root, or in a loop around the place where it will."""
    entry = state.find(step.stage)
    if entry is None or entry.joined is not None:
        return False
    return entry.compute is None or encloses(state, entry.compute, Place(step.host, step.axis))
