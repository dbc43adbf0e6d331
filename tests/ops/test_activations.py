"""Activations beside their formulas in float64, and where floats end."""

import numpy as np
import pytest

import tdsl as td
from tests.ops.compare import FLOATS, agrees

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


@pytest.mark.parametrize("name", ["sigmoid", "silu"])
@pytest.mark.parametrize("dtype", FLOATS)
def test_logistic_functions_are_close_everywhere(name, dtype):
    edges = [0.0, -0.0, 1e-4, 20.0, -20.0, -87.0, -100.0, 100.0, np.inf, np.nan]
    x = np.array([*edges, *np.random.default_rng(8).standard_normal(99) * 9]).astype(dtype)
    op = getattr(td.ops, name)
    with np.errstate(all="ignore"):
        want = op.reference(x).astype("f8")
    got = op(x).astype("f8")
    eps = float(np.finfo(dtype).eps)
    least = float(np.finfo(dtype).smallest_subnormal)
    # td.sigmoid's 1 ulp and one rounding; a sigmoid that is subnormal has lost half a unit, which silu multiplies by |x|.
    np.testing.assert_allclose(got, want, rtol=2 * eps, atol=512 * least)
