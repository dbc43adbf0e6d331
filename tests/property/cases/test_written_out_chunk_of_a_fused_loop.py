"""A chunk of a fused loop that is written out: constant, whatever the loop's extent, and the last one may be short."""

import pytest

import tdsl as td
from tests.support.compare import check


@pytest.mark.parametrize("chunk", [2, 5])
@pytest.mark.parametrize("rows", [1, 3])
def test_case(rows: int, chunk: int) -> None:
    A = td.placeholder("A", (rows, 8), "float32")
    c = td.compute("c", (rows, 8), lambda i, j: A[i, j] * 2)
    s = td.schedule(c).fuse("c", "i", "j").parallel("c", "i_j", chunk=chunk).unroll("c", "i_jc")
    check(s, {}, seed=890, mode="whole", environment=locals())


def test_of_sizes() -> None:
    n = td.size("n")
    A = td.placeholder("A", (n, 8), "float32")
    c = td.compute("c", (n, 8), lambda i, j: A[i, j] * 2)
    s = td.schedule(c).fuse("c", "i", "j").parallel("c", "i_j", chunk=6)
    s = s.parallel("c", "i_jc", chunk=4).unroll("c", "i_jcc")
    for size in (0, 1, 5):
        check(s, {"n": size}, seed=1, mode="wild", environment=locals())
