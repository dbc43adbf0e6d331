"""Random directives, as the text of a method call on a schedule, from what the schedule shows of itself.

In: dice and a schedule. Out: text such as ``.split("s0", "i", 3, tail="mask")``; most of it can be meant, little of it
is nonsense, and whether it is legal is the schedule's to say. A new primitive is a function and a line of `WEIGHTS`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import takewhile

import tdsl as td

TAILS = ("guard", "mask", "peel", "shift", "pad")
SCOPES = ("heap", "stack", "register")


@dataclass(slots=True)
class Drawing:
    """What is known while directives are drawn for one schedule."""

    dice: random.Random
    sizes: tuple[str, ...] = ()
    """Names of the sizes that an `assume` may speak of."""
    factors: tuple[int, ...] = (1, 2, 2, 3, 4, 4, 5, 8, 16)
    widths: tuple[int, ...] = (2, 4, 4, 8, 8, 16, 3, 5, 7)
    evenly: bool = False
    """Every primitive as often as any other, none with others for a purpose."""
    count: int = 0
    planned: list[str] = field(default_factory=list[str])
    """Directives that come next, whatever is drawn: several with one purpose."""


def draw_directive(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str]:
    """(primitive, text of the call)."""
    drawing.count += 1
    if drawing.evenly:
        name = drawing.dice.choice(list(WEIGHTS))
        return name, WEIGHTS[name][1](drawing, schedule)
    if not drawing.planned and drawing.dice.random() < 0.16:
        drawing.planned = list(drawing.dice.choice(PLANS)(drawing, schedule))
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


# ---------------------------------------------------------------- several directives with one purpose
def _slide(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A producer stored outside of the loop it is computed in, folded."""
    stage, host, axis = _place(drawing, schedule)
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
    stage = _reducing(drawing, schedule)
    axes = list(schedule.axes(stage))
    reducing = schedule.reduce_axes(stage)
    if not reducing:
        return
    axis = drawing.dice.choice(reducing)
    yield f'.split("{stage}", "{axis}", {drawing.dice.choice([2, 3, 4])}, into=("{axis}x", "{axis}y"))'
    rest = [name for name in axes if name != axis]
    order = [f"{axis}x", f"{axis}y", *rest]
    drawing.dice.shuffle(order)
    yield f'.reorder("{stage}", {_quoted(order)})'
    scope = drawing.dice.choice(SCOPES)
    yield f'.promote("{stage}", "{drawing.dice.choice(order[:-1] or order)}", name="p{drawing.count}", scope="{scope}")'
    if rest:
        yield f'.unroll("{stage}", "{drawing.dice.choice(rest)}")'


