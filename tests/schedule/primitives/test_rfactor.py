"""`rfactor`: partial results first, in a stage of their own."""

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.printer import text


def bounds(s, stage):
    return {
        axis.name: f"{text(axis.lower)} .. {text(axis.upper)}"
        for axis in s.state.stage(stage).stage.reduce_axes
    }


@pytest.fixture
def total():
    n = td.size("n")
    A = td.placeholder("A", (n,))
    k = td.reduce_axis("k", n)
    T = td.compute("T", (), lambda: td.sum(A[k], over=k))
    return T, td.schedule(T)


def test_the_loops_before_and_after(total, golden):
    s = total[1].split("T", "k", 64)
    golden(f"{s}\n\n{s.rfactor('T', 'ko', name='part')}")


def test_the_outer_part(total):
    s = total[1].split("T", "k", 64).rfactor("T", "ko", name="part")
    assert (s.axes("part"), s.dims("part"), s.axes("T")) == (("ko", "ki"), ("ko",), ("ko",))
    assert bounds(s, "part") == {"ki": "0 .. min(64, n - ko * 64)"}
    assert bounds(s, "T") == {"ko": "0 .. (n + 63) // 64"}
    assert s.parallel("part", "ko").state.stage("part").loops[0].kind == "parallel"


def test_the_inner_part(total):
    s = total[1].split("T", "k", 64).rfactor("T", "ki", name="part")
    assert (s.axes("part"), s.axes("T")) == (("ki", "ko"), ("ki",))
    assert bounds(s, "part") == {"ko": "0 .. (n - ki + 63) // 64"}
    assert bounds(s, "T") == {"ki": "0 .. 64"}


def test_a_part_of_a_part(total):
    s = total[1].split("T", "k", (4, 8)).rfactor("T", "k1", name="part")
    assert s.axes("part") == ("k1", "k0", "k2")


