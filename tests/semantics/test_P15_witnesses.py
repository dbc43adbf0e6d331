"""P15: an illegal schedule shows the smallest sizes and iterations, and a condition that `assume` accepts."""

import numpy as np
import pytest

import tdsl as td

n = td.size("n")


def test_the_fields(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind, witness.axis) == ("C", (0, 0), "output", "k")
    assert witness.sizes == {"m": 1, "n": 1, "p": 2}
    assert witness.iterations == ({"i": 0, "j": 0, "k": 0}, {"i": 0, "j": 0, "k": 1})
    assert witness.lost is None


def test_an_overwritten_value(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").fold("bx", "y", 2)
    witness = caught.value.witness
    assert witness.sizes == {"h": 1, "w": 1}
    assert witness.iterations == ({"y": 0, "x": 0}, {"y": 2, "x": 0})
    assert witness.lost == {"y": 0, "x": 0}


def test_the_condition_can_be_assumed(matmul):
    with pytest.raises(td.IllegalSchedule) as caught:
        matmul.s.parallel("C", "k")
    condition = caught.value.condition
    assert "p" in str(condition)
    assert matmul.s.assume(condition).parallel("C", "k").steps[-1].label == 'parallel("C", "k")'


def test_the_two_iterations_differ_even_where_their_axes_do_not(blur):
    with pytest.raises(td.IllegalSchedule) as caught:
        blur.s.store_root("bx").compute_at("bx", "by", "y").parallel("by", "y")
    first, second = caught.value.witness.iterations
    assert first != second


def chain():
    """c reads b and a, b reads a from behind."""
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] * 2.0)
    b = td.compute("b", (n,), lambda i: a[n - 1 - i] + 1.0)
    return a, b, td.compute("c", (n,), lambda i: a[i] * b[i])


@pytest.mark.parametrize(
    ("code", "refused", "tensor", "reader"),
    [
        ("S208", lambda a, b, c: td.schedule(c).compute_with(c, a, "i"), "b", "c"),
        ("S301", lambda a, b, c: td.schedule(c).compute_at(a, b, "i"), "a", "c"),
        ("S301", lambda a, b, c: td.schedule(c).store_at(a, c, "i"), "a", "b"),
    ],
)
def test_what_a_reader_misses_or_needs_too_early(code, refused, tensor, reader):
    with pytest.raises(td.ScheduleError, match=code) as caught:
        refused(*chain())
    witness = caught.value.witness
    assert (witness.tensor, witness.element, witness.kind, witness.axis) == (tensor, (0,), "flow", "i")
    assert witness.sizes == {"n": 1}
    assert [iteration["i"] for iteration in witness.iterations] == [0, 0]
    replay = witness.replay()
    assert replay.differs and f"{reader} at i=0 reads {tensor}[0]" in str(replay)
    assert "not made before it is read as scheduled" in str(replay)


def test_rules_of_form_have_none():
    a, b, c = chain()
    with pytest.raises(td.PlacementError, match="S302") as caught:
        td.schedule(a, c).compute_at(a, b, "i")
    assert caught.value.witness is None


def test_what_is_not_decidable_names_the_access_and_a_fact():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    at = td.placeholder("at", (n,), "int32", range=(0, n))
    i = td.axis("i", n)
    u = td.update("u", x, over=i, at=(at[i],), value=lambda u: x[i])
    with pytest.raises(td.UnprovenSchedule, match="S210") as caught:
        td.schedule(u).parallel(u, "i")
    error = caught.value
    assert isinstance(error, td.IllegalSchedule) and error.witness is None and error.condition is None
    assert "at[i]" in error.access and "range=" in error.fact


def ring(low=0, high=100):
    """`ring[i + D] = ring[i] + 1`, D a scalar argument."""
    D, i = td.param("D", "int64", range=(low, high)), td.axis("i", n)
    B = td.placeholder("B", (n + 100,), "int64")
    return D, td.schedule(td.update("ring", B, over=i, at=i + D, value=lambda u: u[i] + 1))


