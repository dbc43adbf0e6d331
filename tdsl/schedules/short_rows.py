"""Rows of a few vectors at most: lanes take one term of as many rows, side by side. A schedule, its outputs in, a schedule out.

Terms that are neighbours in memory would fill a fraction of a vector, and each row would pay for combining its lanes. The
blocks of rows that lanes read are turned in registers by code generation (P12), so memory is still read along rows.
"""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.axes import Widths, one_stage
from tdsl.schedules.elementwise import free_stage, fresh, lanes_of
from tdsl.schedules.producers import inline_cheap, producers_of, tried


def short_rows(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Rows as lanes: full vectors whatever a row's length, and each sum in its declared order.

    No sum along such a row is reassociated. For reductions along the last axis and what is normalised by them; other stages
    are scheduled as `td.schedules.along_axes` does, with one vector of accumulators.

    Args:
        s: a schedule without steps. outputs: an operator's.

    Measured with one thread on Zen 4: sums of 100,000 rows of 5 in 0.23 ms, terms as lanes 0.85; softmax of them in 0.9 ms
    and 4.8; sums of 50,000 rows of 32 in 0.13 ms and 0.30.
    """
    s = inline_cheap(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is None and not facts.inlined and facts.axes:
            s = tried(s, lambda s, facts=facts: _side_by_side(s, facts))
    return s


def _side_by_side(s: td.Schedule, facts: td.StageFacts) -> td.Schedule:
    producers, _ = producers_of(s, facts)
    row = _row_of(facts)
    if row is None or (facts.kind == "pure" and not _normalises(s, facts, producers)):
        return one_stage(s, facts, Widths(terms=1))
    lanes, outer = lanes_of(s, facts.bits), ""
    start = len(s.steps)
    outer, inner = fresh(s, facts.name, f"{row}o", f"{row}i")
    s = s.split(facts.name, row, lanes, into=(outer, inner))
    s = s.because(f"{lanes} rows side by side fill a vector, however short they are", since=start)
    s, outer = _one_loop(s, facts.name, outer)
    if facts.kind == "reduction":
        s = _rows_as_lanes(s, facts, inner, lanes)
    else:
        s = _along_rows(s, facts, inner, lanes)
    for name in reversed(producers):
        s = tried(s, lambda s, name=name: _made_beside(s, name, facts.name, outer))
    readers = (*producers, facts.name) if facts.kind == "reduction" else producers
    return tried(s, lambda s: _turned_once(s, readers, facts.name, outer))


def _row_of(facts: td.StageFacts) -> str | None:
    """The axis over rows: the last one beside the terms that moves anything; None where terms are no neighbours."""
    rows: list[str] = []
    if facts.kind == "reduction":
        (term, *more) = facts.reduce_axes
        if not more and any(read.stride(term) == 1 for read in facts.reads):
            rows = [axis for axis in facts.data_axes if facts.extents[axis] != 1]
    elif facts.kind == "pure":
        rows = [axis for axis in facts.data_axes[:-1] if facts.extents[axis] != 1]
    return rows[-1] if rows else None


def _normalises(s: td.Schedule, facts: td.StageFacts, producers: tuple[str, ...]) -> bool:
    """Whether a stage goes over whole rows that a producer reduced."""
    made = [s.describe(name) for name in producers]
    return any(each.kind == "reduction" and len(each.data_axes) == len(facts.data_axes) - 1 for each in made)


def _one_loop(s: td.Schedule, stage: str, outer: str) -> tuple[td.Schedule, str]:
    """The axes down to `outer` as one parallel loop. Returns: the schedule; the loop's name."""
    axes = s.axes(stage)
    outside = axes[: axes.index(outer) + 1]
    start = len(s.steps)
    if len(outside) > 1:
        (outer,) = fresh(s, stage, "plane")
        s = s.fuse(stage, *outside, into=outer)
    return s.parallel(stage, outer).because("its iterations are independent", since=start), outer


def _rows_as_lanes(s: td.Schedule, facts: td.StageFacts, row: str, lanes: int) -> td.Schedule:
    start = len(s.steps)
    rest = [axis for axis in s.axes(facts.name) if axis != row]
    s = s.reorder(facts.name, *rest, row).vectorize(facts.name, row, lanes)
    return s.because("blocks of rows are turned in registers", since=start)


def _along_rows(s: td.Schedule, facts: td.StageFacts, row: str, lanes: int) -> td.Schedule:
    """Whole rows are stored along memory; what was made with rows as lanes is turned back on the way."""
    column = facts.data_axes[-1]
    start = len(s.steps)
    block, across = fresh(s, facts.name, f"{column}o", f"{column}i")
    s = s.split(facts.name, column, lanes, into=(block, across))
    rest = [axis for axis in s.axes(facts.name) if axis not in (row, block, across)]
    s = s.reorder(facts.name, *rest, block, row, across).vectorize(facts.name, across, lanes)
    return s.because("rows are stored along memory", since=start)


def _made_beside(s: td.Schedule, name: str, host: str, loop: str) -> td.Schedule:
    """A producer in the block of rows that reads it: a value a row on the stack, whole rows turned, in the first-level cache."""
    s = s.compute_at(name, host, loop).because(f"made for the rows of {host} that read it")
    facts = s.describe(name)
    lanes = lanes_of(s, facts.bits)
    row = _row_of(facts)
    if row is None:
        return s
    s = _rows_as_lanes(s, facts, row, lanes)
    if facts.kind == "reduction":
        return tried(s, lambda s: s.scope(name, "stack"), "a value a row")
    return tried(
        s,
        lambda s: s.layout(name, lambda *at: (*at[:-2], at[-1], at[-2])),
        "rows side by side in its array too",
    )


def _turned_once(s: td.Schedule, stages: tuple[str, ...], host: str, loop: str) -> td.Schedule:
    """A block of rows that several stages read as lanes is turned once, into an array in the first-level cache."""
    readers: dict[str, list[str]] = {}
    for name in stages:
        facts = s.describe(name)
        term = (facts.reduce_axes or facts.data_axes)[-1]
        for read in facts.reads:
            if read.stride(term) == 1 and read.tensor not in s.stages() and len(read.subscripts) > 1:
                names = readers.setdefault(read.tensor, [])
                names += [] if name in names else [name]
    for tensor, names in readers.items():
        if len(names) > 1:
            copy = free_stage(s, f"{tensor}_turned")
            s = s.cache_read(tensor, tuple(names), name=copy).because(f"read by {' and '.join(names)}")
            s = _made_beside(s, copy, host, loop)
    return s
