"""sigmoid: accuracy against 70 digits, small results too, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "low", "high"), [("float32", -103.0, 20.0), ("float64", -744.0, 40.0)])
def test_accuracy(functions, dtype, low, high):
    values = np.concatenate([functions.draw(dtype, low, high, 300), functions.draw(dtype, -3.0, 3.0, 300)])
    worst, where = functions.worst_ulp("sigmoid", values)
    assert worst <= 0.9996, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(functions, dtype):
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, -1e30], dtype)
    want = np.array([0.5, 0.5, 1, 0, math.nan, 1, 0], dtype)
    assert functions.same(functions.compiled("sigmoid", dtype)(x), want).all()
