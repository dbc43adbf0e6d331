"""Directives to ask legality about: such that each primitive is asked often about each kind of stage, legal or not.

In: dice and a schedule. Out: (primitive, text of the call). What is seldom asked of one another comes from here: stages
made inside loops and kept outside of them, so that the order of those loops matters; stages in one nest; a loop of the
kind of stage that is rare.
"""

from __future__ import annotations

from collections.abc import Iterator

import tdsl as td
from tdsl.fuzzing.directives import WEIGHTS
from tdsl.fuzzing.drawing import Drawing, quoted, some_pair, some_place, some_reducing, some_stage

OFTEN = {
    "compute_with": 7, "skew": 4, "compute_at": 4, "store_at": 3, "separate": 3, "hoist": 4, "inline": 3, "clone": 5,
    "rfactor": 3, "fold": 3, "parallel": 3, "reverse": 3, "vectorize": 3, "reorder": 2, "tile": 2, "atomic": 2,
    "cache_read": 2, "cache_write": 2, "fuse": 2,
}  # fmt: skip
"""How often a primitive is asked for; any other once. Many of these are refused by form, and then not counted."""
PLANNED = 0.12
"""How often several directives with one purpose are asked for, one after another."""


def draw_request(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str]:
    """(primitive, text of the call)."""
    drawing.count += 1
    if not drawing.planned and drawing.dice.random() < PLANNED:
        drawing.planned = list(drawing.dice.choice((_kept_outside, _joined))(drawing, schedule))
    if drawing.planned:
        text = drawing.planned.pop(0)
        return text[1 : text.index("(")], text
    names = list(WEIGHTS)
    name = drawing.dice.choices(names, [OFTEN.get(each, 1) for each in names])[0]
    return name, WEIGHTS[name][1](drawing, schedule)


def _changed(drawing: Drawing, stage: str, axis: str) -> str:
    """Something done to a loop that changes the order of its iterations, or may."""
    dice = drawing.dice
    return dice.choice(
        [
            f'.reverse("{stage}", "{axis}")',
            f'.parallel("{stage}", "{axis}")',
            f'.vectorize("{stage}", "{axis}", {dice.choice(drawing.widths)})',
            f'.tile("{stage}", {{"{axis}": {dice.choice(drawing.factors)}}})',
        ]
    )


def _kept_outside(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A producer made in a loop and kept outside of it, then something done to the loop that carries its values."""
    stage, host, axis = some_place(drawing, schedule)
    if drawing.dice.random() < 0.5:
        host = some_reducing(drawing, schedule)
        read = [name for name in schedule.reads(host) if name in schedule.stages()]
        axes = schedule.axes(host)
        if read and axes:
            stage, axis = drawing.dice.choice(read), drawing.dice.choice(axes)
    axes = list(schedule.axes(host))
    yield f'.store_root("{stage}")'
    yield f'.compute_at("{stage}", "{host}", "{axis}")'
    if len(axes) > 1 and drawing.dice.random() < 0.4:
        drawing.dice.shuffle(axes)
        yield f'.reorder("{host}", {quoted(axes)})'
        return
    yield _changed(drawing, host, axis)


def _joined(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Stages in one nest, one ahead of the other, then something done to the loops that they share."""
    stage, host, axis, align = some_pair(drawing, schedule)
    if drawing.dice.random() < 0.4 and schedule.axes(stage):
        mine = axis if axis in schedule.axes(stage) else drawing.dice.choice(schedule.axes(stage))
        yield f'.shift("{stage}", "{mine}", {drawing.dice.choice([-2, -1, 1, 2])})'
    yield f'.compute_with("{stage}", "{host}", "{axis}"{align})'
    yield _changed(drawing, drawing.dice.choice([host, some_stage(drawing, schedule)]), axis)
