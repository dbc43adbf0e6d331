"""log, log2, log10, log1p: accuracy against 70 digits, exact powers, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {
    "log": {"float32": 0.886, "float64": 0.8},
    "log2": {"float32": 0.945, "float64": 0.9},
    "log10": {"float32": 0.923, "float64": 0.8},
    "log1p": {"float32": 0.886, "float64": 0.8},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BOUNDS))
def test_accuracy(functions, name, dtype):
    huge = float(np.finfo(dtype).max)
    near = functions.draw(dtype, -0.5, 1.0, 300) if name == "log1p" else functions.draw(dtype, 0.5, 2.0, 300)
    far = functions.draw(
        dtype, -0.999 if name == "log1p" else 1e-310 if dtype == "float64" else 1e-44, huge, 200
    )
    worst, where = functions.worst_ulp(
        name, np.concatenate([near, far, functions.draw(dtype, 1e-3, 100.0, 200)])
    )
    assert worst <= BOUNDS[name][dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(functions, dtype):
    x = np.array([0.0, -0.0, 1.0, math.inf, -math.inf, -1.0, math.nan, -1e-40], dtype)
    of_log = [-math.inf, -math.inf, 0.0, math.inf, math.nan, math.nan, math.nan, math.nan]
    for name in ("log", "log2", "log10"):
        for lanes in (0, 8):
            assert functions.same(functions.compiled(name, dtype, lanes)(x), np.array(of_log, dtype)).all(), (
                name
            )
    x = np.array([0.0, -0.0, math.inf, -math.inf, -1.0, -1.5, math.nan], dtype)
    of_log1p = [0.0, -0.0, math.inf, math.nan, -math.inf, math.nan, math.nan]
    assert functions.same(functions.compiled("log1p", dtype)(x), np.array(of_log1p, dtype)).all()


@pytest.mark.parametrize(("dtype", "least", "most"), [("float32", -149, 128), ("float64", -1074, 1024)])
def test_powers_of_two_are_exact(functions, dtype, least, most):
    powers = np.arange(least, most)
    x = np.ldexp(np.ones(len(powers), dtype), powers)
    assert (functions.compiled("log2", dtype)(x) == powers).all()


def test_small_arguments_of_log1p_are_themselves(functions):
    x = np.array([1e-45, -1e-45, 1e-38, -1e-30, 1e-9], np.float32)
    assert (functions.compiled("log1p", "float32")(x) == x).all()