def _shares(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A reduction in two stages, the first of them in parallel or in lanes."""
    stage, name = _reducing(drawing, schedule), f"f{drawing.count}"
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
    stage, name = _stage(drawing, schedule), f"c{drawing.count}"
    read = schedule.reads(stage)
    if not read or not schedule.axes(stage):
        return
    tensor = drawing.dice.choice(read)
    axis = _axis(drawing, schedule, stage)
    yield f'.cache_read("{tensor}", "{stage}", name="{name}")'
    yield f'.compute_at("{name}", "{stage}", "{axis}")'


def _writes(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """A stage computed in tiles of its result, which are copied out."""
    stage, name = _stage(drawing, schedule), f"w{drawing.count}"
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
    stage = _reducing(drawing, schedule)
    yield f'.atomic("{stage}")'
    axes = schedule.reduce_axes(stage) or schedule.axes(stage)
    if axes:
        yield f'.parallel("{stage}", "{drawing.dice.choice(axes)}")'


def _joins(drawing: Drawing, schedule: td.Schedule) -> Iterator[str]:
    """Stages in one nest, then something done to its loops."""
    stage, host, axis, align = _pair(drawing, schedule)
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


PLANS = (_slide, _slide, _blocks, _shares, _packs, _writes, _joins, _atoms)


# ---------------------------------------------------------------- one directive
def _stage(drawing: Drawing, schedule: td.Schedule) -> str:
    return drawing.dice.choice(schedule.stages())


def _axis(drawing: Drawing, schedule: td.Schedule, stage: str) -> str:
    return drawing.dice.choice(schedule.axes(stage) or ("i",))


def _factor(drawing: Drawing) -> str:
    value = drawing.dice.choice(drawing.factors)
    if drawing.dice.random() < 0.05:
        return f'td.knob("t{drawing.count}", [{value}, {value + 1}], default={value})'
    return str(value)


def _width(drawing: Drawing) -> str:
    return str(drawing.dice.choice(drawing.widths))


def _tail(drawing: Drawing, chance: float = 0.45) -> str:
    return f', tail="{drawing.dice.choice(TAILS)}"' if drawing.dice.random() < chance else ""


def _split(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axis = _axis(drawing, schedule, stage)
    style = drawing.dice.random()
    if style < 0.12:
        return f'.split("{stage}", "{axis}", parts={drawing.dice.choice([1, 2, 3, 4])}{_tail(drawing)})'
    if style < 0.22:
        return f'.split("{stage}", "{axis}", ({_factor(drawing)}, {_factor(drawing)}){_tail(drawing)})'
    names = f', into=("{axis}x", "{axis}y")' if style < 0.3 else ""
    return f'.split("{stage}", "{axis}", {_factor(drawing)}{names}{_tail(drawing)})'


def _tile(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = list(schedule.axes(stage))
    chosen = drawing.dice.sample(axes, min(len(axes), drawing.dice.choice([1, 2, 2, 2, 3])))
    pairs = ", ".join(f'"{axis}": {_factor(drawing)}' for axis in chosen)
    return f'.tile("{stage}", {{{pairs}}}{_tail(drawing, 0.3)})'


def _fuse(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = schedule.axes(stage)
    start = drawing.dice.randrange(max(1, len(axes) - 1))
    chosen = axes[start : start + drawing.dice.choice([2, 2, 2, 3])]
    return f'.fuse("{stage}", {_quoted(chosen)})' if chosen else f'.fuse("{stage}")'


def _reorder(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = list(schedule.axes(stage))
    drawing.dice.shuffle(axes)
    if len(axes) > 2 and drawing.dice.random() < 0.4:
        return f'.reorder("{stage}", {_quoted(axes[:2])})'
    return f'.reorder("{stage}", {_quoted(axes)})' if axes else f'.reorder("{stage}", "i")'


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


def _unroll(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axis = _axis(drawing, schedule, stage)
    if drawing.dice.random() < 0.5:
        return f'.unroll("{stage}", "{axis}")'
    return f'.unroll("{stage}", "{axis}", {_factor(drawing)}{_tail(drawing, 0.3)})'


def _vectorize(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = schedule.axes(stage) or ("i",)
    axis = axes[-1] if drawing.dice.random() < 0.5 else drawing.dice.choice(axes)
    if drawing.dice.random() < 0.25:
        return f'.vectorize("{stage}", "{axis}")'
    return f'.vectorize("{stage}", "{axis}", {_width(drawing)}{_tail(drawing, 0.4)})'


def _parallel(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axis = (
        _axis(drawing, schedule, stage)
        if drawing.dice.random() < 0.5
        else (schedule.axes(stage) or ("i",))[0]
    )
    chunk = f", chunk={drawing.dice.choice([1, 2, 3, 8])}" if drawing.dice.random() < 0.35 else ""
    return f'.parallel("{stage}", "{axis}"{chunk})'


def _producer(drawing: Drawing, schedule: td.Schedule) -> str:
    """A stage that another one reads."""
    stages = schedule.stages()
    return drawing.dice.choice(stages[:-1] or stages)


def _place(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str, str]:
    """A producer and a loop, mostly of a reader of it, else of any later stage."""
    stages = schedule.stages()
    stage = _producer(drawing, schedule)
    later = stages[stages.index(stage) + 1 :] or stages
    readers = [name for name in later if stage in schedule.reads(name)]
    host = drawing.dice.choice(readers if readers and drawing.dice.random() < 0.7 else later)
    return stage, host, _axis(drawing, schedule, host)


def _compute_at(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis = _place(drawing, schedule)
    return f'.compute_at("{stage}", "{host}", "{axis}")'


def _pair(drawing: Drawing, schedule: td.Schedule) -> tuple[str, str, str, str]:
    """Two stages, a loop of the second, and sometimes names to align."""
    stages = schedule.stages()
    stage, host = (drawing.dice.sample(stages, 2) if len(stages) > 1 else (*stages, *stages))[:2]
    common = list(takewhile(lambda axis: axis in schedule.axes(stage), schedule.axes(host)))
    if common and drawing.dice.random() < 0.9:
        axis = drawing.dice.choice(common)
    else:
        axis = _axis(drawing, schedule, host)
    align = ""
    if drawing.dice.random() < 0.15:
        align = f', align={{"{_axis(drawing, schedule, stage)}": "{_axis(drawing, schedule, host)}"}}'
    return stage, host, axis, align


def _compute_with(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis, align = _pair(drawing, schedule)
    return f'.compute_with("{stage}", "{host}", "{axis}"{align})'


def _store_at(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, host, axis = _place(drawing, schedule)
    return f'.store_at("{stage}", "{host}", "{axis}")'


def _store_root(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.store_root("{_producer(drawing, schedule)}")'


def _compute_root(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.compute_root("{_producer(drawing, schedule)}")'


def _inline(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.inline("{_producer(drawing, schedule)}")'


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
    stage = _stage(drawing, schedule)
    return f'.hoist("{stage}", "{_axis(drawing, schedule, stage)}", name="h{drawing.count}")'


def _cache_read(drawing: Drawing, schedule: td.Schedule) -> str:
    stages = schedule.stages()
    stage = drawing.dice.choice(stages)
    read = schedule.reads(stage) or ("A",)
    tensor, name = drawing.dice.choice(read), f"c{drawing.count}"
    readers = f', "{stage}"' if drawing.dice.random() < 0.7 else ""
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.35 else ""
    return f'.cache_read("{tensor}"{readers}, name="{name}"{scope})'


def _cache_write(drawing: Drawing, schedule: td.Schedule) -> str:
    stage, name = _stage(drawing, schedule), f"w{drawing.count}"
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.35 else ""
    return f'.cache_write("{stage}", name="{name}"{scope})'


def _promote(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _reducing(drawing, schedule)
    scope = f', scope="{drawing.dice.choice(SCOPES)}"' if drawing.dice.random() < 0.5 else ""
    return f'.promote("{stage}", "{_axis(drawing, schedule, stage)}", name="p{drawing.count}"{scope})'


def _reducing(drawing: Drawing, schedule: td.Schedule) -> str:
    """A stage that reduces, where there is one."""
    stages = [name for name in schedule.stages() if schedule.reduce_axes(name)]
    return drawing.dice.choice(stages or schedule.stages())


def _rfactor(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _reducing(drawing, schedule)
    axes = schedule.reduce_axes(stage) or schedule.axes(stage) or ("k0",)
    name = f"f{drawing.count}"
    return f'.rfactor("{stage}", "{drawing.dice.choice(axes)}", name="{name}")'


def _layout(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _producer(drawing, schedule)
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
    return f'.scope("{_producer(drawing, schedule)}", "{drawing.dice.choice(SCOPES)}")'


def _fold(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _producer(drawing, schedule)
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


def _atomic(drawing: Drawing, schedule: td.Schedule) -> str:
    return f'.atomic("{_reducing(drawing, schedule)}")'


def _reverse(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    return f'.reverse("{stage}", "{_axis(drawing, schedule, stage)}")'


def _shift(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    name = (
        f', into="{_axis(drawing, schedule, stage)}h{drawing.count}"' if drawing.dice.random() < 0.3 else ""
    )
    return f'.shift("{stage}", "{_axis(drawing, schedule, stage)}", {drawing.dice.choice([-5, -2, -1, 1, 2, 3])}{name})'


def _peel(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    counts = drawing.dice.choice(["", ", first=2", ", last=1", ", first=1, last=1", ", first=3, last=2"])
    return f'.peel("{stage}", "{_axis(drawing, schedule, stage)}"{counts})'


def _separate(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = schedule.axes(stage)
    tiles = [axis for axis in axes if axis[-1] in "ox"] or [_axis(drawing, schedule, stage)]
    return f'.separate("{stage}", "{drawing.dice.choice(tiles)}")'


def _skew(drawing: Drawing, schedule: td.Schedule) -> str:
    stage = _stage(drawing, schedule)
    axes = schedule.axes(stage) or ("i",)
    axis, by = drawing.dice.sample(axes, 2) if len(axes) > 1 else (axes[0], axes[0])
    factor = drawing.dice.choice(["", "", ", factor=2", ", factor=-1"])
    return f'.skew("{stage}", "{axis}", by="{by}", into="{axis}s{drawing.count}"{factor})'


WEIGHTS: dict[str, tuple[int, Callable[[Drawing, td.Schedule], str]]] = {
    "split": (14, _split),
    "tile": (6, _tile),
    "fuse": (6, _fuse),
    "reorder": (9, _reorder),
    "skew": (5, _skew),
    "shift": (3, _shift),
    "reverse": (3, _reverse),
    "peel": (3, _peel),
    "separate": (4, _separate),
    "unroll": (6, _unroll),
    "vectorize": (10, _vectorize),
    "parallel": (7, _parallel),
    "compute_at": (12, _compute_at),
    "compute_with": (8, _compute_with),
    "store_at": (6, _store_at),
    "store_root": (4, _store_root),
    "compute_root": (2, _compute_root),
    "inline": (4, _inline),
    "clone": (5, _clone),
    "hoist": (4, _hoist),
    "cache_read": (6, _cache_read),
    "cache_write": (5, _cache_write),
    "promote": (6, _promote),
    "rfactor": (5, _rfactor),
    "layout": (5, _layout),
    "scope": (4, _scope),
    "fold": (6, _fold),
    "atomic": (3, _atomic),
    "assume": (2, _assume),
    "specialize": (2, _specialize),
}
"""Primitive: how often it is tried, and how a call of it is drawn."""
