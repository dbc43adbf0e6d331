"""Few rows by a matrix: what is packed, what stays in registers, values of every size; and the reasons that are printed."""

import numpy as np
import pytest

import tdsl as td

rng = np.random.default_rng(11)


def product(turned: bool, dtype: str = "float32"):
    m, n, k = td.size("m"), td.size("n"), td.size("k")
    x = td.placeholder("x", (m, k), dtype)
    w = td.placeholder("w", (n, k) if turned else (k, n), dtype)
    return td.ops.linear(x, w) if turned else td.ops.matmul(x, w)


@pytest.mark.parametrize("turned", [False, True])
@pytest.mark.parametrize("schedule", [td.schedules.few_rows, td.schedules.two_rows])
def test_no_panel_is_packed(turned, schedule):
    y = product(turned)
    s = schedule(td.schedule(y), y)
    assert not any("panel" in name for name in s.stages())
    assert any("panel" in name for name in td.schedules.products(td.schedule(y), y).stages())
    assert "in register" in str(s)


@pytest.mark.parametrize("target", ["cpu:x86-64-v2", "cpu:x86-64-v3", None])
@pytest.mark.parametrize("dtype", ["float32", "float64", "int32"])
def test_values(target, dtype):
    for turned in (False, True):
        y = product(turned, dtype)
        s = td.schedule(y) if target is None else td.schedule(y, target=target)
        kernel = td.build(td.schedules.few_rows(s, y))
        for m, n, k in ((1, 1, 1), (4, 5, 3), (5, 70, 33), (7, 16, 64), (0, 3, 3), (3, 0, 3), (3, 4, 0)):
            x, w = (rng.integers(-9, 9, shape).astype(dtype) for shape in ((m, k), (k, n)))
            found = kernel(x, np.ascontiguousarray(w.T) if turned else w)
            assert np.array_equal(found, x @ w), (m, n, k)  # small integers: exact in any order


def test_dot_tiles_refuses_other_products():
    y = product(turned=False)
    with pytest.raises(td.ArgumentError, match="S181.*is no product of rows with rows"):
        td.schedules.dot_tiles(td.schedule(y), y)


def test_size_classes_of_products():
    linear, matmul = td.ops.linear, td.ops.matmul
    for rows, name in ((1, "any size"), (2, "2 or 3 rows"), (8, "4 to 8 rows"), (9, "any size")):
        shapes = ((rows, 96), (64, 96))
        assert next(each.name for each in linear.size_classes if each.holds(shapes)) == name
    assert (
        next(each.name for each in matmul.size_classes if each.holds(((4096,), (4096, 4096))))
        == "row by matrix"
    )


@pytest.mark.parametrize("rows", [1, 2, 3, 5, 8, 9])
def test_operators_of_few_rows(rows):
    x, w, b = (rng.standard_normal(shape, dtype=np.float32) for shape in ((rows, 70), (45, 70), (45,)))
    for op, given in ((td.ops.linear, (x, w, b)), (td.ops.matmul, (x, w.T.copy()))):
        np.testing.assert_allclose(op(*given), op.reference(*given), rtol=3e-5, atol=1e-5)
