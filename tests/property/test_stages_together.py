"""Whole programs whose stages share loops, beside NumPy: scans, statistics, pointwise results, extents that differ."""

import numpy as np
import pytest

import tdsl as td

RNG = np.random.default_rng(8)


def both(schedule, *arrays, **sizes):
    """What the kernel gives, after the interpreter gave the same bits."""
    made = td.build(schedule)(*arrays, **sizes)
    plain = td.build(schedule, target="interpret")(*arrays, **sizes)
    for one, other in zip(
        *(each if isinstance(each, tuple) else (each,) for each in (made, plain)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    return made


def same_bits(schedule, plain, *arrays, **sizes):
    """The results, which are those of the plain schedule."""
    made, want = both(schedule, *arrays, **sizes), td.build(plain)(*arrays, **sizes)
    for one, other in zip(
        *(each if isinstance(each, tuple) else (each,) for each in (made, want)), strict=True
    ):
        np.testing.assert_array_equal(one, other)
    return made


def online_softmax():
    n, m = td.size("n"), td.size("m", min=1)
    x = td.placeholder("x", (n, m))
    top = td.recurrence(
        "top", (n, m), lambda top, i, k: td.where(k == 0, x[i, k], td.maximum(top[i, k - 1], x[i, k]))
    )
    total = td.recurrence(
        "total", (n, m), lambda total, i, k: td.where(
            k == 0, 1.0, total[i, k - 1] * td.exp(top[i, k - 1] - top[i, k]) + td.exp(x[i, k] - top[i, k])
        )
    )  # fmt: skip
    y = td.compute("y", (n, m), lambda i, k: td.exp(x[i, k] - top[i, m - 1]) / total[i, m - 1])
    return y, top, total


@pytest.mark.parametrize("outside", [True, False])
def test_online_softmax_in_one_walk(outside):
    y, top, total = online_softmax()
    plain = td.schedule(y)
    s = plain.compute_with(top, total, "k") if outside else plain.compute_with(total, top, "k")
    host = total if outside else top
    s = s.compute_root(host) if outside else s
    s = (
        plain.compute_at((top, total), y, "i")
        .compute_with(top, total, "k")
        .fold(total, "k", 2)
        .fold(top, "k", 2)
    )
    s = s.parallel(y, "i").vectorize(y, "k", 8)
    for shape in ((1, 1), (3, 7), (5, 40)):
        x = RNG.standard_normal(shape, dtype=np.float32)
        e = np.exp(x.astype(float) - x.max(1, keepdims=True))
        np.testing.assert_allclose(same_bits(s, plain, x), e / e.sum(1, keepdims=True), rtol=2e-6)
    assert s.storage(top)["shape"][-1] == "2"


def test_a_filter_and_its_gains_in_one_walk():
    """Two values in one recurrence, and a recurrence of the state that reads them."""
    t = td.size("t", min=1)
    z = td.placeholder("z", (t,), "float64")
    q, r = td.param("q", "float64"), td.param("r", "float64")

    def step(gain, after, i):
        ahead = td.where(i == 0, 1.0, after[i - 1] + q)
        return ahead / (ahead + r), (1.0 - ahead / (ahead + r)) * ahead

    gain, after = td.recurrence(("gain", "after"), (t,), step, dtype="float64")
    x = td.recurrence(
        "x",
        (t,),
        lambda x, i: td.where(i == 0, 0.0, x[i - 1]) * (1.0 - gain[i]) + gain[i] * z[i],
        dtype="float64",
    )
    spread = td.recurrence(
        "spread", (t,), lambda spread, i: td.maximum(td.where(i == 0, 0.0, spread[i - 1]), after[i])
    )
    plain = td.schedule(x, spread)
    s = plain.compute_with((gain, spread), x, "i").fold(gain, "i", 2)
    assert str(s).count("for ") == 1
    zv = RNG.standard_normal(50)
    got = same_bits(s, plain, zv, 0.1, 0.7)
    p, state, largest, states = 1.0, 0.0, 0.0, []
    for i, value in enumerate(zv):
        ahead = 1.0 if i == 0 else p + 0.1
        k = ahead / (ahead + 0.7)
        p, state = (1 - k) * ahead, state * (1 - k) + k * value
        largest = max(largest, p)
        states.append(state)
    np.testing.assert_allclose(got[0], states, rtol=1e-12)
    np.testing.assert_allclose(got[1][-1], largest, rtol=1e-12)


def statistics():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    total = td.compute("total", (n,), lambda i: td.sum(x[i, k], over=k))
    high = td.compute("high", (n,), lambda i: td.max(x[i, k], over=k))
    squares = td.compute("squares", (n,), lambda i: td.sum(x[i, k] * x[i, k], over=k) / 2.0 + total[i])
    return td.schedule(total, high, squares)


@pytest.mark.parametrize("lanes", [0, 4, 8])
@pytest.mark.parametrize("host", ["total", "high", "squares"])
def test_statistics_over_one_axis(lanes, host):
    plain = statistics()
    if lanes:
        for stage in plain.stages():
            plain = plain.vectorize(stage, "k", lanes)
    s = plain.compute_with([each for each in plain.stages() if each != host], host, "k").parallel(host, "i")
    assert str(s).count("for i") + str(s).count(f"for {host}.i") == 1
    for shape in ((3, 0), (1, 1), (4, 37)):
        x = RNG.standard_normal(shape, dtype=np.float32)
        total, high, squares = same_bits(s, plain, x)
        np.testing.assert_allclose(total, x.sum(1), rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(high, x.max(1, initial=-np.inf))
        np.testing.assert_allclose(squares, (x * x).sum(1) / 2 + x.sum(1), rtol=1e-4, atol=1e-5)


def test_statistics_with_the_reduction_outside():
    """The shared reduction loop stands around a data loop: accumulators are the arrays themselves, or a row of them."""
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (m, n))
    k = td.reduce_axis("k", m)
    total = td.compute("total", (n,), lambda i: td.sum(x[k, i], over=k))
    mean = td.compute("mean", (n,), lambda i: td.sum(x[k, i] * 2.0, over=k) / td.cast(m, "float32"))
    plain = td.schedule(total, mean)
    for inner in ("k", "i"):
        s = plain.reorder(total, "k", "i").reorder(mean, "k", "i").compute_with(mean, total, inner)
        for shape in ((1, 1), (9, 5), (4, 33)):
            a = RNG.standard_normal(shape, dtype=np.float32)
            got = same_bits(s, plain, a)
            np.testing.assert_allclose(got[0], a.sum(0), rtol=1e-4, atol=1e-5)
    rows = (
        plain.reorder(total, "k", "i")
        .reorder(mean, "k", "i")
        .vectorize(total, "i", 8)
        .vectorize(mean, "i", 8)
    )
    same_bits(rows.compute_with(mean, total, "k"), plain, RNG.standard_normal((9, 21), dtype=np.float32))


@pytest.mark.parametrize("loop", ["i", "j", "jv"])
def test_two_pointwise_results_in_one_nest(loop):
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    a = td.compute("a", (n, m), lambda i, j: x[i, j] * 2.0)
    b = td.compute("b", (n, m), lambda i, j: a[i, j] + td.where(i > 0, x[i - 1, j], 0.0))
    plain = td.schedule(a, b)
    s = plain.vectorize(a, "j", 8)
    s = (s if loop == "jv" else s.vectorize(b, "j", 8)).compute_with(b, a, loop).parallel(a, "i")
    for shape in ((0, 3), (1, 1), (4, 21)):
        v = RNG.standard_normal(shape, dtype=np.float32)
        got = same_bits(s, plain, v)
        np.testing.assert_array_equal(got[0], v * 2)
    if loop == "jv":
        assert str(s).count("vector for") == 1


def different_extents():
    n, m, w = td.size("n"), td.size("m"), td.size("w")
    x, z = td.placeholder("x", (n, w)), td.placeholder("z", (m, w))
    a = td.compute("a", (n, w), lambda i, j: x[i, j] + 1.0)
    b = td.compute("b", (m, w), lambda r, j: z[r, j] * 3.0)
    return td.schedule(a, b)


@pytest.mark.parametrize("how", ["rows", "columns", "blocks", "tiles", "the other way"])
def test_extents_that_differ_and_names_that_differ(how):
    plain = different_extents()
    match how:
        case "rows":
            s = plain.compute_with("b", "a", "i", align={"r": "i"})
        case "columns":
            s = plain.vectorize("a", "j", 4).compute_with("b", "a", "jv", align={"r": "i"})
        case "blocks":
            s = plain.split("a", "i", 4).compute_with("b", "a", "io", align={"r": "i"}).parallel("a", "io")
        case "tiles":
            s = plain.tile("a", {"i": 4, "j": 8}).tile("b", {"r": 4, "j": 8}).vectorize("b", "ji")
            s = s.compute_with("b", "a", "jo", align={"r": "i"})
        case _:
            s = plain.fuse("b", "r", "j").compute_with("a", "b", "r_j", align={"i": "r"}).parallel("b", "r_j")
    for n, m, w in ((3, 5, 2), (5, 3, 9), (0, 4, 1), (4, 0, 3), (6, 6, 8)):
        x, z = RNG.standard_normal((n, w), dtype=np.float32), RNG.standard_normal((m, w), dtype=np.float32)
        got = same_bits(s, plain, x, z)
        np.testing.assert_array_equal(got[0], x + 1)
        np.testing.assert_array_equal(got[1], z * np.float32(3))


def test_a_scan_and_what_reads_it_share_its_walk():
    """The reader stands in the walk that makes the values; its own producer is made inside, too."""
    n, t = td.size("n"), td.size("t", min=1)
    x = td.placeholder("x", (n, t))
    run = td.recurrence("run", (n, t), lambda run, i, k: td.where(k == 0, 0.0, run[i, k - 1] * 0.5) + x[i, k])
    gain = td.compute("gain", (n, t), lambda i, k: td.exp(-run[i, k]))
    out = td.compute("out", (n, t), lambda i, k: gain[i, k] * run[i, k])
    plain = td.schedule(out)
    s = plain.compute_with((out, gain), run, "k").parallel(run, "i").fold(gain, "k", 1)
    assert s.storage(gain)["shape"] == ("n", "1") and str(s).count("for ") == 2
    for shape in ((1, 1), (4, 9)):
        same_bits(s, plain, RNG.standard_normal(shape, dtype=np.float32))


def test_an_update_in_place_shares_a_loop():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (n, m))
    start = td.compute("start", (n,), lambda i: x[i, 0] * 0.0 if False else td.cast(0, "float32"))
    i, k = td.axis("i", n), td.axis("k", m)
    count = td.update("count", start, over=(i, k), at=(i,), value=lambda count: count[i] + x[i, k])
    double = td.compute("double", (n, m), lambda i, k: x[i, k] * 2.0)
    plain = td.schedule(count, double)
    for loop in ("i", "k"):
        same_bits(
            plain.compute_with(double, count, loop), plain, RNG.standard_normal((4, 6), dtype=np.float32)
        )
        same_bits(
            plain.compute_with(count, double, loop), plain, RNG.standard_normal((4, 6), dtype=np.float32)
        )


def test_several_reductions_of_one_stage_stay_together_inside_a_shared_loop():
    n, m = td.size("n"), td.size("m", min=1)
    x = td.placeholder("x", (n, m))
    k, l = td.reduce_axis("k", m), td.reduce_axis("l", m)
    a = td.compute("a", (n,), lambda i: td.sum(x[i, k], over=k) / td.max(x[i, l], over=l))
    b = td.compute("b", (n,), lambda i: td.sum(x[i, k] * a[i], over=k))
    plain = td.schedule(a, b)
    v = RNG.uniform(1, 2, (5, 7)).astype(np.float32)
    same_bits(plain.compute_with(b, a, "i").parallel(a, "i"), plain, v)
    same_bits(plain.compute_with(a, b, "i").parallel(b, "i"), plain, v)
    same_bits(plain.split(a, "i", 2).compute_with(b, a, "io"), plain, v)
    same_bits(plain.split(b, "i", 2).compute_with(a, b, "io"), plain, v)


def test_found_by_random_schedules():
    """A skewed loop gives no axis by itself; what guards one part of a body does not hold for the others."""
    n, m = td.size("n"), td.size("m", min=1)
    x = td.placeholder("x", (n, m))
    k = td.reduce_axis("k", m)
    b = td.compute("b", (n,), lambda i: td.max(x[i, k], over=k) * 2.0)
    c = td.compute("c", (n, m), lambda i, k: x[i, k] + 1.0)
    plain = td.schedule(b, c)
    v = RNG.standard_normal((3, 5), dtype=np.float32)
    same_bits(plain.shift(b, "i", -1).compute_with(b, c, "k"), plain, v)
    same_bits(plain.shift(c, "i", 2).compute_with(c, b, "k"), plain, v)
    d = td.compute("d", (n, m), lambda i, k: x[i, k] * 2.0)
    both = td.schedule(c, d)
    same_bits(both.skew(c, "i", by="k", into="w").compute_with(d, c, "w"), both, v)
    same_bits(both.skew(c, "i", by="k", into="w").compute_with(d, c, "k"), both, v)
