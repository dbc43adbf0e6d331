"""`exact=True` refuses what changes a bit; `batch_invariant` proves that a row's sums do not depend on a size."""

import numpy as np
import pytest

import tdsl as td

n, m = td.size("n"), td.size("m")
A = td.placeholder("A", (n, m), "float32")
B = td.placeholder("B", (m, n), "float32")
k = td.reduce_axis("k", m)
C = td.compute("C", (n, n), lambda i, j: td.sum(A[i, k] * B[k, j], over=k))
R = td.compute("R", (n,), lambda i: td.sum(A[i, k], over=k))


@pytest.mark.parametrize(
    "step",
    [
        lambda s: s.vectorize(C, "k", 8),
        lambda s: s.rfactor(C, "k"),
        lambda s: s.split(C, "k", 8).reorder(C, "ki", "ko"),
    ],
)
def test_an_exact_schedule_refuses_what_reassociates(step):
    step(td.schedule(C))
    with pytest.raises(td.IllegalSchedule, match="S163") as caught:
        step(td.schedule(C, exact=True))
    text = str(caught.value)
    assert "would reassociate k of C, and this schedule is exact" in text and "test_bits.py" in text
    assert len(text.splitlines()) <= 10


def test_an_exact_schedule_takes_all_that_is_exact():
    s = td.schedule(C, exact=True).tile(C, {"i": 4, "j": 16}).reorder(C, "io", "jo", "k", "ii", "ji")
    s = s.vectorize(C, "ji", 16).parallel(C, "io").split(C, "k", 8)
    assert "reassociates" not in s.history()
    a, b = (np.random.default_rng(0).random(shape, np.float32) for shape in ((9, 33), (33, 9)))
    assert np.array_equal(td.build(s)(a, b), td.build(td.schedule(C))(a, b))


def test_sums_of_integers_and_extremes_stay_exact_in_any_order():
    for dtype, reduce in (("int32", td.sum), ("float32", td.max)):
        X = td.placeholder("X", (m,), dtype)
        Y = td.compute("Y", (), lambda reduce=reduce, X=X: reduce(X[k], over=k))
        td.schedule(Y, exact=True).vectorize(Y, "k", 8)


def test_exactness_stays_with_the_schedule():
    s = td.schedule(C, exact=True).split(C, "i", 8)
    again = td.Schedule.from_json(s.to_json(), C)
    written = eval(s.script(), {"td": td, "C": C})
    for other in (
        s.undo(),
        s.without(0),
        s.replace(0, factor=4),
        s.on(C).unroll("ii").schedule,
        again,
        written,
    ):
        with pytest.raises(td.IllegalSchedule, match="S163"):
            other.vectorize(C, "k", 8)
    assert "exact" not in td.schedule(C).to_json() and s == td.schedule(C).split(C, "i", 8)


def test_exact_is_true_or_false():
    with pytest.raises(td.ArgumentTypeError, match="S164"):
        td.schedule(C, exact="yes")


def test_json_whose_exact_is_no_bool_is_refused():
    text = td.schedule(C, exact=True).to_json().replace('"exact": true', '"exact": 1')
    with pytest.raises(td.FormatError, match="exact is neither true nor false"):
        td.Schedule.from_json(text, C)


def test_a_row_does_not_depend_on_the_number_of_rows():
    for s in (
        td.schedule(R),
        td.schedule(R).vectorize(R, "k", 8).parallel(R, "i"),
        td.schedule(R).split(R, "k", 16).rfactor(R, "ko"),
    ):
        found = s.batch_invariant("n")
        assert found and found == s.batch_invariant(n)
        assert str(found) == "no sum depends on n: terms and their order are the same for all its values"


def test_what_is_proved_is_seen_in_bits():
    """The first three rows, in batches of three and of eight, under a schedule that reassociates."""
    s = td.schedule(R).split(R, "k", 16).rfactor(R, "ko").vectorize("R_partial", "ki", 8)
    assert s.batch_invariant("n")
    f = td.build(s)
    a = np.random.default_rng(1).standard_normal((8, 1001)).astype(np.float32)
    assert np.array_equal(f(a)[:3], f(a[:3]))


