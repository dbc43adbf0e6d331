"""Square blocks turned in registers: rows as vectors in, columns as vectors out, by shuffles alone.

First the squares inside the 128-bit parts of the registers, by interleaving neighbours, then pairs, and so on: one
instruction each on x86 (`unpck`) and AArch64 (`zip`). Then the parts change places as wholes: `shuf` on x86, nothing at
all on AArch64, whose registers are such parts. Source: Eklundh's recursive transpose ("A fast computer method for
matrix transposing", IEEE Trans. Computers C-21(7), 1972), in the order that shuffles of parts make cheap.
"""

from __future__ import annotations

from collections.abc import Sequence

from tdsl.codegen.llvm.function import Function
from tdsl.codegen.llvm.operations import shuffled

PART_BITS = 128


def transposed(f: Function, element: str, bits: int, rows: Sequence[str]) -> list[str]:
    """The columns of as many rows as a row has elements of `bits` bits, a power of two."""
    count = len(rows)
    part = min(PART_BITS // bits, count)
    turned: list[list[str]] = []
    for start in range(0, count, part):
        turned.append(_inside_parts(f, element, count, part, rows[start : start + part]))
    columns = [""] * count
    for column in range(part):
        parts = _exchanged(f, element, count, part, [group[column] for group in turned])
        for place, text in enumerate(parts):
            columns[place * part + column] = text
    return columns


def _inside_parts(f: Function, element: str, lanes: int, part: int, rows: Sequence[str]) -> list[str]:
    """`part` rows -> vectors whose parts are columns: vector c holds, in its p-th part, column p * part + c."""
    groups = [[row] for row in rows]
    size = 1
    while size < part:
        low, high = _interleaving(lanes, part, size)
        groups = [
            [
                shuffled(f, element, lanes, a, b, picks)
                for a, b in zip(x, y, strict=True)
                for picks in (low, high)
            ]
            for x, y in zip(groups[::2], groups[1::2], strict=True)
        ]
        size *= 2
    return groups[0]


def _interleaving(lanes: int, part: int, size: int) -> tuple[list[int], list[int]]:
    """Picks that put runs of `size` elements of two vectors in turns: of the first half of each part, of the second."""
    found: tuple[list[int], list[int]] = ([], [])
    for start in range(0, lanes, part):
        for half, picks in enumerate(found):
            for run in range(start + half * part // 2, start + (half + 1) * part // 2, size):
                picks += [*range(run, run + size), *range(lanes + run, lanes + run + size)]
    return found


def _exchanged(f: Function, element: str, lanes: int, part: int, vectors: list[str]) -> list[str]:
    """A transpose whose elements are the parts of vectors: first the even parts of neighbours, then the odd ones."""
    if len(vectors) == 1:
        return vectors
    found: list[list[str]] = []
    for first in (0, part):
        picks = [lane for start in range(first, 2 * lanes, 2 * part) for lane in range(start, start + part)]
        chosen = [
            shuffled(f, element, lanes, a, b, picks) for a, b in zip(vectors[::2], vectors[1::2], strict=True)
        ]
        found.append(_exchanged(f, element, lanes, part, chosen))
    return [text for both in zip(*found, strict=True) for text in both]
