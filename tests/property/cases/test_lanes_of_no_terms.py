"""Lanes over a reduction axis that is empty, whatever is called: the result is the identity."""

import pytest

import tdsl as td
from tests.support.compare import check


@pytest.mark.parametrize("verb", ["min", "sum"])
def test_case(verb: str) -> None:
    A = td.placeholder("A", (3, 4), "float32")

    def s2_at(i, j):
        k0 = td.reduce_axis("k0", (i, 3))
        k2 = td.reduce_axis("k2", (1, 1))
        return td.sum(A[k0, j], over=k0) + getattr(td, verb)(A[i, j] + td.cast(k2, "float32"), over=k2)

    s2 = td.compute("s2", (3, 4), s2_at)
    check(td.schedule(s2).vectorize("s2", "k2", 2), {}, seed=970, mode="whole", environment=locals())


def test_alone() -> None:
    def one_at(i, j):
        td.reduce_axis("k0", (i, 3))
        return td.min(td.cast(1, "float32"), over=td.reduce_axis("k2", (1, 1)))

    one = td.compute("one", (3, 4), one_at)
    check(td.schedule(one).vectorize("one", "k2", 2), {}, environment=locals())
