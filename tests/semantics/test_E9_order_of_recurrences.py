"""E9: several tensors that read each other are one stage; the nearest legal order of the axes is taken and recorded."""

import numpy as np
import pytest

import tdsl as td

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m), "float64")


def test_the_written_order_is_kept_where_it_is_legal():
    s = td.recurrence("s", (n, m), lambda s, i, j: td.where(i > 0, s[i - 1, j], 0.0) + x[i, j])
    assert td.schedule(s).steps == ()


def test_a_reversal_is_the_first_step():
    s = td.recurrence("s", (n, m), lambda s, i, j: td.where(j + 1 < m, s[i, j + 1], 0.0) + x[i, j])
    made = td.schedule(s)
    assert [step.label for step in made.steps] == ['reverse("s", "j")']
    v = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(td.build(made)(v), np.cumsum(v[:, ::-1], axis=1)[:, ::-1])


def test_a_permutation_is_tried_after_the_reversals():
    """(i+1, j-1), (i-1, j-1) and (i, j-1): j has to be outside, whatever the direction of i."""

    def value(s, i, j):
        up = td.where(td.all(i > 0, j > 0), s[i - 1, j - 1], 0.0)
        down = td.where(td.all(i + 1 < n, j > 0), s[i + 1, j - 1], 0.0)
        return up + down + x[i, j]

    made = td.schedule(td.recurrence("s", (n, m), value))
    assert [step.label for step in made.steps] == ['reorder("s", "j", "i")']


def test_the_first_steps_stay():
    s = td.recurrence("s", (n,), lambda s, i: td.where(i + 1 < n, s[i + 1] + 1, 0), dtype="int64")
    made = td.schedule(s).split(s, "i", 4)
    assert made.undo().axes(s) == ("i",)
    with pytest.raises(td.ArgumentError, match="S142"):
        made.undo(2)
    with pytest.raises(td.ArgumentError, match="S142"):
        made.without(0)
    assert td.Schedule.from_json(made.to_json(), s) == made
    assert eval(made.script(), {"td": td, "s": s}) == made


def test_no_order_shows_the_pair_and_a_skew():
    def value(s, i, j):
        left = td.where(td.all(i + 1 < n, j > 0), s[i + 1, j - 1], x[i, j])
        return left + td.where(td.all(i > 1, j + 1 < m), s[i - 2, j + 1], 0.0)

    with pytest.raises(td.IllegalSchedule, match="S207") as caught:
        td.schedule(td.recurrence("s", (n, m), value))
    text = str(caught.value)
    assert "i=1, j=0 writes s[1, 0], i=0, j=1 reads it" in text and "w = i + j" in text
    assert "def value" not in text and len(text.splitlines()) <= 10


def _refused(*tensors):
    with pytest.raises(td.IllegalSchedule, match="S207") as caught:
        td.schedule(*tensors)
    return str(caught.value)


def test_a_cycle_is_named():
    itself = _refused(td.recurrence("s", (n,), lambda s, i: s[i] + 1, dtype="int64"))
    assert "s reads the element that it makes: a cycle" in itself and "s[0] needs s[0]   (n=1)" in itself
    pair = td.recurrence(("a", "b"), (n,), lambda a, b, i: (b[i] + 1, a[i] + 1), dtype="int64")
    assert "a[0] needs b[0], b[0] needs a[0]   (n=1)" in _refused(*pair)


def test_a_cycle_through_other_points_is_named():
    def both_ways(s, i, j):
        return td.where(i > 0, s[i - 1, j], 0.0) + td.where(i + 1 < n, s[i + 1, j], 0.0) + x[i, j]

    text = _refused(td.recurrence("s", (n, m), both_ways))
    assert "elements of s need each other in a cycle" in text
    assert "s[0, 0] needs s[1, 0], s[1, 0] needs s[0, 0]   (m=1, n=2)" in text and "w = " not in text
    k = td.reduce_axis("k", n)
    others = td.recurrence("s", (n,), lambda s, i: td.sum(td.where(k != i, s[k], 0), over=k), dtype="int64")
    assert "s[0] needs s[1], s[1] needs s[0]   (n=2)" in _refused(others)
    ring = td.recurrence("s", (8,), lambda s, i: s[(i + 3) % 8] + 1, dtype="int64")
    assert "s[0] needs s[3], s[3] needs s[6], … 4 more, s[2] needs s[5], s[5] needs s[0]" in _refused(ring)


def test_a_cycle_that_data_may_break_is_said_so():
    def value(s, i, j):
        return td.where(x[i, j] > 0, td.where(i > 0, s[i - 1, j], 0.0), td.where(i + 1 < n, s[i + 1, j], 0.0))

    assert "s[0, 0] may need s[1, 0]" in _refused(td.recurrence("s", (n, m), value, dtype="float64"))


def test_a_cycle_that_a_param_decides():
    far = td.param("far", "int64", range=(0, 8))
    zero = td.recurrence("s", (n,), lambda s, i: td.where(i >= far, s[i - far], 0) + i)
    assert "s[0] may need s[0]   (far=0, n=1)" in _refused(zero)
    positive = td.param("positive", "int64", range=(1, 8))
    assert not td.schedule(
        td.recurrence("s", (n,), lambda s, i: td.where(i >= positive, s[i - positive], 0) + i)
    ).steps
    turn = td.param("turn", "int32")
    either = td.recurrence(
        "s", (n,),
        lambda s, i: td.where(turn > 0, td.where(i > 0, s[i - 1], 0), td.where(i + 1 < n, s[i + 1], 0)) + i,
    )  # fmt: skip
    assert "needs" not in _refused(either)


def test_what_no_order_of_the_axes_serves_need_not_be_a_cycle():
    """Two tensors at mirrored places: as two stages there is an order, as one there is none of its points."""
    text = _refused(*td.recurrence(("a", "b"), (n,), lambda a, b, i: (b[n - 1 - i] + 1, i), dtype="int64"))
    assert "no order of the axes of a makes every element before it is read" in text and "tried: i" in text


def test_several_tensors_are_one_stage_named_by_the_first():
    a, b = td.recurrence(
        ("a", "b"),
        (n,),
        lambda a, b, i: (td.where(i > 0, b[i - 1], 1), td.where(i > 0, a[i - 1] + b[i - 1], 1)),
        dtype="int64",
    )
    s = td.schedule(a, b)
    assert s.stages() == ("a",) and s.axes(b) == s.axes(a) == ("i",)
    first, second = td.build(s)(n=8)
    assert second.tolist() == [1, 2, 3, 5, 8, 13, 21, 34] and first.tolist() == [1, 1, 2, 3, 5, 8, 13, 21]


def test_what_is_not_affine_is_not_decided():
    at = td.placeholder("at", (n,), "int64", range=(0, n))
    with pytest.raises(td.UnprovenSchedule, match="at"):
        td.schedule(td.recurrence("s", (n,), lambda s, i: s[at[i]] + 1, dtype="int64"))