def test_a_sum_over_the_size_names_its_axis():
    found = td.schedule(R).batch_invariant("m")
    assert not found and (found.stage, found.axis) == ("R", "k")
    assert str(found) == "sums depend on m: for another m, k of R runs over other terms"


def test_bounds_that_depend_on_a_row_and_not_on_the_batch():
    def prefix(i):
        t = td.reduce_axis("t", (0, i + 1))
        return td.sum(X[t], over=t)

    def suffix(i):
        t = td.reduce_axis("t", (i, n))
        return td.sum(X[t], over=t)

    X = td.placeholder("X", (n,), "float32")
    for value, holds in ((prefix, True), (suffix, False)):
        P = td.compute("P", (n,), value)
        assert bool(td.schedule(P).batch_invariant("n")) is holds


def test_a_size_that_is_none():
    with pytest.raises(td.ArgumentError, match="S164: the schedule has no size rows"):
        td.schedule(R).batch_invariant("rows")
    with pytest.raises(td.ArgumentTypeError, match="S164"):
        td.schedule(R).batch_invariant(3)


def test_versions_chosen_by_the_size_change_the_order():
    """Both orders are fine by themselves; which of them a row meets depends on the batch."""
    s = td.schedule(R).specialize(n >= 8, lambda v: v.vectorize(R, "k", 8))
    found = s.batch_invariant("n")
    assert not found and (found.stage, found.axis) == ("R", "k") and "n >= 8 chooses" in found.why
    with pytest.raises(td.IllegalSchedule, match="S163"):
        td.schedule(R, exact=True).specialize(n >= 8, lambda v: v.vectorize(R, "k", 8))
    assert td.schedule(R).specialize(n >= 8, lambda v: v.parallel(R, "i")).batch_invariant("n")


def test_atomic_sums_are_the_same_for_no_size():
    found = td.schedule(R).atomic(R).parallel(R, "k").batch_invariant("n")
    assert not found and found.stage == "R"
    assert "threads add to R as they come" in str(found)


def test_the_changes_of_an_update_count_as_terms():
    """Rows are scaled one by one; a histogram adds up the batch; elimination knows its own steps only."""
    q = td.size("q", min=1)
    x, at = td.placeholder("x", (n, q)), td.placeholder("at", (n,), "int32", range=(0, 8))
    bins, square = td.placeholder("bins", (8,)), td.placeholder("square", (n, n))
    i, j, k = td.axis("i", n), td.axis("j", q), td.axis("k", n)
    row, column = td.axis("i", (k + 1, n)), td.axis("j", (k + 1, n))
    rows = td.update("rows", x, over=(i, j), at=(i, j), value=lambda U: U[i, j] * 0.5)
    along = td.update("along", x, over=(i, j), at=(i, 0), value=lambda U: U[i, 0] + U[i, j])
    counts = td.update("counts", bins, over=i, at=(at[i],), value=lambda U: U[at[i]] + 0.1)
    steps = td.update(
        "steps",
        square,
        over=(k, row, column),
        at=(row, column),
        value=lambda U: U[row, column] - U[row, k] * U[k, column],
    )
    whole = td.update("whole", square, over=(i, k), at=(i, k), value=lambda U: U[i, k] + U[i, n - 1])
    every = {(rows, "n"): None, (rows, "q"): None, (along, "n"): None, (along, "q"): "j", (counts, "n"): "i",
             (steps, "n"): None, (whole, "n"): None}  # fmt: skip
    for (stage, size), axis in every.items():
        found = td.schedule(stage).batch_invariant(size)
        assert bool(found) is (axis is None), (stage, size, str(found))
        if axis is not None:
            said = f"for another {size}, {axis} of {stage.name} runs over other changes"
            assert str(found) == f"sums depend on {size}: {said}"


def test_a_refusal_of_varying_order_offers_nothing_that_is_refused_as_well():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    y = td.compute("y", (n,), lambda i: td.sum(x[i, k], over=k))
    with pytest.raises(td.IllegalSchedule, match="S163") as caught:
        td.schedule(y, exact=True).atomic(y).parallel(y, "k")
    assert caught.value.hint == (
        "data axes in parallel: they change no sum",
        "td.schedule without exact=True",
    )
    td.schedule(y, exact=True).parallel(y, "i")
