"""Reductions over small windows: depthwise convolutions, pooling. A schedule and a reduction as declared in, a schedule out."""

from __future__ import annotations

from math import prod

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import free_stage, fresh, lanes_of, outer_parallel, vectorized

TERMS = 32
"""Terms of a window that are written out: 5 x 5 is, 7 x 7 is not."""

ROWS = 4
"""Rows of results side by side: their windows overlap and share what they read, and their sums do not wait for each other."""


def is_window(facts: td.StageFacts) -> bool:
    """Whether a stage of rank 2 or more reduces few terms, their number known, along neighbours of its last axis."""
    terms = [facts.extents[axis] for axis in facts.reduce_axes]
    if (
        facts.kind != "reduction"
        or len(facts.data_axes) < 2
        or not all(isinstance(each, int) for each in terms)
    ):
        return False
    few = prod(each for each in terms if each is not None) <= TERMS
    return few and any(read.stride(facts.data_axes[-1]) not in (0, None) for read in facts.reads)


def planes_of(s: td.Schedule, stage: str) -> tuple[str, ...]:
    """Stages at root that this one alone reads, in the order of their declaration: what `windows` may make by planes."""
    found = [s.describe(name) for name in s.stages()]
    return tuple(
        each.name
        for each in found
        if each.readers == (stage,) and each.kind == "pure" and not each.output and not each.inlined
    )


@on_schedules
def windows(s: td.Schedule, stage: td.Tensor | str, producers: tuple[str, ...] = ()) -> td.Schedule:
    """Tiles of rows by vectors in registers, every term of the window written out, planes in parallel.

    Args:
        stage: a reduction over few terms at root, its loops as declared: (..., rows, columns). producers: stages made
            plane by plane where that is legal, such as the padded image.

    Returns: the schedule with the steps; exact, since each result takes its terms in the declared order.

    Source: Zhang et al., High Performance Depthwise and Pointwise Convolutions on Mobile Devices, 2020: register tiles over
    the output.
    """
    facts = s.describe(stage)
    name, (row, column) = facts.name, facts.data_axes[-2:]
    lanes = lanes_of(s, facts.bits)
    start = len(s.steps)
    block, within, strip, across = fresh(s, name, f"{row}o", f"{row}i", f"{column}o", f"{column}i")
    s = s.split(name, row, ROWS, into=(block, within)).split(name, column, 2 * lanes, into=(strip, across))
    s = s.reorder(name, *facts.data_axes[:-2], block, strip, *facts.reduce_axes, within, across)
    s = s.because(f"tiles of {ROWS} rows by {2 * lanes} columns", since=start)
    s = s.promote(name, strip, name=free_stage(s, f"{name}_tile"), scope="register").because(
        "no store a term"
    )
    start = len(s.steps)
    for axis in (*facts.reduce_axes, within):
        s = s.unroll(name, axis)
    s = s.because("windows overlap: what several of them read is read once", since=start)
    s = vectorized(s, name, across, lanes, None)
    s, plane = outer_parallel(s, name, block)
    for producer in reversed(producers):
        s = _in_plane(s, producer, name, plane)
    return s


def _in_plane(s: td.Schedule, producer: str, host: str, plane: str) -> td.Schedule:
    made = s.describe(producer)
    if made.placed is not None or plane not in s.axes(host):
        return s
    try:
        s = s.compute_at(producer, host, plane).because("made a plane at a time, where it is read")
    except td.ScheduleError:
        return s
    inner = made.data_axes[-1]
    return vectorized(s, producer, inner, lanes_of(s, made.bits), made.extents[inner])
