"""No inputs, only scalars, thirty inputs, eight dimensions, twelve outputs."""

import pickle

import numpy as np

import tdsl as td

n = td.size("n")
f = td.build(td.schedule(td.compute("iota", (n,), lambda i: td.cast(i, "int32"))))
assert (
    np.array_equal(f(n=5), np.arange(5)) and f(n=0).shape == (0,) and f(n=np.uint8(3)).tolist() == [0, 1, 2]
)
o = np.empty(4, "i4")
assert f(out=o) is o and o.tolist() == [0, 1, 2, 3]
assert f(out=o, n=4) is o
for bad in (
    lambda: f(),
    lambda: f(n=-1),
    lambda: f(n=2.0),
    lambda: f(n=5, out=o),
    lambda: f(5),
    lambda: f(n=2**47),
    lambda: f(n=2**46),
    lambda: f(n=True),
    lambda: f(n="5"),
):
    try:
        bad()
    except td.CallError as e:
        print(type(e).__name__, str(e).splitlines()[0][:90])
    else:
        raise SystemExit("took")
a, b = td.param("a", "int64"), td.param("b", "float32")
g = td.build(td.schedule(td.compute("s", (), lambda: td.cast(a, "float32") * b)))
assert g(3, 0.5) == 1.5
assert g(np.int8(3), np.float16(0.5)) == 1.5
c = td.build(td.schedule(td.compute("c", (2, 3), lambda i, j: i * 3 + j)))
assert np.array_equal(c(), np.arange(6).reshape(2, 3))
o = np.zeros((2, 3), "i8")
assert c(out=o) is o and o[1, 2] == 5
xs = [td.placeholder(f"x{i}", (n,)) for i in range(30)]
tot = td.compute("t", (n,), lambda i: sum((x[i] for x in xs[1:]), xs[0][i]))
h = td.build(td.schedule(tot))
vs = [np.full(6, k, "f") for k in range(30)]
assert (h(*vs) == 435).all()
assert (h(*[v[::2] for v in vs]) == 435).all()
d = [td.size(f"e{i}") for i in range(8)]
z = td.placeholder("z", tuple(d), "int16")
r = td.compute("r", tuple(reversed(d)), lambda *i: z[tuple(reversed(i))])
q = td.build(td.schedule(r))
w = np.arange(3**8, dtype="i2").reshape((3,) * 8)
assert np.array_equal(q(w), w.T) and np.array_equal(q(w.T), w)
outs = [td.compute(f"o{i}", (n,), lambda j, i=i: xs[0][j] + i) for i in range(12)]
m = td.build(td.schedule(*outs))
res = m(vs[1])
assert len(res) == 12 and all((res[i] == 1 + i).all() for i in range(12))
res2 = m(vs[1], out=tuple(np.empty(6, "f") for _ in range(12)))
assert all((res2[i] == 1 + i).all() for i in range(12))
same = np.empty(6, "f")
try:
    m(vs[1], out=tuple([same] * 12))
except td.CallValueError:
    pass
else:
    raise SystemExit("one output twice")
assert pickle.loads(pickle.dumps(m))(vs[1])[11][0] == 12
print("ok")
