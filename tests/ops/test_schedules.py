"""The authors' schedules: right at odd and empty sizes in every dtype, and the bits of the declaration where they are exact."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

rng = np.random.default_rng(8)

FLOATS = ("float16", "float32", "float64")
INTEGERS = ("int8", "uint8", "int16", "int32", "uint32", "int64", "uint64")
COLUMNS = (
    (td.ops.sum, (*FLOATS, *INTEGERS, "bool")),
    (td.ops.prod, (*FLOATS, *INTEGERS)),
    (td.ops.max, (*FLOATS, *INTEGERS)),
    (td.ops.min, (*FLOATS, *INTEGERS)),
    (td.ops.mean, (*FLOATS, *INTEGERS)),
)


def drawn(dtype, *shape):
    if "float" in dtype:
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(0, 2 if dtype == "bool" else 5, shape).astype(dtype)


def by_default(op):
    """The operator without the author's schedules."""
    return td.Op(op.body, name=op.name, specialize=op.specialize, ranges=op.ranges)


def authors(op, *arrays, **keywords):
    """Whether the author's schedule is for these arrays."""
    return op._chosen(tuple(array.shape for array in arrays)) is not None


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


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize(
    "lead, queries, keys", [((), 65, 131), ((2,), 64, 128), ((2, 3), 70, 129), ((0,), 64, 128)]
)
def test_attention_in_strips(dtype, causal, lead, queries, keys):
    keys = queries if causal else keys
    q, k, v = drawn(dtype, *lead, queries, 9), drawn(dtype, *lead, keys, 9), drawn(dtype, *lead, keys, 21)
    assert causal or authors(td.ops.attention, q, k, v)
    tolerance = 2e-2 if dtype == "float16" else 1e-5
    agrees(td.ops.attention, q, k, v, causal=causal, rtol=tolerance, atol=tolerance)


def test_attention_in_strips_on_causal_squares():
    q, k, v = (drawn("float32", 2, 193, 8) for _ in range(3))
    assert authors(td.ops.attention, q, k, v)
    agrees(td.ops.attention, q, k, v, causal=True)


@pytest.mark.parametrize("name", ["sigmoid", "silu"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_logistic_functions_are_close_everywhere(name, dtype):
    edges = [0.0, -0.0, 1e-4, 20.0, -20.0, -87.0, -100.0, 100.0, np.inf, np.nan]
    x = np.array([*edges, *rng.standard_normal(99) * 9]).astype(dtype)
    op = getattr(td.ops, name)
    with np.errstate(all="ignore"):
        want = op.reference(x).astype("f8")
    got = op(x).astype("f8")
    eps = float(np.finfo(dtype).eps)
    least = float(np.finfo(dtype).smallest_subnormal)
    # An exponential and two roundings; one that is subnormal has lost half a unit, which silu multiplies by |x|.
    np.testing.assert_allclose(got, want, rtol=4 * eps, atol=512 * least)


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


@pytest.mark.parametrize("shape, into", [
    ((32, 48), (48, 32)), ((32, 48), (16, 96)), ((3, 5), (5, 3)), ((2, 3, 32), (6, 32)), ((64, 40), (40, 64)),
    ((16, 24), (8, 6, 8)), ((0, 4), (2, 0)), ((128,), (2, 64)), ((20, 16), (5, 64)),
])  # fmt: skip
def test_reshaped_rows_are_read_in_pieces(shape, into):
    for dtype in ("float32", "float64", "int8"):
        agrees(td.ops.reshape, drawn(dtype, *shape), into)
