"""Parallel kernels through the life of a process: forks while others run, exit while threads work, OpenMP beside."""

import ctypes
import os
import shutil
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import tdsl as td

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

KERNEL = """
import numpy as np, tdsl as td
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
k = td.reduce_axis("k", m)
total = td.compute("total", (n, m), lambda i, j: td.max(x[i, k], over=k) + x[i, j])
f = td.build(td.schedule(total).parallel(total, "i"))
td.set_num_threads(4)
values = np.random.default_rng(1).standard_normal((37, 29)).astype(np.float32)
wanted = values.max(axis=1)[:, None] + values
"""


def run(program, timeout=60):
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", KERNEL + program],
        capture_output=True,
        text=True,
        timeout=timeout,
    )
    assert done.returncode == 0, f"{done.returncode}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def kernel():
    names = {}
    exec(KERNEL, names)
    return names


@pytest.fixture(autouse=True)
def threads():
    before = td.get_num_threads()
    yield
    td.set_num_threads(before)


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # forking with threads is what is tried
def test_forks_while_other_threads_run_regions(kernel):
    f, values, wanted = (kernel[name] for name in ("f", "values", "wanted"))
    td.set_num_threads(4)
    stop, wrong = threading.Event(), []

    def call():
        while not stop.is_set():
            if not np.array_equal(f(values), wanted):
                wrong.append(1)

    running = [threading.Thread(target=call) for _ in range(3)]
    for one in running:
        one.start()
    try:
        for _ in range(8):
            child = os.fork()
            if child == 0:
                right = all(np.array_equal(f(values), wanted) for _ in range(5)) and np.array_equal(
                    f(values.T).T.shape, values.shape
                )
                os._exit(0 if right else 1)
            end = time.monotonic() + 30
            while True:
                done, status = os.waitpid(child, os.WNOHANG)
                if done or time.monotonic() > end:
                    break
                time.sleep(0.001)
            if not done:
                os.kill(child, 9)
                os.waitpid(child, 0)
            assert done and os.waitstatus_to_exitcode(status) == 0
    finally:
        stop.set()
        for one in running:
            one.join()
    assert not wrong


def test_a_pool_of_processes():
    program = """
import multiprocessing
def work(number):
    return float(np.abs(f(values + number) - (wanted + 2 * number)).max())
assert np.array_equal(f(values), wanted)
with multiprocessing.get_context("fork").Pool(3) as pool:
    print(max(pool.map(work, [0.0, 1.0, 2.0, 0.5] * 4)) < 1e-5)
"""
    assert run(program).split() == ["True"]


@pytest.mark.parametrize("ends", ["", "os._exit(0)"])
def test_exit_while_daemon_threads_run_kernels(ends):
    program = f"""
import os, sys, threading, time
def call():
    big = np.ones((300, 400), np.float32)
    while True:
        f(big)
for _ in range(3):
    threading.Thread(target=call, daemon=True).start()
time.sleep(0.05)
{ends}
"""
    run(program)


def test_kernels_at_exit():
    program = """
import atexit, weakref
def last():
    assert np.array_equal(f(values), wanted)
    print("at exit")
atexit.register(last)
class Late:
    def __del__(self):
        print("late")
late = Late()
weakref.finalize(late, lambda g=f: g(values))
late.itself = late
"""
    assert run(program).splitlines()[0] == "at exit"


def test_idle_threads_use_no_cpu(kernel):
    kernel["f"](kernel["values"])
    time.sleep(0.01)
    before = time.process_time()
    time.sleep(0.4)
    assert time.process_time() - before < 0.02


OPENMP = """
#include <omp.h>
double sum(const double *x, long n) {
    double total = 0;
    #pragma omp parallel for reduction(+:total) num_threads(4)
    for (long i = 0; i < n; ++i) total += x[i];
    return total;
}
"""


@pytest.mark.needs_compiler
def test_beside_openmp(kernel, tmp_path):
    (tmp_path / "sum.c").write_text(OPENMP)
    compiler = shutil.which("gcc") or shutil.which("cc")
    subprocess.run(
        [compiler, "-O1", "-fopenmp", "-shared", "-fPIC", "sum.c", "-o", "sum.so"], cwd=tmp_path, check=True
    )
    openmp = ctypes.CDLL(str(tmp_path / "sum.so"))
    openmp.sum.restype, openmp.sum.argtypes = ctypes.c_double, (ctypes.c_void_p, ctypes.c_long)
    numbers = np.arange(10_000.0)
    wrong = []

    def call(function, right):
        for _ in range(60):
            if not right(function()):
                wrong.append(1)

    def ours():
        return kernel["f"](kernel["values"])

    def is_right(got):
        return np.array_equal(got, kernel["wanted"])

    def theirs():
        return openmp.sum(numbers.ctypes.data, 10_000)

    calls = ((ours, is_right), (theirs, lambda got: got == numbers.sum()), (ours, is_right))
    running = [threading.Thread(target=call, args=pair) for pair in calls]
    for one in running:
        one.start()
    for one in running:
        one.join()
    assert not wrong
