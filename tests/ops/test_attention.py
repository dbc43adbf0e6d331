"""Attention beside its formula in float64."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import FLOATS, agrees, authors, drawn

rng = np.random.default_rng(6)


def floats(*shape):
    return rng.standard_normal(shape, dtype=np.float32)


@pytest.mark.parametrize("stack", [(), (2,), (2, 3)])
def test_attention(stack):
    agrees(td.ops.attention, floats(*stack, 5, 8), floats(*stack, 7, 8), floats(*stack, 7, 4))
    agrees(td.ops.attention, floats(*stack, 6, 8), floats(*stack, 6, 8), floats(*stack, 6, 8), causal=True)
    agrees(td.ops.attention, floats(*stack, 6, 8), floats(*stack, 6, 8), floats(*stack, 6, 8), scale=0.5)


def test_bad_shapes():
    with pytest.raises(td.ShapeError, match="queries have 8 features and keys 6"):
        td.ops.attention(floats(5, 8), floats(7, 6), floats(7, 4))
    with pytest.raises(td.ShapeError, match="there are 7 keys and 6 values"):
        td.ops.attention(floats(5, 8), floats(7, 8), floats(6, 4))
    with pytest.raises(td.ShapeError, match="there are no keys"):
        td.ops.attention(floats(5, 8), floats(0, 8), floats(0, 4))


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


@pytest.mark.parametrize("queries, keys", [(3, 7), (7, 3), (80, 200), (200, 140)])
def test_causal_with_other_numbers_of_keys(queries, keys):
    q, k, v = floats(2, queries, 8), floats(2, keys, 8), floats(2, keys, 8)
    agrees(td.ops.attention, q, k, v, causal=True)


def test_causal_queries_do_not_see_what_comes_after_them():
    q, k, v = floats(150, 8), floats(150, 8), floats(150, 8)
    want = np.array(td.ops.attention(q, k, v, causal=True))
    k[100:], v[100:] = np.nan, np.inf
    assert np.array_equal(td.ops.attention(q, k, v, causal=True)[:100], want[:100])
