"""N6: any Python identifier is a name; what isl, LLVM and Python call their own does not collide with it."""

import numpy as np
import pytest

import tdsl as td


def test_names_that_isl_llvm_or_python_could_stumble_over():
    floor, mod, exists = td.size("floor"), td.size("mod"), td.size("exists")
    x = td.placeholder("select", (floor, mod + exists))
    y = td.compute("ptr", (floor, mod), lambda i8, ü: td.where(ü + 1 < mod, x[i8, ü + 1], x[i8, ü]))
    got = td.build(td.schedule(y))(np.arange(12, dtype=np.float32).reshape(3, 4), mod=2, exists=2)
    assert np.array_equal(got, [[1, 1], [5, 5], [9, 9]])


def test_names_of_expressions_and_of_text():
    left, shared = td.size("left"), td.param("shared")
    sum_, over = td.placeholder("sum", (left,)), td.reduce_axis("over", left)
    y = td.compute("max", (), lambda: td.sum(sum_[over] * shared, over=over))
    assert td.schedule(td.parse(y.text())) == td.schedule(y)
    assert td.build(td.schedule(y))(3.0, np.float32([1, 2])) == 9


@pytest.mark.parametrize("name", ["größe", "llvm", "malloc", "main", "define", "i64", "_"])
def test_every_identifier_runs(name):
    n = td.size(f"{name}_n")
    x = td.placeholder(f"{name}_x", (n,), "int32")
    y = td.compute(name, (n,), lambda axis: x[axis] + 1, axes=(f"{name}_i",))
    s = td.schedule(y).vectorize(y, f"{name}_i", 4).parallel(y, f"{name}_i")
    assert td.build(s)(np.arange(6, dtype=np.int32)).tolist() == [1, 2, 3, 4, 5, 6]
