"""Directives to ask legality about: such that each primitive is asked often about each kind of stage, legal or not.

In: dice and a schedule. Out: (primitive, text of the call). What is seldom asked of one another comes from here: stages
made inside loops and kept outside of them, so that the order of those loops matters; stages in one nest; a loop of the
kind of stage that is rare.
"""

from __future__ import annotations

from collections.abc import Iterator

import tdsl as td
from tdsl.fuzzing.directives import WEIGHTS
from tdsl.fuzzing.drawing import Drawing, quoted, some_pair, some_place
from tdsl.fuzzing.plans import instructed
from tdsl.poly.model import Place
from tdsl.schedule.state import StageState

OFTEN = {
    "compute_with": 7, "skew": 4, "compute_at": 3, "store_at": 3, "separate": 4, "hoist": 4, "inline": 3, "clone": 5,
    "rfactor": 3, "fold": 3, "parallel": 3, "reverse": 2, "vectorize": 3, "reorder": 2, "tile": 2, "atomic": 2,
    "cache_read": 2, "cache_write": 2, "fuse": 2, "layout": 3, "double_buffer": 2, "store_root": 1,
}  # fmt: skip
"""How often a primitive is asked for; any other once. Many of these are refused by form, and then not counted."""
PLANNED = 0.2
"""How often several directives with one purpose are asked for, one after another."""
STEERED = 0.4
"""How often a directive is asked for that what the schedule holds may make illegal."""


def draw_request(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str]:
    """(primitive, text of the call)."""
    drawing.count += 1
    dice = drawing.dice
    if not drawing.planned and dice.random() < PLANNED:
        plan = dice.choice((_kept_outside, _kept_outside, _joined, _joined_updates, _ahead, instructed))
        drawing.planned = list(plan(drawing, schedule))
    if not drawing.planned and dice.random() < STEERED:
        drawing.planned = list(_disturbed(drawing, schedule))[:1]
    if drawing.planned:
        text = drawing.planned.pop(0)
        return text[1 : text.index("(")], text
    names = list(WEIGHTS)
    name = dice.choices(names, [OFTEN.get(each, 1) for each in names])[0]
    return name, WEIGHTS[name][1](drawing, schedule)


