"""asinh, acosh, atanh: accuracy against 70 digits, also near 0 and 1 and at huge arguments; special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {
    "asinh": {"float32": 0.866, "float64": 0.8},
    "acosh": {"float32": 0.653, "float64": 0.7},
    "atanh": {"float32": 0.704, "float64": 0.65},
}
RANGES = {
    "asinh": ((-1.0, 1.0), (-20.0, 20.0), (0.0, 3e38)),
    "acosh": ((1.0, 1.1), (1.0, 20.0), (1.0, 3e38)),
    "atanh": ((-0.2, 0.2), (-0.999, 0.999), (0.99, 0.99999)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BOUNDS))
def test_accuracy(functions, name, dtype):
    values = np.concatenate([functions.draw(dtype, low, high, 200) for low, high in RANGES[name]])
    worst, where = functions.worst_ulp(name, values)
    assert worst <= BOUNDS[name][dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values(functions, dtype, lanes):
    inf, nan = math.inf, math.nan
    x = np.array([0.0, -0.0, 1.0, -1.0, 1.5, -1.5, inf, -inf, nan, 1e-40], dtype)
    greatest = np.finfo(dtype).max
    want = {
        "asinh": [
            0.0,
            -0.0,
            math.asinh(1),
            -math.asinh(1),
            math.asinh(1.5),
            -math.asinh(1.5),
            inf,
            -inf,
            nan,
            1e-40,
        ],
        "acosh": [nan, nan, 0.0, nan, math.acosh(1.5), nan, inf, nan, nan, nan],
        "atanh": [0.0, -0.0, inf, -inf, nan, nan, nan, nan, nan, 1e-40],
    }
    for name, values in want.items():
        function, expected = functions.compiled(name, dtype, lanes), np.array(values, dtype)
        got = function(x)
        exact = np.isnan(expected) | np.isinf(expected) | (np.abs(expected) < 0.1)
        assert functions.same(got[exact], expected[exact]).all(), (name, got)
        assert np.allclose(got[~exact], expected[~exact], rtol=2 * np.finfo(dtype).eps, atol=0), (name, got)
        if name != "atanh":
            top = function(np.array([greatest], dtype))[0]
            assert math.isclose(top, math.log(2) + math.log(float(greatest)), rel_tol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_symmetry(functions, dtype):
    for name, end in (("asinh", 1e30), ("atanh", 0.999)):
        function, values = functions.compiled(name, dtype), functions.draw(dtype, 0, end, 100)
        assert (function(-values) == -function(values)).all(), name
