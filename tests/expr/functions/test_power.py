"""pow: accuracy against 70 digits up to both ends of the range; C's table of special cases."""

from __future__ import annotations

import math

import numpy as np
import pytest


@pytest.mark.parametrize(
    ("dtype", "bound", "low", "high"), [("float32", 0.51, -148, 127.9), ("float64", 0.85, -1073, 1023.9)]
)
def test_accuracy(functions, dtype, bound, low, high):
    rng = np.random.default_rng(11)
    x = np.concatenate([np.exp(rng.normal(size=250) * 6), 1 + rng.normal(size=150) * 1e-4]).astype(dtype)
    y = (rng.uniform(low, high, len(x)) / np.log2(x.astype(np.float64))).astype(dtype)
    few = np.isfinite(y) & (np.abs(y * np.log2(x.astype(np.float64))) < high)
    worst, where = functions.worst_ulp("pow", x[few], y[few])
    assert worst <= bound, where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("lanes", [0, 8])
def test_special_cases_are_as_in_c(functions, dtype, lanes):
    values = [
        0.0,
        -0.0,
        1.0,
        -1.0,
        0.5,
        -0.5,
        2.0,
        -2.0,
        3.0,
        -3.0,
        1.5,
        -1.5,
        math.inf,
        -math.inf,
        math.nan,
        1e-40,
        2.0**24,
        2.0**53 + 2,
        7.0,
    ]
    x, y = (part.ravel() for part in np.meshgrid(np.array(values, dtype), np.array(values, dtype)))
    got = functions.compiled("pow", dtype, lanes, arity=2)(np.ascontiguousarray(x), np.ascontiguousarray(y))
    for base, exponent, result in zip(x.tolist(), y.tolist(), got.tolist(), strict=True):
        try:
            want = math.pow(base, exponent)  # ISO C's, but for errors where C gives infinities or NaN
        except OverflowError:
            want = -math.inf if base < 0 and exponent % 2 == 1 else math.inf
        except ValueError:
            odd = math.isfinite(exponent) and exponent % 2 == 1
            want = math.nan if base else math.copysign(math.inf, base) if odd else math.inf
        with np.errstate(over="ignore"):
            want = float(np.array(want).astype(dtype))
        alike = math.isnan(want) if math.isnan(result) else math.copysign(1, result) == math.copysign(1, want)
        assert alike, (base, exponent, result, want)
        if not math.isnan(want) and 1e-30 < abs(want) < 1e30:
            assert math.isclose(result, want, rel_tol=1e-6), (base, exponent, result, want)
        elif want == 0 or math.isinf(want):
            assert result == want, (base, exponent, result, want)
