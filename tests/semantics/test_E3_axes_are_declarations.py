"""E3: an axis object is a declaration: any number of stages may use it, and only inside an `over=` that names it."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import numpy as np
import pytest

import tdsl as td


def test_stages_share_a_declaration():
    A = td.placeholder("A", (3, 4))
    k = td.reduce_axis("k", 3)
    top = td.compute("top", (4,), lambda j: td.max(A[k, j], over=k))
    total = td.compute("total", (4,), lambda j: td.sum(A[k, j] - top[j], over=k))
    a = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(td.build(td.schedule(total))(a), (a - a.max(0)).sum(0))


def test_outside_of_over_there_is_no_loop():
    A = td.placeholder("A", (3, 4))
    k, q = td.reduce_axis("k", 3), td.reduce_axis("q", 4)
    for body in (
        lambda j: A[k, j],
        lambda j: td.sum(A[k, j], over=k) + A[k, j],
        lambda j: td.sum(A[k, q], over=k),
        lambda j: td.sum(td.sum(A[k, j], over=k), over=k),
        lambda j: td.sum(A[0, j], over=td.reduce_axis("t", (0, k))),
    ):
        with pytest.raises(td.AxisScopeError, match="E106"):
            td.compute("bad", (4,), body)
    for over in ("k", 3, None, (), (k, k), lambda: k):
        with pytest.raises(td.ArgumentTypeError, match="E112"):
            td.compute("bad", (4,), lambda j: td.sum(A[k, j], over=over))
    kept = []
    td.compute("first", (4,), lambda j: kept.append(j) or A[0, j])
    with pytest.raises(td.AxisScopeError, match="E106"):
        td.compute("bad", (4,), lambda i: A[0, kept[0]])
