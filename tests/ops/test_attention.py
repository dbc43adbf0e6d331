"""Attention beside its formula in float64."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

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
