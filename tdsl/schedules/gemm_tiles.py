"""Matrix products on a GPU: tiles of both operands in shared memory, a tile of results in each thread's registers.

In: a schedule and a reduction of products as declared. Out: the schedule with the steps. Counterpart on a CPU: `gemm.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

import tdsl as td
from tdsl.location import hide_internal_frames
from tdsl.schedules.arguments import on_schedules
from tdsl.schedules.elementwise import free_stage, fresh
from tdsl.schedules.gemm import Reuse, reuse_of

GROUP = 4
"""Neighbours that a thread takes together: 16 bytes of float32, its widest access (PTX ISA, "Vectors")."""

UNROLLED = 4
"""Steps of the inner reduction written out: rows of the fixed operand are read in as many neighbours at once, and twice
as many want more registers than leave room for a second block (sm_80, 8 x 8 results: 128 registers, none spilled)."""


@hide_internal_frames
@on_schedules
def gemm_tiles(
    s: td.Schedule, stage: td.Tensor | str, *, rows: int = 128, columns: int = 128, depth: int = 8,
    thread_rows: int = 8, thread_columns: int = 8,
) -> td.Schedule:  # fmt: skip
    """Tiles a reduction of products for a GPU: blocks of `rows` x `columns` results, `depth` terms at a time.

    A thread owns `thread_rows` x `thread_columns` results, columns in groups of 4 neighbours that lie a whole row of
    threads apart: so a warp reads 16 bytes a lane from shared memory and lanes meet in no bank. An operand whose columns
    are no neighbours is turned on its way there.

    Args:
        stage: a reduction of products of two reads, at root, its loops as declared; the axes before its rows become
            blocks of their own. rows, columns: results of a block. depth: terms of the last reduction axis between two
            barriers. thread_rows, thread_columns: results of a thread, multiples of 4 that divide rows / 4, columns / 4.

    Returns: the schedule with the steps; exact, since each result takes its terms in the declared order. Sizes that the
    tiles divide (constants, or by `assume`) leave no condition in the inner loop.

    Errors: those of its steps; S181 a stage without such reuse; S182 tiles that threads do not divide. Source: Volkov and
    Demmel, Benchmarking GPUs to Tune Dense Linear Algebra, 2008; the steps that S. Boehm measures one by one (SGEMM_CUDA).
    """
    facts = s.describe(stage)
    reuse = reuse_of(facts)
    if reuse is None or reuse.row is None:
        raise td.ArgumentError(
            "S181",
            f"{facts.name} is no product whose operands are used again along rows and columns",
            hint=("td.schedules.reduce_rows, reduce_columns",),
        )
    for what, whole, own in (("rows", rows, thread_rows), ("columns", columns, thread_columns)):
        if own % GROUP or own < GROUP or whole % own:
            raise td.ArgumentError(
                "S182",
                f"a tile of {whole} {what} does not fall to threads of {own}",
                why=(f"a thread takes groups of {GROUP}, all threads the same number",),
            )
    return _Tiles(s, facts, reuse, reuse.row).made((rows, columns), (thread_rows, thread_columns), depth)


@dataclass(slots=True)
class _Tiles:
    s: td.Schedule
    facts: td.StageFacts
    reuse: Reuse
    row: str

    def made(self, block: tuple[int, int], own: tuple[int, int], depth: int) -> td.Schedule:
        name, start = self.facts.name, len(self.s.steps)
        rows = self._grouped if self._row_reads_neighbours() else self._spread
        row_block, row_thread, row_own = rows(self.row, block[0], own[0])
        column_block, column_thread, column_own = self._grouped(self.reuse.column, block[1], own[1])
        *before, last = self.facts.reduce_axes
        deep, term = self._split(last, depth, f"{last}o", f"{last}i")
        batch = [axis for axis in self.facts.data_axes if axis not in (self.row, self.reuse.column)]
        outer = [*batch, row_block, column_block, row_thread, column_thread, *before, deep, term]
        self.s = self.s.reorder(name, *outer, *row_own, *column_own)
        self.s = self.s.because(f"{own[0]} x {own[1]} results a thread, {depth} terms a step", since=start)
        start = len(self.s.steps)
        places = {
            row_block: "block.y",
            column_block: "block.x",
            row_thread: "thread.y",
            column_thread: "thread.x",
        }
        self.s = self.s.bind(name, places | self._batched(batch))
        tile = free_stage(self.s, f"{name}_tile")
        self.s = self.s.promote(name, column_thread, name=tile, scope="register")
        self.s = self.s.because("a thread's results stay in its registers", since=start)
        self._operands(deep)
        start = len(self.s.steps)
        for axis in (*row_own, *column_own[:-1]):
            self.s = self.s.unroll(name, axis)
        self.s = self.s.unroll(name, term, min(UNROLLED, depth)).vectorize(name, column_own[-1])
        self.s = self.s.because(
            "registers are named by constants; groups are accesses of 16 bytes", since=start
        )
        return self.s

    def _row_reads_neighbours(self) -> bool:
        """Whether rows of the result are neighbours in the operand that they move: a transposed one."""
        return any(read.stride(self.row) == 1 for read in self.facts.reads)

    def _grouped(self, axis: str, whole: int, own: int) -> tuple[str, str, tuple[str, ...]]:
        """(blocks, threads, a thread's own): groups of neighbours, whole rows of threads apart."""
        outer, rest = self._split(axis, whole, f"{axis}o", f"{axis}_in")
        group, rest = self._split(rest, whole // (own // GROUP), f"{axis}_group", f"{axis}_rest")
        thread, inner = self._split(rest, GROUP, f"{axis}_thread", f"{axis}i")
        return outer, thread, (group, inner)

    def _spread(self, axis: str, whole: int, own: int) -> tuple[str, str, tuple[str, ...]]:
        """(blocks, threads, a thread's own): neighbours are neighbouring threads', whose banks differ."""
        outer, rest = self._split(axis, whole, f"{axis}o", f"{axis}_in")
        inner, thread = self._split(rest, whole // own, f"{axis}i", f"{axis}_thread")
        return outer, thread, (inner,)

    def _batched(self, batch: list[str]) -> dict[str, str]:
        """The axes before the rows as blocks along z."""
        if not batch:
            return {}
        if len(batch) == 1:
            return {batch[0]: "block.z"}
        (place,) = fresh(self.s, self.facts.name, "batch")
        self.s = self.s.fuse(self.facts.name, *batch, into=place)
        return {place: "block.z"}

    def _operands(self, deep: str) -> None:
        """Both operands by way of shared memory, for `depth` terms."""
        start = len(self.s.steps)
        for read in self.facts.reads:
            copy = free_stage(self.s, f"{read.tensor}_shared")
            self.s = self.s.cache_read(read.tensor, self.facts.name, name=copy, scope="shared")
            self.s = self.s.compute_at(copy, self.facts.name, deep)
            self._turned(copy, read)
            self.s = self.s.cooperate(copy)
        self.s = self.s.because("what a block reads again, read once by all its threads", since=start)

    def _turned(self, copy: str, read: td.ReadFacts) -> None:
        """Stores the copy of an operand so that its columns are neighbours, as threads read them in groups."""
        column = self.reuse.column
        along = [
            place for place, subscript in enumerate(read.subscripts) if subscript and column in subscript
        ]
        if len(along) != 1 or read.stride(column) == 1:
            return
        dims = self.s.dims(copy)
        order = [place for place in range(len(dims)) if place != along[0]] + along
        self.s = self.s.layout(copy, lambda *at: tuple(at[place] for place in order))

    def _split(self, axis: str, factor: int, *names: str) -> tuple[str, str]:
        outer, inner = fresh(self.s, self.facts.name, *names)
        self.s = self.s.split(self.facts.name, axis, factor, into=(outer, inner))
        return outer, inner
