"""Random directives, as the text of a method call on a schedule, from what the schedule shows of itself.

In: dice and a schedule. Out: text such as ``.split("s0", "i", 3, tail="mask")``; most of it can be meant, little of it
is nonsense, and whether it is legal is the schedule's to say. A new primitive is a function and a line of `WEIGHTS`;
the choices that several share are in `drawing.py`.
"""

from __future__ import annotations

from collections.abc import Callable

import tdsl as td
from tdsl.fuzzing.drawing import (
    SCOPES,
    Drawing,
    quoted,
    some_axis,
    some_factor,
    some_instruction,
    some_pair,
    some_place,
    some_producer,
    some_reducing,
    some_stage,
    some_tail,
    some_width,
)
from tdsl.fuzzing.plans import some_plan


def draw_directive(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str]:
    """(primitive, text of the call)."""
    drawing.count += 1
    if not drawing.planned:
        drawing.planned = some_plan(drawing, schedule)
    if drawing.planned:
        text = drawing.planned.pop(0)
        return text[1 : text.index("(")], text
    names = list(WEIGHTS)
    early = drawing.count <= 3
    weights = [
        WEIGHTS[name][0] * (4 if early and name in ("cache_write", "rfactor", "inline") else 1)
        for name in names
    ]
    name = drawing.dice.choices(names, weights)[0]
    return name, WEIGHTS[name][1](drawing, schedule)


