"""`compute_with`: loops that are shared, what stands in them, what is refused; results are in tests/property."""

import numpy as np
import pytest

import tdsl as td


@pytest.fixture
def pair():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2)
    b = td.compute("b", (n, m), lambda i, j: x[i, j] + td.where(i > 0, a[i - 1, j], 0.0))
    return td.schedule(a, b)


@pytest.fixture
def walk():
    """A scan, what it reads, what reads it."""
    n, t = td.size("n"), td.size("t", min=1)
    x = td.placeholder("x", (n, t))
    half = td.compute("half", (n, t), lambda i, k: x[i, k] / 2.0)
    run = td.recurrence("run", (n, t), lambda run, i, k: td.where(k == 0, 0.0, run[i, k - 1]) + half[i, k])
    high = td.recurrence(
        "high", (n, t), lambda high, i, k: td.maximum(td.where(k == 0, 0.0, high[i, k - 1]), run[i, k])
    )
    out = td.compute("out", (n,), lambda i: high[i, t - 1] - run[i, t - 1])
    return td.schedule(out)


def test_the_loops_before_and_after(pair, golden):
    golden(f"{pair}\n\n{pair.compute_with('b', 'a', 'j')}\n\n{pair.compute_with('b', 'a', 'i')}")


def test_a_walk_shared_inside_another_stage(walk, golden):
    s = (
        walk.compute_at(("high", "run"), "out", "i")
        .compute_with("run", "high", "k")
        .compute_at("half", "high", "k")
    )
    s = s.fold("run", "k", 2).fold("high", "k", 2).parallel("out", "i")
    golden(str(s))
    x = np.random.default_rng(0).standard_normal((4, 7), dtype=np.float32)
    assert np.array_equal(td.build(s)(x), td.build(walk)(x))
    assert s.storage("run")["shape"] == ("1", "2") and s.storage("run")["where"] == "i of out"


def test_round_trips(pair):
    n, m = td.size("n"), td.size("m")
    x, z = td.placeholder("x", (n,)), td.placeholder("z", (m,))
    a = td.compute("a", (n,), lambda i: x[i] * 2)
    b = td.compute("b", (m,), lambda r: z[r] + 1)
    s = td.schedule(a, b).compute_with(b, a, "i", align={"r": "i"})
    assert s.script() == 'td.schedule(a, b).compute_with("b", "a", "i", align={"r": "i"})'
    assert eval(s.script(), {"td": td, "a": a, "b": b}) == s
    assert td.Schedule.from_json(s.to_json(), a, b) == s
    assert "exact" in s.history()
    assert s.on("a").parallel("i").schedule.undo() == s
    assert 'compute_with("b", "a", "i"' in s.diff(td.schedule(a, b))


def test_what_reads_the_leader_and_what_it_reads_join_at_once(walk):
    s = walk.compute_with(("half", "high"), "run", "k")
    assert [step.stage for step in s.steps] == ["half", "high"]
    assert str(s).count("for k") == 1
    middle = walk.compute_with(("half", "run"), "high", "k")
    assert [step.stage for step in middle.steps] == ["run", "half"]


def test_placement_moves_along(pair, walk):
    """What stood in a loop that is shared now stands in the leader's, and follows it."""
    s = walk.compute_at("half", "run", "k").compute_with("run", "high", "k")
    assert s.describe("half").placed == ("high", "k")
    assert walk.compute_with("run", "high", "k").compute_at("half", "run", "k").describe("half").placed == (
        "high",
        "k",
    )
    moved = walk.compute_with("run", "high", "k").compute_at("high", "out", "i")
    assert moved.storage("run")["where"] == "i of out" == moved.storage("high")["where"]
    split = walk.compute_with("run", "high", "k").split("high", "k", 4)
    x = np.ones((2, 9), np.float32)
    assert np.array_equal(split(x), walk(x))


