"""E11 with E2: a reduction in the value of an update is computed at each of its points, from elements as they then stand."""

import pickle

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

n = td.size("n")
A = td.placeholder("A", (n, n), "float64")
i, j = td.axis("i", n), td.axis("j", n)


def lu():
    """Doolittle: every element of L and U is one sum over elements that stand before it."""
    k = td.reduce_axis("k", (0, td.minimum(i, j)))

    def element(U):
        rest = U[i, j] - td.sum(U[i, k] * U[k, j], over=k)
        return td.where(j >= i, rest, rest / U[j, j])

    return td.update("U", A, over=(i, j), at=(i, j), value=element)


def reference_lu(a):
    u = a.copy()
    for row in range(len(u)):
        for column in range(len(u)):
            rest = u[row, column]
            for k in range(min(row, column)):
                rest -= u[row, k] * u[k, column]
            u[row, column] = rest if column >= row else rest / u[column, column]
    return u


def diagonal(size):
    return np.random.default_rng(size).random((size, size)) + 5 * np.eye(size)


@pytest.mark.parametrize("target", ["interpret", "cpu"])
@pytest.mark.parametrize("size", [0, 1, 7])
def test_lu_by_sums(target, size):
    a = diagonal(size)
    np.testing.assert_allclose(
        td.build(td.schedule(lu()), target=target)(a), reference_lu(a), rtol=1e-13, atol=1e-13
    )


@pytest.mark.parametrize("target", ["interpret", "cpu"])
def test_cholesky_by_sums(target):
    """Rows over triangles, the diagonal last in its row."""
    r = td.axis("r", n)
    c = td.axis("c", (0, r + 1))
    k = td.reduce_axis("k", (0, c))

    def element(L):
        rest = L[r, c] - td.sum(L[r, k] * L[c, k], over=k)
        return td.where(c < r, rest / L[c, c], td.sqrt(rest))

    a = diagonal(6)
    a = a @ a.T
    made = td.build(td.schedule(td.update("L", A, over=(r, c), at=(r, c), value=element)), target=target)(a)
    np.testing.assert_allclose(np.tril(made), np.linalg.cholesky(a), rtol=1e-12, atol=1e-12)
    assert np.array_equal(np.triu(made, 1), np.triu(a, 1))


def test_terms_see_elements_as_they_stand_at_the_point():
    """In place: points before this one have changed them, points after it have not."""
    x = td.placeholder("x", (n,), "int64")
    k = td.reduce_axis("k", n)
    u = td.update("u", x, over=i, at=i, value=lambda u: td.sum(u[k], over=k))
    want = np.arange(5)
    for place in range(5):
        want[place] = want.sum()
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(td.schedule(u), target=target)(np.arange(5)), want)


def test_any_reducer_several_and_one_inside_another():
    x = td.placeholder("x", (n,), "int64")
    k = td.reduce_axis("k", (0, i + 1))
    m = td.reduce_axis("m", 2)
    u = td.update(
        "u", x, over=i, at=(n - 1 - i,),
        value=lambda u: td.max(u[n - 1 - k] * td.sum(u[td.clamp(k - m, 0, n - 1)], over=m), over=k)
        + td.argmin(u[td.clamp(m, 0, n - 1)], over=m),
    )  # fmt: skip
    want = np.array([4, -1, 3, 2, 7, 1])
    given, size = want.copy(), len(want)
    for at in range(size):
        inner = [sum(want[np.clip(k - m, 0, size - 1)] for m in range(2)) for k in range(at + 1)]
        best = max(want[size - 1 - k] * inner[k] for k in range(at + 1))
        want[size - 1 - at] = best + np.argmin([want[0], want[1]])
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(td.schedule(u), target=target)(given), want)


def test_bounds_from_data_and_a_target_from_data():
    """A scatter of sums over rows of a sparse matrix."""
    rows = td.placeholder("rows", (n + 1,), "int32", range=(0, 20))
    value = td.placeholder("value", (19,), "int64")
    place = td.placeholder("place", (n,), "int32", range=(0, 4))
    start = td.placeholder("start", (4,), "int64")
    k = td.reduce_axis("k", (rows[i], rows[i + 1]))
    u = td.update(
        "u", start, over=i, at=(place[i],),
        value=lambda u: u[place[i]] + td.sum(td.where(k < 19, value[td.clamp(k, 0, 18)], 0), over=k),
    )  # fmt: skip
    ends = np.array([0, 3, 3, 10, 12, 8], np.int32)
    places = np.array([1, 0, 1, 3, 1], np.int32)
    values, want = np.arange(19) + 1, np.array([5, 6, 7, 8])
    for one, (begin, end) in zip(places, zip(ends, ends[1:])):
        want[one] += values[begin:end].sum()
    for target in ("interpret", "cpu"):
        found = td.build(td.schedule(u), target=target)(ends, values, places, np.array([5, 6, 7, 8]))
        assert np.array_equal(found, want)


def test_schedules_that_keep_every_term_in_place_keep_every_bit():
    U = lu()
    s = td.schedule(U)
    for name, scheduled in {
        "tiles": s.tile(U, {"i": 4, "j": 3}),
        "columns": s.reorder(U, "j", "i").unroll(U, "k", 2),
        "wavefront": s.skew(U, "j", by="i", into="w").reorder(U, "w", "i").parallel(U, "i"),
        "parts": s.peel(U, "j", first=1).split(U, "k", 4, tail="peel"),
    }.items():
        assert {step.rpartition("exact")[1] for step in scheduled.history().splitlines()} >= {"exact"}, name
        check(scheduled, {"n": 9}, seed=1, mode="mild")
    L, B = (td.placeholder(name, (n, n), "float32") for name in "LB")
    k = td.reduce_axis("k", (0, i))
    X = td.update("X", B, over=(i, j), at=(i, j), value=lambda X: X[i, j] - td.sum(L[i, k] * X[k, j], over=k))
    check(td.schedule(X).vectorize(X, "j", 4), {"n": 7}, seed=2, mode="mild")


