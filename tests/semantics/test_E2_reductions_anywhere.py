"""E2: reductions stand anywhere; the same axes share a nest, others run in order, inner ones are repeated."""

import pytest

import tdsl as td
from tests.support.compare import check

n, m = td.size("n"), td.size("m")
A = td.placeholder("A", (n, m))
k, q = td.reduce_axis("k", m), td.reduce_axis("q", m)

BODIES = {
    "after": lambda i: td.sum(A[i, k], over=k) * 2.0 + A[i, 0],
    "shared": lambda i: td.sum(A[i, k] * A[i, k], over=k) / td.max(A[i, k], over=k),
    "in order": lambda i: td.sum(A[i, k], over=k) - td.min(A[i, q], over=q),
    "inside": lambda i: td.sum(A[i, k] * td.max(A[i, q], over=q), over=k),
    "depending": lambda i: td.sum(td.max(A[i, q] * A[i, k], over=q), over=k),
    "in a condition": lambda i: td.where(td.any(A[i, k] > 1.0, over=k), td.sum(A[i, k], over=k), -1.0),
    "in a branch": lambda i: td.where(A[i, 0] > 0.0, td.prod(A[i, k], over=k), A[i, 0]),
    "in a subscript": lambda i: A[i, td.clamp(td.argmax(A[i, k], over=k), 0, m - 1)],
    "triangular": lambda i: td.sum(A[i, t := td.reduce_axis("t", (0, td.minimum(i, m)))], over=t),
}


@pytest.mark.parametrize("name", BODIES)
def test_meaning_under_schedules(name):
    with td.require(m >= 1):
        y = td.compute("y", (n,), BODIES[name])
    s = td.schedule(y)
    variants = [s, s.parallel(y, "i"), s.split(y, "i", 4).vectorize(y, "ii")]
    if y.producer.reduce_axes[0].name == "k":
        variants += [s.split(y, "k", 3)]
    for variant in variants:
        for sizes in ({"n": 3, "m": 7}, {"n": 6, "m": 1}, {"n": 0, "m": 2}):
            check(variant, sizes, seed=len(name), mode="mild")


def test_same_axes_share_one_nest():
    both = td.compute("y", (n,), BODIES["shared"])
    assert str(td.schedule(both)).count("for k") == 1
    apart = td.compute("y", (n,), BODIES["in order"])
    text = str(td.schedule(apart))
    assert text.index("for k") < text.index("for q")
    nested = str(td.schedule(td.compute("y", (n,), BODIES["depending"])))
    assert nested.index("for k") < nested.index("for q")


def test_an_accumulator_becomes_a_buffer_where_a_data_axis_is_ordered_inside():
    y = td.compute("y", (n,), lambda i: td.sum(A[i, k], over=k) * 2.0 + 1.0)
    s = td.schedule(y).reorder(y, "k", "i")
    assert "y_acc: float32[n] in heap" in str(s)
    check(s, {"n": 5, "m": 4})
