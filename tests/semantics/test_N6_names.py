"""Names in compiled code: every identifier of Python names a kernel, its arrays, sizes and axes (semantics N6)."""

import numpy as np
import pytest

import tdsl as td


@pytest.mark.parametrize("name", ["größe", "llvm", "malloc", "main", "define", "i64", "_"])
def test_every_identifier_runs(name):
    n = td.size(f"{name}_n")
    x = td.placeholder(f"{name}_x", (n,), "int32")
    y = td.compute(name, (n,), lambda axis: x[axis] + 1, axes=(f"{name}_i",))
    s = td.schedule(y).vectorize(y, f"{name}_i", 4).parallel(y, f"{name}_i")
    assert td.build(s)(np.arange(6, dtype=np.int32)).tolist() == [1, 2, 3, 4, 5, 6]