def _split(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axis = some_axis(drawing, schedule, stage)
    style = drawing.dice.random()
    if style < 0.12:
        return f'.split("{stage}", "{axis}", parts={drawing.dice.choice([1, 2, 3, 4])}{some_tail(drawing)})'
    if style < 0.22:
        return f'.split("{stage}", "{axis}", ({some_factor(drawing)}, {some_factor(drawing)}){some_tail(drawing)})'
    names = f', into=("{axis}x", "{axis}y")' if style < 0.3 else ""
    return f'.split("{stage}", "{axis}", {some_factor(drawing)}{names}{some_tail(drawing)})'


def _tile(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = list(schedule.axes(stage))
    chosen = drawing.dice.sample(axes, min(len(axes), drawing.dice.choice([1, 2, 2, 2, 3])))
    pairs = ", ".join(f'"{axis}": {some_factor(drawing)}' for axis in chosen)
    return f'.tile("{stage}", {{{pairs}}}{some_tail(drawing, 0.3)})'


def _fuse(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = schedule.axes(stage)
    start = drawing.dice.randrange(max(1, len(axes) - 1))
    chosen = axes[start : start + drawing.dice.choice([2, 2, 2, 3])]
    return f'.fuse("{stage}", {quoted(chosen)})' if chosen else f'.fuse("{stage}")'


def _reorder(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = list(schedule.axes(stage))
    drawing.dice.shuffle(axes)
    if len(axes) > 2 and drawing.dice.random() < 0.4:
        return f'.reorder("{stage}", {quoted(axes[:2])})'
    return f'.reorder("{stage}", {quoted(axes)})' if axes else f'.reorder("{stage}", "i")'


def _unroll(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axis = some_axis(drawing, schedule, stage)
    if drawing.dice.random() < 0.5:
        return f'.unroll("{stage}", "{axis}")'
    return f'.unroll("{stage}", "{axis}", {some_factor(drawing)}{some_tail(drawing, 0.3)})'


def _vectorize(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = schedule.axes(stage) or ("i",)
    axis = axes[-1] if drawing.dice.random() < 0.5 else drawing.dice.choice(axes)
    if drawing.dice.random() < 0.25:
        return f'.vectorize("{stage}", "{axis}")'
    return f'.vectorize("{stage}", "{axis}", {some_width(drawing)}{some_tail(drawing, 0.4)})'


def _parallel(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axis = (
        some_axis(drawing, schedule, stage)
        if drawing.dice.random() < 0.5
        else (schedule.axes(stage) or ("i",))[0]
    )
    chunk = f", chunk={drawing.dice.choice([1, 2, 3, 8])}" if drawing.dice.random() < 0.35 else ""
    return f'.parallel("{stage}", "{axis}"{chunk})'


def _compute_at(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis = some_place(drawing, schedule)
    return f'.compute_at("{stage}", "{host}", "{axis}")'


def _compute_with(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis, align = some_pair(drawing, schedule)
    return f'.compute_with("{stage}", "{host}", "{axis}"{align})'


def _store_at(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis = some_place(drawing, schedule)
    return f'.store_at("{stage}", "{host}", "{axis}")'


def _store_root(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.store_root("{some_producer(drawing, schedule)}")'


def _compute_root(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.compute_root("{some_producer(drawing, schedule)}")'


def _inline(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.inline("{some_producer(drawing, schedule)}")'


def _clone(drawing: Drawing, schedule: td.Schedule) -> str:
    readers = [
        (read, stage)
        for stage in schedule.stages()
        for read in schedule.reads(stage)
        if read in schedule.stages()
    ]
    many = [pair for pair in readers if sum(pair[0] == other for other, _ in readers) > 1]
    stage, reader = drawing.dice.choice(many or readers or [("s0", "s1")])
    return f'.clone("{stage}", "{reader}", name="d{drawing.count}")'


def _hoist(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    return f'.hoist("{stage}", "{some_axis(drawing, schedule, stage)}", name="h{drawing.count}")'


def _cache_read(drawing: Drawing, schedule: td.Schedule) -> str:
    stages = schedule.stages()
    stage = drawing.dice.choice(stages)
    read = schedule.reads(stage) or ("A",)
    tensor, name = drawing.dice.choice(read), f"c{drawing.count}"
    readers = f', "{stage}"' if drawing.dice.random() < 0.7 else ""
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.35 else ""
    return f'.cache_read("{tensor}"{readers}, name="{name}"{scope})'


def _cache_write(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, name = some_stage(drawing, schedule), f"w{drawing.count}"
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.35 else ""
    return f'.cache_write("{stage}", name="{name}"{scope})'


def _promote(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_reducing(drawing, schedule)
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.5 else ""
    return f'.promote("{stage}", "{some_axis(drawing, schedule, stage)}", name="p{drawing.count}"{scope})'


def _rfactor(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_reducing(drawing, schedule)
    axes = schedule.reduce_axes(stage) or schedule.axes(stage) or ("k0",)
    name = f"f{drawing.count}"
    return f'.rfactor("{stage}", "{drawing.dice.choice(axes)}", name="{name}")'


def _layout(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_producer(drawing, schedule)
    dims = list(schedule.dims(stage))
    order = list(dims)
    drawing.dice.shuffle(order)
    entries = list(order)
    for _ in range(drawing.dice.choice([0, 1, 1, 2])):
        if not order:
            break
        dim, factor = drawing.dice.choice(order), drawing.dice.choice([2, 3, 4, 8])
        if dim in entries:
            entries[entries.index(dim)] = f"{dim} // {factor}"
            entries.insert(
                drawing.dice.randrange(entries.index(f"{dim} // {factor}") + 1, len(entries) + 1),
                f"{dim} % {factor}",
            )
    if drawing.dice.random() < 0.1:
        entries = [f"{entry} + 1" for entry in entries]
    return f'.layout("{stage}", lambda {", ".join(dims)}: ({", ".join(entries)}{"," * (len(entries) == 1)}))'


def _scope(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.scope("{some_producer(drawing, schedule)}", "{drawing.dice.choice(SCOPES)}")'


def _fold(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_producer(drawing, schedule)
    dim = drawing.dice.choice(schedule.dims(stage) or ("i",))
    return f'.fold("{stage}", "{dim}", {drawing.dice.choice([1, 2, 3, 4, 4, 5, 8])})'


def _assume(drawing: Drawing, schedule: td.Schedule) -> str:
    if not drawing.sizes:
        return ".assume(True)"
    name = drawing.dice.choice(drawing.sizes)
    return f".assume({drawing.dice.choice([f'{name} % 4 == 0', f'{name} >= 2', f'{name} <= 9', f'{name} % 2 == 0'])})"


def _specialize(drawing: Drawing, schedule: td.Schedule) -> str:
    names = [name for name in WEIGHTS if name not in ("assume", "specialize")]
    chosen = drawing.dice.choices(
        names, [WEIGHTS[name][0] for name in names], k=drawing.dice.choice([0, 1, 1, 2])
    )
    steps = "".join(WEIGHTS[name][1](drawing, schedule) for name in chosen)
    if not drawing.sizes:
        return ".specialize(True)"
    size = drawing.dice.choice(drawing.sizes)
    condition = drawing.dice.choice([f"{size} % 4 == 0", f"{size} >= 4", f"{size} <= 3", f"{size} % 2 == 1"])
    return f".specialize({condition}, lambda s: s{steps})" if steps else f".specialize({condition})"


def _align(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_producer(drawing, schedule)
    dim = drawing.dice.choice(schedule.dims(stage) or ("i",))
    return f'.align("{stage}", "{dim}", {drawing.dice.choice([2, 3, 8, 16])})'


def _prefetch(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    read = drawing.dice.choice(schedule.reads(stage) or ("A",))
    axis = drawing.dice.choice(schedule.axes(stage) or ("i",))
    return f'.prefetch("{stage}", "{read}", "{axis}", {drawing.dice.choice([1, 2, 8])})'


def _double_buffer(drawing: Drawing, schedule: td.Schedule) -> str:
    copies = drawing.dice.choice(["", "", ", 3", ", 4"])
    return f'.double_buffer("{some_producer(drawing, schedule)}"{copies})'


def _stream(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.stream("{some_stage(drawing, schedule)}")'


def _tensorize(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_reducing(drawing, schedule)
    axes = schedule.axes(stage) or ("i",)
    axis = drawing.dice.choice(axes[-3:])
    return f'.tensorize("{stage}", "{axis}", "{some_instruction(drawing, schedule, stage)}")'


def _atomic(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.atomic("{some_reducing(drawing, schedule)}")'


def _reverse(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    return f'.reverse("{stage}", "{some_axis(drawing, schedule, stage)}")'


def _shift(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    name = (
        f', into="{some_axis(drawing, schedule, stage)}h{drawing.count}"'
        if drawing.dice.random() < 0.3
        else ""
    )
    return f'.shift("{stage}", "{some_axis(drawing, schedule, stage)}", {drawing.dice.choice([-5, -2, -1, 1, 2, 3])}{name})'


def _peel(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    counts = drawing.dice.choice(["", ", first=2", ", last=1", ", first=1, last=1", ", first=3, last=2"])
    return f'.peel("{stage}", "{some_axis(drawing, schedule, stage)}"{counts})'


def _separate(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = schedule.axes(stage)
    tiles = [axis for axis in axes if axis[-1] in "ox"] or [some_axis(drawing, schedule, stage)]
    return f'.separate("{stage}", "{drawing.dice.choice(tiles)}")'


def _skew(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = some_stage(drawing, schedule)
    axes = schedule.axes(stage) or ("i",)
    axis, by = drawing.dice.sample(axes, 2) if len(axes) > 1 else (*axes, *axes)
    factor = drawing.dice.choice(["", "", ", factor=2", ", factor=-1"])
    return f'.skew("{stage}", "{axis}", by="{by}", into="{axis}s{drawing.count}"{factor})'


WEIGHTS: dict[str, tuple[int, Callable[[Drawing, td.Schedule], str]]] = {
    "split": (14, _split),
    "tile": (6, _tile),
    "fuse": (6, _fuse),
    "reorder": (9, _reorder),
    "skew": (5, _skew),
    "shift": (3, _shift),
    "reverse": (4, _reverse),
    "peel": (3, _peel),
    "separate": (8, _separate),
    "unroll": (6, _unroll),
    "vectorize": (10, _vectorize),
    "parallel": (7, _parallel),
    "compute_at": (12, _compute_at),
    "compute_with": (10, _compute_with),
    "store_at": (6, _store_at),
    "store_root": (2, _store_root),
    "compute_root": (2, _compute_root),
    "inline": (6, _inline),
    "clone": (7, _clone),
    "hoist": (13, _hoist),
    "cache_read": (6, _cache_read),
    "cache_write": (5, _cache_write),
    "promote": (6, _promote),
    "rfactor": (5, _rfactor),
    "layout": (5, _layout),
    "scope": (3, _scope),
    "fold": (6, _fold),
    "align": (3, _align),
    "prefetch": (3, _prefetch),
    "double_buffer": (4, _double_buffer),
    "stream": (2, _stream),
    "tensorize": (3, _tensorize),
    "atomic": (3, _atomic),
    "assume": (3, _assume),
    "specialize": (7, _specialize),
}
"""Primitive: how often it is tried, and how a call of it is drawn."""
