"""Refusals name what is legal nearby, and what they name is accepted."""

import re

import pytest

import tdsl as td

n, T = td.size("n"), td.size("T")
u0 = td.placeholder("u0", (n,), "float64")


def heat(reach=1):
    def value(U, t, x):
        edge = td.any(x < reach, x >= n - reach)
        inner = U[t - 1, x - reach] + U[t - 1, x + reach]
        return td.where(t == 0, u0[x], td.where(edge, U[t - 1, x], inner))

    U = td.recurrence("U", (T + 1, n), value)
    return U, td.schedule(td.compute("last", (n,), lambda x: U[T, x]))


@pytest.mark.parametrize("reach", [1, 2])
def test_the_skew_that_makes_a_tile_legal(reach):
    U, s = heat(reach)
    with pytest.raises(td.IllegalSchedule, match="S201") as caught:
        s.tile(U, {"t": 16, "x": 64})
    factor = "" if reach == 1 else f", factor={reach}"
    offer = f'skew("U", "x", by="t", into="xs"{factor})'
    assert f"try: {offer}, then tile of t, xs" in str(caught.value)
    eval(f"s.{offer}", {"s": s}).tile(U, {"t": 16, "xs": 64})


def test_the_condition_under_which_the_tile_is_legal_holds_for_the_whole_schedule():
    U, s = heat()
    with pytest.raises(td.IllegalSchedule) as caught:
        s.tile(U, {"t": 16, "x": 64})
    assert str(caught.value.condition) == "T <= 0 or n <= 64"
    s.assume(caught.value.condition).tile(U, {"t": 16, "x": 64})


def test_a_plane_wave_where_no_loop_is_parallel():
    x, y = td.axis("x", (1, n)), td.axis("y", (1, n))
    S = td.placeholder("S", (n, n), "int64")
    g = td.update("g", S, over=(y, x), at=(y, x), value=lambda a: a[y, x - 1] + a[y - 1, x])
    s = td.schedule(g)
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        s.parallel(g, "x")
    offer = 'skew("g", "x", by="y", into="w"), reorder("g", "w", "y"), then parallel of y'
    assert offer in str(caught.value)
    s.skew(g, "x", by="y", into="w").reorder(g, "w", "y").parallel(g, "y")


def test_parallel_loops_come_before_waves():
    S = td.placeholder("S", (n, n), "int64")
    x, y = td.axis("x", (1, n)), td.axis("y", n)
    g = td.update("g", S, over=(y, x), at=(y, x), value=lambda a: a[y, x - 1] + 1)
    with pytest.raises(td.IllegalSchedule, match=re.escape("legal in parallel: y")):
        td.schedule(g).parallel(g, "x")


