"""A schedule without the directives that its build would refuse: what was drawn in, steps that build out.

Some things only a build can decide (L1xx: constant extents, storage that is not in memory). What is refused there is not run,
so the directive that brought it is left out, and with it those after it that need it.
"""

from __future__ import annotations

from collections.abc import Mapping

import tdsl as td
from tdsl.fuzzing.draw import Drawn, applied
from tdsl.fuzzing.failure import failure_of

ROUNDS = 3
"""Directives left out one by one; then everything from the first refused one on."""


def buildable(
    start: td.Schedule, schedule: td.Schedule, drawn: Drawn, names: Mapping[str, object]
) -> td.Schedule:
    """A schedule that builds, as far as its loops tell, or the one that fails; `drawn` has its steps, and what was left out."""
    for left in range(ROUNDS, -1, -1):
        code = refusal(schedule)
        if code is None or drawn.failure is not None:
            break
        drawn.tally[f"left out {code}"] += 1
        steps, whole = drawn.steps, _prefixes(start, drawn.steps, names)
        length = len(whole) - 1
        while length and refusal(whole[length]) is not None:
            length -= 1
        schedule, drawn.steps = whole[length], steps[:length]
        for step in steps[length + 1 :] if left else ():
            schedule = _after(schedule, step, drawn, names)
    return schedule


def refusal(schedule: td.Schedule) -> str | None:
    """The code with which a build refuses a schedule; None where it does not, or where it fails."""
    try:
        td.build(schedule, target="interpret")
    except td.InternalError:
        return None
    except td.TdslError as error:
        return error.code
    return None


def _prefixes(start: td.Schedule, steps: tuple[str, ...], names: Mapping[str, object]) -> list[td.Schedule]:
    """The schedule after none, one, … of the steps."""
    found = [start]
    for step in steps:
        found.append(applied(found[-1], step, names))
    return found


def _after(schedule: td.Schedule, step: str, drawn: Drawn, names: Mapping[str, object]) -> td.Schedule:
    """The schedule after a step that it still accepts."""
    if drawn.failure is not None:
        return schedule
    try:
        schedule = applied(schedule, step, names)
    except Exception as error:  # noqa: BLE001
        if isinstance(error, td.TdslError) and not isinstance(error, td.InternalError):
            return schedule
        drawn.failure = failure_of(error)
    drawn.steps = (*drawn.steps, step)
    return schedule
