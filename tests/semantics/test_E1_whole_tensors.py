"""E1: tensors are compared by identity; the other operators take them whole and broadcast as NumPy's do."""

import numpy as np
import pytest

import tdsl as td

SHAPES = [
    ((3,), (3,)),
    ((2, 3), (3,)),
    ((2, 1), (1, 3)),
    ((4, 1, 3), (2, 1)),
    ((), (2, 3)),
    ((1,), (5,)),
    ((0, 3), (3,)),
]


def test_identity():
    A, B = td.placeholder("A", (2, 3)), td.placeholder("A", (2, 3))
    assert A == A and A != B and len({A, B}) == 2 and A in [B, A] and {A: 1}[A] == 1


@pytest.mark.parametrize(("one", "other"), SHAPES, ids=str)
def test_broadcasting(one, other):
    a, b = (np.arange(np.prod(shape), dtype=np.int32).reshape(shape) + 1 for shape in (one, other))
    A, B = td.placeholder("A", one, "int32"), td.placeholder("B", other, "int32")
    for function in (
        lambda x, y: x - y * 2,
        lambda x, y: (x // y) % 5,
        lambda x, y: -x & ~y | 6,
        lambda x, y: abs(x - 4) << y,
    ):
        whole = function(A, B)
        got = td.build(td.schedule(whole))(a, b)
        assert whole.shape == got.shape
        assert np.array_equal(got, function(a, b))
    chosen = td.where(A > B, A, td.maximum(B, 2)).astype("float32")
    assert np.array_equal(td.build(td.schedule(chosen))(a, b), np.where(a > b, a, np.maximum(b, 2)))


def test_symbolic_extents_agree_where_they_are_the_same():
    n, m = td.size("n"), td.size("m")
    A, B, C = td.placeholder("A", (n, m)), td.placeholder("B", (m,)), td.placeholder("C", (n, 1))
    y = (A + B) * C - 1.0
    assert [str(extent) for extent in y.shape] == ["n", "m"]
    a, b, c = np.ones((2, 3), np.float32), np.float32([1, 2, 3]), np.float32([[1], [10]])
    assert np.array_equal(td.build(td.schedule(y))(a, b, c), (a + b) * c - 1)
    with pytest.raises(td.ShapeError, match="do not broadcast"):
        A + td.placeholder("D", (n,))


def test_a_tensor_meets_no_element_and_arrays_no_tensor():
    A = td.placeholder("A", (3,))
    with pytest.raises(td.ArgumentTypeError, match="E113"):
        td.compute("y", (3,), lambda i: (A + A[i])[i])
    with pytest.raises(td.ArgumentTypeError, match="E113"):
        A + np.ones(3, np.float32)
    with pytest.raises(td.BoolError, match="E101"):
        bool(A < A)
