"""tail="pad" of an update wrote outside of its array, whose dims are not its loops: it is refused at the build."""

import pytest

import tdsl as td


def test_case() -> None:
    A = td.placeholder("A", (5, 9), "int32")
    y, x = td.axis("y", (0, 9)), td.axis("x", (0, 5))
    u = td.update("u", A, over=(y, x), at=(x, 8 - y), value=lambda u: td.cast(1, "int32"))
    z = td.compute("z", (5, 9), lambda i, j: u[i, j])
    s = td.schedule(z).cache_write("u", name="w").split("w", "x", (2, 2), tail="pad")
    with pytest.raises(td.LimitError, match="L109"):
        td.build(s)


def test_nor_of_a_skewed_loop() -> None:
    n = td.size("n")
    B = td.placeholder("B", (n,), "uint8")
    s = td.schedule(td.compute("c", (n,), lambda i: B[i])).cache_read("B", "c", name="t")
    s = s.vectorize("t", "i", 2, tail="pad").skew("t", "i", by="iv", into="w", factor=2)
    with pytest.raises(td.LimitError, match="L109"):
        td.build(s)


def test_nor_of_a_stage_that_others_are_made_in() -> None:
    n = td.size("n", min=2)
    A = td.placeholder("A", (n + 1,), "int64")
    a = td.compute("a", (n + 1,), lambda i: A[i] + 1)
    b = td.compute("b", (n + 1,), lambda i: a[i] * 2)
    c = td.compute("c", (n + 1,), lambda i: b[i])
    s = td.schedule(c).split("b", "i", 2, tail="pad").compute_at("a", "b", "ii")
    with pytest.raises(td.LimitError, match="L109"):
        td.build(s)
