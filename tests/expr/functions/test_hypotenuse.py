"""hypot: accuracy against 70 digits over all sizes, no overflow on the way, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize(("dtype", "bound", "top"), [("float32", 0.501, 126), ("float64", 0.501, 1022)])
def test_accuracy(functions, dtype, bound, top):
    rng = np.random.default_rng(5)
    size = np.exp2(rng.uniform(-top, top, 400))
    first = np.concatenate([rng.normal(size=400), size]).astype(dtype)
    second = np.concatenate([rng.normal(size=400), size * rng.uniform(-1, 1, 400)]).astype(dtype)
    worst, where = functions.worst_ulp("hypot", first, second)
    assert worst <= bound, where
    worst, where = functions.worst_ulp("hypot", second, first)
    assert worst <= bound, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_values(functions, dtype, lanes):
    info, inf, nan = np.finfo(dtype), math.inf, math.nan
    least, most = float(info.smallest_subnormal), float(info.max)
    cases = [
        (0.0, -0.0, 0.0), (-0.0, -0.0, 0.0), (3.0, -4.0, 5.0), (inf, nan, inf), (nan, -inf, inf), (nan, 1.0, nan),
        (0.0, nan, nan), (-inf, 2.0, inf), (most, most, inf), (most, 1.0, most), (3 * least, 4 * least, 5 * least),
        (most * 0.5, most * 0.5, None), (0.0, -least, least),
    ]  # fmt: skip
    x, y = (np.array([case[place] for case in cases], dtype) for place in (0, 1))
    got = functions.compiled("hypot", dtype, lanes, arity=2)(x, y)
    for result, (a, b, want) in zip(got, cases, strict=True):
        if want is None:
            assert math.isclose(float(result), float(a) * math.sqrt(2), rel_tol=1e-6)
        else:
            assert functions.same(np.array([result], dtype), np.array([want], dtype)).all(), (a, b, result)
