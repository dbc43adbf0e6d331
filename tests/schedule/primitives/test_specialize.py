"""`specialize`: calls that satisfy a condition run a version of their own, and give the same values."""

import numpy as np
import pytest

import tdsl as td


@pytest.fixture
def rows():
    n, m = td.size("n"), td.size("m")
    alpha = td.param("alpha", "float32")
    A = td.placeholder("A", (n, m))
    k = td.reduce_axis("k", m)
    C = td.compute("C", (n,), lambda i: td.sum(A[i, k], over=k) * alpha)
    return td.schedule(C), C, n, m, alpha


def test_the_loops(rows, golden):
    s, C, n, m, alpha = rows
    t = s.specialize(n % 4 == 0, lambda s: s.vectorize(C, "i", 4)).specialize(
        td.all(n % 4 != 0, alpha == 1.0)
    )
    golden(f"{t.parallel(C, 'i')}")
    golden(td.build(t).source("loops"), part="lowered")


def test_each_version_runs_where_its_condition_holds(rows):
    s, C, n, m, alpha = rows
    t = s.specialize(n % 4 == 0, lambda s: s.vectorize(C, "i", 4).unroll(C, "k", 2))
    t = t.specialize(td.all(n % 4 != 0, alpha == 1.0), lambda s: s.cache_read("A", C, name="copy"))
    t = t.reorder(C, "k", "i")
    for target in ("cpu", "interpret"):
        kernel, plain = td.build(t, target=target), td.build(s)
        for shape in ((4, 3), (5, 3), (0, 0), (8, 1)):
            for scale in (1.0, 0.5):
                a = np.arange(shape[0] * shape[1], dtype=np.float32).reshape(shape)
                assert np.array_equal(kernel(scale, a), plain(scale, a))


def test_what_is_legal_under_the_condition_alone(rows, told):
    s, C, n, m, alpha = rows
    x = td.placeholder("x", (n,))
    shifted = td.recurrence("S", (n,), lambda S, i: td.where(i >= 4, S[i - 4], 0.0) + x[i])
    t = td.schedule(shifted)
    assert t.specialize(n <= 4, lambda s: s.parallel(shifted, "i")).steps
    with pytest.raises(td.IllegalSchedule) as caught:
        t.specialize(n <= 5, lambda s: s.parallel(shifted, "i"))
    assert caught.value.code == "S202" and "n=5" in str(caught.value)


def test_the_step_of_a_version_that_is_refused_is_on_its_own_line(rows):
    s, C, n, m, alpha = rows
    with pytest.raises(td.UnknownAxisError) as caught:
        s.specialize(
            n % 4 == 0,
            lambda s: s.vectorize(C, "nothing", 4),
        )
    assert 'vectorize(C, "nothing", 4)' in str(caught.value)


def test_bits_and_history(rows):
    s, C, n, m, alpha = rows
    t = s.specialize(m % 8 == 0, lambda s: s.vectorize(C, "k", 8))
    assert "reassociates k of C where m % 8 == 0" in t.history()
    assert str(t).splitlines()[-1] == "bits: reassociates k of C where m % 8 == 0"


def test_round_trips_and_knobs(rows):
    s, C, n, m, alpha = rows
    width = td.knob("w", [4, 8], default=4)
    t = s.specialize(n % 8 == 0, lambda s: s.vectorize(C, "i", width)).specialize(n % 8 == 3)
    assert td.Schedule.from_json(t.to_json(), C) == t
    assert eval(t.script(), {"td": td, "C": C}) == t
    assert t.steps[1].label == "specialize(n % 8 == 3)"
    assert t.knobs == {"w": 4}
    assert "vector for iv in 0 .. 8" in str(t.set(w=8)) and t.set(w=8).undo().set(w=8).knobs == {"w": 8}
    assert t.without(0).steps == (t.steps[1],)
    assert s.diff(t).count("+specialize") == 2


def test_in_place_only_where_all_versions_are():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: x[i] + 1)
    s = td.schedule(y)
    assert td.build(s).inplace
    assert not td.build(s.specialize(n >= 8, lambda s: s.split(y, "i", 8, tail="shift"))).inplace


def test_versions_that_overlap(rows, told):
    s, C, n, m, alpha = rows
    t = s.specialize(n % 8 == 0)
    assert told(lambda: t.specialize(n % 4 == 0)) == (
        "ArgumentError S332: n % 4 == 0 holds together at n=0, m=0 with n % 8 == 0 of an earlier version\n"
        "  here: specialize(n % 4 == 0)\n"
        "  which version runs would depend on their order\n"
        "  try: td.all(n % 4 == 0, td.logical_not(n % 8 == 0))"
    )
    assert t.specialize(td.all(n % 4 == 0, td.logical_not(n % 8 == 0))).steps
    assert "may hold together" in told(lambda: s.specialize(alpha > 1.0).specialize(alpha > 2.0))
    assert s.specialize(alpha > 1.0).specialize(td.logical_not(alpha > 1.0)).steps


def test_a_condition_that_decides_nothing(rows, told):
    s, C, n, m, alpha = rows
    assert "n >= 0 always holds" in told(lambda: s.specialize(n >= 0))
    assert "n < 0 never holds" in told(lambda: s.specialize(n < 0))
    assert "n < 3 never holds" in told(lambda: s.assume(n >= 3).specialize(n < 3))
    assert "S128: specialize takes a condition" in told(lambda: s.specialize(True))
    assert "S129" in told(lambda: s.specialize(td.size("other") > 3))


def test_what_keeps_overlapping_versions_apart_is_no_condition_that_never_holds(rows, told):
    s, C, n, m, alpha = rows
    assert (
        "try: td.all(n % 2 == 0, td.logical_not(n % 4 == 0))\n"
        in f"{told(lambda: s.specialize(n % 4 == 0).specialize(n % 2 == 0))}\n"
    )
    inner = told(lambda: s.specialize(n % 2 == 0).specialize(n % 4 == 0))
    assert "try: td.all(n % 2 == 0, td.logical_not(n % 4 == 0)) for the earlier version" in inner
    same = told(lambda: s.specialize(n > 3).specialize(n >= 4))
    assert "try: one version for both" in same and "td.all" not in same


def test_steps_that_a_version_cannot_have(rows, told):
    s, C, n, m, alpha = rows
    assert "S333: assume is no step of a version" in told(
        lambda: s.specialize(n > 3, lambda s: s.assume(n > 2))
    )
    assert "another past" in told(
        lambda: s.split(C, "k", 2).specialize(n > 3, lambda _: td.schedule(C).split(C, "i", 4))
    )
    assert "S138" in told(lambda: s.specialize(n > 3, lambda s: None))
    assert "S138" in told(lambda: s.specialize(n > 3, 8))


def test_an_assumption_about_a_float(rows, told):
    s, C, n, m, alpha = rows
    assert told(lambda: s.assume(alpha > 0.0)) == (
        "ArgumentError S129: assume is about whole numbers, and alpha is float32\n"
        "  here: assume(alpha > 0.0)\n"
        "  a call checks it before the kernel runs, and no proof uses a fact about floats\n"
        "  try: specialize(alpha > 0.0)"
    )