def test_a_param_decides_as_a_size_does():
    D, s = ring()
    with pytest.raises(td.IllegalSchedule) as caught:
        s.vectorize("ring", "i", 8)
    error = caught.value
    assert str(error.condition) == "D >= 8 or D <= 0 or D >= n"
    assert error.witness.sizes == {"n": 2, "D": 1} and error.witness.element == (1,)
    assert "(n=2, D=1)" in str(error) and error.witness.replay().differs
    with pytest.raises(td.IllegalSchedule, match=r"assume\(D <= 0 or D >= n\)"):
        s.parallel("ring", "i")
    kernel = td.build(s.assume(D >= 8).vectorize("ring", "i", 8))
    values = np.arange(130) % 7
    want = values.copy()
    for at in range(30):
        want[at + 9] = want[at] + 1
    assert np.array_equal(kernel(9, values), want)
    with pytest.raises(td.CallError, match="D >= 8 does not hold"):
        kernel(7, values)


def test_the_range_of_a_param_counts():
    _, s = ring(8, 20)
    assert s.vectorize("ring", "i", 8).parallel_axes("ring") == ()
    _, s = ring(0, 1)
    assert s.parallel_axes("ring") == ("i",)


def test_a_negative_param_is_shown_where_no_other_collides():
    D, i = td.param("D", "int64", range=(-50, 50)), td.axis("i", n)
    B = td.placeholder("B", (n + 100,), "int64")
    s = td.schedule(td.update("u", B, over=i, at=i + 50, value=lambda u: u[i + 50 + D] + 1))
    with pytest.raises(td.IllegalSchedule) as caught:
        s.assume(D <= 0).parallel("u", "i")
    assert caught.value.witness.sizes == {"n": 2, "D": -1}
    assert str(caught.value.condition) == "D + n <= 0 or D >= 0"
    s.assume(D >= 0).vectorize("u", "i", 8)


def test_the_lag_of_a_recurrence_is_a_param():
    lag, x = td.param("L", "int64", range=(1, 64)), td.placeholder("x", (n,), "float64")
    y = td.recurrence("y", (n,), lambda y, t: x[t] + td.where(t >= lag, 0.5 * y[t - lag], 0.0))
    z = td.compute("z", (n,), lambda i: y[i] * 2)
    s = td.schedule(z)
    lanes = s.assume(lag >= 4).vectorize(y, "t", 4)
    schedules = [s, s.compute_at(y, z, "i"), s.store_root(y).compute_at(y, z, "i"), lanes]
    for schedule in schedules:
        kernel = td.build(schedule)
        for length, back in ((0, 4), (5, 4), (21, 5), (30, 40)):
            given = np.arange(length) * 0.25
            want = given.copy()
            for t in range(back, length):
                want[t] += 0.5 * want[t - back]
            assert np.array_equal(kernel(back, given), 2 * want)


