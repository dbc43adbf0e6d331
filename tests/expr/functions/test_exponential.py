"""exp, exp2, expm1: accuracy against 70 digits, the ends of the range, special values."""

from __future__ import annotations

import math

import numpy as np
import pytest

# Of all 2^32 arguments: benchmarks/results/functions-exhaustive.jsonl; float64 by sampling.
BOUNDS = {
    "exp": {"float32": 0.979, "float64": 0.99},
    "exp2": {"float32": 0.868, "float64": 0.8},
    "expm1": {"float32": 0.908, "float64": 0.95},
}
RANGES = {
    "exp": {"float32": (-103.9, 88.72), "float64": (-745, 709.78)},
    "exp2": {"float32": (-149, 127.99), "float64": (-1074, 1023.99)},
    "expm1": {"float32": (-17, 88.72), "float64": (-37, 709.78)},
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", list(BOUNDS))
def test_accuracy(functions, name, dtype):
    low, high = RANGES[name][dtype]
    values = np.concatenate(
        [
            functions.draw(dtype, low, high, 300),
            functions.draw(dtype, -1.5, 1.5, 300),
            functions.draw(dtype, low, low * 0.85, 60),
        ]
    )
    worst, where = functions.worst_ulp(name, values)
    assert worst <= BOUNDS[name][dtype], where


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_special_values(functions, dtype):
    x = np.array([0.0, -0.0, math.inf, -math.inf, math.nan, 1e30, -1e30], dtype)
    expected = {
        "exp": [1, 1, math.inf, 0, math.nan, math.inf, 0],
        "expm1": [0.0, -0.0, math.inf, -1, math.nan, math.inf, -1],
    }
    expected["exp2"] = expected["exp"]
    for name, want in expected.items():
        for lanes in (0, 8):
            assert functions.same(functions.compiled(name, dtype, lanes)(x), np.array(want, dtype)).all(), (
                name
            )


def test_the_ends_of_the_range(functions):
    exp, exp2 = (functions.compiled(name, "float32", 8) for name in ("exp", "exp2"))
    ends = np.array([88.72283, 88.722839, -103.972, -103.9721, -87.4], np.float32)
    assert [math.isinf(value) for value in exp(ends)] == [False, True, False, False, False]
    assert (
        exp(ends)[2] == np.float32(1e-45)
        and exp(ends)[3] == 0
        and 0 < exp(ends)[4] < np.finfo(np.float32).tiny
    )
    whole = np.arange(-149, 128, dtype=np.float32)
    assert (exp2(whole) == np.ldexp(np.float32(1), whole.astype(int))).all()


def test_small_arguments_of_expm1_are_themselves(functions):
    x = np.array([1e-45, -1e-45, 1e-38, -1e-30, 1e-9], np.float32)
    assert (functions.compiled("expm1", "float32", 8)(x) == x).all()