def test_blocks_that_do_not_divide_are_not_counted_twice():
    A = td.placeholder("A", (10,))
    k = td.reduce_axis("k", 10)
    T = td.compute("T", (), lambda: td.sum(A[k], over=k))
    s = td.schedule(T).split(T, "k", 8).split(T, "ki", 3).rfactor(T, "kii", name="part")
    assert bounds(s, "part") == {
        "ko": "0 .. min(2, (10 - kii + 7) // 8)",
        "kio": "0 .. min(min(3, (10 - (kii + ko * 8) + 2) // 3), (8 - kii + 2) // 3)",
    }  # fmt: skip
    terms = sorted(
        8 * ko + 3 * kio + kii
        for kii in range(3)
        for ko in range(min(2, (17 - kii) // 8))
        for kio in range(min(3, (12 - (kii + ko * 8)) // 3, (10 - kii) // 3))
    )
    assert terms == list(range(10))


def test_a_data_loop_stays_and_another_reduction_moves():
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m, n))
    k, q = td.reduce_axis("k", m), td.reduce_axis("q", n)
    T = td.compute("T", (n,), lambda i: td.sum(A[i, k, q], over=(k, q)))
    s = td.schedule(T).split(T, "i", 4).split(T, "q", 16).rfactor(T, "k", name="part")
    assert s.axes(T) == ("io", "ii", "k")
    assert s.axes("part") == ("k", "i", "qo", "qi")


def test_what_stood_inside_moves_along(matmul):
    s = matmul.s.cache_read("A", "C", name="Ap").split("C", "k", 8).compute_at("Ap", "C", "ko")
    moved = s.rfactor("C", "ko", name="part").state.stage("Ap").compute
    assert (moved.stage, moved.loop) == ("part", "ko")


def test_floats_are_reassociated_and_integers_are_not(total):
    assert "reassociates k of T" in total[1].rfactor("T", "k").history()
    n = td.size("n")
    A = td.placeholder("A", (n,), "int32")
    k = td.reduce_axis("k", n)
    T = td.compute("T", (), lambda: td.sum(A[k], over=k))
    assert "reassociates" not in td.schedule(T).split(T, "k", 8).rfactor(T, "ko").history()


def test_a_data_axis(matmul, told):
    assert told(lambda: matmul.s.rfactor("C", "i")) == (
        "PlacementError S317: C cannot keep partial results an iteration of i\n"
        '  here: rfactor("C", "i")\n'
        "  i of C is no reduction loop\n"
        "      for i   <-\n"
        "        for j\n"
        "          for k\n"
        "            C[i, j] = …\n"
        "  try: rfactor before marks, fuses and promotes of the reduction loops"
    )


def test_a_marked_loop(matmul, told):
    split = matmul.s.split("C", "k", 8)
    assert "ki runs unrolled already" in told(lambda: split.unroll("C", "ki").rfactor("C", "ko"))


def test_a_fused_loop(told):
    n = td.size("n")
    A = td.placeholder("A", (n, n))
    k, q = td.reduce_axis("k", n), td.reduce_axis("q", n)
    s = td.schedule(td.compute("T", (), lambda: td.sum(A[k, q], over=(k, q)))).fuse("T", "k", "q", into="t")
    assert told(lambda: s.rfactor("T", "t")) == (
        "PlacementError S317: T cannot keep partial results an iteration of t\n"
        '  here: rfactor("T", "t")\n'
        "  t is fused of k, q\n"
        "      for t   <-\n"
        "        T[] = …\n"
        "  try: rfactor before marks, fuses and promotes of the reduction loops"
    )


def test_no_reduction(blur, told):
    assert told(lambda: blur.s.rfactor("by", "y")) == (
        'PlacementError S311: by is no reduction: it has no terms to share out\n  here: rfactor("by", "y")'
    )


def pairs(n):
    """Greatest value and how often it occurs, by a reducer over pairs, and a sum over the same axis."""
    x = td.placeholder("x", (n,), "int32")
    k = td.reduce_axis("k", n)

    def merge(a, b):
        top = td.maximum(a[0], b[0])
        return top, td.where(a[0] == top, a[1], 0) + td.where(b[0] == top, b[1], 0)

    often = td.reducer(merge, lambda v, w: (td.min_value(v), td.cast(0, w)))

    def value():
        top, count = often((x[k], td.cast(1, "int64")), over=k)
        return top, count * 1000 + td.sum(td.cast(x[k], "int64"), over=k)

    return td.compute(("top", "rest"), (), value)


def test_all_that_one_nest_reduces_is_shared_out():
    top, rest = pairs(td.size("n"))
    s = td.schedule(top, rest).split(top, "k", 4).rfactor(top, "ko", name="part").parallel("part", "ko")
    assert [s.storage(f"part_{place}")["dtype"] for place in range(3)] == ["int32", "int64", "int64"]
    assert td.Schedule.from_json(s.to_json(), top, rest) == s
    x = np.array([3, 7, 1, 7, 7, 2, 0, 5, 7], np.int32)
    for target in (None, "interpret"):
        got = td.build(s, target=target)(x)
        assert [int(one) for one in got] == [7, 4 * 1000 + int(x.sum())]


def test_nests_over_different_axes(told):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    k, l = td.reduce_axis("k", n), td.reduce_axis("l", n)
    y = td.compute("y", (), lambda: td.sum(x[k], over=k) + td.max(x[l], over=l))
    assert told(lambda: td.schedule(y).rfactor("y", "k")) == (
        "PlacementError S318: y has 2 nests of reductions; rfactor takes stages with one\n"
        '  here: rfactor("y", "k")\n'
        "  try: a stage for each nest"
    )


def test_what_stands_in_the_loops_of_an_update(told):
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    i, r = td.axis("i", n), td.axis("r", 4)
    P = td.compute("P", (n,), lambda p: x[p] + 1)
    U = td.update("U", x, over=(r, i), at=(i,), value=lambda U: U[i] + P[i])
    s = td.schedule(U).split(U, "i", 4).compute_at(P, U, "io")
    text = told(lambda: s.rfactor(U, "r", name="part"))
    assert text.startswith("PlacementError S317: U cannot keep partial results an iteration of r\n")
    assert "  P is computed in its loop io\n" in text
    assert text.endswith('  try: compute_root("P") first; the loops are those of "part" then')
    s.compute_root(P).rfactor(U, "r", name="part")
