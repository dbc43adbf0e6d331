"""Size classes of operators that go element by element or along axes, and the schedules of each. Shapes in, a class out.

Classes go by the last axis of the first array: how many elements lie beside each other decides whether a vector holds terms
of one row or one term of many rows. Which axis is reduced the schedule functions see in the program.
"""

from __future__ import annotations

from math import prod

import tdsl as td

Shape = tuple[int, ...]
FEW_ROWS = 16
"""Rows below which those of a scan do not fill a vector: 8 rows of 100,000 took 1.9 ms side by side, 0.7 as they lie."""
TINY_ROW = 12
"""Elements of a row below which a turned block is mostly empty: scans of rows of 5 lost 10 %."""
LONG_SCAN = 8192
"""Elements of a row above which 16 rows of floats take more than half of a second-level cache of 1 MiB."""
SHORT_ROW = 32
"""Elements of a row up to which rows side by side are faster: with 48, sums of two products lost 15 % (Zen 4, AVX-512)."""
LONG_ROW = 256
"""Elements of a row from which four vectors of accumulators are filled several times."""
MANY_ROWS = 64
"""Rows from which it pays to take them side by side: four vectors of them on AVX-512."""


def _has_short_rows(*shapes: Shape) -> bool:
    x = shapes[0]
    return (
        len(x) > 1
        and 0 < x[-1] <= SHORT_ROW
        and (x[-2] >= MANY_ROWS or (x[-2] >= FEW_ROWS and prod(x[:-2]) > 1))
    )


def _has_planes_of_few_rows(*shapes: Shape) -> bool:
    x = shapes[0]
    return len(x) > 2 and 0 < x[-1] <= SHORT_ROW and x[0] >= MANY_ROWS


def _has_middling_rows(*shapes: Shape) -> bool:
    return len(shapes[0]) > 1 and 0 < shapes[0][-1] < LONG_ROW


def _is_no_block(*shapes: Shape) -> bool:
    return len(shapes[0]) < 2 or shapes[0][-2] < FEW_ROWS or shapes[0][-1] < TINY_ROW


def _is_planes_of_few_rows(*shapes: Shape) -> bool:
    x = shapes[0]
    return len(x) > 2 and x[-2] < FEW_ROWS and x[0] >= FEW_ROWS and TINY_ROW <= x[-1] <= LONG_SCAN


def scan_planes(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Rows as lanes, those at one place of as many planes, since the rows of a plane are too few for a vector."""
    return td.schedules.scan_tiles(s, *outputs, outermost=True)


def _is_scanned_in_pieces(*shapes: Shape) -> bool:
    return shapes[0][-1] <= 2 * SHORT_ROW or shapes[0][-1] > LONG_SCAN


def in_pieces(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Rows as lanes, stored as soon as a vector of each is made: nothing of a long row is fetched twice.

    Measured with one thread on Zen 4, running sums of 50,000 rows of 32: 0.80 ms, whole rows 0.98, PyTorch 0.96.
    """
    return td.schedules.scan_tiles(s, *outputs, pieces=True)


def short_planes(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Rows as lanes, those at one place of as many planes, since the rows of a plane are too few for a vector."""
    return td.schedules.short_rows(s, *outputs, outermost=True)


def middling_rows(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Along axes, two vectors of accumulators: a row fills them, and combining four would cost as much as the row.

    Measured with one thread on Zen 4, 4000 rows of 100 floats: greatest 74 µs, with four vectors 84; sums 43 and 47.
    """
    return td.schedules.along_axes(s, *outputs, terms=2, sums=4, rows=128)


def long_rows(s: td.Schedule, *outputs: td.Tensor) -> td.Schedule:
    """Along axes, four vectors of accumulators; columns in pieces as long as the registers hold.

    Measured with one thread on Zen 4, sums of columns of 4096 x 1024 floats: 402 µs where strips of four vectors took 965.
    """
    return td.schedules.along_axes(s, *outputs, sums=16 if s.target.vector_bits >= 512 else 8, rows=4)


AXES = (
    td.SizeClass(f"rows of {SHORT_ROW} at most", td.schedules.short_rows, _has_short_rows),
    td.SizeClass(
        f"rows of {SHORT_ROW} at most, fewer than {FEW_ROWS} beside each other",
        short_planes,
        _has_planes_of_few_rows,
    ),
    td.SizeClass(f"rows below {LONG_ROW}", middling_rows, _has_middling_rows),
    td.SizeClass("any size", long_rows),
)
"""Of operators that reduce along axes, or normalise."""

POSITIONS = (*AXES[:-1], td.SizeClass("any size", td.schedules.along_axes))
"""Of places of extremes, which keep a value and a place: twice the registers a result."""

SCANS = (
    td.SizeClass(f"planes of fewer than {FEW_ROWS} rows", scan_planes, _is_planes_of_few_rows),
    td.SizeClass(f"fewer than {FEW_ROWS} rows, or of {TINY_ROW} elements", td.schedules.scans, _is_no_block),
    td.SizeClass(f"rows of {2 * SHORT_ROW} at most, or above {LONG_SCAN}", in_pieces, _is_scanned_in_pieces),
    td.SizeClass("any size", td.schedules.scan_tiles),
)
"""Of scans along an axis."""
