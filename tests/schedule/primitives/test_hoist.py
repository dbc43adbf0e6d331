"""`hoist`: what a loop does not change is computed outside of it, with the same bits."""

import numpy as np
import pytest

import tdsl as td


def _same(schedule, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        assert td.build(schedule, target=target)(*arrays).tobytes() == want.tobytes()


@pytest.fixture
def softmax():
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m))
    k = td.reduce_axis("k", m)
    C = td.compute("C", (n, m), lambda i, j: td.exp(A[i, j]) / td.sum(td.exp(A[i, k]), over=k))
    return td.schedule(C), C


def test_a_whole_reduction(softmax, golden):
    s, C = softmax
    hoisted = s.hoist(C, "j", name="total")
    golden(f"{hoisted}")
    assert hoisted.axes(C) == ("i", "j") and hoisted.axes("total") == ("i", "k")
    for shape in ((3, 5), (0, 4), (4, 0), (1, 1)):
        _same(
            hoisted.vectorize(C, "j", 4), s, np.linspace(-1, 1, shape[0] * shape[1], dtype="f").reshape(shape)
        )


def test_a_reduction_whose_loops_are_split_and_marked(softmax):
    s, C = softmax
    t = s.split(C, "k", 4).unroll(C, "ki").hoist(C, "j")
    assert t.axes(C) == ("i", "j")
    _same(t, s, np.linspace(-1, 1, 15, dtype="f").reshape(3, 5))
    assert t.axes("C_hoisted") == ("i", "ko", "ki") and "unrolled for ki" in str(t)
    # a reduction loop outside of j is no part of j's iterations: the terms move, the sum stays
    u = s.reorder(C, "k", "i", "j").hoist(C, "j")
    assert u.axes("C_hoisted") == ("i", "k") and u.axes(C) == ("k", "i", "j")
    _same(u, s, np.linspace(-1, 1, 15, dtype="f").reshape(3, 5))


def test_parts_in_a_term_and_the_product_that_is_contracted():
    n = td.size("n")
    x, y, A = td.placeholder("x", (n,)), td.placeholder("y", (n,)), td.placeholder("A", (n, n))
    k = td.reduce_axis("k", n)
    C = td.compute("C", (n, n), lambda i, j: td.sum((td.sqrt(x[i]) + 1) * (y[k] / A[i, k]), over=k))
    s = td.schedule(C)
    at_k, at_j = s.hoist(C, "k", name="h"), s.reorder(C, "i", "k", "j").hoist(C, "j", name="h")
    assert "h[i] = sqrt(x[i]) + 1" in str(at_k)
    assert at_j.axes("h") == ("i", "k")
    # an invariant product that is a whole term stays, its factors may go
    E = td.compute("E", (n,), lambda i: td.sum((x[i] * 3.0) * (y[i] + 1), over=td.reduce_axis("k", n)))
    r = np.random.default_rng(0)
    arrays = r.random(6, dtype="f"), r.random(6, dtype="f"), r.random((6, 6), dtype="f")
    _same(at_k, s, *arrays)
    _same(at_j, s, *arrays)
    e = td.schedule(E).hoist(E, "k", name="h")
    assert "h_0[i], h_1[i]" in str(e)
    _same(e, td.schedule(E), *arrays[:2])


def test_reads_under_a_condition_stay_under_it():
    n, m = td.size("n"), td.size("m")
    x, A = td.placeholder("x", (m,)), td.placeholder("A", (n, m))
    # x[0] is there only where j runs at all
    C = td.compute("C", (n, m), lambda i, j: A[i, j] * td.sqrt(x[0]))
    with pytest.raises(td.PlacementError, match="S331"):
        td.schedule(C).hoist(C, "j")
    D = td.compute("D", (n, m), lambda i, j: A[i, j] + td.where(j + i < m, td.sqrt(x[i]), 0.0))
    with pytest.raises(td.PlacementError, match="S331"):
        td.schedule(D).hoist(D, "j")
    E = td.compute("E", (n, m), lambda i, j: A[i, j] + td.where(i < m, td.sqrt(x[i]), 0.0))
    s = td.schedule(E).hoist(E, "j")
    _same(s, td.schedule(E), np.arange(3, dtype="f"), np.ones((5, 3), "f"))


def test_at_root_and_over_params():
    n = td.size("n")
    alpha = td.param("alpha", "float32")
    x = td.placeholder("x", (n,))
    C = td.compute("C", (n,), lambda i: x[i] * td.exp(alpha))
    s = td.schedule(C).vectorize(C, "i", 4).hoist(C, "i", name="scale")
    assert "scale[] = exp(alpha)" in str(s)
    assert np.array_equal(td.build(s)(0.5, np.ones(6, "f")), td.build(td.schedule(C))(0.5, np.ones(6, "f")))


def test_round_trips(softmax):
    s, C = softmax
    t = s.hoist(C, "j")
    assert td.Schedule.from_json(t.to_json(), C) == t
    assert eval(t.script(), {"td": td, "C": C}) == t
    assert s.on(C).hoist("j").schedule == t
    assert "exact" in t.history()


def test_nothing_to_hoist(matmul, told):
    assert told(lambda: matmul.s.hoist("C", "k")) == (
        "PlacementError S331: there is nothing to hoist out of k of C\n"
        '  here: hoist("C", "k")\n'
        "  nothing it computes is the same for all iterations of k\n"
        "      for i\n"
        "        for j\n"
        "          for k   <-\n"
        "            C[i, j] = …"
    )


def test_an_update_and_what_stands_in_the_way(softmax, told):
    s, C = softmax
    n = td.size("n")
    x = td.placeholder("x", (n,))
    i = td.axis("i", n)
    U = td.update("U", x, over=i, at=(i,), value=lambda U: U[i] * td.sqrt(x[0]))
    assert "updates in place" in told(lambda: td.schedule(U).hoist(U, "i"))
    y = td.placeholder("y", (n,))
    k = td.reduce_axis("k", n)
    D = td.compute("D", (n, n), lambda i, j: x[j] / td.sum(y[k], over=k))
    t = td.schedule(D).cache_read(y, D, name="copy").compute_at("copy", D, "k")
    assert "copy stands in loop k, which would move" in told(lambda: t.hoist(D, "j"))
