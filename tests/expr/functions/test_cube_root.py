"""cbrt: accuracy against 70 digits over all sizes, exact cubes, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "bound"), [("float32", 0.501), ("float64", 0.501)])
def test_accuracy(functions, dtype, bound):
    info = np.finfo(dtype)
    values = [functions.draw(dtype, 1, 8, 200), functions.draw(dtype, -100, 100, 200)]
    values += [
        functions.draw(dtype, 0, float(info.max), 150),
        functions.draw(dtype, 0, float(info.tiny), 100),
    ]
    worst, where = functions.worst_ulp("cbrt", np.concatenate(values))
    assert worst <= bound, where


@pytest.mark.parametrize(("dtype", "most"), [("float32", 255), ("float64", 200_000)])
def test_cubes_have_their_roots(functions, dtype, most):
    roots = np.unique(np.linspace(-most, most, 500).astype(np.int64)).astype(dtype)
    assert (functions.compiled("cbrt", dtype)(roots**3) == roots).all()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values(functions, dtype, lanes):
    x = np.array([0.0, -0.0, 1.0, -8.0, math.inf, -math.inf, math.nan], dtype)
    want = np.array([0.0, -0.0, 1.0, -2.0, math.inf, -math.inf, math.nan], dtype)
    assert functions.same(functions.compiled("cbrt", dtype, lanes)(x), want).all()
