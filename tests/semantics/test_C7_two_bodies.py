"""C7: contiguous, aligned arrays take one body, all others the general one, which is built when first needed."""

import numpy as np

import tdsl as td


def test_the_general_body_is_built_on_first_need():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m), "float64")
    y = td.compute("y", (n, m), lambda i, j: x[i, j] * x[i, j])
    f = td.build(td.schedule(y).vectorize(y, "j", 4))
    values = np.arange(35.0).reshape(5, 7)
    assert np.array_equal(f(values), values**2) and f._run.bodies == ("contiguous",)
    assert np.array_equal(f(values, out=np.empty((5, 7))), values**2) and f._run.bodies == ("contiguous",)
    assert np.array_equal(f(values.T), values.T**2) and f._run.bodies == ("contiguous", "general")


def layouts(values):
    """The same values in other places: transposed, reversed, strided, off by one byte, broadcast, without elements."""
    yield values
    yield np.asfortranarray(values)
    yield values[::-1, ::-1].copy()[::-1, ::-1]
    wide = np.zeros((2 * values.shape[0], 3 * values.shape[1]), values.dtype)
    wide[::2, ::3] = values
    yield wide[::2, ::3]
    raw = np.zeros(values.nbytes + 1, np.uint8)[1:].view(values.dtype).reshape(values.shape)
    raw[:] = values
    yield raw
    frozen = values.copy()
    frozen.flags.writeable = False
    yield frozen


def test_layout_changes_nothing():
    n, m = td.size("n"), td.size("m")
    x, y = td.placeholder("x", (n, m)), td.placeholder("y", (m, n))
    z = td.compute("z", (n, m), lambda i, j: x[i, j] - y[j, i] * 3)
    f = td.build(td.schedule(z).tile(z, {"i": 4, "j": 8}).vectorize(z, "ji"))
    one = np.random.default_rng(1).standard_normal((11, 19)).astype(np.float32)
    other = np.random.default_rng(2).standard_normal((19, 11)).astype(np.float32)
    wanted = f(one, other)
    for a in layouts(one):
        for b in layouts(other):
            assert f(a, b).tobytes() == wanted.tobytes()
            for out in layouts(np.zeros((11, 19), np.float32)):
                if out.flags.writeable:
                    f(a, b, out=out)
                    assert np.ascontiguousarray(out).tobytes() == wanted.tobytes()
    assert np.array_equal(f(np.broadcast_to(one[:1], one.shape), other)[0], wanted[0])
    assert f(one[:, :0], other[:0]).shape == (11, 0)
