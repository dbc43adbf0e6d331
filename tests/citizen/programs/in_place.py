"""An input as its own output where that is proved, in any layout; overlap of any other kind is refused."""

import numpy as np

import tdsl as td

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
w = td.placeholder("w", (n, m))
y = td.compute("y", (n, m), lambda i, j: x[i, j] * 2 + w[i, j])
for s in (
    td.schedule(y),
    td.schedule(y).vectorize(y, "j", 8),
    td.schedule(y).tile(y, {"i": 4, "j": 16}).parallel(y, "io").vectorize(y, "ji"),
):
    f = td.build(s)
    print(dict(f.inplace))
    a = np.arange(60, dtype="f").reshape(6, 10)
    b = np.ones((6, 10), "f")
    want = a * 2 + b
    for base in (a.copy(), np.asfortranarray(a), np.repeat(a, 2, 1)[:, ::2]):
        z = base
        assert f(z, b, out=z) is z and np.array_equal(z, want)
        z = base.copy()
        z[...] = a
        bb = b.copy()
        r = f(bb, bb, out=bb)
        assert np.array_equal(bb, b * 3)
    for bad in (lambda: f(a, b, out=a.T.copy().T if False else a[::-1]), lambda: f(a, a, out=a[:, ::-1])):
        try:
            bad()
        except td.CallValueError as e:
            assert "C109" in str(e)
        else:
            raise SystemExit("took")
c = td.compute("c", (m, n), lambda j, i: x[i, j])
g = td.build(td.schedule(c))
q = np.arange(36, dtype="f").reshape(6, 6)
try:
    g(q, out=q)
except td.CallValueError:
    pass
else:
    raise SystemExit("transposed in place")
assert np.array_equal(g(q), q.T)
big = np.zeros((6, 20), "f")
o = big[:, ::2]
i = big[:, 1::2]
i[...] = 3
e = td.build(td.schedule(td.compute("e", (n, m), lambda i_, j: x[i_, j] + 1)))
assert np.array_equal(e(i, out=o), i + 1) and (big[:, 1::2] == 3).all()
print("ok")
