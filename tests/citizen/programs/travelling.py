"""Everything pickles, copies and compares; errors keep their text; a kernel in a cycle is collected."""

import copy
import gc
import pickle
import weakref

import numpy as np

import tdsl as td

n, m = td.size("n", min=2), td.size("m", multiple_of=4)
x = td.placeholder("x", (n, m), "float32")
i8 = td.placeholder("ix", (n,), "int32", range=(0, n))
k = td.reduce_axis("k", n)
y = td.compute("y", (n, m), lambda i, j: x[i8[i], j] * 2, where=lambda i, j: j >= i, fill=0.5)
z = td.compute("z", (m,), lambda j: td.max(y[k, j], over=k))
s = td.schedule(z, y).vectorize(y, "j", 8).parallel(y, "i")
for one in (
    n,
    x,
    y,
    z,
    s,
    td.Target(),
    td.Target("cpu", mcpu="x86-64-v3"),
    td.param("p", "int8"),
    td.reduce_axis("q", n),
):
    for proto in range(2, pickle.HIGHEST_PROTOCOL + 1):
        back = pickle.loads(pickle.dumps(one, proto))
        assert type(back) is type(one), one
    copy.copy(one)
    copy.deepcopy(one)
assert pickle.loads(pickle.dumps(s)) == s and hash(pickle.loads(pickle.dumps(s))) == hash(s)
y2, s2 = pickle.loads(pickle.dumps((y, s)))
f = td.build(s)
v = np.random.rand(5, 8).astype("f")
ix = np.array([0, 4, 2, 2, 1], "i4")
a = f(v, ix)
for g in (
    pickle.loads(pickle.dumps(f)),
    copy.copy(f),
    copy.deepcopy(f),
    td.build(s2),
    pickle.loads(pickle.dumps(td.build(s, target="interpret"))),
):
    b = g(v, ix)
    assert all(np.array_equal(p, q) for p, q in zip(a, b)), g
w = np.where(np.arange(8)[None] >= np.arange(5)[:, None], v[ix] * 2, np.float32(0.5))
assert np.array_equal(a[1], w) and np.array_equal(a[0], w.max(0))


def err(c):
    try:
        c()
    except td.TdslError as e:
        return e
    raise SystemExit("no error")


for e in (
    err(lambda: f(v)),
    err(lambda: f(v[:, :7], ix)),
    err(lambda: f(v[:1], ix[:1])),
    err(lambda: f(v, ix + 9)),
    err(lambda: td.size("a b")),
    err(lambda: s.split("y", "nope", 4)),
    err(lambda: td.schedule(y).parallel(y, "zz")),
    err(lambda: td.compute("q", (n,), lambda i: x[i, 0])),
    err(lambda: td.Target("gpu")),
):
    b = pickle.loads(pickle.dumps(e))
    assert type(b) is type(e) and str(b) == str(e) and b.code == e.code
    copy.deepcopy(e)
r = weakref.ref(f)
d = {f: 1, "k": f}
assert d[f] == 1
d["self"] = d
del f, d, g
gc.collect()
assert r() is None
print("ok")
