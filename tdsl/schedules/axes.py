"""Reductions over axes and what is made of them, a row at a time. A schedule, its outputs and widths in, a schedule out."""

from __future__ import annotations

from dataclasses import dataclass

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import elementwise, lanes_of, outer_parallel, vectorized
from tdsl.schedules.producers import inline_cheap, producers_of, tried
from tdsl.schedules.reductions import ROWS, UNROLLED, reduce_columns, reduce_rows

FEW = 5
"""Stages of a program whose small stages are put on the stack; of larger ones every step is judged for long (30 ms in all)."""


@dataclass(frozen=True, slots=True)
class Widths:
    """How wide reductions are taken, in vectors.

    terms: accumulators of terms that are neighbours in memory. sums: neighbouring results held at once while terms that are
    no neighbours are walked. rows: of one partial result where several axes are reduced to a scalar.
    """

    terms: int = UNROLLED
    sums: int = UNROLLED
    rows: int = ROWS


PLAIN = Widths()


@on_schedules
def along_axes(
    s: td.Schedule, *outputs: td.Tensor, terms: int = UNROLLED, sums: int = UNROLLED, rows: int = ROWS
) -> td.Schedule:
    """Reductions by where their terms lie, with what they need and what is made of them in the same row.

    Neighbouring terms are lanes, combined at the end of the row (reassociated, semantics P9); otherwise neighbouring results
    are, and the terms are walked in order; a result alone is cut into blocks of fixed size. A stage that goes over the rows
    again, and what it is made from, is computed while a row is in cache.

    Args:
        s: a schedule without steps. outputs: an operator's. terms, sums, rows: see `Widths`.

    Source: Halide's `rfactor` and `compute_at`.
    """
    widths = Widths(terms, sums, rows)
    s = inline_cheap(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is None and not facts.inlined and facts.axes:
            s = one_stage(s, facts, widths)
    return s


def one_stage(s: td.Schedule, facts: td.StageFacts, widths: Widths = PLAIN) -> td.Schedule:
    """The loops of a pure stage or a reduction at root, and of the stages that are made in its rows."""
    producers, depth = producers_of(s, facts)
    if facts.kind == "reduction":
        s = tried(s, lambda s: reduced(s, facts, widths))
        return made_in_rows(s, facts, producers, depth, widths)
    if facts.kind != "pure":
        return s
    if producers and len(facts.data_axes) > 1:
        return fused_rows(s, facts, producers, depth, widths)
    return tried(s, lambda s: elementwise(s, facts.name))


def reduced(s: td.Schedule, facts: td.StageFacts, widths: Widths = PLAIN) -> td.Schedule:
    """The loops of a reduction alone, by which of its axes moves neighbours of what it reads."""
    inner, term = facts.data_axes[-1:], facts.reduce_axes[-1]
    both = [
        read
        for read in facts.reads
        if read.stride(term) != 0 and all(read.stride(axis) != 0 for axis in inner)
    ]
    along = [read.stride(term) for read in both or facts.reads]
    across = [read.stride(axis) for read in both or facts.reads for axis in inner]
    terms = facts.extents[facts.reduce_axes[-1]]
    few = terms is not None and terms < 2 * lanes_of(s, facts.bits)
    if (1 in across and 1 not in along) or (few and any(across)):
        return reduce_columns(s, facts.name, vectors=_sums_at_once(facts, widths))
    if 1 in along:
        return reduce_rows(s, facts.name, vectors=widths.terms, rows=widths.rows)
    if facts.data_axes and facts.placed is None:
        return s.parallel(facts.name, s.axes(facts.name)[0]).because("its iterations are independent")
    return s


def _sums_at_once(facts: td.StageFacts, widths: Widths) -> int:
    """Vectors of results; as many bytes for narrow ones, and no more than usual where each term calls a function."""
    if facts.calls:
        return min(widths.sums, UNROLLED)
    return max(UNROLLED, widths.sums * min(facts.bits, 32) // 32)


def fused_rows(
    s: td.Schedule, facts: td.StageFacts, producers: tuple[str, ...], depth: int, widths: Widths = PLAIN
) -> td.Schedule:
    """The loops of a pure stage over rows that its producers reduce, and theirs inside its rows."""
    column = facts.data_axes[-1]
    if any(facts.extents[axis] != 1 for axis in facts.data_axes[:depth]):
        s = tried(s, lambda s: outer_parallel(s, facts.name, facts.data_axes[depth])[0])
    s = made_in_rows(s, facts, producers, depth, widths)
    return tried(
        s, lambda s: vectorized(s, facts.name, column, lanes_of(s, facts.bits), facts.extents[column])
    )


def made_in_rows(
    s: td.Schedule, facts: td.StageFacts, producers: tuple[str, ...], depth: int, widths: Widths = PLAIN
) -> td.Schedule:
    """Producers at the outermost loop of a stage, where that is the loop over its rows."""
    if not producers:
        return s
    row = s.axes(facts.name)[0]
    if row in facts.data_axes:
        depth = 1  # the loop of one axis alone
    elif depth == 1 or (facts.kind == "reduction" and depth < len(facts.data_axes)):
        return s  # a piece of an axis, or a loop over more axes than the rows have
    for name in reversed(producers):
        s = tried(
            s,
            lambda s, name=name: s.compute_at(name, facts.name, row),
            f"made in the row of {facts.name} that reads it",
        )
        made = s.describe(name)
        s = tried(s, lambda s, made=made: _lanes(s, made, widths))
        if made.placed is not None and len(made.data_axes) == depth and len(s.stages()) <= FEW:
            s = tried(s, lambda s, name=name: s.scope(name, "stack"), "one element a row needs no block")
    return s


def _lanes(s: td.Schedule, facts: td.StageFacts, widths: Widths) -> td.Schedule:
    """Vector lanes of a stage inside another's loop."""
    if facts.placed is None:
        return s  # it stayed at root, and its turn comes
    if facts.kind == "reduction":
        return reduced(s, facts, widths)
    if facts.kind == "pure" and len(facts.data_axes) > 1:
        inner = facts.data_axes[-1]
        return vectorized(s, facts.name, inner, lanes_of(s, facts.bits), facts.extents[inner])
    return s
