"""Pure stages: neighbouring elements as vector lanes, the outer axes in parallel. A schedule and a stage in, a schedule out."""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules

CHUNK = 16384
"""Elements of a one-dimensional stage a task takes: some microseconds of work, as much as waking a thread costs."""


def lanes_of(s: td.Schedule, bits: int) -> int:
    """Elements of that many bits in one vector register of the schedule's target; at least 1."""
    return max(1, s.target.vector_bits // max(8, bits))


@on_schedules
def elementwise(s: td.Schedule, stage: td.Tensor | str) -> td.Schedule:
    """Vectorises the last axis of a stage and runs its outermost one in parallel.

    Args:
        s: a schedule. stage: one of its stages, pure, at root, its loops as declared.

    Returns: the schedule with the steps; the same schedule for a stage of rank 0.

    Source: Halide's `vectorize(x, n).parallel(y)`.
    """
    facts = s.describe(stage)
    if not facts.data_axes:
        return s
    inner = facts.data_axes[-1]
    lanes = lanes_of(s, facts.bits)
    extent = facts.extents[inner]
    start = len(s.steps)
    if len(facts.data_axes) == 1:
        if extent is None or extent > 2 * CHUNK:
            s = s.split(facts.name, inner, CHUNK, into=fresh(s, facts.name, f"{inner}o", f"{inner}i"))
            outer, inner = s.axes(facts.name)[:2]
            s = s.parallel(facts.name, outer).because(f"tasks of {CHUNK} elements", since=start)
    else:
        s, _ = outer_parallel(s, facts.name, s.axes(facts.name)[-2])
    return vectorized(s, facts.name, inner, lanes, extent)


def outer_parallel(s: td.Schedule, stage: str, until: str) -> tuple[td.Schedule, str]:
    """Runs the axes outside of `until` in parallel as one loop; `until` itself where there are none of them.

    Returns: the schedule; the name of the loop.
    """
    start = len(s.steps)
    axes = s.axes(stage)
    facts = s.describe(stage)
    outside = axes[: axes.index(until)]
    if all(facts.extents.get(axis) == 1 for axis in outside) and until not in facts.reduce_axes:
        return s.parallel(stage, until).because("its iterations are independent"), until
    place = outside[0]
    if len(outside) > 1:
        (place,) = fresh(s, stage, "plane")
        s = s.fuse(stage, *outside, into=place)
    return s.parallel(stage, place).because("its iterations are independent", since=start), place


@on_schedules
def transposed(s: td.Schedule, stage: td.Tensor | str, axis: str) -> td.Schedule:
    """Tiles a stage that reads neighbours along another axis than its last: blocks are turned in registers.

    An axis along which it reads backwards runs from its end.

    Args:
        stage: pure, at root, its loops as declared. axis: the one along which it reads neighbours.

    Source: blocked transposition; semantics P12.
    """
    facts = s.describe(stage)
    inner = facts.data_axes[-1]
    lanes = lanes_of(s, facts.bits)
    if lanes < 2:
        return s
    if any(read.stride(axis) == -1 for read in facts.reads):
        s = s.reverse(facts.name, axis).because("so that rows are read forwards")
    start = len(s.steps)
    outer, point, block, across = fresh(s, facts.name, f"{axis}o", f"{axis}i", f"{inner}o", f"{inner}i")
    s = s.split(facts.name, axis, 4 * lanes, into=(outer, point)).split(
        facts.name, inner, lanes, into=(block, across)
    )
    rest = [each for each in s.axes(facts.name) if each not in (outer, point, block, across)]
    s = s.reorder(facts.name, *rest, outer, block, point, across)
    s = s.because(f"tiles of {4 * lanes} by {lanes}: whole cache lines are read and written", since=start)
    s = s.vectorize(facts.name, across, lanes).because("turned in registers")
    return outer_parallel(s, facts.name, block)[0]


def vectorized(s: td.Schedule, stage: str, axis: str, lanes: int, extent: int | None) -> td.Schedule:
    """`axis` of a stage in vectors of `lanes`; whole where a constant extent is less; as it is where that is 1 or 0."""
    if lanes < 2 or (extent is not None and extent < 2):
        return s
    if extent is not None and extent < lanes:
        return s.vectorize(stage, axis).because(f"all {extent} neighbours at once")
    return s.vectorize(stage, axis, lanes).because(f"{lanes} neighbours fill a vector")


def fresh(s: td.Schedule, stage: str, *names: str) -> tuple[str, ...]:
    """Names for new axes: those asked for, with underscores appended until no axis of the stage is called so."""
    taken = set(s.axes(stage)) | set(s.describe(stage).extents)
    made: list[str] = []
    for name in names:
        while name in taken or name in made:
            name += "_"
        made.append(name)
    return tuple(made)


def free_stage(s: td.Schedule, name: str) -> str:
    """A name for a new stage: the one asked for, with underscores appended until no stage is called so."""
    while name in s.stages():
        name += "_"
    return name
