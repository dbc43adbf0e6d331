"""Storage outside of a loop that data bounds, the stage inside: the first iteration that needs an element may not run.

So each iteration makes what it needs; elements were made in the first row alone, and wrong results came out.
"""

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing import check

DECLARED = """\
tdsl 1
size n
size nnz
size m
input ptr: int64, shape=(n + 1,), range=(0, nnz + 1)
input col: int32, shape=(nnz,), range=(0, m)
input val: float64, shape=(nnz,)
input x: float64, shape=(m, 5)
stage y
  for i in (0, n)
  for c in (0, 5)
  over k in (ptr[i], ptr[i + 1])
  y: float64 = sum(val[k] * x[int64(col[k]), c], over=(k), fused=True)
output y
"""


@pytest.mark.parametrize("loop", ["c", "k", "i"])
def test_case(loop: str) -> None:
    s = td.schedule(td.parse(DECLARED)).cache_read("val", "y", name="c3")
    s = s.reorder("y", "i", "k", "c").store_root("c3").compute_at("c3", "y", loop)
    for sizes in ({"n": 4, "nnz": 13, "m": 4}, {"n": 3, "nnz": 5, "m": 1}):
        check(s, sizes, seed=61089734, mode="whole")


def test_as_it_was_found() -> None:
    s = td.schedule(td.parse(DECLARED)).cache_read("val", "y", name="c3")
    s = s.compute_at("c3", "y", "c").tile("y", {"k": 2, "c": 2}).store_root("c3")
    check(s, {"n": 4, "nnz": 13, "m": 4}, seed=61089734, mode="whole")


def test_a_param_bounds_the_loop() -> None:
    n, count = td.size("n"), td.param("count", "int64", range=(0, 9))
    A, B = td.placeholder("A", (9,)), td.placeholder("B", (n, 9))
    p = td.compute("p", (9,), lambda j: A[j] * 2)
    k = td.reduce_axis("k", (0, count))
    y = td.compute("y", (n,), lambda i: td.sum(p[k] * B[i, k], over=k))
    kernel = td.build(td.schedule(y).store_root(p).compute_at(p, y, "k"), inputs=[count, A, B])
    a, b = np.arange(9, dtype=np.float32), np.arange(27, dtype=np.float32).reshape(3, 9)
    for terms in (0, 4, 8):
        assert np.array_equal(kernel(terms, a, b), (2 * a * b)[:, :terms].sum(1))
