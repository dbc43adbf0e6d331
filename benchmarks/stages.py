"""How long scheduling and lowering take as a program grows: stencil chains with every stage placed, 8 to 64 stages.

Stencils are sums of 3 x 3 elements, or of five in a cross, whose regions are no boxes and come in pieces. A row is the
whole from the first directive to Loop IR, without LLVM: each stage slides in strips, or is made in tiles. The target is 3 s
at 32 stages, and growth no worse than quadratic: the note has the factor over the row before, of a doubled number of stages.
Seconds are the processor's.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import tdsl as td
from benchmarks import record
from tdsl.poly import verdict

TARGET_SECONDS = 3.0


SQUARE = tuple((a, b) for a in range(3) for b in range(3))
CROSS = ((1, 1), (0, 1), (2, 1), (1, 0), (1, 2))


def chain(stages: int, shape: tuple[tuple[int, int], ...] = SQUARE) -> list[td.Tensor]:
    """Sums of neighbours, one of the other: (h + 2k, w + 2k) float32, the last (h, w)."""
    h, w = td.size("h"), td.size("w")
    found = [td.placeholder("x", (h + 2 * stages, w + 2 * stages), "float32")]
    for place in range(stages):
        rest = 2 * (stages - 1 - place)

        def body(i: td.Expr, j: td.Expr, before: td.Tensor = found[-1]) -> td.Expr:
            terms = [before[i + a, j + b] for a, b in shape]
            return sum(terms[1:], terms[0]) * 0.1

        found.append(td.compute(f"s{place}", (h + rest, w + rest), body))
    return found[1:]


def sliding(stages: list[td.Tensor]) -> td.Schedule:
    """Strips of 32 rows, every stage kept for a strip and made row by row, in lanes."""
    out, before = stages[-1], tuple(stages[:-1])
    s = td.schedule(out).split(out, "i", 32)
    s = s.store_at(before, out, "io").compute_at(before, out, "ii")
    for stage in stages:
        s = s.vectorize(stage, "j", 8)
    return s


def tiled(stages: list[td.Tensor]) -> td.Schedule:
    """Tiles of 32 x 64, every stage made anew for a tile, in lanes."""
    out, before = stages[-1], tuple(stages[:-1])
    s = td.schedule(out).tile(out, {"i": 32, "j": 64}).compute_at(before, out, "jo")
    for stage in before:
        s = s.vectorize(stage, "j", 8)
    return s.vectorize(out, "ji", 8)


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """One row a stencil, placement and number of stages, after a small chain that loads what there is to load."""
    td.build(tiled(chain(2)), target="interpret")
    for shape in (SQUARE, CROSS):
        for name, place in (("sliding", sliding), ("tiles", tiled)):
            last = 0.0
            for count in (4, 8) if quick else (8, 16, 32, 64):
                taken = [_seconds(place, count, shape) for _ in range(1 if quick or count > 16 else 3)]
                median = sorted(taken)[len(taken) // 2]
                note = f"x {median / last:.1f}" if last else ""
                note += f"; target {TARGET_SECONDS} s" if count == 32 else ""
                last = median
                of = "3 x 3" if shape is SQUARE else "cross"
                yield record.row(
                    "stages",
                    f"{of}, {name}, {count} stages",
                    "tdsl",
                    seconds=taken,
                    threads=threads,
                    note=note,
                )


def _seconds(
    place: Callable[[list[td.Tensor]], td.Schedule], count: int, shape: tuple[tuple[int, int], ...]
) -> float:
    """Processor seconds from the first directive to Loop IR, verdicts of earlier rows forgotten."""
    stages = chain(count, shape)
    verdict.forget()
    start = time.process_time()
    td.build(place(stages), target="interpret")
    return time.process_time() - start
