"""Products and Einstein sums beside NumPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tdsl as td
from tests.ops.compare import FLOATS, INTEGERS, agrees, authors, by_default, drawn

rng = np.random.default_rng(3)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize(
    "left, right",
    [
        ((5, 7), (7, 3)), ((2, 5, 7), (7, 3)), ((7,), (7, 3)), ((5, 7), (7,)), ((7,), (7,)), ((2, 1, 5, 7), (4, 7, 3)),
        ((0, 7), (7, 3)), ((5, 0), (0, 3)), ((1, 1), (1, 1)), ((9, 33), (33, 65)),
    ],
)  # fmt: skip
def test_matmul(left, right):
    agrees(td.ops.matmul, floats(*left), floats(*right))


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 40), st.integers(0, 300), st.integers(0, 40))
def test_matmul_of_any_size(m, k, n):
    agrees(td.ops.matmul, floats(m, k), floats(k, n), rtol=1e-4, atol=1e-4)


def test_matmul_of_views_and_dtypes():
    t = floats(4, 9, 6)
    agrees(td.ops.matmul, t, t.transpose(0, 2, 1))
    agrees(td.ops.matmul, t[::2, ::-1], t[::2].transpose(0, 2, 1))
    a = rng.integers(-9, 9, (4, 5)).astype(np.int32)
    assert np.array_equal(td.ops.matmul(a, a.T), a @ a.T)
    h = floats(8, 300).astype(np.float16)
    want = h.astype(np.float32) @ h.T.astype(np.float32)
    got = td.ops.matmul(h, np.ascontiguousarray(h.T))
    assert got.dtype == np.float16
    np.testing.assert_allclose(got.astype(np.float32), want, rtol=1e-3, atol=1e-2)  # one rounding to 11 bits


def test_linear():
    agrees(td.ops.linear, floats(5, 7), floats(3, 7), floats(3))
    agrees(td.ops.linear, floats(2, 5, 7), floats(3, 7))


@pytest.mark.parametrize(
    "equation, shapes",
    [
        ("bij,bkj->bik", ((4, 5, 6), (4, 3, 6))), ("ij,jk", ((3, 4), (4, 5))), ("ii->i", ((4, 4),)), ("ij->", ((3, 4),)),
        ("...ij,...jk->...ik", ((2, 3, 4), (4, 5))), ("i,j,k->ijk", ((3,), (2,), (4,))),
        ("ij,kj,kl->il", ((3, 4), (5, 4), (5, 2))), ("ba", ((2, 3),)), ("...i->...", ((2, 3, 4),)),
    ],
)  # fmt: skip
def test_einsum(equation, shapes):
    agrees(td.ops.einsum, equation, *(floats(*shape) for shape in shapes))


@pytest.mark.parametrize(
    "equation, shapes, text",
    [
        ("ij,jk->il", ((2, 3), (3, 4)), "no operand has the axis 'l'"),
        ("ij->ij", ((2, 3), (3, 4)), "1 terms for 2 operands"),
        ("ij,jk->ik", ((2, 3), (4, 5)), "'j' is 3 in one place and 4 in another"),
        ("ijk->i", ((2, 3),), "names 3 axes of an operand that has 2"),
        ("i2->i", ((2, 3),), "is not made of letters"),
        ("ij->ii", ((2, 3),), "names an axis twice"),
    ],
)
def test_einsum_that_cannot_be_read(equation, shapes, text):
    with pytest.raises(td.TdslError, match="E130: einsum") as caught:
        td.ops.einsum(equation, *(floats(*shape) for shape in shapes))
    assert text in str(caught.value)


def test_bad_shapes():
    with pytest.raises(td.ShapeError, match="batches"):
        td.ops.matmul(floats(2, 3, 4), floats(3, 4, 5))
    with pytest.raises(td.ShapeError, match="use multiply"):
        td.ops.matmul(np.float32(1) * np.ones(()).astype("f"), floats(3))
    with pytest.raises(td.ShapeError, match="x has 4 features, weight takes 5"):
        td.ops.linear(floats(3, 4), floats(2, 5))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("terms", [0, 1, 37])
def test_a_row_by_a_matrix(dtype, terms):
    x, y = drawn(dtype, terms), drawn(dtype, terms, 301)
    assert authors(td.ops.matmul, x, y) and authors(td.ops.matmul, x[None], y)
    tolerance = 2e-2 if dtype == "float16" else 3e-5
    wide = "float32" if dtype == "float16" else dtype
    for row in (x, x[None]):
        got = td.ops.matmul(row, y)
        assert got.dtype == dtype and np.array_equal(got, by_default(td.ops.matmul)(row, y))
        want = np.matmul(row.astype(wide), y.astype(wide))
        np.testing.assert_allclose(got.astype("f8"), want.astype("f8"), rtol=tolerance, atol=tolerance)
