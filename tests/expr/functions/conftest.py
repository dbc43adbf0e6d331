"""What the tests of the functions share: a function on arrays in every way there is, arguments, accuracy."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import SimpleNamespace

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.interpreter import evaluate
from tests.support.exact_functions import exact, ulp_error

FORMATS = {"float32": (23, -126), "float64": (52, -1022)}


def _stage(name: str, dtype: str, arity: int) -> tuple[td.Tensor, list[td.Tensor]]:
    n = td.size("n")
    inputs = [td.placeholder(f"x{place}", (n,), dtype) for place in range(arity)]
    return td.compute("y", (n,), lambda i: getattr(td, name)(*(x[i] for x in inputs))), inputs


@lru_cache(maxsize=256)
def compiled(
    name: str, dtype: str, lanes: int = 8, target: str = "cpu", arity: int = 1
) -> Callable[..., np.ndarray]:
    """The function over arrays as a kernel; 0 lanes: scalar code."""
    y, _ = _stage(name, dtype, arity)
    schedule = td.schedule(y)
    return td.build(schedule.vectorize(y, "i", lanes) if lanes else schedule, target=target)


def interpreted(name: str, *arrays: np.ndarray) -> np.ndarray:
    """The function over arrays as the interpreter of expressions evaluates it."""
    y, inputs = _stage(name, str(arrays[0].dtype), len(arrays))
    given = {tensor.name: array for tensor, array in zip(inputs, arrays, strict=True)}
    return evaluate([y], given, {"n": arrays[0].size})["y"]


def specials(dtype: str) -> np.ndarray:
    """Zeros, ones, infinities, NaN with payloads, subnormals, extremes, neighbours of round numbers."""
    info = np.finfo(dtype)
    positive = [
        0.0,
        1.0,
        0.5,
        2.0,
        np.inf,
        info.max,
        info.tiny,
        info.smallest_subnormal,
        info.tiny / 2,
        3.0,
        1e5,
    ]
    positive += [
        np.nextafter(np.array(v, dtype), np.array(t, dtype)) for v in (1.0, 0.5, 0.85, 0.9) for t in (0, 2)
    ]
    values = np.array([*positive, *(-np.array(v, dtype) for v in positive), np.nan], dtype)
    bits = {"float32": np.uint32, "float64": np.uint64}[dtype]
    payloads = {
        "float32": [0x7FC00001, 0xFFC12345, 0x7F800001],
        "float64": [0x7FF8000000000001, 0xFFF8123456789ABC],
    }
    return np.concatenate([values, np.array(payloads[dtype], bits).view(dtype)])


def draw(dtype: str, low: float, high: float, count: int, seed: int = 0) -> np.ndarray:
    """Numbers spread evenly over low..high, and as many of random bit patterns inside it."""
    rng = np.random.default_rng(seed)
    bits = {"float32": np.uint32, "float64": np.uint64}[dtype]
    patterns = rng.integers(0, np.iinfo(bits).max, 8 * count, dtype=bits, endpoint=True).view(dtype)
    with np.errstate(invalid="ignore"):
        inside = patterns[(patterns >= low) & (patterns <= high)][:count]
    return np.concatenate([rng.uniform(low, high, count).astype(dtype), inside])


def worst_ulp(name: str, *arrays: np.ndarray, lanes: int = 8) -> tuple[float, tuple[float, ...]]:
    """The greatest error of a compiled function, and where."""
    dtype = str(arrays[0].dtype)
    got = compiled(name, dtype, lanes, arity=len(arrays))(*arrays)
    worst: tuple[float, tuple[float, ...]] = (0.0, ())
    for result, *arguments in zip(got.tolist(), *(array.tolist() for array in arrays), strict=True):
        error = ulp_error(result, exact(name, *arguments), *FORMATS[dtype])
        worst = max(worst, (error, (*arguments, result)))
    return worst


def same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Where two arrays hold the same bits, one NaN being as good as another."""
    bits = f"u{a.dtype.itemsize}"
    return (a.view(bits) == b.view(bits)) | (np.isnan(a) & np.isnan(b))


@pytest.fixture(scope="session")
def functions() -> SimpleNamespace:
    """The helpers of this file (files of tests are not importable from each other)."""
    return SimpleNamespace(
        compiled=compiled,
        interpreted=interpreted,
        specials=specials,
        draw=draw,
        worst_ulp=worst_ulp,
        same=same,
    )
