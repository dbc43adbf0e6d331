"""Reductions beside NumPy: axes, keepdims, dtypes, NaN, empty arrays."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import FLOATS, INTEGERS, agrees, authors, by_default, drawn

rng = np.random.default_rng(2)
AXES = [None, 0, 1, -1, (0, 1), (0, 2), (0, 1, 2)]


@pytest.mark.parametrize("name", ["sum", "prod", "max", "min", "mean", "var", "all", "any", "logsumexp"])
def test_axes_and_keepdims(name):
    x = rng.standard_normal((3, 5, 4), dtype=np.float32)
    for axis in AXES:
        agrees(getattr(td.ops, name), x, axis=axis, keepdims=axis in (0, (0, 2)))


@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_positions(name):
    op = getattr(td.ops, name)
    x = rng.integers(0, 4, (6, 7)).astype(np.float32)
    for axis in (None, 0, 1, -1):
        assert np.array_equal(op(x, axis=axis), op.reference(x, axis=axis))
    x[2, 3] = np.nan
    assert op(x) == 17


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int32", "bool"])
def test_integers_are_widened(dtype):
    x = (
        rng.integers(0, 2, (50, 9)).astype(dtype)
        if dtype == "bool"
        else rng.integers(0, 100, (50, 9)).astype(dtype)
    )
    got = agrees(td.ops.sum, x, axis=0)
    assert got.dtype == (np.uint64 if dtype == "uint8" else np.int64)
    assert td.ops.mean(x).dtype == np.float64


def test_nothing():
    x = np.zeros((0, 3), np.float32)
    assert np.array_equal(td.ops.sum(x, axis=0), np.zeros(3)) and np.array_equal(
        td.ops.prod(x, axis=0), np.ones(3)
    )
    assert np.isnan(td.ops.mean(x, axis=0)).all() and td.ops.all(x) and not td.ops.any(x)
    assert td.ops.sum(x, axis=1).shape == (0,)
    with pytest.raises(td.ShapeError, match="E130: max: axis 0 is empty"):
        td.ops.max(x, axis=0)


def test_nan_wins_and_large_values_do_not_overflow():
    x = np.array([1, np.nan, 3], np.float32)
    assert np.isnan(td.ops.max(x)) and np.isnan(td.ops.min(x))
    assert td.ops.logsumexp(np.full(4, 1000, np.float32)) == np.float32(1000 + np.log(4))
    assert td.ops.logsumexp(np.full(4, -np.inf, np.float32)) == -np.inf


def test_bad_axes():
    with pytest.raises(td.ShapeError, match="E130: sum: there is no axis 2 in 2 dimensions"):
        td.ops.sum(np.zeros((2, 3)), axis=2)
    with pytest.raises(td.ShapeError, match="named twice"):
        td.ops.sum(np.zeros((2, 3)), axis=(1, -1))
    with pytest.raises(td.DTypeError, match="var: x is of floats"):
        td.ops.var(np.zeros(3, int))


COLUMNS = (
    (td.ops.sum, (*FLOATS, *INTEGERS, "bool")),
    (td.ops.prod, (*FLOATS, *INTEGERS)),
    (td.ops.max, (*FLOATS, *INTEGERS)),
    (td.ops.min, (*FLOATS, *INTEGERS)),
    (td.ops.mean, (*FLOATS, *INTEGERS)),
)


@pytest.mark.parametrize("op, dtype", [(op, dtype) for op, dtypes in COLUMNS for dtype in dtypes])
def test_reductions_of_columns(op, dtype):
    x = drawn(dtype, 5, 259)
    assert authors(op, x)
    tolerance = 4e-3 if dtype == "float16" else 3e-5  # a few roundings to 11 bits
    got = agrees(op, x, axis=0, rtol=tolerance, atol=tolerance)
    assert got.tobytes() == by_default(op)(x, axis=0).tobytes()
    agrees(op, x, axis=0, keepdims=True, rtol=tolerance, atol=tolerance)
    agrees(op, x, axis=1, rtol=3e-2 if dtype == "float16" else 1e-4, atol=tolerance)


@pytest.mark.parametrize("shape", [(1, 256), (33, 300), (3, 4, 513), (2, 1, 3, 257)])
def test_reductions_of_columns_of_other_shapes(shape):
    x = drawn("float32", *shape)
    for axis in range(len(shape)):
        for op in (td.ops.sum, td.ops.max, td.ops.mean):
            agrees(op, x, axis=axis, rtol=1e-4)
    agrees(td.ops.sum, x, axis=tuple(range(len(shape) - 1)), rtol=1e-4)
    agrees(td.ops.sum, np.asfortranarray(x)[::-1], axis=0, rtol=1e-4)


def test_sums_of_no_rows_and_of_no_columns():
    assert np.array_equal(td.ops.sum(np.ones((0, 300), np.float32), axis=0), np.zeros(300))
    assert td.ops.sum(np.ones((3, 0, 300), np.float32), axis=0).shape == (0, 300)
    assert np.array_equal(td.ops.prod(np.ones((0, 257), np.int32), axis=0), np.ones(257))


@pytest.mark.parametrize("dtype", [*FLOATS, "int32", "uint8", "bool"])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_first_place_in_a_row(name, dtype):
    op = getattr(td.ops, name)
    for shape in ((1,), (7,), (4, 1), (5, 67), (2, 3, 130), (0, 5)):
        x = drawn(dtype, *shape)
        got = agrees(op, x, axis=-1)
        assert got.dtype == np.int64
        agrees(op, x, axis=-1, keepdims=True)
    if dtype in FLOATS:
        x = drawn(dtype, 3, 40)
        x[0, 7] = x[0, 30] = x[2, 39] = np.nan
        x[1] = -np.inf if name == "argmax" else np.inf
        agrees(op, x, axis=1)


@pytest.mark.parametrize("name, shape", [("argmax", (64, 5)), ("argmin", (3, 1, 6))])
def test_the_first_place_in_all(name, shape):
    op = getattr(td.ops, name)
    x = rng.integers(-3, 3, shape).astype(np.float32)
    agrees(op, x)
    agrees(op, x, keepdims=True)
    x.reshape(-1)[x.size // 2 :] = np.nan
    assert op(x) == x.size // 2
