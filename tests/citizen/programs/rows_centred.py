"""Two outputs, a scalar first, arrays in every layout; what is wrong is refused by kind."""

import pickle

import numpy as np

import tdsl as td

n, m = td.size("n"), td.size("m", min=1)
x = td.placeholder("x", (n, m), "float64")
bias = td.param("bias", "float64")
k = td.reduce_axis("k", m)
mean = td.compute("mean", (n,), lambda i: td.sum(x[i, k], over=k) / td.cast(m, "float64"))
cent = td.compute("cent", (n, m), lambda i, j: x[i, j] - mean[i] + bias)
f = td.build(td.schedule(cent, mean), inputs=[bias, x], name="center")
v = np.random.default_rng(0).standard_normal((7, 5))
c, mu = f(2, v)
np.testing.assert_allclose(mu, v.mean(1))
np.testing.assert_allclose(c, v - v.mean(1)[:, None] + 2)
assert f.name == "center" and "center" in repr(f)
# in Fortran order, subset, negative strides, 0 rows
for w in (
    np.asfortranarray(v),
    v[::-2],
    v[:, ::-1],
    v[:0],
    v.astype(">f8").astype("f8"),
    np.broadcast_to(v[0], (4, 5)),
):
    c, mu = f(np.float32(1), w)
    np.testing.assert_allclose(c, w - w.mean(1)[:, None] + 1)
o = (np.empty((7, 5)), np.empty(7))
r = f(0.0, v, out=o)
assert r is o
o2 = [np.empty((7, 5)), np.empty(7)]
r = f(0.0, v, out=o2)
assert r is o2
for bad in (
    lambda: f(v, 0.0),
    lambda: f(0.0, v, n=8),
    lambda: f(0.0, v, out=o[0]),
    lambda: f(0.0, v, out=(o[1], o[0])),
    lambda: f(0.0, v, bias=3),
    lambda: f(0.0, np.ma.array(v)),
    lambda: f(0.0, v.tolist()),
    lambda: f(0.0, v.astype(complex)),
    lambda: f(0.0, v[:, :0]),
):
    try:
        bad()
    except td.CallError as e:
        print(type(e).__name__, str(e).splitlines()[0])
    else:
        raise SystemExit("accepted")
assert f(0.0, v, n=7)[1].shape == (7,)
assert f(0.0, v, m=np.int64(5))[1].shape == (7,)
g = pickle.loads(pickle.dumps(f))
assert np.array_equal(g(0.5, v)[0], f(0.5, v)[0])
print("ok")
