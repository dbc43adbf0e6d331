"""D4: a process whose rounding mode another library changed gets the same bits, and keeps its mode."""

import ctypes
import ctypes.util
import platform
import subprocess
import sys

import numpy as np
import pytest

import tdsl as td

UPWARD = {"x86_64": 0x800, "aarch64": 0x400000}


def test_the_rounding_mode_of_the_caller_does_not_matter():
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


FLUSHED = """
import ctypes, ctypes.util, struct, sys
import numpy as np, tdsl as td

library = ctypes.CDLL(ctypes.util.find_library("m"))
environment = ctypes.create_string_buffer(64)

def register(bits):
    library.fegetenv(environment)
    before = struct.unpack_from("I", environment, 28)[0]      # fenv_t of x86-64: MXCSR stands last
    struct.pack_into("I", environment, 28, before | bits)
    library.fesetenv(environment)
    library.fegetenv(environment)
    return struct.unpack_from("I", environment, 28)[0]

n = td.size("n")
x = td.placeholder("x", (n,))
y = td.compute("y", (n,), lambda i: x[i] * 0.5 + td.exp(x[i] * 1e38))
f = td.build(td.schedule(y).parallel(y, "i", chunk=1000).vectorize(y, "ic", 16))
td.set_num_threads(2)
small = np.full(20_000, 3e-39, np.float32)
flushed = register(0x8040)                                   # flush to zero, subnormals are zero
assert flushed & 0x8040 == 0x8040
assert f(small[:1])[0] == f(small)[-1], "no thread of the pool inherits the register"
kept = register(0)
assert kept & 0x8040 == 0x8040, "the caller's register is put back"
g = td.build(td.schedule(td.compute("z", (n,), lambda i: x[i] * 0.5)))
halves = g(small).view(np.uint32)
assert (halves == halves[0]).all() and halves[0] != 0, "subnormals are kept"
print("kept")
"""


@pytest.mark.skipif(platform.machine() != "x86_64", reason="needs a CPU with MXCSR")
def test_subnormals_are_kept_where_another_library_flushes_them():
    """FTZ and DAZ are set before the pool starts, so that its threads inherit them."""
    if ctypes.util.find_library("m") is None:
        pytest.skip("needs Linux")
    done = subprocess.run([sys.executable, "-c", FLUSHED], capture_output=True, text=True, check=False)
    assert done.stdout == "kept\n", done.stderr
