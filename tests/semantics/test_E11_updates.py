"""E11: `U[at] = value` for each point of `over` in order; the base keeps its value; what is copied and what is not."""

import numpy as np
import pytest

import tdsl as td

n = td.size("n")
A = td.placeholder("A", (n,), "int64")
i = td.axis("i", n)


def loops(schedule):
    return td.build(schedule, target="interpret").source("loops")


def test_it_runs_in_order():
    j = td.axis("j", (1, n))
    u = td.update("u", A, over=j, at=j, value=lambda u: u[j - 1] + u[j])
    v = np.arange(6)
    for target in ("interpret", "cpu"):
        assert np.array_equal(td.build(td.schedule(u), target=target)(v), np.cumsum(v))
    assert v.tolist() == list(range(6))


def test_at_may_be_a_callable():
    u = td.update("u", A, over=(i,), at=lambda: (n - 1 - i,), value=lambda u: i)
    assert td.build(td.schedule(u))(np.zeros(4, np.int64)).tolist() == [3, 2, 1, 0]


def test_bounds_of_inner_axes_use_outer_ones():
    M = td.placeholder("M", (n, n), "int64")
    y = td.axis("y", n)
    x = td.axis("x", (y, n))
    u = td.update("u", M, over=(y, x), at=(y, x), value=lambda u: u[y, x] * 0 + 1)
    assert np.array_equal(td.build(td.schedule(u))(np.zeros((4, 4), np.int64)), np.triu(np.ones((4, 4))))
    with pytest.raises(td.AxisScopeError, match="outermost first"):
        td.update("u", M, over=(x, y), at=(y, x), value=lambda u: 1)


def test_the_base_keeps_its_old_value():
    base = td.compute("base", (n,), lambda p: A[p] + 1)
    u = td.update("u", base, over=i, at=i, value=lambda u: u[i] * 2)
    both = td.compute("both", (n,), lambda p: base[p] * 1000 + u[p])
    assert td.build(td.schedule(both))(np.arange(3)).tolist() == [1002, 2004, 3006]
    assert "u[d0] = base[d0]" in loops(td.schedule(both))
    assert td.build(td.schedule(base, u))(np.arange(3))[0].tolist() == [1, 2, 3]


def test_nothing_is_copied_where_nothing_reads_the_base_later():
    base = td.compute("base", (n,), lambda p: A[p] + 1)
    one = td.update("one", base, over=i, at=i, value=lambda u: u[i] * 2)
    two = td.update("two", one, over=i, at=i, value=lambda u: u[i] + 5)
    text = loops(td.schedule(two))
    assert "allocate" not in text and "d0" not in text
    assert td.build(td.schedule(two))(np.arange(3)).tolist() == [7, 9, 11]


def test_a_value_that_reads_the_base_itself_keeps_the_copy():
    base = td.compute("base", (n,), lambda p: A[p] + 1)
    u = td.update("u", base, over=i, at=n - 1 - i, value=lambda u: base[i])
    assert td.build(td.schedule(u))(np.arange(5)).tolist() == [5, 4, 3, 2, 1]


def test_out_may_be_the_base():
    u = td.update("u", A, over=i, at=i, value=lambda u: u[i] + 1)
    f = td.build(td.schedule(u))
    v = np.arange(4)
    assert f(v, out=v) is v and v.tolist() == [1, 2, 3, 4]
    assert f.inplace == {"A": ("u",)}


def test_out_may_not_be_what_is_still_read():
    reverse = td.compute("reverse", (n,), lambda p: A[n - 1 - p])
    u = td.update("u", reverse, over=i, at=i, value=lambda u: u[i] + 1)
    f = td.build(td.schedule(u))
    v = np.arange(4)
    assert f.inplace == {} and f(v).tolist() == [4, 3, 2, 1]
    with pytest.raises(td.CallError):
        f(v, out=v)