def test_a_condition_that_covers_one_violation_only_is_not_offered():
    """Halves race whatever n is; only n <= 1 (one iteration, or none) is legal."""
    r = td.axis("r", n)
    H = td.placeholder("H", (n,), "int64")
    g = td.update("g", H, over=(r,), at=(r // 2,), value=lambda a: a[r // 2] * 3 + r)
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        td.schedule(g).parallel(g, "r")
    condition = caught.value.condition
    assert condition is not None
    td.schedule(g).assume(condition).parallel(g, "r")


def test_the_fold_that_is_deep_enough():
    U, s = heat(2)
    with pytest.raises(td.IllegalSchedule, match="S203") as caught:
        s.fold(U, "t", 1)
    assert 'fold("U", "t", 2): the smallest legal one' in str(caught.value)
    assert s.min_fold(U, "t") == 2
    with pytest.raises(td.IllegalSchedule, match="no fold of x up to 64 keeps what is still read"):
        s.fold(U, "x", 8)
    assert s.min_fold(U, "x") is None


def test_a_divisibility_is_a_condition():
    """`shift` overlaps the last tile: legal in parallel only where there is no rest."""
    C = td.compute("C", (n,), lambda i: u0[i] + 1)
    split = td.schedule(C).split(C, "i", 16, tail="shift")
    with pytest.raises(td.TdslError) as caught:
        split.parallel(C, "io")
    condition = getattr(caught.value, "condition", None)
    if condition is not None:
        split.assume(condition).parallel(C, "io")


def test_groups_of_loops_that_may_be_tiled():
    U, s = heat()
    assert s.tilable(U) == (("t",), ("x",))
    assert s.skew(U, "x", by="t", into="w").tilable(U) == (("t", "w"),)
    assert s.on(U).tilable() == s.tilable(U)
    a = td.placeholder("a", (n, n), "float32")
    k = td.reduce_axis("k", n)
    c = td.compute("c", (n, n), lambda i, j: td.sum(a[i, k] * a[k, j], over=k))
    assert td.schedule(c).tilable(c) == (("i", "j", "k"),)
    assert td.schedule(c).vectorize(c, "j", 8).tilable(c) == (("i", "j", "k"), ("jv",))


@pytest.mark.parametrize("sizes", [(2, 3), (5, 4), (16, 16)])
def test_a_group_takes_any_factors(sizes):
    U, s = heat()
    s.skew(U, "x", by="t", into="w").tile(U, {"t": sizes[0], "w": sizes[1]})


def test_least_folds_of_several_arrays_and_beside_other_folds():
    a, b = td.recurrence(
        ("a", "b"),
        (T + 1, n),
        lambda a, b, t, x: (
            td.where(td.all(t > 1, x > 0), a[t - 1, x] + b[t - 2, x - 1], u0[x]),
            td.where(t > 0, b[t - 1, x] * 0.5, u0[x]),
        ),
    )
    last = td.compute("last", (n,), lambda x: a[T, x] + b[T, x])
    s = td.schedule(last)
    least = s.min_fold(a, "t")
    assert least == s.min_fold(b, "t") == 3
    s.fold(a, "t", least)
    with pytest.raises(td.IllegalSchedule, match="S203"):
        s.fold(a, "t", least - 1)


def test_updates_that_add_to_elements_named_by_data():
    rows = td.placeholder("rows", (n,), "int32", range=(0, T))
    zero = td.placeholder("zero", (T,), "int64")
    i = td.axis("i", n)
    H = td.update("H", zero, over=i, at=(rows[i],), value=lambda H: H[rows[i]] + 1)
    s = td.schedule(H)
    with pytest.raises(td.UnprovenSchedule) as caught:
        s.parallel(H, "i")
    assert caught.value.hint[:2] == (
        'rfactor("H", "i", name="H_partial"), then parallel of i of H_partial',
        'atomic("H") first: threads add to an element one after another',
    )
    s.rfactor("H", "i", name="H_partial").parallel("H_partial", "i")
    s.atomic("H").parallel("H", "i")
    other = td.update("other", zero, over=i, at=(rows[i],), value=lambda H: H[rows[i]] * 2 + 1)
    with pytest.raises(td.UnprovenSchedule) as caught:
        td.schedule(other).parallel(other, "i")
    assert not any("atomic" in hint for hint in caught.value.hint)


def test_no_length_of_a_fold_is_tried_where_parallel_loops_allow_none():
    A = td.placeholder("A", (n, T))
    P = td.compute("P", (n, T), lambda i, j: A[i, j] * 2)
    Q = td.compute(
        "Q", (T,), lambda j: td.where(n > 1, P[td.maximum(n - 1, 0), j] + P[td.maximum(n - 2, 0), j], 0.0)
    )
    with pytest.raises(td.IllegalSchedule, match="no fold of i up to 64"):
        td.schedule(Q).parallel(P, "i").fold(P, "i", 1)
    assert td.schedule(Q).min_fold(P, "i") == 2


def test_all_inner_loops_are_skewed_by_the_outermost_under_names_that_can_be_ones():
    T, m = td.size("T", min=1), td.size("m", min=3)
    g = td.placeholder("g", (m, m))

    def sweep(S, t, i, j):
        new = S[t, i - 1, j] + S[t, i, j - 1] + S[t - 1, i + 1, j] + S[t - 1, i, j + 1]
        inner = td.all(t > 0, i > 0, i < m - 1, j > 0, j < m - 1)
        return td.where(t == 0, g[i, j], td.where(inner, new, td.where(t > 0, S[t - 1, i, j], 0.0)))

    S = td.recurrence("S", (T, m, m), sweep)
    s = td.schedule(td.compute("end", (m, m), lambda i, j: S[T - 1, i, j]))
    with pytest.raises(td.IllegalSchedule) as caught:
        s.tile(S, {"t": 4, "i": 8, "j": 8})
    assert 'into="is_")' in str(caught.value) and "then tile of t, is_, js" in str(caught.value)
    skewed = s.skew(S, "i", by="t", into="is_").skew(S, "j", by="t", into="js")
    skewed.tile(S, {"t": 4, "is_": 8, "js": 8})


def test_the_skew_that_makes_an_order_legal():
    U, s = heat()
    with pytest.raises(td.IllegalSchedule, match="S201") as caught:
        s.reorder(U, "x", "t")
    assert 'try: skew("U", "x", by="t", into="xs"), then reorder of xs, t' in str(caught.value)
    s.skew(U, "x", by="t", into="xs").reorder(U, "xs", "t")


@pytest.mark.parametrize(("distance", "width", "best"), [(4, 8, 4), (4, 6, 4), (3, 16, 2), (1, 4, None)])
def test_the_most_lanes_that_are_independent(distance, width, best):
    def value(S, i):
        return td.where(i >= distance, S[i - distance], 0) + 1

    S = td.recurrence("S", (n,), value, dtype="int64")
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(S).vectorize(S, "i", width)
    offered = re.findall(r'try: vectorize\("S", "i", (\d+)\)', str(caught.value))
    assert offered == ([] if best is None else [str(best)])
    if best is not None:
        td.schedule(S).vectorize(S, "i", best)


def test_what_slides_may_be_kept_inside_a_parallel_loop():
    x = td.placeholder("x", (n + 2,))
    a = td.compute("a", (n + 1,), lambda i: x[i] + x[i + 1])
    b = td.compute("b", (n,), lambda i: a[i] + a[i + 1])
    s = td.schedule(b).split(b, "i", 8).store_root(a).compute_at(a, b, "io")
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        s.parallel(b, "io")
    assert 'try: store_at("a", "b", "io"): each iteration makes what it reads' in str(caught.value)
    s.store_at(a, b, "io").parallel(b, "io")


def test_conditions_put_together_are_said_once():
    """Two violations, for more than two elements and for fewer, leave no elements or no step."""
    U, s = heat()
    with pytest.raises(td.IllegalSchedule) as caught:
        s.vectorize(U, "t", 4)
    said = str(caught.value.condition)
    assert said.count("n") == 1, said
    s.assume(caught.value.condition).vectorize(U, "t", 4)


def test_partial_results_are_no_advice_where_every_bit_is_kept():
    x = td.placeholder("x", (n, T))
    k = td.reduce_axis("k", T)
    y = td.compute("y", (n,), lambda i: td.sum(x[i, k], over=k))
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        td.schedule(y, exact=True).parallel(y, "k")
    assert not any("rfactor" in hint or "atomic" in hint for hint in caught.value.hint)
    with pytest.raises(td.IllegalSchedule, match="S202") as caught:
        td.schedule(y).parallel(y, "k")
    assert caught.value.hint[0] == 'rfactor("y", "k"), then parallel of the stage it makes; or atomic("y")'


def test_a_reader_that_the_step_makes_is_placed_after_it():
    """Each of the steps that are named is accepted, one after another."""
    x = td.placeholder("x", (n,))
    P = td.compute("P", (n,), lambda i: x[i] * 2.0)
    C = td.compute("C", (n,), lambda i: P[i] + 1.0)
    s = td.schedule(C).compute_at(P, C, "i")
    with pytest.raises(td.IllegalSchedule, match="S205") as caught:
        s.cache_write(C, name="W")
    assert caught.value.hint == (
        'compute_root("P"), then cache_write, then compute_at(("P", "W"), "C", "i")',
    )
    s.compute_root("P").cache_write(C, name="W").compute_at(("P", "W"), "C", "i")


def test_a_reader_whose_own_readers_stand_elsewhere_is_not_sent_into_the_loop():
    x = td.placeholder("x", (n,))
    P = td.compute("P", (n,), lambda i: x[i] * 2.0)
    C = td.compute("C", (n,), lambda i: P[i] + 1.0)
    D, E = td.compute("D", (n,), lambda i: C[i] + 1.0), td.compute("E", (n,), lambda i: C[i] * P[i])
    s = td.schedule(D, E)
    with pytest.raises(td.PlacementError, match="S301") as caught:
        s.compute_at(P, E, "i")
    assert caught.value.hint[0] == 'clone("P", "E"), then compute_at("P_clone", "E", "i")'
    s.clone("P", "E").compute_at("P_clone", "E", "i")


def test_loops_of_two_sums_make_no_group_where_a_tile_runs_one_too_early():
    x = td.placeholder("x", (n,))
    P = td.compute("P", (n,), lambda i: x[i] * 2.0)
    k, q = td.reduce_axis("k", n), td.reduce_axis("q", 1)
    y = td.compute(
        "y",
        (n,),
        lambda i: td.sum(P[i] * x[k], over=k) + td.sum(P[n - 1 - i] * P[i] * td.cast(q, "float32"), over=q),
    )
    s = td.schedule(y).store_root(P).compute_at(P, y, "i")
    for band in s.tilable(y):
        s.tile(y, dict.fromkeys(band, 2), tail="guard")
