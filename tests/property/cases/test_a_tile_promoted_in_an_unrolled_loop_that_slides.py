"""Rows that slide, one a step, in a loop that is unrolled over two: only the row that is made has a tile to write back.

The unrolled loop kept its condition in the bounds of the terms alone, and the tile of the other row was stored, too.
"""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    D = td.placeholder("D", (8,), "int64")
    k = td.reduce_axis("k", 8)
    s0 = td.compute("s0", (8,), lambda i: td.sum(td.cast(1, "int64"), over=k))

    def step(s1, i):
        one, last = td.cast(1, "int64"), td.where(i - 1 >= 0, s0[i - 1], td.cast(-1, "int64"))
        rest = td.where(i - 3 >= 0, s1[i - 3], last) + i * td.where(2 * i + 1 < 8, D[2 * i + 1], one) * 2
        return td.where(i - 1 >= 0, s1[i - 1], s0[i]) - td.where(i - 1 >= 0, s1[i - 1], last) * rest

    s1 = td.recurrence("s1", (8,), step, dtype="int64")
    s = td.schedule(s1)
    s = s.split("s0", "k", 2, into=("kx", "ky")).reorder("s0", "ky", "i", "kx")
    s = s.promote("s0", "i", name="p2", scope="heap").unroll("s0", "i").store_at("s0", "s1", "i")
    check(s, {}, seed=77048, mode="wild", environment={"s1": s1})
