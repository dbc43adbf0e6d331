"""Reductions without reuse: along rows with the terms as lanes, along columns with neighbouring results as lanes.

In: a schedule and a reduction stage as declared. Out: the schedule with the steps.
"""

from __future__ import annotations

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import free_stage, fresh, lanes_of, outer_parallel, vectorized

UNROLLED = 4
"""Vectors of accumulators: an addition takes four cycles, and two start in each."""

BLOCK = 65536
"""Terms of one partial result of a reduction to a scalar."""


ROWS = 64
"""Rows of one partial result of a reduction of several axes to a scalar, where nothing is known of their length."""


@on_schedules
def reduce_rows(
    s: td.Schedule, stage: td.Tensor | str, *, vectors: int = UNROLLED, rows: int = ROWS
) -> td.Schedule:
    """Vectorises the last reduction axis, whose terms are neighbours in memory; results in parallel.

    Float sums are reassociated: w accumulators, combined at the end (semantics P9). A reduction to a scalar is first
    cut into fixed blocks with `rfactor`, so that its result does not depend on the number of threads.

    Args:
        stage: a reduction at root, its loops as declared. vectors: of accumulators; rows of fewer terms than they hold
            leave some of them idle. rows: of one partial result, where several axes are reduced to a scalar.

    Source: Halide's `rfactor` and `atomic().vectorize(r)`.
    """
    facts = s.describe(stage)
    axis = facts.reduce_axes[-1]
    extent = facts.extents[axis]
    if not facts.data_axes and facts.placed is None:
        return _to_a_scalar(s, facts, vectors, BLOCK if len(facts.reduce_axes) == 1 else rows)
    if facts.data_axes and facts.placed is None:
        s, _ = outer_parallel(s, facts.name, facts.reduce_axes[0])
    return _term_lanes(s, facts.name, axis, facts.bits, extent, vectors)


def _to_a_scalar(s: td.Schedule, facts: td.StageFacts, vectors: int, block: int) -> td.Schedule:
    """Blocks of the outermost axis reduced in parallel, then their results in order; the last axis as lanes in both."""
    first, last = facts.reduce_axes[0], facts.reduce_axes[-1]
    extent, terms = facts.extents[first], facts.extents[last]
    if extent is not None and extent <= 2 * block:
        return _term_lanes(s, facts.name, last, facts.bits, terms, vectors)
    outer, inner = fresh(s, facts.name, f"{first}o", f"{first}i")
    start = len(s.steps)
    partial = free_stage(s, f"{facts.name}_partial")
    s = s.split(facts.name, first, block, into=(outer, inner)).rfactor(facts.name, outer, name=partial)
    what = "terms" if first == last else f"{first}"
    s = s.parallel(partial, outer).because(f"partial results of {block} {what}, in parallel", since=start)
    if first == last:
        last, terms = inner, None
    return _term_lanes(s, partial, last, facts.bits, terms, vectors)


def _term_lanes(
    s: td.Schedule, stage: str, axis: str, bits: int, extent: int | None, vectors: int
) -> td.Schedule:
    lanes = lanes_of(s, bits)
    if extent is not None and extent < lanes:
        return s
    wide = lanes * vectors
    if extent is None or extent >= 4 * wide:
        lanes = wide
    return vectorized(s, stage, axis, lanes, extent)


@on_schedules
def reduce_columns(s: td.Schedule, stage: td.Tensor | str, *, vectors: int = UNROLLED) -> td.Schedule:
    """Vectorises the last data axis; the terms are walked in order outside it, the sums held in registers.

    Exact: every result adds its terms in the declared order.

    Args:
        stage: a reduction at root, its loops as declared, that reads neighbours along its last data axis.
        vectors: of sums held at once; more read longer pieces of each row, which pays where rows are long.
    """
    facts = s.describe(stage)
    inner = facts.data_axes[-1]
    extent = facts.extents[inner]
    lanes = lanes_of(s, facts.bits)
    block = lanes * vectors
    if lanes < 2 or (extent is not None and extent < 2):
        return s
    if extent is not None and extent < block:
        block = extent
    start = len(s.steps)
    outer, within = fresh(s, facts.name, f"{inner}o", f"{inner}i")
    s = s.split(facts.name, inner, block, into=(outer, within))
    s = s.reorder(facts.name, *facts.data_axes[:-1], outer, *facts.reduce_axes, within)
    s = s.because(f"{block} sums in registers while the terms are walked", since=start)
    s = s.promote(facts.name, outer, name=free_stage(s, f"{facts.name}_sums"), scope="register").because(
        "no store a term"
    )
    s = vectorized(s, facts.name, within, lanes, block)
    if facts.placed is None:
        s = s.parallel(facts.name, s.axes(facts.name)[0]).because("its iterations are independent")
    return s
