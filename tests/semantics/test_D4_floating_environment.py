"""D4: a process whose rounding mode another library changed gets the same bits, and keeps its mode."""

import ctypes
import ctypes.util

import numpy as np
import pytest

import tdsl as td

UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}


def test_the_rounding_mode_of_the_caller_does_not_matter():
    import platform

    name = ctypes.util.find_library("m")
    if name is None or platform.machine() not in UPWARD:
        pytest.skip("needs Linux")
    library = ctypes.CDLL(name)
    n = td.size("n")
    x = td.placeholder("x", (n,))
    k = td.reduce_axis("k", n)
    y = td.compute("y", (n,), lambda i: td.exp(x[i]) / 3.0 + x[i] * 0.1)
    z = td.compute("z", (), lambda: td.sum(x[k] * 0.1, over=k))
    f = td.build(td.schedule(y, z).parallel(y, "i").vectorize(z, "k", 8))
    a = np.random.default_rng(0).standard_normal(1000).astype(np.float32)
    want = f(a)
    library.fesetround(UPWARD[platform.machine()])
    try:
        got = f(a)
        mode = library.fegetround()
    finally:
        library.fesetround(0)
    assert mode == UPWARD[platform.machine()]
    assert all(np.array_equal(one, other) for one, other in zip(got, want))
