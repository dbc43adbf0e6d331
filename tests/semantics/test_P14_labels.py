"""P14: every directive is labelled exact or reassociates(axis)."""

import re

import tdsl as td


def labels(s):
    """What the history says of the bits, step by step."""
    return [
        re.search(r"  (exact|reassociates [^ ]+ of [^ ]+|order varies in [^ ]+)", line)[1]
        for line in s.history().splitlines()
    ]


def test_blocks_are_exact_and_another_order_is_not(matmul):
    assert labels(matmul.s.split("C", "k", 8)) == ["exact"]
    assert labels(matmul.s.reorder("C", "k", "i", "j")) == ["exact"]
    assert labels(matmul.s.split("C", "k", 8).reorder("C", "ki", "ko")) == ["exact", "reassociates k of C"]
    assert labels(matmul.s.vectorize("C", "k", 8)) == ["reassociates k of C"]
    assert labels(matmul.s.rfactor("C", "k")) == ["reassociates k of C"]


def test_integers_and_extrema_are_exact():
    n = td.size("n")
    k = td.reduce_axis("k", n)
    for dtype, reduce in (("int32", td.sum), ("float32", td.max)):
        A = td.placeholder("A", (n,), dtype)
        C = td.compute("C", (), lambda reduce=reduce, A=A: reduce(A[k], over=k))
        assert labels(td.schedule(C).vectorize(C, "k", 8)) == ["exact"]
        assert labels(td.schedule(C).rfactor(C, "k")) == ["exact"]


def test_atomic_sums_of_floats_vary(matmul):
    assert labels(matmul.s.atomic("C").parallel("C", "k")) == ["order varies in C", "exact"]
    n = td.size("n")
    k = td.reduce_axis("k", n)
    A = td.placeholder("A", (n,), "int32")
    C = td.compute("C", (), lambda: td.sum(A[k], over=k))
    assert labels(td.schedule(C).atomic(C).parallel(C, "k")) == ["exact", "exact"]


def test_what_moves_iterations_and_code_is_exact(matmul):
    s = matmul.s.shift("C", "i", 2).split("C", "j", 8).separate("C", "jo").peel("C", "k", last=1)
    assert labels(s) == ["exact"] * 4
