"""Seed 22605: lanes over terms of which there is one in a shared loop keep one partial result."""

import numpy as np

import tdsl as td


def test_case() -> None:
    a = td.placeholder("a", (4,), "float32")

    def least(i):
        k = td.reduce_axis("k", i + 1)
        return td.min(a[k], over=k)

    first = td.compute("first", (1,), least)
    last = td.compute("last", (4,), lambda i: td.where(i < 1, first[0], a[i]))
    s = td.schedule(last).vectorize("first", "k").compute_with("first", "last", "i")
    given = np.array([3, 1, 2, 5], np.float32)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(s, target=target)(given), given)
