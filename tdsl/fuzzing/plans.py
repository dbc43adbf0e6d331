"""Several directives with one purpose: what people write together, and what single draws hardly ever bring together.

In: dice and a schedule. Out: the texts of directives, in order; a plan is given up where one of them is refused.
"""

from __future__ import annotations

from collections.abc import Iterator

import tdsl as td
from tdsl.fuzzing.drawing import (
    SCOPES,
    Drawing,
    instructions,
    quoted,
    some_axis,
    some_pair,
    some_place,
    some_reducing,
    some_stage,
)


def _slide(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A producer stored outside of the loop it is computed in, folded."""
    stage, host, axis = some_place(drawing, schedule)
    axes = schedule.axes(host)
    outer = axes[: axes.index(axis)] if axis in axes else ()
    yield (
        f'.store_at("{stage}", "{host}", "{drawing.dice.choice(outer)}")'
        if outer and drawing.dice.random() < 0.5
        else f'.store_root("{stage}")'
    )
    yield f'.compute_at("{stage}", "{host}", "{axis}")'
    if schedule.dims(stage):
        yield f'.fold("{stage}", "{drawing.dice.choice(schedule.dims(stage))}", {drawing.dice.choice([2, 3, 4, 8])})'


def _blocks(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A reduction in blocks with its tile held close."""
    stage = some_reducing(drawing, schedule)
    axes = list(schedule.axes(stage))
    reducing = schedule.reduce_axes(stage)
    if not reducing:
        return
    axis = drawing.dice.choice(reducing)
    yield f'.split("{stage}", "{axis}", {drawing.dice.choice([2, 3, 4])}, into=("{axis}x", "{axis}y"))'
    rest = [name for name in axes if name != axis]
    order = [f"{axis}x", f"{axis}y", *rest]
    drawing.dice.shuffle(order)
    yield f'.reorder("{stage}", {quoted(order)})'
    scope = drawing.dice.choice(SCOPES)
    yield f'.promote("{stage}", "{drawing.dice.choice(order[:-1] or order)}", name="p{drawing.count}", scope="{scope}")'
    if rest:
        yield f'.unroll("{stage}", "{drawing.dice.choice(rest)}")'


def _shares(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A reduction in two stages, the first of them in parallel or in lanes."""
    stage, name = some_reducing(drawing, schedule), f"f{drawing.count}"
    reducing = schedule.reduce_axes(stage)
    if not reducing:
        return
    axis = drawing.dice.choice(reducing)
    part = drawing.dice.choice([f"{axis}x", f"{axis}y"])
    yield f'.split("{stage}", "{axis}", {drawing.dice.choice([2, 3, 4, 8])}, into=("{axis}x", "{axis}y"))'
    yield f'.rfactor("{stage}", "{part}", name="{name}")'
    yield drawing.dice.choice([f'.parallel("{name}", "{part}")', f'.vectorize("{name}", "{part}", 4)',
                               f'.compute_at("{name}", "{stage}", "{part}")'])  # fmt: skip


def _packs(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """An operand copied, packed and placed."""
    stage, name = some_stage(drawing, schedule), f"c{drawing.count}"
    read = schedule.reads(stage)
    if not read or not schedule.axes(stage):
        return
    tensor = drawing.dice.choice(read)
    axis = some_axis(drawing, schedule, stage)
    yield f'.cache_read("{tensor}", "{stage}", name="{name}")'
    yield f'.compute_at("{name}", "{stage}", "{axis}")'


def _writes(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A stage computed in tiles of its result, which are copied out."""
    stage, name = some_stage(drawing, schedule), f"w{drawing.count}"
    data = [axis for axis in schedule.axes(stage) if axis not in schedule.reduce_axes(stage)]
    if not data:
        return
    axis = drawing.dice.choice(data)
    factor = drawing.dice.choice([2, 4, 8])
    yield f'.cache_write("{stage}", name="{name}", scope="{drawing.dice.choice(SCOPES)}")'
    yield f'.split("{stage}", "{axis}", {factor}, into=("{axis}x", "{axis}y"))'
    yield f'.compute_at("{name}", "{stage}", "{axis}x")'
    yield f'.vectorize("{name}", "{axis}", {drawing.dice.choice([2, factor])})'


def _atoms(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A reduction whose terms are added by threads as they come."""
    stage = some_reducing(drawing, schedule)
    yield f'.atomic("{stage}")'
    axes = schedule.reduce_axes(stage) or schedule.axes(stage)
    if axes:
        yield f'.parallel("{stage}", "{drawing.dice.choice(axes)}")'


def _joins(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Stages in one nest, then something done to its loops."""
    stage, host, axis, align = some_pair(drawing, schedule)
    width = drawing.dice.choice([2, 4])
    both = drawing.dice.random() < 0.5
    if drawing.dice.random() < 0.5 and axis in schedule.axes(host):
        yield f'.split("{host}", "{axis}", {width}, into=("{axis}p", "{axis}q"))'
        if both and axis in schedule.axes(stage):
            yield f'.split("{stage}", "{axis}", {width}, into=("{axis}p", "{axis}q"))'
        axis = f"{axis}{drawing.dice.choice('pq')}"
    yield f'.compute_with("{stage}", "{host}", "{axis}"{align})'
    others = [name for name in schedule.stages() if name not in (stage, host)]
    if others:
        kind = drawing.dice.choice(["compute_at", "compute_with"])
        yield f'.{kind}("{drawing.dice.choice(others)}", "{drawing.dice.choice([stage, host])}", "{axis}")'
    yield drawing.dice.choice(
        [
            f'.parallel("{host}", "{axis}")',
            f'.vectorize("{host}", "{axis}", {width})',
            f'.split("{host}", "{axis}", {width})',
            f'.unroll("{host}", "{axis}", {width})',
        ]
    )


def instructed(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A sum of products in tiles of an instruction; its operands packed for it now and then."""
    fitting = [(name, one) for name in schedule.stages() for one in instructions(schedule, name)]
    if not fitting:
        return
    dice = drawing.dice
    stage, one = dice.choice(fitting)
    reducing = schedule.reduce_axes(stage)
    data = [axis for axis in schedule.axes(stage) if axis not in reducing]
    if not reducing or not data:
        return
    lanes, axis, terms = dice.choice(one.lanes), dice.choice(data[-2:] + data[-1:]), dice.choice(reducing)
    tag = drawing.count
    inner = {axis: f"{axis}y{tag}", terms: f"{terms}y{tag}"}
    outer = {axis: f"{axis}x{tag}", terms: f"{terms}x{tag}"}
    for name, count in ((axis, lanes), (terms, one.terms)):
        yield f'.split("{stage}", "{name}", {count}, into=("{outer[name]}", "{inner[name]}"))'
    rest = [name for name in schedule.axes(stage) if name not in (axis, terms)]
    tile = dice.sample([inner[terms], inner[axis]], 2)
    around = [*rest, outer[axis], outer[terms]]
    if dice.random() < 0.3:
        dice.shuffle(around)
    yield f'.reorder("{stage}", {quoted([*around, *tile])})'
    if dice.random() < 0.3:
        read = dice.choice(schedule.reads(stage))
        yield f'.cache_read("{read}", "{stage}", name="c{tag}")'
    if dice.random() < 0.3:
        yield f'.promote("{stage}", "{outer[terms]}", name="p{tag}")'
    if dice.random() < 0.3 and rest:
        yield f'.{dice.choice(["unroll", "parallel"])}("{stage}", "{dice.choice(rest)}")'
    yield f'.tensorize("{stage}", "{tile[0]}", "{one.name}")'


def _ahead(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Tiles of a producer, the next made before the present is used."""
    stage, host, axis = some_place(drawing, schedule)
    yield f'.compute_at("{stage}", "{host}", "{axis}")'
    yield f'.double_buffer("{stage}")'


PLANS = (_slide, _slide, _blocks, _shares, _packs, _writes, _joins, _atoms, _ahead)
PLANNED = 0.16
"""How often, at each directive, a plan is drawn."""
INSTRUCTED = 0.35
"""How often one for an instruction, where there is one that fits."""


def some_plan(drawing: Drawing, schedule: td.Schedule) -> list[str]:
    """Directives with one purpose; none, mostly."""
    dice = drawing.dice
    if dice.random() < PLANNED:
        return list(dice.choice(PLANS)(drawing, schedule))
    used = any(step.primitive == "tensorize" for step in schedule.steps)
    return [] if used or dice.random() >= INSTRUCTED else list(instructed(drawing, schedule))
