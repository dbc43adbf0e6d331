"""Parallel iterations of a stage that is kept in fewer cells write one cell: refused, whichever directive comes last."""

import pytest

import tdsl as td

n = td.size("n")
x = td.placeholder("x", (n,), "float32")
a = td.compute("a", (n,), lambda i: x[i] * 2.0)
last = td.compute("last", (n,), lambda i: a[n - 1])


@pytest.mark.parametrize(
    "steps",
    [
        lambda s: s.fold("a", "i", 2).parallel("a", "i"),
        lambda s: s.parallel("a", "i").fold("a", "i", 2),
        lambda s: s.fold("a", "i", 2).bind("a", {"i": "block.x"}),
    ],
)
def test_case(steps) -> None:
    with pytest.raises(td.IllegalSchedule):
        steps(td.schedule(last))


def test_cells_that_differ_may_be_made_in_parallel() -> None:
    p = td.size("p", min=1)
    y = td.placeholder("y", (p, 8), "float32")
    b = td.compute("b", (p, 8), lambda i, j: y[i, j] * 2.0)
    c = td.compute("c", (8,), lambda j: b[p - 1, j])
    td.schedule(c).fold("b", "i", 2).parallel("b", "j")
