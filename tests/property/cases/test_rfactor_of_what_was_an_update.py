"""`rfactor` of the sum that `rfactor` of an update left: two dims of the new stage had one name, and the build crashed."""

import tdsl as td
from tests.support.compare import check

n, m, b = td.size("n"), td.size("m"), td.size("b")


def test_case():
    rows = td.placeholder("rows", (n, m), "int32", range=(0, b))
    zero = td.compute("zero", (n, b), lambda i, j: td.cast(0, "int64") + i)
    i, k = td.axis("i", n), td.axis("k", m)
    hist = td.update("hist", zero, over=(i, k), at=(i, rows[i, k]), value=lambda h: h[i, rows[i, k]] + 1)
    C = td.compute("C", (n, b), lambda i, j: hist[i, j] * 2)
    s = td.schedule(C).rfactor(hist, "i", name="first").rfactor(hist, "i", name="second")
    assert len(set(s.dims("second"))) == 3
    check(s, {"n": 3, "m": 4, "b": 5})
