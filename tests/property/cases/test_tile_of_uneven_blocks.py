"""A promoted tile over two blocks of an axis, the last of them shorter."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    def s2_at(i, j):
        k0 = td.reduce_axis("k0", 4)
        return td.prod(td.cast(k0 + i + 1, "float64"), over=k0)

    s2 = td.compute("s2", (7, 2), s2_at)
    s = td.schedule(s2).tile("s2", {"j": 2, "k0": 2, "i": 2}).promote("s2", "ji", name="p5", scope="heap")
    s = s.reorder("s2", "ji", "k0o", "io", "k0i", "ii", "jo")
    for sizes in ({},):
        check(s, sizes, seed=0, mode="wild", environment=locals())
