"""`clone`: a copy of a stage for some readers; the original keeps the others."""

import numpy as np
import pytest

import tdsl as td


@pytest.fixture
def two():
    n = td.size("n")
    x = td.placeholder("x", (n + 2,))
    p = td.compute("p", (n + 2,), lambda i: x[i] * 2.0)
    a = td.compute("a", (n,), lambda i: p[i] + p[i + 1])
    b = td.compute("b", (n,), lambda i: p[i] + p[i + 2])
    return td.schedule(a, b), (p, a, b)


def _same(schedule, plain, *arrays):
    want = td.build(plain)(*arrays)
    for target in ("interpret", "cpu"):
        for mine, theirs in zip(td.build(schedule, target=target)(*arrays), want, strict=True):
            assert np.array_equal(mine, theirs)


def test_the_loops_before_and_after(two, golden):
    s, (p, a, b) = two
    cloned = s.split(p, "i", 4).clone(p, b, name="q").compute_at("q", b, "i").compute_at(p, a, "i")
    golden(f"{s}\n\n{cloned}")
    _same(cloned, s, np.arange(9, dtype=np.float32))


def test_a_recurrence_in_its_own_order():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    S = td.recurrence("S", (n,), lambda S, i: x[i] + td.where(i + 1 < n, S[i + 1], 0.0))  # runs backwards
    a = td.compute("a", (n,), lambda i: S[i] + 1)
    b = td.compute("b", (n,), lambda i: S[n - 1 - i] * 2)
    s = td.schedule(a, b)
    _same(s.clone(S, a, name="T").compute_at("T", a, "i"), s, np.arange(7, dtype=np.float32))


def test_a_reduction_with_several_values_and_an_update():
    n, m = td.size("n"), td.size("m")
    A = td.placeholder("A", (n, m))
    k = td.reduce_axis("k", m)
    p, q = td.compute(("p", "q"), (n,), lambda i: (td.sum(A[i, k], over=k), td.max(A[i, k], over=k)))
    i = td.axis("i", n)
    U = td.update("U", p, over=i, at=(i,), value=lambda U: U[i] * q[i])
    a = td.compute("a", (n,), lambda i: U[i] + q[i])
    b = td.compute("b", (n,), lambda i: U[i] * p[i])
    s = td.schedule(a, b)
    t = s.clone("p", "a", name="r").clone("U", "b", name="V").vectorize("V", "i", 4)
    assert t.stages() == ("r", "p", "V", "U", "a", "b")
    _same(t, s, np.arange(35, dtype=np.float32).reshape(5, 7))


def test_round_trips(two):
    s, (p, a, b) = two
    t = s.clone(p, b)
    assert t.steps[0].label == 'clone("p", "b")'
    assert td.Schedule.from_json(t.to_json(), a, b) == t
    assert eval(t.script(), {"td": td, "a": a, "b": b}) == t
    assert s.on(p).clone(b).schedule == t


def test_the_only_reader(blur, told):
    assert told(lambda: blur.s.clone("bx", "by")) == (
        "PlacementError S330: nobody but by reads bx: a clone would leave it unread\n"
        '  here: clone("bx", "by")\n'
        "  try: bx itself is there for them alone"
    )


def test_a_stage_that_does_not_read_it(two, told):
    s, (p, a, b) = two
    assert told(lambda: s.clone(a, b)).splitlines()[0] == "PlacementError S309: b does not read a"


def test_a_name_that_is_taken(two, told):
    s, (p, a, b) = two
    assert "S113" in told(lambda: s.clone(p, b, name="x"))


def test_a_loop_in_parts_is_in_parts_in_the_clone(two, told):
    s, (p, a, b) = two
    t = s.peel(p, "i").clone(p, b, name="q")
    assert "i of q runs in parts already" in told(lambda: t.split("q", "i", 4))
