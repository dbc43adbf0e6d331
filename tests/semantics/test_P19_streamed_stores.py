"""P19: streamed stores change no value, and every thread sees them when the loop has ended."""

import numpy as np

import tdsl as td


def test_P19_other_threads_see_what_was_streamed():
    n = td.size("n")
    x = td.placeholder("x", (n, 64))
    y = td.compute("y", (n, 64), lambda i, j: x[i, j] + 1)
    k = td.reduce_axis("k", n)
    z = td.compute("z", (64, 64), lambda i, j: td.sum(y[k, (i + j) % 64], over=k))
    s = td.schedule(z).vectorize(y, "j", 16).parallel(y, "i").stream(y).parallel(z, "i")
    plain = td.build(td.schedule(z))
    f = td.build(s)
    for seed in range(20):
        a = np.random.default_rng(seed).random((50, 64)).astype(np.float32)
        assert np.array_equal(f(a), plain(a))


def test_P19_partial_vectors_are_ordinary_stores():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: x[i] * 3)
    f = td.build(td.schedule(y).vectorize(y, "i", 8).stream(y))
    for count in range(20):
        a = np.arange(count, dtype=np.float32)
        out = np.full(count + 8, 7, np.float32)
        assert np.array_equal(f(a, out=out[:count]), a * 3)
        assert (out[count:] == 7).all()
