"""`tdsl_env` as machine code sees it: the offsets of codegen/abi.py lead to the pool and the arena."""

import ctypes
import os
import subprocess
import sys

import numpy as np
import pytest

from tdsl.codegen import abi
from tdsl.runtime.arena import Arena
from tdsl.runtime.environment import Environment, always_parallel, process_environment
from tdsl.runtime.pool import ThreadPool, process_pool

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

# A kernel written by hand against the ABI: y[i] = 2 x[i] through a scratch copy, one task an element.
KERNEL = f"""
define internal void @task(ptr %arrays, i64 %i) {{
  %scratch = load ptr, ptr %arrays, align 8
  %x.at = getelementptr ptr, ptr %arrays, i64 1
  %x = load ptr, ptr %x.at, align 8
  %from = getelementptr double, ptr %x, i64 %i
  %value = load double, ptr %from, align 8
  %double = fadd double %value, %value
  %to = getelementptr double, ptr %scratch, i64 %i
  store double %double, ptr %to, align 8
  ret void
}}
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
define i32 @kernel(ptr %data, ptr %sizes, ptr %env) {{
entry:
  %n = load i64, ptr %sizes, align 8
  %bytes = shl i64 %n, 3
  %allocate.at = getelementptr i8, ptr %env, i64 {abi.ENV_ALLOCATE}
  %allocate = load ptr, ptr %allocate.at, align 8
  %arena.at = getelementptr i8, ptr %env, i64 {abi.ENV_ARENA_CTX}
  %arena = load ptr, ptr %arena.at, align 8
  %scratch = call ptr %allocate(ptr %arena, i64 %bytes)
  %missing = icmp eq ptr %scratch, null
  br i1 %missing, label %fail, label %run
fail:
  ret i32 {int(abi.Status.OUT_OF_MEMORY)}
run:
  %arrays = alloca [2 x ptr], align 8
  store ptr %scratch, ptr %arrays, align 8
  %x = load ptr, ptr %data, align 8
  %x.at = getelementptr ptr, ptr %arrays, i64 1
  store ptr %x, ptr %x.at, align 8
  %pool.at = getelementptr i8, ptr %env, i64 {abi.ENV_POOL_CTX}
  %pool = load ptr, ptr %pool.at, align 8
  %for.at = getelementptr i8, ptr %env, i64 {abi.ENV_PARALLEL_FOR}
  %for = load ptr, ptr %for.at, align 8
  call void %for(ptr %pool, ptr @task, ptr %arrays, i64 %n)
  %y.at = getelementptr ptr, ptr %data, i64 1
  %y = load ptr, ptr %y.at, align 8
  call void @llvm.memcpy.p0.p0.i64(ptr %y, ptr %scratch, i64 %bytes, i1 false)
  %release.at = getelementptr i8, ptr %env, i64 {abi.ENV_RELEASE}
  %release = load ptr, ptr %release.at, align 8
  call void %release(ptr %arena, ptr %scratch)
  ret i32 {int(abi.Status.DONE)}
}}
"""


@pytest.fixture
def kernel(load, function):
    code = load(KERNEL, "kernel")
    call = function(code.address("kernel"), ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)

    def run(x, y, environment, n=None):
        data = np.array([x.ctypes.data, y.ctypes.data], np.int64)
        integers = np.array([len(x) if n is None else n, 8, 8], np.int64)
        return call(data.ctypes.data, integers.ctypes.data, environment.address)

    run.code = code
    return run


def test_a_kernel_reaches_pool_and_arena(kernel):
    pool, arena = ThreadPool(3), Arena(1 << 20)
    environment = Environment(pool, arena)
    x, y = np.arange(1000.0), np.zeros(1000)
    assert kernel(x, y, environment) == abi.Status.DONE
    assert np.array_equal(y, 2 * x)
    assert pool.workers == 2 and arena.kept_bytes >= 8000
    assert kernel(x, y, environment, n=2**60) == abi.Status.OUT_OF_MEMORY
    pool.close()
    arena.close()


def test_the_processs_environment(kernel):
    environment = process_environment()
    assert environment is process_environment() and environment.pool is process_pool()
    x, y = np.arange(10.0), np.zeros(10)
    assert kernel(x, y, environment) == 0 and np.array_equal(y, 2 * x)


def test_fields_that_no_kernel_reads_yet():
    address = process_environment().address
    assert ctypes.c_int32.from_address(address + abi.ENV_VERSION).value == abi.ABI_VERSION
    with always_parallel(False):
        assert ctypes.c_int32.from_address(address + abi.ENV_FLAGS).value == 0
    with always_parallel():
        assert ctypes.c_int32.from_address(address + abi.ENV_FLAGS).value == abi.FLAG_ALWAYS_PARALLEL
    slot = ctypes.c_uint64.from_address(address + abi.ENV_ERROR_SLOT).value
    assert slot and ctypes.string_at(slot, 64) == bytes(64)


PROGRAM = """
import sys
import numpy as np
import tdsl as td
from tdsl.runtime import environment

n = td.size("n")
x, w = td.placeholder("x", (n,)), td.placeholder("w", (n + 2,))
y = td.compute("y", (n,), lambda i: x[i] + 1)
s = td.schedule(y).vectorize(y, "i", 8)
f = td.build(s)
values = np.arange(2002, dtype=np.float32)
assert np.array_equal(f(values), values + 1)
assert np.array_equal(f(values[::2]), values[::2] + 1)
print(len(environment._process), *sorted({"llvmlite", "islpy", "tdsl.poly.isl_library"} & set(sys.modules)))
if sys.argv[1] == "parallel":
    g = td.build(s.parallel(y, "i"))
else:
    mean = td.compute("mean", (n + 1,), lambda i: w[i] + w[i + 1])
    z = td.compute("z", (n,), lambda i: mean[i] * mean[i + 1])
    g = td.build(td.schedule(z))
print(len(environment._process))
g(values)
"""


@pytest.mark.parametrize("second", ["parallel", "scratch memory"])
def test_pool_and_arena_are_made_for_the_first_kernel_that_uses_them(tmp_path, second):
    for cached in (False, True):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, second],
            env=os.environ | {"TDSL_CACHE_DIR": str(tmp_path), "TDSL_CACHE": "1"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        first, then = done.stdout.splitlines()
        assert then == "1"
        if cached:
            assert first == "0", "isl, LLVM and the pool are loaded for nothing"
