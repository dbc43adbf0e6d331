"""Random schedules for a GPU: a few ordinary directives, then each stage that has loops of its own bound to places.

In: dice and a schedule. Out: the steps that were accepted, as text. Blocks and threads are drawn over splits, tiles and
fused loops; inputs are staged in shared memory, results in registers, reductions split over threads in parts.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

import tdsl as td
from tdsl.fuzzing.directives import draw_directive
from tdsl.fuzzing.draw import Drawn, applied
from tdsl.fuzzing.drawing import Drawing
from tdsl.fuzzing.failure import failure_of

PLACES = "xyz"
FACTORS = (1, 2, 3, 4, 4, 5, 8, 8, 16, 32, 33)
"""Threads along one axis: warps and parts of them, and what divides nothing."""

BEFORE = (0, 0, 0, 1, 2, 3)
"""Ordinary directives before the loops are bound."""


def draw_gpu_schedule(
    dice: random.Random, start: td.Schedule, names: Mapping[str, object], sizes: tuple[str, ...]
) -> tuple[Drawn, td.Schedule]:
    """Random directives on top of a schedule, ending with its loops bound to a GPU, and what they make of it."""
    drawing, drawn = Drawing(dice, sizes), Drawn()
    state = _State(start, drawn, names)
    for _ in range(dice.choice(BEFORE)):
        state.step(draw_directive(drawing, state.schedule)[1])
    for stage in state.schedule.stages():
        if drawn.failure is None and stage in state.schedule.stages():
            _on_gpu(drawing, state, stage)
    if drawn.failure is None:
        _until_it_builds(state, start)
    return drawn, state.schedule


def _until_it_builds(state: _State, start: td.Schedule) -> None:
    """Takes away copies, the last ones first, until what depends on final places (constant extents, registers) is met."""
    copies = [name for name in state.schedule.stages() if re.fullmatch(r"[ghf]\d+", name)]
    while copies and not _builds(state.schedule):
        name = copies.pop()
        steps = [step for step in state.drawn.steps if f'"{name}"' not in step]
        again = start
        try:
            for step in steps:
                again = applied(again, step, state.names)
        except td.TdslError:
            continue  # others are made from it
        state.schedule, state.drawn.steps = again, tuple(steps)


def _builds(schedule: td.Schedule) -> bool:
    """Whether a kernel can be made; a bug counts as one, for whoever judges the case to see."""
    try:
        td.build(schedule, target="cuda:sm_80")
    except td.InternalError:
        return True
    except td.TdslError:
        return False
    return True


class _State:
    """A schedule that grows by the steps that it accepts."""

    def __init__(self, start: td.Schedule, drawn: Drawn, names: Mapping[str, object]) -> None:
        self.schedule, self.drawn, self.names = start, drawn, names

    def step(self, text: str) -> bool:
        """Whether a step was accepted."""
        if self.drawn.failure is not None:
            return False
        primitive = text[1 : text.index("(")]
        try:
            self.schedule = applied(self.schedule, text, self.names)
        except Exception as error:  # noqa: BLE001
            if isinstance(error, td.TdslError) and not isinstance(error, td.InternalError):
                self.drawn.tally[f"refused {primitive} {error.code}"] += 1
                return False
            self.drawn.steps = (*self.drawn.steps, text)
            self.drawn.failure = failure_of(error)
            return False
        self.drawn.tally[f"accepted {primitive}"] += 1
        self.drawn.steps = (*self.drawn.steps, text)
        return True


def _on_gpu(drawing: Drawing, state: _State, stage: str) -> None:
    """One stage: its result held close, its data loops bound, its inputs staged, its inner loops changed."""
    dice, held = drawing.dice, ""
    if state.schedule.reduce_axes(stage) and dice.random() < 0.3:
        _in_parts(drawing, state, stage)
        return
    data = _data_axes(state.schedule, stage)
    most = dice.choice([1, 2, 2, 3, 3])
    if len(data) <= most and dice.random() < 0.4:  # loops that are left may have no constant extent
        held = f"g{drawing.count}"
        drawing.count += 1
        scope = dice.choice(["register", "local", "local"])
        if not state.step(f'.cache_write("{stage}", name="{held}", scope="{scope}")'):
            held = ""
    blocks, threads = _bound(drawing, state, stage, most)
    if not blocks:
        return
    if held:
        state.step(f'.compute_at("{held}", "{stage}", "{(threads or blocks)[-1]}")')
    _inside(drawing, state, held or stage, stage, (blocks[-1], (threads or blocks)[-1]))


def _data_axes(schedule: td.Schedule, stage: str) -> list[str]:
    reducing = schedule.reduce_axes(stage)
    return [axis for axis in schedule.axes(stage) if axis not in reducing]


def _bound(drawing: Drawing, state: _State, stage: str, most: int = 2) -> tuple[list[str], list[str]]:
    """Loops over blocks and over threads of at most so many axes, outermost first, bound; empty where refused."""
    dice = drawing.dice
    chosen = _data_axes(state.schedule, stage)[:most]
    blocks, threads = list[str](), list[str]()
    for axis in chosen:
        outer, inner = f"{axis}b", f"{axis}t"
        if dice.random() < 0.85 and state.step(
            f'.split("{stage}", "{axis}", {dice.choice(FACTORS)}, into=("{outer}", "{inner}"))'
        ):
            blocks.append(outer)
            threads.append(_interleaved(drawing, state, stage, axis, inner))
        else:
            blocks.append(axis)
    kept = [axis for axis in state.schedule.axes(stage) if axis not in (*blocks, *threads)]
    if len(blocks) + len(threads) > 1:
        order = ", ".join(f'"{axis}"' for axis in (*blocks, *threads, *kept))
        if not state.step(f'.reorder("{stage}", {order})'):
            return _outermost(state, stage)
    named = _places(dice, "block", blocks) | _places(dice, "thread", threads)
    text = ", ".join(f'"{axis}": "{place}"' for axis, place in named.items())
    return (blocks, threads) if state.step(f'.bind("{stage}", {{{text}}})') else _outermost(state, stage)


def _outermost(state: _State, stage: str) -> tuple[list[str], list[str]]:
    """The outermost loop alone as blocks, where others may not move or run apart."""
    first = list(state.schedule.axes(stage)[:1])
    bound = bool(first) and state.step(f'.bind("{stage}", "{first[0]}", "block.x")')
    return (first, []) if bound else ([], [])


def _interleaved(drawing: Drawing, state: _State, stage: str, axis: str, inner: str) -> str:
    """The loop over threads: now and then a thread's elements lie a row of threads apart."""
    dice, own, thread = drawing.dice, f"{axis}w", f"{axis}u"
    if dice.random() < 0.7:
        return inner
    made = state.step(f'.split("{stage}", "{inner}", {dice.choice(FACTORS)}, into=("{own}", "{thread}"))')
    return thread if made else inner