def test_dims_are_the_bases_or_the_axes_of_at():
    base = td.compute("base", (n, n), lambda p, q: td.cast(0, "int64"))
    y, x = td.axis("y", n), td.axis("x", n)
    assert td.schedule(td.update("u", base, over=(y, x), at=(x, y), value=lambda u: 1)).dims("u") == (
        "p",
        "q",
    )
    M = td.placeholder("M", (n, n), "int64")
    assert td.schedule(td.update("u", M, over=(y, x), at=(x, y), value=lambda u: 1)).dims("u") == ("x", "y")
    assert td.schedule(td.update("u", M, over=(y, x), at=(x, 0 * y), value=lambda u: 1)).dims("u") in (
        ("x", "d1"),
        ("d0", "d1"),
    )


def test_a_target_outside_is_refused_at_the_declaration():
    with pytest.raises(td.BoundsError, match="writes past the end") as caught:
        td.update("u", A, over=i, at=i + 1, value=lambda u: 0)
    assert "at i=0 it writes u[1]" in str(caught.value)
    at = td.placeholder("at", (n,), "int64")
    with pytest.raises(td.BoundsError, match="E302"):
        td.update("u", A, over=i, at=at[i], value=lambda u: 0)


def test_rfactor_needs_the_form_of_a_sum():
    count = td.update("count", A, over=i, at=i // 2, value=lambda u: u[i // 2] + 1)
    s = td.schedule(count).rfactor(count, "i", name="part")
    assert s.stages() == ("part_start", "part", "count") and s.dims("part") == ("i", "d0")
    assert td.build(s)(np.zeros(5, np.int64)).tolist() == [2, 2, 1, 0, 0]
    for value in (lambda u: u[i // 2] * u[0], lambda u: u[i] + 1, lambda u: 1):
        with pytest.raises(td.PlacementError, match="S311"):
            td.schedule(td.update("u", A, over=i, at=i // 2, value=value)).rfactor("u", "i")


def test_arrays_that_are_needed_are_not_inlined():
    base = td.compute("base", (n,), lambda p: A[p] + 1)
    u = td.update("u", base, over=i, at=i, value=lambda u: u[i] * 2)
    after = td.schedule(td.compute("after", (n,), lambda p: u[p]))
    for stage in (u, base):
        with pytest.raises(td.PlacementError, match="S306"):
            after.inline(stage)
    with pytest.raises(td.IllegalSchedule, match="history"):
        after.store_root(u).compute_at(u, "after", "p")


def test_a_copy_of_the_result_and_of_the_base():
    u = td.update("u", A, over=i, at=n - 1 - i, value=lambda u: u[n - 1 - i] + i)
    s = td.schedule(u).cache_write(u).cache_read(A, "u_heap")
    assert s.stages() == ("A_heap", "u_heap", "u")
    assert td.build(s)(np.arange(4)).tolist() == [3, 3, 3, 3]


def test_text_and_pickle_keep_it():
    import pickle

    u = td.update("u", A, over=i, at=i, value=lambda u: u[i] + 1)
    assert td.schedule(td.parse(u.text())) == td.schedule(u)
    s = pickle.loads(pickle.dumps(td.schedule(u).reverse(u, "i")))
    assert s == td.schedule(u).reverse(u, "i")
    assert td.build(s)(np.arange(3)).tolist() == [1, 2, 3]


def test_a_target_from_data_outside_its_range_is_refused_before_anything_is_written():
    at = td.placeholder("at", (n,), "int32", range=(0, n))
    u = td.update("u", A, over=i, at=at[i], value=lambda u: u[at[i]] + 1)
    for target in ("interpret", "cpu"):
        f, out = td.build(td.schedule(u), target=target), np.full(3, 77)
        for wrong in (3, -1):
            with pytest.raises(td.CallError, match="outside its declared range"):
                f(np.arange(3), np.array([0, wrong, 1], np.int32), out=out)
            assert out.tolist() == [77, 77, 77]
        assert f(np.arange(3), np.array([0, 2, 2], np.int32)).tolist() == [1, 1, 4]


def test_a_target_that_is_clamped_needs_no_range():
    u = td.update("u", A, over=i, at=td.clamp(A[i], 0, n - 1), value=lambda u: 9)
    assert td.build(td.schedule(u))(np.array([5, 0, -2, 1])).tolist() == [9, 9, -2, 9]
