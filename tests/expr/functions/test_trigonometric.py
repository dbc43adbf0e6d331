"""sin, cos, tan: accuracy against exact reductions, next to multiples of pi/2, of huge angles; special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {"sin": 0.852, "cos": 0.852, "tan": 2.51}
# Next to a multiple of pi/2: the float64 nearest of all (Muller, "Elementary Functions", table 11.1), and float32s.
HARD = {
    "float32": [7.6358146e18, 26860.617, 1807.9866, 16367173.0 * 2.0**72, 1.5707964, 3.1415927, 355.0],
    "float64": [6381956970095103.0 * 2.0**797, 355.0, 1.5707963267948966, math.pi, 5.319372648326541e255],
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_accuracy(functions, name, dtype):
    huge = float(np.finfo(dtype).max)
    values = [functions.draw(dtype, -10.0, 10.0, 200), functions.draw(dtype, 0.0, huge, 120)]
    values += [functions.draw(dtype, 1e4, 2.0**23, 150), np.array(HARD[dtype], dtype)]
    worst, where = functions.worst_ulp(name, np.concatenate(values))
    assert worst <= BOUNDS[name], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values(functions, dtype, lanes):
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40], dtype)
    nan = math.nan
    want = {
        "sin": [0.0, -0.0, nan, nan, nan, 1e-40],
        "cos": [1, 1, nan, nan, nan, 1],
        "tan": [0.0, -0.0, nan, nan, nan, 1e-40],
    }
    for name, values in want.items():
        assert functions.same(functions.compiled(name, dtype, lanes)(x), np.array(values, dtype)).all(), name