def _places(dice: random.Random, kind: str, axes: list[str]) -> dict[str, str]:
    letters = list(PLACES[: len(axes)])
    if dice.random() < 0.3:
        dice.shuffle(letters)
    else:
        letters.reverse()  # the innermost loop along x
    return {axis: f"{kind}.{letter}" for axis, letter in zip(axes, letters, strict=True)}


def _inside(drawing: Drawing, state: _State, stage: str, host: str, loops: tuple[str, str]) -> None:
    """What happens within a block and within a thread: a split of the sum, copies close by, vectors, unrolled loops."""
    dice, (block, thread) = drawing.dice, loops
    reducing = state.schedule.reduce_axes(stage)
    shared, own = (host, block), (host, thread)
    if reducing and dice.random() < 0.5:
        axis = dice.choice(reducing)
        state.step(f'.split("{stage}", "{axis}", {dice.choice([2, 3, 4, 8])}, into=("{axis}o", "{axis}i"))')
        if dice.random() < 0.5:
            shared = own = (stage, f"{axis}o")
    for tensor in state.schedule.reads(stage):
        if dice.random() < 0.4:
            _copied(drawing, state, tensor, stage, shared, own)
    axes = state.schedule.axes(stage)
    if axes and dice.random() < 0.3:
        state.step(f'.vectorize("{stage}", "{axes[-1]}", {dice.choice([2, 4])})')
    if axes and dice.random() < 0.3:
        state.step(f'.unroll("{stage}", "{dice.choice(axes)}")')


