"""sinh and cosh: accuracy against 70 digits up to the ends of the range, symmetry, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {"sinh": {"float32": 0.935, "float64": 0.72}, "cosh": {"float32": 0.748, "float64": 0.78}}
ENDS = {"float32": 89.4, "float64": 710.4}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BOUNDS))
def test_accuracy(functions, name, dtype):
    values = [functions.draw(dtype, -1.0, 1.0, 200), functions.draw(dtype, -20.0, 20.0, 200)]
    values.append(functions.draw(dtype, -ENDS[dtype], ENDS[dtype], 150))
    worst, where = functions.worst_ulp(name, np.concatenate(values))
    assert worst <= BOUNDS[name][dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values_and_symmetry(functions, dtype, lanes):
    sinh, cosh = (functions.compiled(name, dtype, lanes) for name in ("sinh", "cosh"))
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e-40, -1e-40, 1e30, -1e30], dtype)
    inf, nan = math.inf, math.nan
    assert functions.same(
        sinh(x), np.array([0.0, -0.0, inf, -inf, nan, 1e-40, -1e-40, inf, -inf], dtype)
    ).all()
    assert functions.same(cosh(x), np.array([1, 1, inf, inf, nan, 1, 1, inf, inf], dtype)).all()
    values = functions.draw(dtype, 0, ENDS[dtype], 100)
    assert (sinh(-values) == -sinh(values)).all() and (cosh(-values) == cosh(values)).all()


@pytest.mark.parametrize(("dtype", "last"), [("float32", 89.41598510742188), ("float64", 710.4758600739439)])
def test_the_greatest_finite_result_is_reached(functions, dtype, last):
    x = np.array([last, np.nextafter(np.array(last, dtype), np.array(1e3, dtype))], dtype)
    for name in ("sinh", "cosh"):
        got = functions.compiled(name, dtype, 0)(x)
        assert np.isfinite(got[0]) and np.isinf(got[1]), (name, got)
