"""In which order a replay runs the copies of a refused schedule: as its loops say, or as two threads might.

In: the copies in the order of the loops, the loops that run at once (or None), the two iterations that collide. Out:
steps. Iterations of a parallel loop come in any order, so the one that shows the collision is taken: of a write and a
later read the read first; of two changes of one element both read before either writes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tdsl.poly.answers import Iteration, Witness
from tdsl.poly.listing import Copy, Together
from tdsl.report.run import Step


def steps_of(copies: Sequence[Copy], witness: Witness, together: Together | None) -> list[Step]:
    """The steps of a replay."""
    if together is None:
        return [Step(copy) for copy in copies]
    pair = [found_copy(copies, iteration) for iteration in witness.iterations]
    first, second = pair
    if first is None or second is None:
        return [Step(copy) for copy in copies]
    start, end = together.start, len(together.dims)
    members = {
        place for place, copy in enumerate(copies) if copy.time[: 2 * start] == first.time[: 2 * start]
    }

    def task(copy: Copy) -> tuple[int, ...]:
        return copy.loops[start:end]

    inside = [copies[place] for place in sorted(members) if _inside(copies[place], first, start, end)]
    mine = [copy for copy in inside if task(copy) == task(first)]
    theirs = [copy for copy in inside if task(copy) == task(second)]
    raced = _raced(mine, theirs, first, second, reads_first=witness.kind == "anti")
    chosen = {*mine, *theirs}
    rest = [Step(copy) for copy in inside if copy not in chosen]
    group = set(inside)
    where = next(place for place, copy in enumerate(copies) if copy in group)
    before = [Step(copy) for copy in copies[:where]]
    after = [Step(copy) for copy in copies[where:] if copy not in group]
    return [*before, *raced, *rest, *after]


def _inside(copy: Copy, one: Copy, start: int, end: int) -> bool:
    """Whether a copy runs in the same loop `start` … `end` - 1 as another: text positions down to it are equal."""
    return len(copy.loops) >= end and copy.time[: 2 * end : 2] == one.time[: 2 * end : 2]


def _raced(
    mine: Sequence[Copy], theirs: Sequence[Copy], first: Copy, second: Copy, *, reads_first: bool
) -> Iterable[Step]:
    """Two iterations, of which the second overtakes the first."""
    until, reached = mine.index(first), theirs.index(second) + 1
    ahead = [Step(copy) for copy in theirs[:reached]]
    behind = [*(Step(copy) for copy in mine[until + 1 :]), *(Step(copy) for copy in theirs[reached:])]
    if reads_first:
        return [*ahead, *(Step(copy) for copy in mine[: until + 1]), *behind]
    before = [Step(copy) for copy in mine[:until]]
    return [*before, Step(first, "load"), *ahead, Step(first, "store"), *behind]


def found_copy(copies: Iterable[Copy], iteration: Iteration) -> Copy | None:
    """The copy that an iteration of a witness is; None where it does not run."""
    axes = tuple(value for _, value in iteration.axes)
    loops = tuple(value for _, value in iteration.loops)
    for copy in copies:
        known = len(copy.loops) == len(loops)  # else those of a view, or of none that runs
        if copy.statement == iteration.statement and copy.axes == axes and (not known or copy.loops == loops):
            return copy
    return None
