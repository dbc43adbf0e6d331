"""B5: ranges are half-open, an axis that ends before it starts is empty; a negative shape is an error of the call."""

import numpy as np
import pytest

import tdsl as td

n = td.size("n")
x = td.placeholder("x", (n,))


def test_ranges_are_half_open_and_may_be_empty():
    k = td.reduce_axis("k", (2, n))
    y = td.compute("y", (1,), lambda i: td.sum(x[k], over=k))
    f = td.build(td.schedule(y))
    assert [f(np.ones(size, np.float32))[0] for size in (0, 1, 2, 3, 5)] == [0, 0, 0, 1, 3]
    with pytest.raises(td.ArgumentError, match="E115"):
        td.reduce_axis("k", (0, n, 2))


def test_a_negative_shape_is_an_error_of_the_call():
    shorter = td.compute("shorter", (n - 2,), lambda i: x[i + 2])
    f = td.build(td.schedule(shorter))
    assert f(np.ones(2, np.float32)).shape == (0,)
    with pytest.raises(td.CallError):
        f(np.ones(1, np.float32))
    with pytest.raises(td.ShapeError, match="E104"):
        td.placeholder("x", (-1,))


def test_shapes_that_no_memory_holds():
    for shape, dtype in (((2**61,), "float32"), ((2**32, 2**31), "int8"), ((2**60,), "float64")):
        with pytest.raises(td.ShapeError, match="E104"):
            td.placeholder("x", shape, dtype)
        with pytest.raises(td.ShapeError, match="E104"):
            td.compute("y", shape, lambda *i: 0, dtype=dtype)
    for extent in (2.5, "n", None, True, x, 2**64):
        with pytest.raises(td.TdslError) as caught:
            td.placeholder("y", (extent,))
        assert caught.value.code in ("E104", "E204", "E113")


def test_an_empty_result_of_any_length_takes_no_time():
    """The other dimension of an array without elements may be as long as a size may be."""
    m, k = td.size("m"), td.reduce_axis("k", n)
    wide = td.placeholder("wide", (n, m))
    copied = td.compute("copied", (n, m), lambda i, j: wide[i, j] * 2)
    summed = td.compute("summed", (m,), lambda j: td.sum(wide[k, j], over=k))
    plain = td.schedule(copied, summed)
    for s in (plain, plain.vectorize(copied, "j", 8).parallel(copied, "i").reorder(summed, "k", "j")):
        f = td.build(s)
        for empty in (np.empty((2**46, 0), np.float32), np.empty((0, 2**40), np.float32)[:, :0]):
            results = f(empty)
            assert [one.shape for one in results] == [empty.shape, (0,)]
            assert f(empty, out=results) is results
    assert f(np.ones((2, 3), np.float32))[1].tolist() == [2, 2, 2]
