"""asin and acos: accuracy against 70 digits, at both sides of 1/2 and next to 1; special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {"asin": {"float32": 0.64, "float64": 0.65}, "acos": {"float32": 0.615, "float64": 0.6}}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BOUNDS))
def test_accuracy(functions, name, dtype):
    values = [
        functions.draw(dtype, low, high, 150) for low, high in ((-1, 1), (0.4, 0.6), (0.99, 1), (-1, -0.99))
    ]
    worst, where = functions.worst_ulp(name, np.concatenate(values))
    assert worst <= BOUNDS[name][dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values(functions, dtype, lanes):
    half_pi, nan = math.pi / 2, math.nan
    over = np.nextafter(np.array(1, dtype), np.array(2, dtype))
    x = np.array([0.0, -0.0, 1.0, -1.0, over, -over, math.inf, -math.inf, nan, 1e-40], dtype)
    of_asin = [0.0, -0.0, half_pi, -half_pi, nan, nan, nan, nan, nan, 1e-40]
    of_acos = [half_pi, half_pi, 0.0, math.pi, nan, nan, nan, nan, nan, half_pi]
    assert functions.same(functions.compiled("asin", dtype, lanes)(x), np.array(of_asin, dtype)).all()
    assert functions.same(functions.compiled("acos", dtype, lanes)(x), np.array(of_acos, dtype)).all()
    values = functions.draw(dtype, 0, 1, 100)
    asin = functions.compiled("asin", dtype, lanes)
    assert (asin(-values) == -asin(values)).all()
