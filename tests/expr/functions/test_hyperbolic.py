"""tanh: accuracy against 70 digits on both sides of its border, symmetry, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 0.968), ("float64", 0.97)])
def test_accuracy(functions, dtype, bound):
    values = np.concatenate([functions.draw(dtype, -1.3, 1.3, 400), functions.draw(dtype, 0.9, 12.0, 300)])
    worst, where = functions.worst_ulp("tanh", values)
    assert worst <= bound, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values_and_symmetry(functions, dtype):
    tanh = functions.compiled("tanh", dtype)
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, 1e-40], dtype)
    assert functions.same(tanh(x), np.array([0.0, -0.0, 1, -1, math.nan, 1, 1e-40], dtype)).all()
    values = functions.draw(dtype, 0, 30, 100)
    assert (tanh(-values) == -tanh(values)).all()
