"""atan and atan2: accuracy against 70 digits, at the borders of quotients; C's table of special cases."""

from __future__ import annotations

import math

import numpy as np
import pytest

BOUNDS = {"float32": 0.746, "float64": 0.72}
OF_TWO = {"float32": 0.851, "float64": 0.72}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy(functions, dtype):
    values = [
        functions.draw(dtype, low, high, 200) for low, high in ((-3, 3), (0.4, 0.6), (1.5, 2.5), (0, 3e38))
    ]
    worst, where = functions.worst_ulp("atan", np.concatenate(values))
    assert worst <= BOUNDS[dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_accuracy_of_two(functions, dtype):
    rng, top = np.random.default_rng(3), {"float32": 120, "float64": 1000}[dtype]
    y, x = (rng.normal(size=600) for _ in range(2))
    far = np.exp2(rng.uniform(-top, top, 300)).astype(dtype) * rng.choice([-1, 1], 300)
    near = (far * rng.normal(size=300)).astype(dtype)
    y, x = np.concatenate([y, far, near]).astype(dtype), np.concatenate([x, near, far]).astype(dtype)
    worst, where = functions.worst_ulp("atan2", y, x)
    assert worst <= OF_TWO[dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_cases_are_as_in_c(functions, dtype, lanes):
    info = np.finfo(dtype)
    some = [0.0, 1.0, 2.0, 0.5, math.inf, float(info.max), float(info.tiny), float(info.smallest_subnormal)]
    values = np.array([*some, *(-value for value in some), math.nan], dtype)
    y, x = (np.ascontiguousarray(part.ravel()) for part in np.meshgrid(values, values))
    got = functions.compiled("atan2", dtype, lanes, arity=2)(y, x)
    with np.errstate(under="ignore"):
        want = np.array([math.atan2(b, a) for b, a in zip(y.tolist(), x.tolist(), strict=True)]).astype(dtype)
    assert (np.isnan(got) == np.isnan(want)).all()
    real = ~np.isnan(want)
    assert (np.signbit(got) == np.signbit(want))[real].all()
    assert np.allclose(got[real], want[real], rtol=2 * info.eps, atol=info.smallest_subnormal)
    of_one = functions.compiled("atan", dtype, lanes)(values)
    assert functions.same(
        of_one[[0, 8, 4, 12]], np.array([0.0, -0.0, math.pi / 2, -math.pi / 2], dtype)
    ).all()