def _copied(
    drawing: Drawing, state: _State, tensor: str, stage: str, shared: tuple[str, str], own: tuple[str, str]
) -> None:
    """A copy of what a stage reads: a block's, made by all its threads, or a thread's."""
    dice, name = drawing.dice, f"h{drawing.count}"
    scope = dice.choice(["shared", "shared", "shared", "shared", "local", "register"])
    drawing.count += 1
    place = shared if scope == "shared" else own
    if not state.step(f'.cache_read("{tensor}", "{stage}", name="{name}", scope="{scope}")'):
        return
    state.step(f'.compute_at("{name}", "{place[0]}", "{place[1]}")')
    if scope != "shared":
        return
    dims = state.schedule.dims(name)
    if dims and dice.random() < 0.2:
        state.step(f'.align("{name}", "{dims[-1]}", {dice.choice([3, 4, 5, 16])})')
    draw = dice.random()
    if draw < 0.6:
        vector = dice.choice(["", "", "", "", ", vector=1", ", vector=2", ", vector=4"])
        state.step(f'.cooperate("{name}"{vector})')
    elif draw < 0.9:
        _shared_out(drawing, state, name)


def _shared_out(drawing: Drawing, state: _State, stage: str) -> None:
    """The loops of a stage in shared storage over threads of its own choice, which need not divide them."""
    dice = drawing.dice
    threads = list[str]()
    for axis in _data_axes(state.schedule, stage)[-dice.choice([1, 2]) :]:
        inner = f"{axis}t"
        split = f'.split("{stage}", "{axis}", {dice.choice(FACTORS)}, into=("{axis}s", "{inner}"))'
        threads.append(inner if dice.random() < 0.8 and state.step(split) else axis)
    if threads:
        text = ", ".join(f'"{axis}": "{place}"' for axis, place in _places(dice, "thread", threads).items())
        state.step(f'.bind("{stage}", {{{text}}})')


def _in_parts(drawing: Drawing, state: _State, stage: str) -> None:
    """A reduction in parts, one thread a part, and their sum: in a kernel of its own, or in the block that adds them."""
    dice = drawing.dice
    axis, name = dice.choice(state.schedule.reduce_axes(stage)), f"f{drawing.count}"
    drawing.count += 1
    part = dice.choice([f"{axis}x", f"{axis}y"])
    factored = state.step(
        f'.split("{stage}", "{axis}", {dice.choice([2, 4, 8, 32])}, into=("{axis}x", "{axis}y"))'
    ) and state.step(f'.rfactor("{stage}", "{part}", name="{name}")')
    if factored and dice.random() < 0.3 and _together(drawing, state, stage, part, name):
        return
    if factored and dice.random() < 0.5:
        _bound(drawing, state, name)
        factored = False
    blocks, _ = _bound(drawing, state, stage)
    if factored and blocks and state.step(f'.compute_at("{name}", "{stage}", "{blocks[-1]}")'):
        state.step(f'.scope("{name}", "shared")')
        _shared_out(drawing, state, name)


def _together(drawing: Drawing, state: _State, stage: str, part: str, name: str) -> bool:
    """The parts on threads that combine what they have; rows, if any, on blocks and other threads."""
    dice, rows = drawing.dice, _data_axes(state.schedule, stage)
    lanes, other = dice.choice([("thread.x", "thread.y"), ("thread.x", "thread.y"), ("thread.y", "thread.x")])
    places = {part: lanes}
    if rows and dice.random() < 0.5:
        names = f"{rows[0]}b", f"{rows[0]}t"
        if state.step(f'.split("{stage}", "{rows[0]}", {dice.choice(FACTORS)}, into={names!r})'):
            rows[:1] = names
            places[names[1]] = other
    places |= {rows[0]: "block.x"} if rows else {}
    text = ", ".join(f'"{axis}": "{place}"' for axis, place in places.items())
    return (
        state.step(f'.bind("{stage}", {{{text}}})')
        and state.step(f'.compute_at("{name}", "{stage}", "{part}")')
        and state.step(f'.scope("{name}", "register")')
    )
