"""A folded update at subscripts from data, or an atomic one, was judged by order alone: rows overwrote each other."""

import pytest

import tdsl as td

n, m, b = td.size("n"), td.size("m"), td.size("b")


def counted(target):
    rows = td.placeholder("rows", (n, m), "int32", range=(0, b))
    zero = td.compute("zero", (n, b), lambda i, j: td.cast(0, "int64"))
    i, k = td.axis("i", n), td.axis("k", m)
    if target == "data":
        hist = td.update("hist", zero, over=(i, k), at=(i, rows[i, k]), value=lambda h: h[i, rows[i, k]] + 1)
    else:
        j = td.axis("j", b)
        hist = td.update("hist", zero, over=(i, k, j), at=(i, j), value=lambda h: h[i, j] + 1)
    return hist, td.compute("C", (n, b), lambda i, j: hist[i, j] * 2)


@pytest.mark.parametrize("target", ["data", "atomic"])
def test_case(target):
    hist, C = counted(target)
    s = td.schedule(C)
    s = s.atomic(hist) if target == "atomic" else s
    with pytest.raises(td.UnprovenSchedule, match="cells of their own"):
        s.fold(hist, "i", 2)


def test_an_exact_one_is_refuted():
    hist, C = counted("exact")
    with pytest.raises(td.IllegalSchedule, match="S203"):
        td.schedule(C).fold(hist, "i", 2)
