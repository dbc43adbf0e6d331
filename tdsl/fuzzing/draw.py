"""A schedule drawn directive by directive, each for the schedule as it then stands; dice in, the accepted steps out."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import tdsl as td
from tdsl.fuzzing.directives import draw_directive
from tdsl.fuzzing.drawing import Drawing
from tdsl.fuzzing.failure import Failure, failure_of

COUNTS = (1, 2, 3, 4, 5, 5, 6, 6, 7, 8, 9, 10, 12)
"""How many directives a schedule gets, if so many are accepted; a plan is drawn to its end."""
PATIENCE = 3
"""Directives tried for each that is wanted."""


@dataclass(slots=True)
class Drawn:
    """Steps that were accepted, as text; and the failure of the last one, which is then the last of the steps."""

    steps: tuple[str, ...] = ()
    failure: Failure | None = None
    tally: Counter[str] = field(default_factory=Counter[str])


def draw_schedule(
    dice: random.Random, start: td.Schedule, names: Mapping[str, object], sizes: tuple[str, ...]
) -> tuple[Drawn, td.Schedule]:
    """Random directives on top of a schedule, and what they make of it.

    names: what the text of a directive may name. sizes: names of the sizes that an `assume` may speak of.
    """
    drawing, drawn, steps = Drawing(dice, sizes), Drawn(), list[str]()
    wanted = dice.choice(COUNTS)
    schedule = start
    for _ in range(PATIENCE * wanted):
        if len(steps) >= wanted and not drawing.planned:
            break
        primitive, step = draw_directive(drawing, schedule)
        try:
            schedule = applied(schedule, step, names)
        except td.TdslError as error:
            if isinstance(error, td.InternalError):
                return _failed(drawn, [*steps, step], error), schedule
            drawn.tally[f"refused {primitive} {error.code}"] += 1
            drawing.planned.clear()
            continue
        except Exception as error:  # noqa: BLE001
            return _failed(drawn, [*steps, step], error), schedule
        drawn.tally[f"accepted {primitive}"] += 1
        steps.append(step)
    drawn.steps = tuple(steps)
    return drawn, schedule


def applied(schedule: td.Schedule, step: str, names: Mapping[str, object]) -> td.Schedule:
    """The schedule after a step in text: ``.split("C", "i", 8)``."""
    return eval(f"s{step}", {**names, "s": schedule})  # the text is ours


def _failed(drawn: Drawn, steps: list[str], error: Exception) -> Drawn:
    drawn.steps, drawn.failure = tuple(steps), failure_of(error)
    return drawn
