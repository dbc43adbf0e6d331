"""Products of matrices and what has their sums: blocked, by tiles of dot products, or a row at a time. Schedules in and out.

In: a schedule without steps and an operator's outputs. Out: the schedule with the loops of every stage and their reasons.
"""

from __future__ import annotations

from collections.abc import Callable

import tdsl as td
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.axes import one_stage
from tdsl.schedules.elementwise import free_stage, fresh, lanes_of, vectorized
from tdsl.schedules.gemm import gemm_blocked, reuse_of
from tdsl.schedules.producers import inline_cheap, tried
from tdsl.schedules.reductions import reduce_columns

DOTS = 4
"""Columns of a tile of dot products: each vector of a row is read once for them."""

WIDE = 16
"""Vectors of sums held while a matrix is read once, on 32 registers; half on 16."""


@on_schedules
def products(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Register tiles of results, blocks of terms, the operand read along columns packed a panel at a time.

    Products without rows to share an operand are sums along rows or columns; what is left is neighbours as lanes.

    Args:
        s: a schedule without steps. outputs: an operator's.

    Source: Goto and van de Geijn, Anatomy of High-Performance Matrix Multiplication, 2008.
    """
    return each_stage(s, lambda s, facts: gemm_blocked(s, facts.name))


@on_schedules
def few_rows(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """A matrix that few rows are multiplied by is read once, where it lies: packing it would cost as much as the product.

    Where its terms are neighbours, tiles of 4 dot products by 4 rows, a vector of partial sums each (reassociated, P9);
    else tiles of 4 rows by 4 vectors of columns.

    Args:
        s: a schedule without steps. outputs: an operator's.

    Measured with one thread on Zen 4, 1024 x 1024 floats: 4 rows by the matrix 0.26 ms, blocked and packed 1.05; by its
    transpose 0.22 and 0.75.
    """
    return each_stage(s, lambda s, facts: _unpacked(s, facts, DOTS))


@on_schedules
def two_rows(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """As few_rows, for two or three rows: tiles of 2 rows, by 4 dot products or 8 vectors of columns."""
    return each_stage(s, lambda s, facts: _unpacked(s, facts, 2))


@on_schedules
def row_by_matrix(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """A row by a matrix: the matrix is read once, in long pieces of its rows.

    Measured with one thread on Zen 4: a row of 4096 by 4096 x 1024 floats in half the time of strips of four vectors.
    """
    (y,) = outputs
    return reduce_columns(s, y, vectors=WIDE if s.target.vector_bits >= 512 else WIDE // 2)


def each_stage(
    s: td.Schedule,
    blocked: Callable[[td.Schedule, td.StageFacts], td.Schedule],
    other: Callable[[td.Schedule, td.StageFacts], td.Schedule] = one_stage,
) -> td.Schedule:
    """Stages that are loops of their own, readers first: those whose operands are used again by `blocked`, if it is legal."""
    s = inline_cheap(s)
    for name in reversed(s.stages()):
        facts = s.describe(name)
        if facts.placed is not None or facts.inlined or not facts.axes:
            continue
        reuse = reuse_of(facts)
        if reuse is not None and reuse.row is not None:
            s = tried(s, lambda s, facts=facts: blocked(s, facts))
        else:
            s = other(s, facts)
    return s


def _unpacked(s: td.Schedule, facts: td.StageFacts, rows: int) -> td.Schedule:
    reuse = reuse_of(facts)
    if reuse is not None and reuse.turned is not None and not reuse.contiguous:
        try:
            return dot_tiles(s, facts.name, rows=rows if s.target.vector_bits >= 512 else 2)
        except (td.ScheduleError, td.ArgumentError):
            return gemm_blocked(s, facts.name)
    lanes = lanes_of(s, facts.bits)
    vectors = (WIDE if s.target.vector_bits >= 512 else WIDE // 2) // rows
    return gemm_blocked(s, facts.name, rows=rows, columns=vectors * lanes, pack=False)


@on_schedules
def dot_tiles(
    s: td.Schedule, stage: td.Tensor | str, *, rows: int = DOTS, columns: int = DOTS
) -> td.Schedule:
    """Dot products of rows with rows: a vector of partial sums for each of `rows` x `columns` results, in registers.

    Float sums are reassociated: as many partial sums as lanes, added at the end (semantics P9).

    Args:
        stage: a reduction of products of two reads along neighbouring terms, at root, its loops as declared.

    Errors: those of its steps; S181 a stage of other reads.
    """
    facts = s.describe(stage)
    reuse = reuse_of(facts)
    if reuse is None or reuse.row is None or reuse.turned is None:
        raise td.ArgumentError(
            "S181", f"{facts.name} is no product of rows with rows", hint=("td.schedules.gemm_blocked",)
        )
    name, start, lanes, term = facts.name, len(s.steps), lanes_of(s, facts.bits), facts.reduce_axes[-1]
    across, within = fresh(s, name, f"{term}o", f"{term}i")
    sums = free_stage(s, f"{name}_sums")
    s = s.split(name, term, lanes, into=(across, within)).rfactor(name, within, name=sums)
    s = s.because(f"{lanes} partial sums of neighbouring terms", since=start)
    start = len(s.steps)
    asked = [f"{axis}{end}" for axis in (reuse.column, reuse.row) for end in "oi"]
    column, dot, row, line = fresh(s, name, *asked)
    s = s.split(name, reuse.column, columns, into=(column, dot)).split(
        name, reuse.row, rows, into=(row, line)
    )
    outer = [axis for axis in facts.data_axes if axis not in (reuse.row, reuse.column)]
    s = s.reorder(name, *outer, column, row, *facts.reduce_axes[:-1], line, dot, within)
    s = s.because(
        f"tiles of {rows} rows by {columns} dot products: a vector is read once for several", since=start
    )
    s = _sums_in_registers(s, name, sums, row)
    start = len(s.steps)
    s = s.unroll(name, line).unroll(name, dot)
    s = vectorized(s, name, within, lanes, lanes).because("the partial sums of a result, added", since=start)
    start = len(s.steps)
    place = column
    if outer:
        (place,) = fresh(s, name, "panel")
        s = s.fuse(name, *outer, column, into=place)
    return s.parallel(name, place).because("columns are independent", since=start)


def _sums_in_registers(s: td.Schedule, name: str, sums: str, place: str) -> td.Schedule:
    """The stage of partial sums inside a tile: one vector for each result, terms outside, lanes innermost."""
    start = len(s.steps)
    s = s.compute_at(sums, name, place)
    made = s.describe(sums)
    lane, *results = made.data_axes
    dims = len(s.dims(sums))
    s = s.reorder(sums, *made.reduce_axes, *results, lane)
    s = s.layout(sums, lambda *at: (*at[1:], at[0])) if dims > 1 else s
    s = s.scope(sums, "register").because("no store a term", since=start)
    start = len(s.steps)
    for axis in results:
        s = s.unroll(sums, axis)
    return vectorized(s, sums, lane, made.extents[lane] or 1, None).because("a vector each", since=start)
