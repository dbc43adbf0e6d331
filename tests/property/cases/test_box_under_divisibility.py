"""A layout of a size that 4 divides: floors that the facts turn into fractions."""

import tdsl as td
from tests.support.compare import check


def test_case() -> None:
    m = td.size("m", multiple_of=4)
    s1 = td.compute("s1", (m + 4,), lambda i: td.cast(i, "int32"))
    s2 = td.compute("s2", (m,), lambda i: s1[m + 4 - 1] + td.cast(i, "int32"))
    s = td.schedule(s2).layout("s1", lambda i: (i // 2, i % 2)).split("s2", "i", 2).store_at("s1", "s2", "io")
    for sizes in ({"m": 0}, {"m": 4}, {"m": 8}):
        check(s, sizes, seed=0, mode="wild", environment=locals())
