"""Parallel loops of little work: they stay on the calling thread, however their extents are known."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

HEAD = """
import numpy as np, tdsl as td
from tdsl.runtime.environment import always_parallel
from tdsl.runtime.pool import process_pool
n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))

def workers(f, *arrays):
    f(*arrays)
    return process_pool().workers

def ones(*shape):
    return np.ones(shape, np.float32)
"""

DOUBLED = """
y = td.compute("y", (n, m), lambda i, j: x[i, j] * 2.0)
f = td.build(td.schedule(y).parallel(y, "i"))
"""

FIXED = """
x = td.placeholder("x", (%d, 64))
y = td.compute("y", (%d, 64), lambda i, j: x[i, j] * 2.0)
f = td.build(td.schedule(y).parallel(y, "i"))
"""

TRIANGLE = """
k = td.reduce_axis("k", n)
x = td.placeholder("x", (n, n))
y = td.compute("y", (n,), lambda i: td.sum(td.where(k < i, x[i, k], 0.0), over=k))
f = td.build(td.schedule(y).parallel(y, "i"))
"""

RAGGED = """
ptr = td.placeholder("ptr", (n + 1,), "int64", range=(0, m + 1))
v = td.placeholder("v", (m,))

def row(i):
    k = td.reduce_axis("k", (ptr[i], ptr[i + 1]))
    return td.sum(v[k], over=k)

f = td.build(td.schedule(td.compute("y", (n,), row)).parallel("y", "i"))
"""


def run(program, expression, **environment):
    """What a fresh process with two threads prints: how many workers its pool has started."""
    done = subprocess.run(
        [sys.executable, "-c", f"{HEAD}{program}\nprint({expression})"],
        capture_output=True,
        text=True,
        env={**os.environ, "TDSL_CACHE": "0", "TDSL_NUM_THREADS": "2", **environment},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_little_work_starts_no_thread_and_much_does():
    assert (
        run(DOUBLED, "workers(f, ones(8, 64)), workers(f, ones(0, 64)), workers(f, ones(512, 512))")
        == "0 0 1"
    )


@pytest.mark.parametrize("rows, started", [(8, "0"), (4096, "1")])
def test_constant_extents(rows, started):
    assert run(FIXED % (rows, rows), f"workers(f, ones({rows}, 64))") == started


def test_loops_that_grow_count_in_their_middle():
    assert run(TRIANGLE, "workers(f, ones(8, 8)), workers(f, ones(600, 600))") == "0 1"


def test_bounds_from_data_are_not_read_beforehand():
    """Nobody knows how much work there is, so threads take part."""
    arrays = "np.array([0, 2, 3]), ones(3)"
    assert (
        run(RAGGED, f"workers(f, np.array([0]), ones(0)), workers(f, {arrays}), f({arrays}).tolist()")
        == "0 1 [2.0, 1.0]"
    )


def test_always_parallel():
    assert run(f"{DOUBLED}\nwith always_parallel():\n    found = workers(f, ones(8, 64))", "found") == "1"
