"""B1: sizes, min=, multiple_of=, td.require, conditions around a read, minimum, maximum and clamp decide proofs."""

import numpy as np
import pytest

import tdsl as td

n, m, q = td.size("n", min=2), td.size("m", multiple_of=4), td.size("q")
x, y, z = td.placeholder("x", (n,)), td.placeholder("y", (m,)), td.placeholder("z", (q,))

PROVED = {
    "min=": (3, lambda i: x[1]),
    "multiple_of=": (m // 4, lambda i: y[4 * i + 3]),
    "where": (q, lambda i: td.where(td.all(i >= 2, td.any(i < 1, i > 2)), z[i - 3], 0.0)),
    "the other branch": (q, lambda i: td.where(i < 2, 0.0, z[i - 2])),
    "nested": (q, lambda i: td.where(i > 0, td.where(i < 5, z[i - 1], z[i]), 0.0)),
    "not": (q, lambda i: td.where(td.logical_not(i < 3), z[i - 3], 0.0)),
    "minimum and maximum": (q, lambda i: z[td.minimum(td.maximum(2 * i - 4, 0), q - 1)]),
    "clamp": (q, lambda i: z[td.clamp(i * i, 0, q - 1)]),
    "floor division": (q, lambda i: z[i // 2] + z[i - i % 2]),
    "abs": (q, lambda i: z[abs(i - i // 2)]),
    "two reads of one condition": (n, lambda i: td.where(i + 1 < n, x[i + 1] + x[i], x[i])),
    "narrow arithmetic": (q, lambda i: z[td.minimum(i, 100).astype("int8").astype("int64")]),
    "bits": (q, lambda i: td.where(i >= 8, z[(i & 7) + (i >> 3 << 1) - (i >> 3)], 0.0)),
}


@pytest.mark.parametrize("name", PROVED)
def test_proved(name):
    extent, value = PROVED[name]
    td.compute("a", (extent,), value)


@pytest.mark.parametrize(
    ("extent", "value", "index", "sizes"),
    [
        (q, lambda i: z[i + 1], (1,), {"q": 1}),
        (3, lambda i: x[2], (2,), {"n": 2}),
        (q, lambda i: td.where(i > 0, z[i - 2], 0.0), (-1,), {"q": 2}),
        (q, lambda i: z[td.maximum(i - 1, 1)], (1,), {"q": 1}),
        (m // 4, lambda i: y[4 * i + 4], (4,), {"m": 4}),
        (q, lambda i: td.where(td.any(i > 0, i < 5), z[i - 1], 0.0), (-1,), {"q": 1}),
    ],
)
def test_the_smallest_escape(extent, value, index, sizes):
    with pytest.raises(td.BoundsError, match="E301") as caught:
        td.compute("a", (extent,), value)
    error = caught.value
    assert error.index == index and error.sizes == sizes and len(str(error).splitlines()) <= 10
    assert isinstance(error, IndexError) and error.hint


def test_a_hint_is_no_fact():
    t = td.size("t", typical=100)
    w = td.placeholder("w", (t,))
    with pytest.raises(td.BoundsError):
        td.compute("a", (1,), lambda i: w[50])


def test_required_facts_are_checked_at_the_call():
    with td.require(n <= q):
        a = td.compute("a", (n,), lambda i: z[i] + x[i])
    with pytest.raises(td.BoundsError):
        td.compute("a", (n,), lambda i: z[i] + x[i])
    f = td.build(td.schedule(a))
    assert f(np.ones(2, np.float32), np.ones(3, np.float32)).tolist() == [2, 2]
    with pytest.raises(td.CallError, match="n <= q"):
        f(np.zeros(3, np.float32), np.zeros(2, np.float32))
    b = td.compute("b", (m,), lambda i: y[i])
    with pytest.raises(td.CallError, match="m"):
        td.build(td.schedule(b))(np.zeros(6, np.float32))
