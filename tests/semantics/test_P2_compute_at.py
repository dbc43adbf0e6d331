"""P2: a placed stage computes the exact union of what its readers inside the loop read; readers first; no outputs."""

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check


def test_the_exact_region(blur):
    s = blur.s.tile("by", {"y": 8, "x": 16}).compute_at("bx", "by", "xo")
    assert s.storage("bx")["shape"] == ("10", "16")


def test_a_strided_reader_needs_only_what_it_reads():
    n = td.size("n")
    A = td.placeholder("A", (4 * n,))
    P = td.compute("P", (4 * n,), lambda i: A[i] * 2)
    S = td.compute("S", (n,), lambda i: P[4 * i])
    assert td.schedule(S).split(S, "i", 8).compute_at(P, S, "ii").storage(P)["shape"] == ("1",)


def test_only_what_is_read_where_more_would_be_illegal():
    """Five elements in five rows and columns: a fold to one row has place for them, not for what lies between."""
    n = td.size("n")
    A = td.placeholder("A", (n + 8, n + 8))
    P = td.compute("P", (n + 8, n + 8), lambda i, j: A[i, j] * 2)
    S = td.compute(
        "S", (n,), lambda i: P[i, i] + P[i + 1, i + 5] + P[i + 2, i + 2] + P[i + 4, i + 6] + P[i + 7, i + 3]
    )
    s = td.schedule(S).compute_at(P, S, "i")
    assert s.storage(P)["shape"] == ("8", "7")
    assert s.min_fold(P, "i") == 1
    folded = s.fold(P, "i", 1).vectorize(P, "j", 4)
    assert folded.storage(P)["shape"] == ("1", "7")
    check(s, {"n": 5})
    check(folded, {"n": 5})


def test_its_loops_are_its_declared_axes(blur):
    assert blur.s.compute_at("bx", "by", "y").axes("bx") == ("y", "x")


def test_storage_moves_along_unless_it_stands_further_out(blur):
    assert blur.s.compute_at("bx", "by", "y").storage("bx")["where"] == "y of by"
    assert blur.s.store_root("bx").compute_at("bx", "by", "y").storage("bx")["where"] == "root"


def test_every_reader_lies_inside_directly_or_through_stages_placed_there(blur):
    z = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] + blur.bx[y, x])
    s = td.schedule(z)
    with pytest.raises(td.PlacementError) as caught:
        s.compute_at(blur.bx, z, "y")
    assert caught.value.why == ("reader by is computed at root", "reader z is computed at root, inside")
    assert s.compute_at(blur.by, z, "y").compute_at(blur.bx, z, "y").stages() == ("bx", "by", "z")


def test_a_tuple_is_placed_readers_first(blur):
    z = td.compute("z", (blur.h, blur.w), lambda y, x: blur.by[y, x] * 2)
    s = td.schedule(z)
    both = s.compute_at((blur.bx, blur.by), z, "y")
    assert both == s.compute_at(blur.by, z, "y").compute_at(blur.bx, z, "y")


def test_outputs_stay_outside(blur):
    with pytest.raises(td.PlacementError, match="is an output"):
        td.schedule(blur.by, blur.bx).compute_at(blur.bx, blur.by, "y")


def test_readers_in_two_places_have_a_clone_each(blur):
    other = td.compute("other", (blur.h, blur.w), lambda y, x: blur.bx[y, x] * 2)
    s = td.schedule(blur.by, other)
    with pytest.raises(td.PlacementError, match="reads bx outside loop y of by"):
        s.compute_at("bx", "by", "y")
    s = s.clone("bx", "other", name="mine").compute_at("bx", "by", "y").compute_at("mine", "other", "x")
    assert s.axes("mine") == ("y", "x")


def test_what_a_loop_does_not_change_moves_out_of_it():
    n = td.size("n")
    x, A = td.placeholder("x", (n,)), td.placeholder("A", (n, n))
    y = td.compute("y", (n, n), lambda i, j: A[i, j] / td.sqrt(x[i]))
    assert td.schedule(y).hoist(y, "j", name="root").axes("root") == ("i",)


n, m, bins = td.size("n"), td.size("m"), td.size("bins")


def counts():
    """A histogram of each row of an image, twice."""
    image = td.placeholder("image", (n, m), "int32", range=(0, bins))
    zero = td.compute("zero", (n, bins), lambda y, b: td.cast(0, "int64"))
    y, x = td.axis("y", n), td.axis("x", m)
    hist = td.update("hist", zero, over=(y, x), at=(y, image[y, x]), value=lambda h: h[y, image[y, x]] + 1)
    return zero, hist, td.compute("twice", (n, bins), lambda y, b: hist[y, b] * 2)


