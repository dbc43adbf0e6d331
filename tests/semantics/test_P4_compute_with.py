"""P4: `compute_with` shares loops; P moves to where S stands, matched by name, guarded, stored where S is."""

import numpy as np
import pytest

import tdsl as td


def pair():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2)
    b = td.compute("b", (n, m), lambda i, j: x[i, j] + a[i, j])
    out = td.compute("out", (n, m), lambda i, j: a[i, j] * b[i, j])
    return a, b, out


def test_P4_one_loop_from_the_outside_down():
    _, _, out = pair()
    s = td.schedule(out).compute_with("a", "b", "i")
    assert [str(s).count(f"for {loop} in") + str(s).count(f".{loop} in") for loop in "ij"] == [2, 3]


def test_P4_through_splits_and_fuses():
    """The leader's loops are blocks of a fused axis of its host; the joined stage has plain axes."""
    _, _, out = pair()
    plain = td.schedule(out)
    s = plain.split("out", "i", 4).fuse("out", "io", "ii", into="row").compute_at(("a", "b"), "out", "row")
    s = s.split("b", "j", 8).compute_with("a", "b", "jo")
    x = np.random.default_rng(0).standard_normal((5, 19), dtype=np.float32)
    assert np.array_equal(td.build(s)(x), td.build(plain)(x))


def test_P4_extents_that_differ_are_guarded():
    n, m = td.size("n"), td.size("m")
    x, y = td.placeholder("x", (n,)), td.placeholder("y", (m,))
    a = td.compute("a", (n,), lambda i: x[i] * 2)
    b = td.compute("b", (m,), lambda i: y[i] + 1)
    s = td.schedule(a, b).compute_with(b, a, "i")
    assert "if i < n:" in str(s) and "if i < m:" in str(s) and str(s).count("for ") == 1
    for one, other in ((2, 5), (5, 2), (0, 3)):
        got = td.build(s)(np.arange(one, dtype=np.float32), np.arange(other, dtype=np.float32))
        assert np.array_equal(got[0], np.arange(one) * 2) and np.array_equal(got[1], np.arange(other) + 1)


def test_P4_storage_is_the_leaders():
    """So that a value of the iteration before is still in scope, which it would not be in the shared loop."""
    _, _, out = pair()
    s = td.schedule(out).compute_at(("a", "b"), "out", "i").compute_with("a", "b", "j")
    assert s.storage("a")["where"] == s.storage("b")["where"] == "i of out"
    assert s.compute_root("b").storage("a")["where"] == "root"


def test_P4_statements_follow_the_value_flow_not_the_directives():
    _, _, out = pair()
    plain = td.schedule(out)
    for s in (
        plain.compute_with("a", "b", "j"),
        plain.compute_with("b", "a", "j"),
        plain.compute_with(("a", "out"), "b", "j"),
    ):
        assert str(s).index("a[i, j] =") < str(s).index("b[i, j] =") < str(s).index("out[i, j] =")


def test_P4_a_cycle_is_reported_as_such():
    _, _, out = pair()
    with pytest.raises(td.IllegalSchedule, match="S208") as caught:
        td.schedule(out).compute_with("a", "out", "j")
    assert "a, b and out need values of each other" in str(caught.value)
