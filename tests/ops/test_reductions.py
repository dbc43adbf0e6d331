"""Reductions beside NumPy: axes, keepdims, dtypes, NaN, empty arrays."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

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
