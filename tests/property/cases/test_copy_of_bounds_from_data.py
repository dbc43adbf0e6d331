"""A cached copy of the array that a sum's bounds are read from: it had no range, which the proofs need."""

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
input x: float64, shape=(m,)
stage y
  for i in (0, n)
  over k in (ptr[i], ptr[i + 1])
  y: float64 = sum(val[k] * x[int64(col[k])], over=(k), fused=True)
stage z
  for i in (0, n)
  z: float64 = y[i] + 1.0
output z
"""


def test_case() -> None:
    s = td.schedule(td.parse(DECLARED)).cache_read("ptr", "y", name="c5")
    for schedule in (
        s,
        s.cache_read("col", "y", name="c6"),
        s.compute_at("y", "z", "i").compute_at("c5", "z", "i"),
    ):
        check(schedule, {"n": 3, "nnz": 5, "m": 1}, seed=309687600, mode="mild")


def test_a_stage_that_copies_indices_has_their_range() -> None:
    n, m = td.size("n"), td.size("m")
    at, x = td.placeholder("at", (n,), "int64", range=(0, m)), td.placeholder("x", (m,), "int32")
    back = td.compute("back", (n,), lambda i: at[n - 1 - i])
    y = td.compute("y", (n,), lambda i: x[back[i]])
    for s in (td.schedule(y), td.schedule(y).compute_at(back, y, "i")):
        check(s, {"n": 5, "m": 3}, seed=1, mode="mild")
