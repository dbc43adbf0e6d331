"""The steps of a version of a schedule: what a function does to the schedule under a condition; a schedule in, steps out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tdsl.errors import ArgumentTypeError, PlacementError
from tdsl.expr.callables import wrong_parameters
from tdsl.location import here
from tdsl.schedule.directive import Directive

if TYPE_CHECKING:
    from tdsl.schedule.schedule import Schedule


def steps_of(
    schedule: Schedule, condition: object, then: Callable[[Schedule], Schedule]
) -> tuple[Directive, ...]:
    """The steps that `then` adds to the schedule where the condition is assumed.

    Errors: S128 S129 the condition; S138 a function that returns no schedule; S333 one that returns another schedule's
        past, or sets knobs; errors of its steps.
    """
    from tdsl.schedule.primitives import Specialize
    from tdsl.schedule.schedule import Schedule as Made
    from tdsl.schedule.schedule import as_schedule

    if not callable(then):
        raise ArgumentTypeError(
            "S138",
            f"specialize takes a function of a schedule, not {type(then).__name__}",
            where=here(),
            hint=('specialize(n % 8 == 0, lambda s: s.vectorize("C", "i", 8))',),
        )
    wrong = wrong_parameters(then, schedule)
    if wrong is not None:
        raise ArgumentTypeError(
            "S138",
            "specialize takes a function of one schedule",
            where=here(),
            why=(wrong,),
            hint=('specialize(n % 8 == 0, lambda s: s.vectorize("C", "i", 8))',),
        )
    begun = Specialize(condition, where=here()).apply(schedule.state).versions[-1].state
    start = Made(schedule.declared, schedule.target, begun, schedule.settings)
    found = as_schedule(then(start))
    if found is None:
        raise ArgumentTypeError("S138", "the function given to specialize returned no schedule", where=here())
    count = len(start.steps)
    if found.steps[:count] != start.steps or found.declared is not schedule.declared:
        raise PlacementError(
            "S333",
            "a version goes on from the schedule it is given",
            where=here(),
            why=("the function returned a schedule with another past",),
            hint=("lambda s: s.vectorize(…)",),
        )
    if dict(found.settings) != dict(start.settings):
        raise PlacementError(
            "S333",
            "knobs are set for all versions at once",
            where=here(),
            hint=("s.specialize(…).set(…)",),
        )
    return found.steps[count:]