def test_a_stage_joins_the_one_that_runs_the_loop(walk):
    """Joining a stage that shares its loop with another is joining that other one."""
    s = walk.compute_with("high", "run", "k").compute_with("half", "high", "k")
    t = walk.compute_with("high", "run", "k").compute_with("half", "run", "k")
    assert str(s) == str(t)
    other = walk.compute_with("half", "run", "k").compute_with("run", "high", "k")
    assert str(other).count("for k") == 1
    x = np.arange(12, dtype=np.float32).reshape(3, 4)
    assert np.array_equal(other(x), walk(x))


def test_names_aligned_through_a_second_stage():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] * 2)
    b = td.compute("b", (n,), lambda r: a[r] + 1)
    c = td.compute("c", (n,), lambda q: b[q] * 3)
    plain = td.schedule(a, b, c)
    s = plain.compute_with(b, a, "i", align={"r": "i"}).compute_with(c, b, "r", align={"q": "r"})
    later = plain.compute_with(c, b, "r", align={"q": "r"}).compute_with(b, a, "i", align={"r": "i"})
    assert str(s) == str(later) and str(s).count("for ") == 1
    v = np.arange(5, dtype=np.float32)
    for got, want in zip(s(v), plain(v), strict=True):
        assert np.array_equal(got, want)


def test_computing_it_elsewhere_ends_it(walk):
    s = walk.compute_with("run", "high", "k").compute_root("run")
    assert str(s) == str(walk)
    placed = walk.compute_at(("run", "high"), "out", "i")
    assert str(placed.compute_with("run", "high", "k").compute_at("run", "out", "i")) == str(placed)


def test_a_shift_makes_one_run_ahead(golden):
    """A stencil and its reader in one loop, the reader two iterations behind; shifting the loop later changes nothing."""
    n = td.size("n")
    x = td.placeholder("x", (n + 2,))
    a = td.compute("a", (n + 2,), lambda i: x[i] * 2)
    b = td.compute("b", (n,), lambda i: a[i] + a[i + 1] + a[i + 2])
    c = td.compute("c", (n,), lambda i: b[i] * 3)
    plain = td.schedule(c)
    s = plain.shift(b, "i", 2).shift(c, "i", 2).compute_with((a, c), b, "i").fold(a, "i", 3)
    golden(str(s))
    behind = (
        plain.shift(b, "i", 2)
        .compute_with(b, a, "i")
        .shift(c, "i", 5)
        .compute_with(c, b, "i")
        .fold(a, "i", 3)
    )
    later = s.shift(b, "i", 7)
    for size in (0, 1, 9):
        v = np.arange(size + 2, dtype=np.float32)
        for one in (s, behind, later):
            assert np.array_equal(td.build(one)(v), plain(v))
    with pytest.raises(td.IllegalSchedule, match="S201"):
        plain.shift(b, "i", 1).compute_with(a, b, "i")
    with pytest.raises(td.PlacementError, match="S341"):
        s.shift(c, "i", 1)


# what is refused


def test_a_dependence_that_crosses(told):
    n = td.size("n")
    x = td.placeholder("x", (n + 1,))
    a = td.compute("a", (n + 1,), lambda i: x[i] * 2)
    b = td.compute("b", (n,), lambda i: a[i + 1] + 1)
    assert told(lambda: td.schedule(b).compute_with(b, a, "i")) == "\n".join(
        [
            "IllegalSchedule S201: compute_with would read a before it is made",
            '  here: compute_with(b, a, "i")',
            "  b reads a before a has made it",
            "  a at i=1 writes a[1], b at i=0 reads it   (n=1)",
            "      for i   <-",
            "        a[i] = …",
            '  try: shift("b", "i", 1), then compute_with',
            "   or: assume(n <= 0): then it is legal",
        ]
    )
    shifted = td.schedule(b).shift(b, "i", 1).compute_with(b, a, "i")
    assert np.array_equal(td.build(shifted)(np.arange(5, dtype=np.float32)), np.arange(4) * 2 + 3)
    with pytest.raises(td.IllegalSchedule) as caught:
        td.schedule(b).compute_with(b, a, "i")
    assert caught.value.witness.iterations == ({"i": 1}, {"i": 0}) and caught.value.witness.sizes == {"n": 1}


