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
from tdsl.schedule.state import StageState

OFTEN = {
    "compute_with": 7, "skew": 4, "compute_at": 3, "store_at": 3, "separate": 11, "hoist": 9, "inline": 3, "clone": 5,
    "rfactor": 4, "fold": 3, "parallel": 3, "reverse": 2, "vectorize": 3, "reorder": 2, "tile": 2, "atomic": 2,
    "cache_read": 2, "cache_write": 2, "fuse": 2, "layout": 2, "double_buffer": 2, "store_root": 1,
}  # fmt: skip
"""How often a primitive is asked for; any other once. Many of these are refused by form, and then not counted."""
PLANNED = 0.2
"""How often several directives with one purpose are asked for, one after another."""
STEERED = 0.5
"""How often a directive is asked for that what the schedule holds may make illegal."""


def draw_request(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str]:
    """(primitive, text of the call)."""
    drawing.count += 1
    dice = drawing.dice
    if not drawing.planned and dice.random() < PLANNED:
        plan = dice.choice((_kept_outside, _kept_outside, _joined, _joined_updates, _ahead, instructed))
        drawing.planned = list(plan(drawing, schedule))
    if not drawing.planned and dice.random() < STEERED:
        drawing.planned = [text for text in [_disturbed(drawing, schedule)] if text]
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
def _disturbed(drawing: Drawing, schedule: td.Schedule) -> str:
    """Something done to a schedule whose loops carry values between their iterations, if they do."""
    live = list(schedule.state.live())
    kinds = [_twice_in_one_place]
    if any(one.compute is not None for one in live):
        kinds += [_elsewhere] * 2
    if _slid(schedule):
        kinds += [_carried] * (5 if any(one.folds for one in live) else 2)
    if any(one.joined is not None for one in live):
        kinds.append(_shared)
    if any(one.folds or one.layout is not None for one in live):
        kinds.append(_stored)
    if len(kinds) == 1 and drawing.dice.random() < 0.7:
        return ""
    return drawing.dice.choice(kinds)(drawing, schedule)


def _slid(schedule: td.Schedule) -> list[StageState]:
    """Stages that are kept outside of a loop that makes them."""
    return [
        one
        for one in schedule.state.live()
        if one.compute is not None and one.store not in (None, one.compute)
    ]


def _twice_in_one_place(drawing: Drawing, schedule: td.Schedule) -> str:
    """A layout that gives elements one place."""
    dice, stage = drawing.dice, drawing.dice.choice(schedule.stages())
    dims = list(schedule.dims(stage)) or ["i"]
    less = list(dims)
    less[dice.randrange(len(less))] += dice.choice([" // 2", " % 2", " % 3", " // 3", " * 0"])
    return f'.layout("{stage}", lambda {", ".join(dims)}: ({", ".join(less)},))'


def _carried(drawing: Drawing, schedule: td.Schedule) -> str:
    """The loops around a stage that is kept outside of them in another order; or fewer of its elements kept."""
    one = drawing.dice.choice(_slid(schedule))
    assert one.compute is not None
    if drawing.dice.random() < 0.2 and one.dims:
        return f'.fold("{one.name}", "{drawing.dice.choice(one.dims)}", {drawing.dice.choice([1, 2, 3])})'
    return _changed(drawing, schedule, one.compute.stage)


def _shared(drawing: Drawing, schedule: td.Schedule) -> str:
    """Loops that two stages share in another order."""
    one = drawing.dice.choice([one for one in schedule.state.live() if one.joined is not None])
    assert one.joined is not None
    return _changed(drawing, schedule, drawing.dice.choice([one.name, one.joined.stage]))


def _stored(drawing: Drawing, schedule: td.Schedule) -> str:
    """The loops of a stage whose elements share places in another order."""
    stored = [one for one in schedule.state.live() if one.folds or one.layout is not None]
    return _changed(drawing, schedule, drawing.dice.choice(stored).name)


def _elsewhere(drawing: Drawing, schedule: td.Schedule) -> str:
    """A stage that reads what is made in a loop, made anew or placed outside of it; or what is made there kept outside."""
    dice, name = drawing.dice, f"e{drawing.count}"
    placed = [one for one in schedule.state.live() if one.compute is not None]
    one = dice.choice(placed)
    place = one.compute
    assert place is not None
    beside = [each.name for each in placed if each.compute == place and one.name in schedule.reads(each.name)]
    host = dice.choice([*beside, *beside, place.stage])
    axes = schedule.axes(host) or ("i",)
    readers = [other for other in schedule.stages() if host in schedule.reads(other)]
    around = schedule.axes(place.stage) or ("i",)
    often = 3 if schedule.describe(host).kind == "update" else 1
    return dice.choice(
        [
            f'.cache_read("{one.name}", "{host}", name="{name}")',
            *[f'.cache_write("{host}", name="{name}")'] * 2,
            f'.hoist("{host}", "{dice.choice(axes)}", name="{name}")',
            *[f'.hoist("{host}", "{axes[-1]}", name="{name}")'] * 2,
            f'.parallel("{place.stage}", "{place.loop}")',
            f'.store_root("{one.name}")',
            f'.store_root("{one.name}")',
            f'.store_at("{one.name}", "{place.stage}", "{dice.choice(around)}")',
            *[f'.compute_root("{host}")'] * 3,
            *(f'.clone("{host}", "{reader}", name="{name}")' for reader in readers),
            *[
                f'.rfactor("{host}", "{axis}", name="{name}")'
                for axis in schedule.reduce_axes(host) or axes[:1]
                for _ in range(often)
            ],
        ]
    )


def _changed(drawing: Drawing, schedule: td.Schedule, stage: str) -> str:
    """Something done to loops of a stage that changes the order of their iterations, or may."""
    dice = drawing.dice
    axes = list(schedule.axes(stage)) or ["i"]
    axis = dice.choice(axes)
    factor, count = dice.choice(drawing.factors), drawing.count
    choices = [
        *[f'.reverse("{stage}", "{axis}")'] * 2,
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
