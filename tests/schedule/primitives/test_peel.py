"""`peel`: the first and last iterations of a loop in loops of their own; the same iterations in the same order."""

import re

import numpy as np
import pytest

import tdsl as td


def _padded():
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m))
    C = td.compute(
        "C", (n, m), lambda i, j: td.where(td.all(i > 0, j > 0, j < m - 1), A[i - 1, j - 1], 0.0) + A[i, j]
    )
    return td.schedule(C)


def test_the_loops_before_and_after(golden):
    s = _padded()
    golden(f"{s}\n\n{s.peel('C', 'i', first=1, last=2).peel('C', 'j', last=1)}")


def test_edges_are_decided_in_each_part(golden):
    golden(td.build(_padded().peel("C", "i").peel("C", "j", first=1, last=1)).source("loops"))


@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("counts", [{}, {"last": 1}, {"first": 1, "last": 1}, {"first": 3, "last": 2}])
def test_short_and_empty_loops(target, counts):
    s = _padded()
    kernel = td.build(s.peel("C", "i", **counts).peel("C", "j", **counts), target=target)
    plain = td.build(s)
    for n in (0, 1, 2, 3, 6):
        a = np.arange(n * 5, dtype=np.float32).reshape(n, 5)
        assert np.array_equal(kernel(a), plain(a))


def test_parallel_unrolled_and_reduction_loops(matmul):
    a = np.arange(35, dtype=np.float32).reshape(5, 7)
    want = td.build(matmul.s)(a, a.T.copy())
    s = matmul.s.parallel("C", "i").peel("C", "i", first=1, last=1).peel("C", "k", first=2, last=3)
    assert str(s).count("parallel for") == 1
    t = matmul.s.tile("C", {"i": 4, "j": 2}).unroll("C", "ji").peel("C", "ji").peel("C", "ii", last=1)
    t = t.parallel("C", "io").peel("C", "io")
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(s, target=target)(a, a.T.copy()), want)
        assert np.array_equal(td.build(t, target=target)(a, a.T.copy()), want)


def test_a_stage_placed_in_a_loop_in_parts(blur):
    s = (
        blur.s.peel("by", "y", first=1, last=1)
        .store_root("bx")
        .compute_at("bx", "by", "y")
        .fold("bx", "y", 4)
    )
    v = np.arange(63, dtype=np.float32).reshape(7, 9)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(s, target=target)(v), td.build(blur.s)(v))


def test_round_trips(blur):
    s = blur.s.peel("by", "y", first=td.knob("f", [1, 2], default=2)).peel("by", "x")
    assert s.steps[1].label == 'peel("by", "x")'
    assert td.Schedule.from_json(s.to_json(), blur.by) == s
    assert eval(s.script(), {"td": td, "by": blur.by}) == s
    assert s.on("by").stage == "by" and blur.s.on("by").peel("y").schedule.steps[0].label == 'peel("by", "y")'
    assert "exact" in s.history().splitlines()[0]


def test_nothing_peeled(blur, told):
    assert told(lambda: blur.s.peel("by", "y", first=0)) == (
        "ArgumentError S144: peel of y of by takes a number of iterations, not 0\n"
        '  here: peel("by", "y", first=0)\n'
        "  nothing would be peeled\n"
        '  try: peel("by", "y", first=1, last=1)'
    )
    assert "S108" in told(lambda: blur.s.peel("by", "y", last=-1))
    assert "S109" in told(lambda: blur.s.peel("by", "y", last=blur.h))


def test_a_loop_is_cut_last_and_once(blur, told):
    s = blur.s.peel("by", "y")
    text = re.sub(r"py:\d+", "py:N", told(lambda: s.split("by", "y", 4)))
    assert text == (
        "ArgumentError S114: y of by runs in parts already\n"
        '  here: split("by", "y", 4)\n'
        '  by peel("by", "y") at test_peel.py:N\n'
        "  a loop is cut last\n"
        "      for y   <-\n"
        "        for x\n"
        "          by[y, x] = …\n"
        "  try: split first, then peel"
    )
    assert "S114" in told(lambda: s.peel("by", "y"))
    assert "S114" in told(lambda: blur.s.vectorize("by", "x", 4).peel("by", "xv"))
    assert "S117" in told(lambda: blur.s.fuse("by", "y", "x").peel("by", "y_x"))


def test_partial_results_of_a_loop_in_parts(matmul, told):
    assert "k runs in parts" in told(lambda: matmul.s.peel("C", "k").rfactor("C", "k"))
