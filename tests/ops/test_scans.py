"""Running sums and products, beside NumPy."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(10)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_axes(axis):
    agrees(td.ops.cumsum, rng.standard_normal((4, 5, 3), dtype=np.float32), axis=axis)
    agrees(td.ops.cumprod, rng.standard_normal((4, 5, 3), dtype=np.float32), axis=axis)


def test_integers_are_widened():
    x = rng.integers(0, 100, (3, 40)).astype(np.int8)
    got = agrees(td.ops.cumsum, x)
    assert got.dtype == np.int64
    assert td.ops.cumsum(np.zeros((0, 3), np.float32), axis=0).shape == (0, 3)


def test_bad_axis():
    with pytest.raises(td.ShapeError, match="there is no axis 2"):
        td.ops.cumsum(np.zeros((2, 3)), axis=2)


def test_running_extremes():
    x = np.array([[1, np.nan, 3, -1], [2, 5, 4, 6]], np.float32)
    for axis in (0, 1):
        agrees(td.ops.cummax, x, axis)
        agrees(td.ops.cummin, x, axis)
    y = np.random.default_rng(0).integers(-128, 128, (4, 5)).astype(np.int8)
    assert td.ops.cummax(y).dtype == np.int8
    agrees(td.ops.cummax, y)
    with pytest.raises(td.DTypeError, match="x is of numbers, not bool"):
        td.ops.cummax(y > 0)
