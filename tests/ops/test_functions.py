"""More elementwise operators beside NumPy, at the values where they differ: infinities, NaN, signed zeros, extremes."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

SPECIAL = np.array([0.0, -0.0, 1, -2.5, 0.5, 1e-40, 3e38, -3e38, np.inf, -np.inf, np.nan], np.float32)
X, Y = np.meshgrid(SPECIAL, SPECIAL)
UNARY = [
    "sinh", "cosh", "asin", "acos", "atan", "asinh", "acosh", "atanh", "signbit", "cbrt", "reciprocal", "rsqrt",
    "positive", "rad2deg", "deg2rad", "sinc", "logit", "isposinf", "isneginf", "logical_not",
]  # fmt: skip
BINARY = [
    "atan2", "hypot", "copysign", "heaviside", "logaddexp", "xlogy", "fmax", "fmin", "logical_and", "logical_or",
    "logical_xor",
]  # fmt: skip


def same(op, *args):
    """Values of the reference rounded to the operator's dtype; 4e-6: a few ulp of float32, the reference's included."""
    with np.errstate(all="ignore"):
        got, want = op(*args), np.asarray(op.reference(*args))
        assert got.shape == want.shape
        np.testing.assert_allclose(got, want.astype(got.dtype), rtol=4e-6)


@pytest.mark.parametrize("name", UNARY)
def test_functions_of_one_array(name):
    op = getattr(td.ops, name)
    same(op, SPECIAL)
    assert op(SPECIAL[:0]).shape == (0,)


@pytest.mark.parametrize("name", BINARY)
def test_functions_of_two_arrays(name):
    same(getattr(td.ops, name), X, Y)
    same(getattr(td.ops, name), SPECIAL[:, None], SPECIAL)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64"])
def test_bits(dtype):
    x = np.arange(-60, 60).astype(dtype)
    y = (np.arange(120) % 8).astype(dtype)
    for name in ("and", "or", "xor", "left_shift", "right_shift"):
        op = getattr(td.ops, f"bitwise_{name}")
        assert np.array_equal(op(x, y), op.reference(x, y))
    assert np.array_equal(td.ops.bitwise_invert(x), ~x)
    counted = td.ops.bitwise_count(x)
    assert counted.dtype == np.uint8
    assert counted.tolist() == [(int(v) & (2 ** (8 * x.itemsize) - 1)).bit_count() for v in x]
    with pytest.raises(td.TdslError):
        td.ops.bitwise_and(SPECIAL, SPECIAL)


def test_logic_of_integers_and_bools():
    x = np.array([0, 3, -1, 0], np.int32)
    y = np.array([True, False, True, False])
    assert td.ops.logical_or(x, y).tolist() == [True, True, True, False]
    assert td.ops.logical_not(y).tolist() == [False, True, False, True]


@pytest.mark.filterwarnings("ignore:overflow")
def test_with_attributes():
    same(td.ops.lerp, X, Y, 0.25)
    same(td.ops.nan_to_num, SPECIAL)
    assert td.ops.nan_to_num(SPECIAL, nan=1.0, posinf=2.0, neginf=3.0)[-3:].tolist() == [2, 3, 1]
    for equal_nan in (False, True):
        assert np.array_equal(
            td.ops.isclose(X, Y, equal_nan=equal_nan), np.isclose(X, Y, equal_nan=equal_nan)
        )
    assert td.ops.isclose(np.float32([1, 1]), np.float32([1.001, 1.1]), rtol=0.01).tolist() == [True, False]
    agrees(td.ops.masked_fill, np.arange(6.0).reshape(2, 3), np.array([True, False, True]), -1.0)
