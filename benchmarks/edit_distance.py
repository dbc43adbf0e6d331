"""Edit distance of two sequences of 4000, on a plane wave of two threads, beside Numba's loops.

The wave runs over anti-diagonals of tiles, each tile row by row on one thread (`tiles`), or over single anti-diagonals
(`wave`, as acceptance program 05 has it); `rows` is the recurrence as declared.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import tdsl as td
from benchmarks import peers, record
from benchmarks.timing import interleaved

TILE = 128


def schedules() -> dict[str, td.Schedule]:
    """The recurrence of acceptance program 05 under three orders."""
    n, m = td.size("n"), td.size("m")
    p, q = td.placeholder("p", (n,), "int32"), td.placeholder("q", (m,), "int32")

    def value(D, i, j):
        step = td.minimum(D[i - 1, j], D[i, j - 1]) + 1
        both = D[i - 1, j - 1] + td.where(p[i - 1] == q[j - 1], 0, 1)
        return td.where(i == 0, j, td.where(j == 0, i, td.minimum(step, both)))

    D = td.recurrence("D", (n + 1, m + 1), value, dtype="int32")
    rows = td.schedule(D)
    wave = rows.skew(D, "j", by="i", into="w").reorder(D, "w", "i").parallel(D, "i")
    tiles = (
        rows.tile(D, {"i": TILE, "j": TILE})
        .skew(D, "jo", by="io", into="w")
        .reorder(D, "w", "io", "ii", "ji")
        .parallel(D, "io")
    )
    return {"rows": rows, "wave": wave, "tiles": tiles}


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """4000 x 4000 int32; the rate counts cells."""
    td.set_num_threads(threads)
    size = 200 if quick else 4000
    rng = np.random.default_rng(0)
    p, q = (rng.integers(0, 4, size, dtype=np.int32) for _ in range(2))
    case = f"{size}x{size}"
    filled = {f"tdsl {name}": np.empty((size + 1, size + 1), np.int32) for name in schedules()}
    calls: dict[str, Callable[[], object]] = {
        f"tdsl {name}": partial(td.build(s), p, q, out=filled[f"tdsl {name}"])
        for name, s in schedules().items()
    }
    if peers.find("numba") is None:
        yield record.missing("edit_distance", case, "Numba", peers.EXTRA)
    else:
        for name, loop in (("rows", numba_rows()), ("wave", numba_wave())):
            who = f"{peers.version('numba')} {name}"
            filled[who] = np.empty((size + 1, size + 1), np.int32)
            calls[who] = partial(loop, p, q, filled[who])
    wanted = td.build(schedules()["rows"])(p, q)
    for who, seconds in interleaved(calls, rounds=3 if quick else 7).items():
        yield record.row(
            "edit_distance", case, who, seconds=seconds, work=float(size * size), unit="FLOP", threads=threads,
            peer=not who.startswith("tdsl"), right=bool(np.array_equal(filled[who], wanted)),
        )  # fmt: skip


def numba_rows() -> Callable[..., None]:
    """Row by row, one thread."""
    numba = importlib.import_module("numba")

    @numba.njit
    def rows(p, q, D):
        for j in range(D.shape[1]):
            D[0, j] = j
        for i in range(1, D.shape[0]):
            D[i, 0] = i
            for j in range(1, D.shape[1]):
                change = 0 if p[i - 1] == q[j - 1] else 1
                D[i, j] = min(min(D[i - 1, j], D[i, j - 1]) + 1, D[i - 1, j - 1] + change)

    return rows


def numba_wave() -> Callable[..., None]:
    """Anti-diagonals of tiles, the tiles of one in parallel: the same order as `tiles`."""
    numba = importlib.import_module("numba")
    tile = TILE

    @numba.njit(parallel=True)
    def wave(p, q, D):
        across, down = -(-D.shape[1] // tile), -(-D.shape[0] // tile)
        for w in range(across + down - 1):
            for block in numba.prange(max(0, w - across + 1), min(w + 1, down)):
                left = (w - block) * tile
                for i in range(block * tile, min((block + 1) * tile, D.shape[0])):
                    for j in range(left, min(left + tile, D.shape[1])):
                        if i == 0:
                            D[i, j] = j
                        elif j == 0:
                            D[i, j] = i
                        else:
                            change = 0 if p[i - 1] == q[j - 1] else 1
                            D[i, j] = min(min(D[i - 1, j], D[i, j - 1]) + 1, D[i - 1, j - 1] + change)

    return wave