def test_an_update_stands_inside_with_its_base_and_all_changes_of_what_is_read():
    zero, hist, twice = counts()
    s = td.schedule(twice).compute_at((zero, hist), twice, "y")
    assert s.storage(hist)["shape"] == s.storage(zero)["shape"] == ("1", "bins")
    for schedule in (
        s,
        s.parallel(twice, "y"),
        td.schedule(twice).tile(twice, {"y": 2, "b": 3}).compute_at(hist, twice, "bo"),
    ):
        check(schedule, {"n": 3, "m": 7, "bins": 4})
        check(schedule, {"n": 2, "m": 0, "bins": 4})


def test_the_history_of_a_column_is_the_column_above():
    A = td.placeholder("A", (n, m), "int64")
    y, x = td.axis("y", (1, n)), td.axis("x", m)
    u = td.update("u", A, over=(y, x), at=(y, x), value=lambda u: u[y - 1, x] + u[y, x])
    z = td.compute("z", (n, m), lambda y, x: u[y, x] + A[y, x])
    s = td.schedule(z).reorder(z, "x", "y").compute_at(u, z, "x")
    assert s.storage(u)["shape"] == ("n", "1")
    check(s.parallel(z, "x"), {"n": 4, "m": 5})
    inner = td.schedule(z).compute_at(u, z, "x").reorder(u, "x", "y")
    check(inner, {"n": 4, "m": 3})
    with pytest.raises(td.IllegalSchedule, match="race on u"):
        s.parallel(u, "y")


def test_an_update_is_stored_where_it_is_computed():
    zero, hist, twice = counts()
    s = td.schedule(twice)
    for refused in (
        lambda: s.store_root(hist).compute_at(hist, twice, "y"),
        lambda: s.store_at(hist, twice, "y").compute_at(hist, twice, "b"),
    ):
        with pytest.raises(td.IllegalSchedule, match="its whole history together") as caught:
            refused()
        assert caught.value.code == "S205"
    assert s.store_at(hist, twice, "y") == s.store_at(hist, twice, "y")
    check(s.store_at(hist, twice, "y"), {"n": 3, "m": 5, "bins": 2})


def test_an_update_of_one_element_inside_another_stage():
    x = td.placeholder("x", (), "int64")
    i = td.axis("i", m)
    u = td.update("u", x, over=i, at=(), value=lambda u: u[()] + i)
    z = td.compute("z", (n,), lambda j: u[()] * 2)
    s = td.schedule(z).compute_at(u, z, "j").scope(u, "register")
    assert td.build(s)(np.int64(3).reshape(()), n=4, m=5).tolist() == [26] * 4


@pytest.mark.parametrize("at", ["b", "j"])
def test_a_recurrence_is_closed_under_what_its_reductions_read_of_it(at):
    """Each step reads all states of the step before, by a reduction: all steps are made, whatever is asked of the last."""
    B, T, S = td.size("B"), td.size("T", min=1), td.size("S", min=1)
    e, w = td.placeholder("e", (B, T, S)), td.placeholder("w", (S, S))
    q = td.reduce_axis("q", S)

    def state(V, b, t, j):
        before = td.max(V[b, t - 1, q] + w[q, j], over=q)
        return td.where(t == 0, e[b, t, j], before + e[b, t, j])

    V = td.recurrence("V", (B, T, S), state)
    last = td.compute("last", (B, S), lambda b, j: V[b, T - 1, j])
    plain = td.schedule(last)
    placed = plain.compute_at(V, last, at).fold(V, "t", 2)
    assert placed.storage(V)["shape"][:2] == ("1", "2")
    rng = np.random.default_rng(0)
    for shape in ((2, 6, 4), (1, 1, 1), (0, 2, 3)):
        arrays = rng.standard_normal(shape, np.float32), rng.standard_normal((shape[2],) * 2, np.float32)
        assert np.array_equal(td.build(placed)(*arrays), td.build(plain)(*arrays))


def test_a_recurrence_without_outer_storage_makes_its_prefix_anew():
    n = td.size("n")
    x = td.placeholder("x", (n,), "int64")
    H = td.recurrence("H", (n,), lambda H, i: td.where(i > 0, H[i - 1], 0) + x[i])
    y = td.compute("y", (n,), lambda i: H[i] * 2)
    s = td.schedule(y).compute_at(H, y, "i")
    assert "for H.i in 0 .. y.i + 1:" in str(s) and s.storage(H)["where"] == "i of y"
    assert td.build(s)(np.arange(5)).tolist() == [0, 2, 6, 12, 20]
    once = td.schedule(y).store_root(H).compute_at(H, y, "i")
    assert "for H.i in 0 .. y.i + 1:" not in str(once)
    assert td.build(once)(np.arange(5)).tolist() == [0, 2, 6, 12, 20]
