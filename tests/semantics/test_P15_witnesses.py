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
