"""Matrix products and what has their reuse: a tile of results in registers, a panel of one operand packed in cache.

In: a schedule and a reduction of products as declared. Out: the schedule with the steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import tdsl as td
from tdsl.location import hide_internal_frames
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import free_stage, fresh, lanes_of

DEPTH = 256
"""Terms of a block of the reduction: a panel of 256 x 32 floats is 32 KiB, half of a common second-level cache way."""

SHORT = 4
"""Tiles of columns up to which rows of an operand lie close enough together: its panels are read where they are."""


@dataclass(frozen=True, slots=True)
class Reuse:
    """How a product is blocked: `column` runs along neighbours of `panel` (and of the result), `row` moves `panel` not."""

    row: str | None
    column: str
    panel: str
    contiguous: bool
    turned: tuple[int, int] | None
    """Dims of `panel` that the column and the last reduction axis index, where neighbours lie along the latter."""


def reuse_of(facts: td.StageFacts) -> Reuse | None:
    """The axes along which a reduction of products reuses its operands; None where it has no such reuse."""
    if not facts.products or len(facts.reads) != 2 or not facts.data_axes:
        return None
    column = facts.data_axes[-1]
    moved = [read for read in facts.reads if read.stride(column) != 0]
    fixed = [read for read in facts.reads if read.stride(column) == 0]
    if len(moved) != 1 or len(fixed) != 1:
        return None
    rows = [
        axis
        for axis in facts.data_axes[:-1]
        if _still(moved[0], axis) and not _still(fixed[0], axis) and facts.extents[axis] != 1
    ]
    return Reuse(
        rows[-1] if rows else None,
        column,
        moved[0].tensor,
        moved[0].stride(column) == 1,
        _turned(moved[0], column, facts.reduce_axes[-1]),
    )


def _turned(read: td.ReadFacts, column: str, depth: str) -> tuple[int, int] | None:
    places = [[at for at, one in enumerate(read.subscripts) if one == {axis: 1}] for axis in (column, depth)]
    if read.stride(depth) != 1 or not all(len(place) == 1 for place in places):
        return None
    return places[0][0], places[1][0]


def _still(read: td.ReadFacts, axis: str) -> bool:
    return all(subscript is not None and axis not in subscript for subscript in read.subscripts)


@hide_internal_frames
@on_schedules
def gemm_blocked(
    s: td.Schedule, stage: td.Tensor | str, *, rows: int | None = None, columns: int | None = None,
    depth: int = DEPTH, pack: bool = True,
) -> td.Schedule:  # fmt: skip
    """Blocks a reduction of products: register tiles of `rows` x `columns`, blocks of `depth` terms, panels in parallel.

    Args:
        stage: a reduction of products of two reads, its loops as declared: a matrix product, a batched one, a
            convolution. Inside another stage's loop it is tiled only, and what has to be turned is packed.
        rows, columns: results of a tile; by the target's registers where None.
        depth: terms of a block of the last reduction axis.
        pack: whether the panel of the operand read along the columns is copied; one that lies along the terms is turned.

    Returns: the schedule with the steps; exact, since each result takes its terms in the declared order.

    Errors: those of its steps; S181 a stage without such reuse. Source: Goto and van de Geijn, Anatomy of High-Performance
    Matrix Multiplication, 2008; BLIS.
    """
    facts = s.describe(stage)
    reuse = reuse_of(facts)
    if reuse is None:
        raise td.ArgumentError(
            "S181",
            f"{facts.name} is no product whose operands are used again",
            hint=("td.schedules.reduce_rows, reduce_columns",),
        )
    lanes = lanes_of(s, facts.bits)
    wide = s.target.vector_bits >= 512
    rows = rows or (8 if wide else 6)
    columns = columns or 2 * lanes
    return _Blocked(s, facts, reuse, rows, columns, depth, lanes).made(pack)


@dataclass(slots=True)
class _Blocked:
    s: td.Schedule
    facts: td.StageFacts
    reuse: Reuse
    rows: int
    columns: int
    depth: int
    lanes: int

    def made(self, pack: bool) -> td.Schedule:
        facts, reuse, name = self.facts, self.reuse, self.facts.name
        start = len(self.s.steps)
        inside = facts.placed is not None
        copy = self._packed() if pack and self._pays() and not (inside and reuse.contiguous) else None
        last = facts.reduce_axes[-1]
        extent = facts.extents[last]
        blocks_pay = facts.bare and not inside and (extent is None or extent > self.depth)
        factors = {reuse.column: self.columns}
        if reuse.row is not None:
            factors[reuse.row] = self.rows
        if blocks_pay:
            factors[last] = self.depth
        parts = self._tiled(factors)
        column, row = parts[reuse.column], parts.get(reuse.row or "")
        deep = parts.get(last, (None, last))
        self.s = self.s.because("tiles of the result, blocks of terms", since=start)
        start = len(self.s.steps)
        outer = [axis for axis in facts.data_axes if axis not in (reuse.row, reuse.column)]
        order = [*outer, column[0], *facts.reduce_axes[:-1]] if copy is None else [*outer, column[0]]
        blocks = [axis for axis in (deep[0], row and row[0]) if axis]
        inner = [*facts.reduce_axes[:-1], deep[1], *([row[1]] if row else []), column[1]]
        order = [*outer, column[0], *blocks, *inner]
        self.s = self.s.reorder(name, *order)
        held = blocks[-1] if blocks else column[0]
        self.s = self.s.promote(name, held, name=free_stage(self.s, f"{name}_tile"), scope="register")
        self.s = self.s.because("a tile of results in registers for a block of terms", since=start)
        if row:
            self.s = self.s.unroll(name, row[1]).because("rows of the tile are registers of their own")
        self.s = self.s.vectorize(name, column[1], self.lanes).because("columns of the tile as lanes")
        if not inside:
            self._parallel(outer, column[0], copy)
        elif copy is not None:
            start = len(self.s.steps)
            self.s = self.s.compute_at(copy, name, column[0])
            self.s = self._copied(copy).because("turned a panel at a time", since=start)
        return self.s

    def _parallel(self, outer: list[str], column: str, copy: str | None) -> None:
        axes = (*outer, column)
        place = column
        start = len(self.s.steps)
        if len(axes) > 1:
            (place,) = fresh(self.s, self.facts.name, "panel")
            self.s = self.s.fuse(self.facts.name, *axes, into=place)
        if copy is not None:
            self.s = self.s.compute_at(copy, self.facts.name, place)
            self.s = self._copied(copy).because("the panel of a task, packed once", since=start)
        self.s = self.s.parallel(self.facts.name, place).because("panels are independent")

    def _pays(self) -> bool:
        """Whether the panel's rows are plain subscripts and more than a few tiles long, or have to be turned.

        Windows of a convolution overlap and are not copied.
        """
        read = next(read for read in self.facts.reads if read.tensor == self.reuse.panel)
        plain = all(subscript is not None and len(subscript) <= 1 for subscript in read.subscripts)
        extent = self.facts.extents[self.reuse.column]
        if self.reuse.contiguous:
            return plain and (extent is None or extent > SHORT * self.columns)
        return plain and self.reuse.turned is not None and self.reuse.row is not None

    def _packed(self) -> str:
        copy = free_stage(self.s, f"{self.reuse.panel}_panel")
        self.s = self.s.cache_read(self.reuse.panel, self.facts.name, name=copy)
        turned = None if self.reuse.contiguous else self.reuse.turned
        if turned is not None:

            def columns_last(*at: td.Expr) -> tuple[td.Expr, ...]:
                return (*(each for place, each in enumerate(at) if place != turned[0]), at[turned[0]])

            self.s = self.s.layout(copy, columns_last)
        return copy

    def _copied(self, copy: str) -> td.Schedule:
        """The loops of the copy: along its rows; where they are turned, blocks of them in registers (semantics P12)."""
        s, turned = self.s, self.reuse.turned
        if self.reuse.contiguous or turned is None:
            return s.vectorize(copy, s.axes(copy)[-1], self.lanes)
        column = s.axes(copy)[turned[0]]
        if s.axes(copy)[-1] != column:
            s = s.reorder(copy, *(axis for axis in s.axes(copy) if axis != column), column)
        return s.vectorize(copy, column, self.columns)

    def _tiled(self, factors: dict[str, int]) -> dict[str, tuple[str, str]]:
        """Splits axes: by one step where the names that it gives are free. Axis -> its outer and its inner loop."""
        name = self.facts.name
        usual = {axis: (f"{axis}o", f"{axis}i") for axis in factors}
        asked = [each for pair in usual.values() for each in pair]
        if fresh(self.s, name, *asked) == tuple(asked):
            self.s = self.s.tile(name, factors)
            return usual
        found: dict[str, tuple[str, str]] = {}
        for axis, factor in factors.items():
            outer, inner = fresh(self.s, name, *usual[axis])
            self.s = self.s.split(name, axis, factor, into=(outer, inner))
            found[axis] = (outer, inner)
        return found
