"""Activations beside their formulas in float64, and where floats end."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import agrees

x = np.concatenate([np.linspace(-30, 30, 301), [-0.0, 1e-30, 88, -88, 120, -120]]).astype(np.float32)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "elu", "gelu", "silu", "sigmoid", "softplus"])
def test_formulas(name):
    op = getattr(td.ops, name)
    agrees(op, x, rtol=1e-5, atol=1e-6)
    agrees(op, x.reshape(1, -1), rtol=1e-5, atol=1e-6)
    assert np.isnan(op(np.array([np.nan], np.float32))[0])
    assert op(np.zeros((0, 3), np.float32)).shape == (0, 3)


def test_attributes():
    agrees(td.ops.gelu, x, approximate="tanh", rtol=1e-5, atol=1e-6)
    agrees(td.ops.elu, x, alpha=0.5, rtol=1e-5, atol=1e-6)
    agrees(td.ops.leaky_relu, x, 0.2)
    with pytest.raises(td.ArgumentError, match='gelu: approximate is "none" or "tanh"'):
        td.ops.gelu(x, approximate="fast")


def test_relu_of_integers():
    assert np.array_equal(td.ops.relu(np.array([-3, 4], np.int8)), [0, 4])
