"""Buffers of the standard library as inputs and outputs; everything that is no array of the right kind is refused."""

import array
import ctypes
import mmap

import numpy as np

import tdsl as td

n = td.size("n")
x = td.placeholder("x", (n,), "float32")
y = td.compute("y", (n,), lambda i: x[i] + 1)
f = td.build(td.schedule(y).vectorize(y, "i", 8))
v = np.arange(10, dtype="f")


def same(r):
    assert isinstance(r, np.ndarray) and np.array_equal(r, v + 1), r


same(f(memoryview(v)))
same(f(array.array("f", v)))
same(f((ctypes.c_float * 10)(*v)))
mm = mmap.mmap(-1, 40)
mm[:] = v.tobytes()
same(f(np.frombuffer(mm, "f")))
same(f(memoryview(mm).cast("f")))
same(f(v.view(type("S", (np.ndarray,), {}))))
o = array.array("f", [0] * 10)
assert f(v, out=o) is o and list(o) == list(v + 1)
o = (ctypes.c_float * 10)()
assert f(v, out=o) is o and list(o) == list(v + 1)
ro = memoryview(v.tobytes()).cast("f")
same(f(ro))
for bad in (
    lambda: f(v, out=ro),
    lambda: f(v, out=memoryview(bytes(40))),
    lambda: f(bytes(40)),
    lambda: f(bytearray(40)),
    lambda: f("x" * 40),
    lambda: f(np.float32(1)),
    lambda: f(1.0),
    lambda: f([1.0]),
    lambda: f(None),
    lambda: f(np.zeros((), "f")),
    lambda: f(v, out=v.tolist()),
    lambda: f(np.zeros(3, "f,f")),
    lambda: f(np.zeros(3, object)),
    lambda: f(v.view("S4")),
    lambda: f(*[v] * 2),
    lambda: f(),
    lambda: f(x=v),
    lambda: f(v, None),
    lambda: f(v, out=v[::2]),
    lambda: f(v, out=()),
    lambda: f(v, out=(v.copy(), v.copy())),
):
    try:
        bad()
    except td.CallError as e:
        assert isinstance(e, (TypeError, ValueError, KeyError))
        print(str(e).splitlines()[0][:100])
    else:
        raise SystemExit("took")
assert f(v, out=None).shape == (10,)
p0 = td.placeholder("p", (), "float32")
z = td.build(td.schedule(td.compute("z", (), lambda: p0[()] * 2)))
r = z(np.float32(3))
print(type(r), r)
assert r == 6 and r.shape == ()
r = z(np.array(3, "f"))
assert r == 6
o = np.zeros((), "f")
assert z(np.float32(3), out=o) is o and o == 6
print("ok")
