"""Elementwise operators beside NumPy: broadcasting, numbers, dtypes, NaN, empty arrays."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(1)
SPECIAL = np.array([0.0, -0.0, 1.0, -2.5, 0.5, 1e-40, 3e38, -3e38, np.inf, -np.inf, np.nan], np.float32)
FLOATS = [
    "negative", "abs", "sign", "sqrt", "square", "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sin", "cos",
    "tan", "tanh", "floor", "ceil", "trunc", "round", "isnan", "isinf", "isfinite", "erf",
]  # fmt: skip
PAIRS = [
    "add", "subtract", "multiply", "divide", "maximum", "minimum", "equal", "not_equal", "less", "less_equal", "greater",
    "greater_equal",
]  # fmt: skip


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.filterwarnings("ignore:.*encountered")
def test_functions_of_one_array(name):
    op = getattr(td.ops, name)
    agrees(op, rng.standard_normal((3, 5), dtype=np.float32))
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(
            op(SPECIAL), np.asarray(op.reference(SPECIAL), op(SPECIAL).dtype), rtol=3e-6
        )


@pytest.mark.parametrize("name", PAIRS)
def test_functions_of_two_arrays(name):
    op = getattr(td.ops, name)
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    with np.errstate(all="ignore"):
        assert np.array_equal(op(x, y), op.reference(x, y), equal_nan=op(x, y).dtype == np.float32)


@settings(max_examples=12, deadline=None)
@given(st.data())
def test_broadcasting(data):
    full = data.draw(st.lists(st.integers(0, 5), max_size=3))
    shapes = []
    for _ in range(2):
        kept = full[data.draw(st.integers(0, len(full))) :]
        shapes.append([data.draw(st.sampled_from((1, extent))) for extent in kept])
    x, y = (rng.standard_normal(shape, dtype=np.float32) for shape in shapes)
    assert np.array_equal(td.ops.add(x, y), x + y)


@pytest.mark.parametrize("dtype", ["int8", "uint16", "int64", "float16", "float64"])
def test_dtypes(dtype):
    x = rng.integers(1, 9, (4, 3)).astype(dtype)
    assert td.ops.add(x, x).dtype == dtype and np.array_equal(td.ops.add(x, 2), x + np.array(2, dtype))
    if "int" in dtype:
        y = rng.integers(1, 4, 3).astype(dtype)
        assert np.array_equal(td.ops.floor_divide(x, y), x // y)
        assert np.array_equal(td.ops.remainder(x, y), x % y)


def test_power_where_and_clip():
    x = np.abs(rng.standard_normal((4, 3), dtype=np.float32))
    agrees(td.ops.power, x, x)
    agrees(td.ops.where, x > 0.5, x, -x)
    agrees(td.ops.clip, x, 0.2, 0.7)
    agrees(td.ops.clip, x, max=0.5)
    assert np.array_equal(td.ops.where(x > 0.5, x, 0.0), np.where(x > 0.5, x, np.float32(0)))
    assert np.isnan(td.ops.clip(np.array([np.nan], np.float32), 0.0, 1.0))[0]


def test_shapes_that_do_not_broadcast():
    with pytest.raises(td.ShapeError, match=r"E130: add: shapes \(2, 3\) and \(2,\) do not broadcast"):
        td.ops.add(np.zeros((2, 3)), np.zeros(2))
    with pytest.raises(td.ShapeError, match="E130: add"):
        td.ops.add(np.zeros(3), np.zeros(4))


def test_division_of_integers_names_the_cast():
    with pytest.raises(td.DTypeError, match="//"):
        td.ops.divide(np.zeros(3, int), np.ones(3, int))
