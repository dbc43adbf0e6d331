"""erf: accuracy against 70 digits on both sides of its border, symmetry, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy(functions, dtype):
    values = np.concatenate([functions.draw(dtype, -1.3, 1.3, 300), functions.draw(dtype, 0.8, 6.0, 300)])
    worst, where = functions.worst_ulp("erf", values)
    assert worst <= 0.969, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_and_symmetry(functions, dtype):
    erf = functions.compiled("erf", dtype)
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, 7.0], dtype)
    assert functions.same(erf(x), np.array([0.0, -0.0, 1, -1, math.nan, 1, 1], dtype)).all()
    values = functions.draw(dtype, 0, 7, 100)
    assert (erf(-values) == -erf(values)).all()