def test_a_value_of_the_iteration_before_is_fine(pair):
    s = pair.compute_with("b", "a", "i")
    with pytest.raises(td.IllegalSchedule, match="S202"):
        s.parallel("a", "i")
    assert s.parallel("a", "j").stages() == ("a", "b")


def test_a_cycle(told):
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2)
    total = td.compute("total", (n,), lambda i: td.sum(a[i, k], over=k))
    c = td.compute("c", (n, m), lambda i, j: a[i, j] / total[i])
    s = td.schedule(c)
    inside = s.compute_with(total, a, "i")
    assert told(lambda: inside.compute_with(c, a, "j")) == "\n".join(
        [
            "IllegalSchedule S208: no order of the statements in the shared loop i is right",
            '  here: compute_with(c, a, "j")',
            "  a, total and c need values of each other in one iteration of loop i of a",
            "  in i=0 total at i=0, k=0 writes total[0], in i=0 c at i=0, j=0 reads it   (m=1, n=1)",
            "      for i   <-",
            "        for j",
            "          a[i, j] = …",
        ]
    )
    fine = s.compute_with((total, c), a, "i")
    v = np.ones((3, 4), np.float32)
    assert np.array_equal(fine(v), s(v))


def test_what_looks_like_a_cycle_and_is_none():
    """By names alone each needs the other; within one iteration only one does."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2)
    total = td.compute(
        "total", (n,), lambda i: td.where(i > 0, 1.0, 0.0) * td.sum(td.where(i > 0, a[i - 1, k], 0.0), over=k)
    )
    c = td.compute("c", (n, m), lambda i, j: a[i, j] + total[i])
    plain = td.schedule(c)
    with pytest.raises(td.IllegalSchedule, match="S208"):
        plain.compute_with(c, a, "j")  # total still stands between the two
    s = plain.compute_with(total, a, "i").compute_with(c, a, "j")
    v = np.random.default_rng(1).standard_normal((4, 5), dtype=np.float32)
    assert np.array_equal(s(v), plain(v)) and np.array_equal(td.build(s, target="interpret")(v), plain(v))
    assert str(s).count("for i") + str(s).count("for a.i") == 1


@pytest.mark.parametrize(
    ("code", "action"),
    [
        ("S340", lambda s: s.compute_with("out", "run", "k")),
        ("S340", lambda s: s.compute_with("high", "run", "k", align={"i": "k", "k": "k"})),
        ("S104", lambda s: s.compute_with("high", "run", "k", align={"z": "k"})),
        ("S104", lambda s: s.compute_with("high", "run", "z")),
        ("S106", lambda s: s.compute_with("high", "run", "k", align=["k"])),
        ("S303", lambda s: s.compute_with("run", "run", "k")),
        ("S303", lambda s: s.compute_at("half", "run", "k").compute_with("run", "half", "i")),
        ("S303", lambda s: s.compute_with("run", "high", "k").compute_with("high", "run", "k")),
        ("S301", lambda s: s.compute_at("high", "out", "i").compute_with("half", "high", "i")),
        ("S341", lambda s: s.parallel("high", "i").compute_with("high", "run", "k")),
        ("S341", lambda s: s.split("high", "k", 4).compute_with("high", "run", "k")),
        ("S341", lambda s: s.compute_with("high", "run", "k").split("high", "k", 4)),
        ("S341", lambda s: s.compute_with("high", "run", "k").parallel("high", "i")),
        ("S341", lambda s: s.compute_with("half", "run", "k").reorder("half", "k", "i")),
        ("S342", lambda s: s.compute_with("high", "run", "k").store_root("high")),
        ("S342", lambda s: s.compute_with("run", "high", "k").store_at("run", "out", "i")),
        ("S307", lambda s: s.compute_with("run", "half", "k").inline("half")),
    ],
)
def test_refusals(walk, code, action):
    with pytest.raises(td.TdslError) as caught:
        action(walk)
    assert str(caught.value).split(": ")[0].endswith(code), str(caught.value)
    assert len(str(caught.value).splitlines()) <= 10


def test_an_output_inside_another_stage():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    a = td.compute("a", (n,), lambda i: x[i] * 2)
    b = td.compute("b", (n,), lambda i: a[i] + 1)
    c = td.compute("c", (n,), lambda i: x[i] - 1)
    with pytest.raises(td.PlacementError, match="S302"):
        td.schedule(b, c).compute_at(a, b, "i").compute_with(c, a, "i")


@pytest.mark.parametrize("lanes", ["total", "high"])
def test_lanes_of_a_reduction_are_each_stages_own(lanes):
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    total = td.compute("total", (n,), lambda i: td.sum(x[i, k], over=k))
    high = td.compute("high", (n,), lambda i: td.max(x[i, k], over=k))
    two = td.compute("two", (n,), lambda i: td.sum(x[i, k], over=k) / td.max(x[i, k] * 2, over=k))
    s = td.schedule(total, high, two)
    with pytest.raises(td.PlacementError, match="S343"):
        s.vectorize(total, "k", 8).compute_with(high, total, "kv")
    with pytest.raises(td.PlacementError, match="S343"):
        s.split(total, "k", 8).promote(total, "ko").compute_with(high, total, "ko")
    if lanes == "high":
        with pytest.raises(td.PlacementError, match="S341"):
            s.vectorize(high, "k", 4).compute_with(high, total, "k")
    mixed = s.vectorize(lanes, "k", 4).compute_with(
        *((high, total) if lanes == "total" else (total, high)), "k"
    )
    v = np.random.default_rng(1).standard_normal((3, 11), dtype=np.float32)
    for got, want in zip(mixed(v), s.vectorize(lanes, "k", 4)(v), strict=True):
        assert np.array_equal(got, want)


def test_reassociation_is_told_of_a_shared_order():
    """The leader's order of two summed axes is the joined stage's, too."""
    n, m, p = td.size("n"), td.size("m"), td.size("p")
    x = td.placeholder("x", (n, m, p))
    k, l = td.reduce_axis("k", m), td.reduce_axis("l", p)
    high = td.compute("high", (n,), lambda i: td.max(x[i, k, l], over=(k, l)))
    total = td.compute("total", (n,), lambda i: td.sum(x[i, k, l], over=(k, l)))
    s = td.schedule(high, total).reorder(high, "l", "k")
    assert "reassociates" not in str(s)
    assert "reassociates k of total, l of total" in str(s.compute_with(total, high, "k")).replace(
        "bits: ", ""
    )


@pytest.mark.parametrize("kind", ["loops", "reduction"])
@pytest.mark.parametrize("width", [None, 4])
def test_loops_inside_lanes(kind, width):
    """They were accepted, and no loops could be made of them."""
    n = td.size("n")
    x, k = td.placeholder("x", (8, n)), td.reduce_axis("k", n)
    z = td.compute("z", (8,), lambda b: td.cast(b, "float32"))
    if kind == "loops":
        other = td.compute("other", (n, 8), lambda i, b: x[b, i] * 2)
    else:
        other = td.compute("other", (8,), lambda b: td.sum(x[b, k], over=k))
    s = td.schedule(z, other).vectorize(z, "b", width)
    with pytest.raises(td.PlacementError, match=r"S304: bv of z is vector lanes: loop [ik] of other"):
        s.compute_with(other, z, "bv")
    if width:
        with pytest.raises(td.PlacementError, match="S304"):
            s.vectorize(other, "b", width).compute_with(other, z, "bv")
        beside = s.compute_with(other, z, "b")
        given = np.arange(40, dtype=np.float32).reshape(8, 5)
        want = given.T * 2 if kind == "loops" else given.sum(1)
        assert np.array_equal(td.build(beside)(given)[1], want)
