"""Copies of a linearised array that is read at clamped rows: as many dims as the subscript has parts (internal error)."""

from collections.abc import Callable

import pytest

import tdsl as td
from tests.support.compare import check

w, h = td.size("w"), td.size("h")
SUBSCRIPTS: dict[str, Callable[[td.Expr, td.Expr], td.Expr]] = {
    "Ac[min(max(i - 1, 0), h - 1), j]": lambda i, j: td.clamp(i - 1, 0, h - 1) * w + j,
    "Ac[where(i >= 1, i - 1, 0), j]": lambda i, j: (td.maximum(i, 1) - 1) * w + j,
    "Ac[i, min(j + 1, w - 1)]": lambda i, j: i * w + td.minimum(j + 1, w - 1),
}


@pytest.mark.parametrize("read", SUBSCRIPTS)
def test_case(read: str) -> None:
    A = td.placeholder("A", (h * w,))
    y = td.compute("y", (h, w), lambda i, j: A[SUBSCRIPTS[read](i, j)] + 1)
    s = td.schedule(y).cache_read("A", "y", name="Ac")
    assert len(s.dims("Ac")) == 2
    assert read in str(s)
    tiled = s.tile("y", {"i": 2, "j": 4}).compute_at("Ac", "y", "jo")
    for sizes in ({"h": 0, "w": 3}, {"h": 1, "w": 1}, {"h": 5, "w": 6}):
        check(tiled, sizes, seed=0, mode="whole")


def test_as_it_was_found() -> None:
    n = td.size("n")
    B = td.placeholder("B", ((n + 4) * (n + 4),), "uint8")

    def s3_at(i: td.Expr, j: td.Expr) -> td.Expr:
        k0 = td.reduce_axis("k0", n + 4)
        return td.sum(td.cast(B[td.clamp(k0 + 1, 0, n + 4 - 1) * (n + 4) + j], "float64"), over=k0)

    s3 = td.compute("s3", (n, n), s3_at)
    s = td.schedule(s3).cache_read("B", "s3", name="c4")
    for sizes in ({"n": 0}, {"n": 3}):
        check(s, sizes, seed=50506, mode="whole")