def test_lanes_over_the_terms_reassociate():
    s = td.schedule(lu()).vectorize("U", "k", 4)
    assert "reassociates k of U" in str(s.history())
    with pytest.raises(td.IllegalSchedule, match="S163"):
        td.schedule(lu(), exact=True).vectorize("U", "k", 4)
    found = td.schedule(lu()).batch_invariant("n")
    assert found  # the terms of an element are those before it, whatever n is
    k = td.reduce_axis("k", n)
    whole = td.update("whole", A, over=(i, j), at=(i, j), value=lambda w: td.sum(w[i, k], over=k))
    assert not td.schedule(whole).batch_invariant("n")


def test_what_a_term_reads_is_a_dependence():
    U = lu()
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(U).parallel(U, "j")
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind) == ("U", (1, 0), "flow")
    assert witness.iterations == ({"i": 1, "j": 0}, {"i": 1, "j": 1, "k": 0})
    assert witness.replay().differs
    assert 'skew("U", "j", by="i", into="w")' in str(caught.value)
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(U).reverse(U, "i")
    shown = (
        caught.value.witness.replay()
    )  # at the smallest sizes row 0 is what it was, so that values coincide
    assert not shown.differs and shown.declared[0].startswith("U at i=0, j=1 writes U[0, 1]")


def test_an_element_read_before_and_after_it_changes():
    """A suffix is read before its points, so rows forward are right and rows backward are not."""
    x = td.placeholder("x", (n,), "int64")
    k = td.reduce_axis("k", (i + 1, n))
    u = td.update("u", x, over=i, at=i, value=lambda u: 2 * u[i] + td.sum(u[k], over=k))
    s = td.schedule(u)
    with pytest.raises(td.IllegalSchedule, match="S20") as caught:
        s.reverse(u, "i")
    assert caught.value.witness.kind == "anti"
    assert caught.value.witness.replay().differs
    check(s.split(u, "i", 2).unroll(u, "ii"), {"n": 5}, seed=3, mode="wild")


def test_a_placed_update_makes_what_its_sums_need():
    """Rows that depend on themselves alone: in a loop over rows one row of it is made at a time."""
    k = td.reduce_axis("k", (0, j))
    U = td.update("U", A, over=(i, j), at=(i, j), value=lambda U: U[i, j] - td.sum(U[i, k] * A[k, j], over=k))
    V = td.compute("V", (n, n), lambda i, j: U[i, j] * 2.0)
    s = td.schedule(V).compute_at(U, V, "i")
    assert s.storage(U)["shape"] == ("1", "n")
    check(s, {"n": 6}, seed=4, mode="mild")
    check(td.schedule(V).compute_at(U, V, "j"), {"n": 4}, seed=4, mode="mild")


def test_text_json_and_pickle_keep_it():
    U = lu()
    assert td.schedule(td.parse(U.text())) == td.schedule(U)
    s = td.schedule(U).tile(U, {"i": 4, "j": 4}).unroll(U, "k", 2)
    assert td.Schedule.from_json(s.to_json(), U) == s
    again = pickle.loads(pickle.dumps(s))
    a = diagonal(5)
    assert again == s and np.array_equal(td.build(again)(a), td.build(s)(a))


def test_rfactor_and_atomic():
    U = lu()
    with pytest.raises(td.PlacementError, match="S311: the value of U reduces at every point"):
        td.schedule(U).rfactor(U, "k")
    with pytest.raises(td.PlacementError, match="S311"):
        td.schedule(U).split(U, "i", 4).rfactor(U, "io")
    x = td.placeholder("x", (n,), "int64")
    k = td.reduce_axis("k", n)
    u = td.update("u", x, over=i, at=i, value=lambda u: u[i] + td.sum(u[k], over=k))
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        td.schedule(u).parallel(u, "k")
    assert 'atomic("u")' in str(caught.value) and "rfactor" not in str(caught.value)
    check(td.schedule(u).atomic(u).parallel(u, "k"), {"n": 6}, seed=5, mode="wild")
    with pytest.raises(td.IllegalSchedule):
        td.schedule(u).atomic(u).parallel(u, "i")


def test_errors():
    x = td.placeholder("x", (n,), "int64")
    k = td.reduce_axis("k", n + 1)
    with pytest.raises(td.BoundsError, match="E301: u\\[k\\] in u reads past the end"):
        td.update("u", x, over=i, at=i, value=lambda u: td.sum(u[k], over=k))
    with pytest.raises(td.DTypeError, match="E210"):
        td.update("u", x, over=i, at=i, value=lambda u: td.mean(u[td.clamp(k, 0, n - 1)], over=k))
    with pytest.raises(td.AxisScopeError, match="E106"):
        td.update("u", x, over=i, at=i, value=lambda u: u[td.clamp(k, 0, n - 1)])
    inner = td.reduce_axis("inner", n)
    with pytest.raises(td.ArgumentError, match="E115: at= of u reduces"):
        td.update("u", x, over=i, at=(td.sum(td.cast(inner, "int64"), over=inner) % n,), value=lambda u: 1)
    again = td.reduce_axis("i", n)
    with pytest.raises(td.DuplicateNameError, match="E109"):
        td.update("u", x, over=i, at=i, value=lambda u: td.sum(u[again], over=again))
