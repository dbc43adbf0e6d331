"""B2: the whole array is checked before anything is written, and an index changed meanwhile cannot lead outside."""

import subprocess
import sys

import numpy as np
import pytest

import tdsl as td


def gather(dtype="int64"):
    n, q = td.size("n"), td.size("q")
    x = td.placeholder("x", (n,), "int32")
    index = td.placeholder("index", (q,), dtype, range=(0, n))
    return td.build(td.schedule(td.compute("y", (q,), lambda i: x[index[i]])), inputs=[x, index])


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64"])
def test_every_element_is_looked_at(dtype):
    f, x = gather(dtype), np.arange(100, dtype=np.int32)
    for q in (1, 7, 8, 9, 16, 23):
        for at in range(q):
            index = np.zeros(q, dtype)
            index[at] = 99
            assert f(x, index)[at] == 99
            for wrong in {100, np.iinfo(dtype).max, np.iinfo(dtype).min} - {0}:
                index[at] = wrong
                out = np.full(q, 7, np.int32)
                for call in (f, f._call):
                    with pytest.raises(
                        td.CallError, match=f"C112: index holds {wrong}, outside its declared range 0 <="
                    ):
                        call(x, index, out=out)
                assert (out == 7).all()


def test_ranges_of_strided_and_empty_arrays():
    f, x = gather(), np.arange(5, dtype=np.int32)
    index = np.array([9, 0, 9, 4, 9, 2])
    assert f(x, index[1::2]).tolist() == [0, 4, 2]
    with pytest.raises(td.CallError, match="C112"):
        f(x, index[::2])
    assert f(x[:0], index[:0]).tolist() == []
    with pytest.raises(td.CallError, match="C112: index holds 0, outside its declared range 0 <= index < 0"):
        f(x[:0], np.zeros(1, np.int64))


def test_scalars_have_ranges_too():
    x, at = td.placeholder("x", (10,), "int32"), td.param("at", "int32", range=(0, 10))
    f = td.build(td.schedule(td.compute("y", (3,), lambda i: x[at])))
    values = np.arange(10, dtype=np.int32)
    assert f(values, 9).tolist() == [9] * 3
    for wrong in (-1, 10, 2**31 - 1):
        for call in (f, f._call):
            with pytest.raises(
                td.CallError, match=f"C112: at is {wrong}, outside its declared range 0 <= at < 10"
            ):
                call(values, wrong)


RACE = """
import threading, numpy as np, tdsl as td
n, q = td.size("n"), td.size("q")
x = td.placeholder("x", (n,), "int32")
index = td.placeholder("index", (q,), "int64", range=(0, n))
f = td.build(td.schedule(td.compute("y", (q,), lambda i: x[index[i]])), inputs=[x, index])
values = np.full(1000, 3, np.int32)
at = np.zeros(1 << 20, np.int64)
stop = threading.Event()
def change():
    while not stop.is_set():
        at[:] = 1 << 50
        at[:] = -(1 << 50)
        at[:] = 0
thread = threading.Thread(target=change)
thread.start()
ran = refused = 0
while ran + refused < 60:
    try:
        assert (f(values, at) == 3).all()
        ran += 1
    except td.CallError:
        refused += 1
stop.set()
thread.join()
print("fine", ran, refused)
"""


def test_a_thread_that_changes_indices_meanwhile():
    done = subprocess.run([sys.executable, "-c", RACE], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0 and done.stdout.startswith("fine"), done.stderr