def test_the_smallest_of_all_that_is_wrong():
    """Values three steps back are lost from n = 4 on, those one step back from n = 2 on: n = 2 is shown."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "int64")

    def value(S, i):
        far, near = td.where(i >= 3, S[i - 3], 0), td.where(i >= 1, S[i - 1], 0)
        return far + near + x[i]

    S = td.recurrence("S", (n,), value, dtype="int64")
    T = td.compute("T", (n,), lambda i: S[i] + 1)
    with pytest.raises(td.IllegalSchedule, match="S203") as caught:
        td.schedule(T).layout(S, lambda i: (i * 0,))
    assert caught.value.witness.sizes == {"n": 2}
    assert str(caught.value.condition) == "n <= 1"
    td.schedule(T).assume(caught.value.condition).layout(S, lambda i: (i * 0,))


def test_of_sizes_with_one_sum_the_first_by_name_is_least():
    a, b = td.size("a"), td.size("b")
    x = td.placeholder("x", (b + 2, a + 2))
    P = td.compute("P", (b + 2, a + 2), lambda i, j: x[i, j] * 2)
    Q = td.compute("Q", (b, a), lambda i, j: P[i, j] + P[i + 1, j + 1])
    with pytest.raises(td.IllegalSchedule, match="S203") as caught:
        td.schedule(Q).store_root(P).compute_at(P, Q, "i").fold(P, "j", 2)
    assert caught.value.witness.sizes == {"a": 2, "b": 1}


def test_a_violation_in_many_pieces_has_a_smallest_example_and_a_condition():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n + 2, m + 2), "int32")
    P = td.compute("P", (n + 2, m + 2), lambda i, j: x[i, j] * 2)
    S = td.compute("S", (n, m), lambda i, j: P[i, j + 1] + P[i + 1, j + 1] + P[i, j + 2])
    T = td.compute("T", (n, m), lambda i, j: S[i, j] + 2)
    s = td.schedule(T).store_root(P).compute_at(P, S, "j").fold(P, "i", 2).store_root(S).compute_at(S, T, "j")
    s = s.fold(S, "i", 5).shift(S, "i", 1)
    with pytest.raises(td.IllegalSchedule, match="S203") as caught:
        s.tile(T, {"j": 3, "i": 3})
    assert caught.value.witness.sizes == {"m": 2, "n": 3}
    assert str(caught.value.condition) == "m <= 1 or n <= 2"


def test_stages_that_need_each_other_around_an_update():
    """The base of the update joins its reader, so that the update stands before and after one loop."""
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    i = td.axis("i", n)
    base = td.compute("base", (n,), lambda j: x[j] * 2)
    U = td.update("U", base, over=i, at=(i,), value=lambda U: U[i] + 1)
    T = td.compute("T", (n,), lambda j: U[j] * 3)
    with pytest.raises(td.IllegalSchedule, match="S208") as caught:
        td.schedule(T).compute_with(base, T, "j")
    witness = caught.value.witness
    assert (witness.tensor, witness.sizes, witness.element) == ("U", {"n": 1}, (0,))
    assert witness.replay().differs


def test_a_reader_of_the_second_of_two_arrays():
    n = td.size("n")
    x = td.placeholder("x", (n,), "int32")
    p, q = td.compute(("p", "q"), (n,), lambda i: (x[i], x[i] + 1))
    y = td.compute("y", (n,), lambda i: q[i] * 2)
    s = td.schedule(y).compute_at(p, y, "i")
    with pytest.raises(td.IllegalSchedule, match="S205") as caught:
        s.cache_write(y, name="w")
    witness = caught.value.witness
    assert (witness.tensor, witness.sizes) == ("q", {"n": 1})
    assert witness.replay().differs


def test_stages_that_move_away_from_what_they_read_are_replayed():
    """The reader joins a loop around the one where what it reads is made: no copy of that stage has a reader."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n + 2, m + 2), "int32")
    P = td.compute("P", (n + 2, m + 2), lambda i, j: x[i, j] - 1)
    S = td.compute("S", (n, m), lambda i, j: P[i + 1, j + 1])
    T = td.compute("T", (n, m), lambda i, j: S[i, j] + 1)
    s = td.schedule(T).compute_at(S, T, "j").compute_at(P, T, "j")
    with pytest.raises(td.IllegalSchedule, match="S205") as caught:
        s.compute_with(S, T, "i")
    assert caught.value.hint == ('compute_root("P") first',)
    s.compute_root(P).compute_with(S, T, "i")
    replay = caught.value.witness.replay()
    assert replay.differs and "P at i=1, j=1 does not run where that reader sees it" in str(replay)


def test_conditions_leave_out_what_facts_exclude():
    """Of the violations at n = 1 the complement has a part with n >= 2, which the assumption rules out."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n + 2, m + 2), "int32")
    P = td.recurrence(
        "P", (n + 2, m + 2), lambda P, i, j: td.where(j > 0, P[i, j - 1], 1) + x[i, j], dtype="int32"
    )
    S = td.compute("S", (n, m), lambda i, j: P[i, j] + P[i + 2, j] + P[0, j] * P[1, j + 1])
    s = td.schedule(S).store_root(P).compute_at(P, S, "i").assume(n <= 1)
    with pytest.raises(td.IllegalSchedule, match="S203") as caught:
        s.fold(P, "j", 2)
    assert "n >= 2" not in str(caught.value.condition)
    s.assume(caught.value.condition).fold(P, "j", 2)