# ---------------------------------------------------------------- what makes an order matter
def _kept_outside(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A producer made in a loop and kept outside of it, in a circle or not; what is done to the loop comes later."""
    dice = drawing.dice
    stage, host, axis = some_place(drawing, schedule)
    hosts = [
        name for name in schedule.stages() if any(read in schedule.stages() for read in schedule.reads(name))
    ]
    if hosts and dice.random() < 0.7:
        host = dice.choice(hosts)
        stage = dice.choice([read for read in schedule.reads(host) if read in schedule.stages()])
        axis = dice.choice(schedule.axes(host) or ("i",))
    yield f'.store_root("{stage}")'
    yield f'.compute_at("{stage}", "{host}", "{axis}")'
    if schedule.dims(stage) and dice.random() < 0.6:
        yield f'.fold("{stage}", "{dice.choice(schedule.dims(stage))}", {dice.choice([1, 2, 3, 3, 4, 5])})'


def _joined(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Stages in one nest, one ahead of the other now and then."""
    stage, host, axis, align = some_pair(drawing, schedule)
    if drawing.dice.random() < 0.4 and schedule.axes(stage):
        mine = axis if axis in schedule.axes(stage) else drawing.dice.choice(schedule.axes(stage))
        yield f'.shift("{stage}", "{mine}", {drawing.dice.choice([-2, -1, 1, 2])})'
    yield f'.compute_with("{stage}", "{host}", "{axis}"{align})'


def _joined_updates(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """An update in the nest of another stage: their axes have different names, so that they are aligned."""
    dice, stages = drawing.dice, schedule.stages()
    updates = [name for name in stages if schedule.describe(name).kind == "update"]
    if not updates or len(stages) < 2:
        return
    stage = dice.choice(updates)
    host = dice.choice([name for name in stages if name != stage])
    own, theirs = schedule.axes(stage), schedule.axes(host)
    if not own or not theirs:
        return
    depth = dice.randint(1, min(len(own), len(theirs)))
    match = ", ".join(f'"{mine}": "{other}"' for mine, other in zip(own[:depth], theirs))
    yield f'.compute_with("{stage}", "{host}", "{theirs[depth - 1]}", align={{{match}}})'


def _ahead(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A producer made an iteration ahead."""
    stage, host, axis = some_place(drawing, schedule)
    yield f'.compute_at("{stage}", "{host}", "{axis}")'
    yield f'.double_buffer("{stage}")'


# ---------------------------------------------------------------- what then may be wrong
def _disturbed(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Something done to a schedule whose loops carry values between their iterations, if they do."""
    dice, state = drawing.dice, schedule.state
    slid = [one for one in state.live() if one.compute is not None and one.store not in (None, one.compute)]
    joined = [one for one in state.live() if one.joined is not None]
    folded = [one for one in state.live() if one.folds or one.layout is not None]
    kinds = [kind for kind, found in (("slid", slid), ("joined", joined), ("folded", folded)) if found]
    if not kinds:
        return
    match dice.choice(kinds):
        case "slid":
            one = dice.choice(slid)
            assert isinstance(one.compute, Place)
            if dice.random() < 0.35:
                yield _elsewhere(drawing, schedule, one, one.compute)
            else:
                yield _changed(drawing, schedule, one.compute.stage)
        case "joined":
            one = dice.choice(joined)
            assert one.joined is not None
            yield _changed(drawing, schedule, dice.choice([one.name, one.joined.stage]))
        case _:
            yield _changed(drawing, schedule, dice.choice(folded).name)


def _elsewhere(drawing: Drawing, schedule: td.Schedule, one: StageState, place: Place) -> str:
    """A stage that reads what is made in the loops of another, placed or made anew outside of them."""
    dice, host, name = drawing.dice, place.stage, f"e{drawing.count}"
    readers = [
        other
        for other in schedule.stages()
        if host in schedule.reads(other) or one.name in schedule.reads(other)
    ]
    choices = [
        f'.cache_read("{one.name}", "{host}", name="{name}")',
        f'.cache_write("{host}", name="{name}")',
        f'.compute_root("{host}")',
        f'.hoist("{host}", "{dice.choice(schedule.axes(host) or ("i",))}", name="{name}")',
        f'.parallel("{host}", "{place.loop}")',
        f'.store_root("{one.name}")',
    ]
    if readers:
        choices += [f'.clone("{host}", "{dice.choice(readers)}", name="{name}")'] * 2
        choices.append(f'.clone("{one.name}", "{dice.choice(readers)}", name="{name}")')
    if schedule.reduce_axes(host):
        choices.append(f'.rfactor("{host}", "{dice.choice(schedule.reduce_axes(host))}", name="{name}")')
    if schedule.describe(host).kind == "update":
        choices += [f'.rfactor("{host}", "{dice.choice(schedule.axes(host) or ("i",))}", name="{name}")'] * 3
    if schedule.dims(one.name):
        choices.append(
            f'.fold("{one.name}", "{dice.choice(schedule.dims(one.name))}", {dice.choice([1, 2, 3])})'
        )
    return dice.choice(choices)


def _changed(drawing: Drawing, schedule: td.Schedule, stage: str) -> str:
    """Something done to loops of a stage that changes the order of their iterations, or may."""
    dice = drawing.dice
    axes = list(schedule.axes(stage)) or ["i"]
    axis = dice.choice(axes)
    factor, count = dice.choice(drawing.factors), drawing.count
    choices = [
        f'.reverse("{stage}", "{axis}")',
        f'.parallel("{stage}", "{axis}")',
        f'.vectorize("{stage}", "{axis}", {dice.choice(drawing.widths)})',
        f'.vectorize("{stage}", "{axes[-1]}")',
    ]
    if len(axes) > 1:
        other = dice.choice([name for name in axes if name != axis])
        dice.shuffle(axes)
        choices += [
            f'.reorder("{stage}", {quoted(axes)})',
            f'.reorder("{stage}", "{other}", "{axis}")',
            f'.tile("{stage}", {{"{axis}": {factor}, "{other}": {factor}}})',
            f'.tile("{stage}", {{"{other}": {factor}}})',
            f'.skew("{stage}", "{axis}", by="{other}", into="{axis}s{count}")',
            f'.skew("{stage}", "{axis}", by="{other}", into="{axis}s{count}", factor=-1)',
        ]
    return dice.choice(choices)
