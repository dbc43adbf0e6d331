"""A promoted tile of a sum whose bounds are data: reading it was put under a condition on a loop further in."""

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
    s = td.schedule(td.parse(DECLARED)).split("y", "k", 2, into=("kx", "ky"))
    for order in (("ky", "i", "kx"), ("kx", "i", "ky")):
        schedule = s.reorder("y", *order).promote("y", "i", name="p16", scope="heap")
        for sizes in ({"n": 0, "nnz": 2, "m": 8}, {"n": 5, "nnz": 9, "m": 3}):
            check(schedule, sizes, seed=160399158, mode="mild")
