"""E5: NaN wins, +0 > -0, empty extremes; argmax and argmin give the first place and need a term."""

import numpy as np
import pytest

import tdsl as td
from tdsl.fuzzing.arrays import same_bits
from tests.support.compare import check

n = td.size("n")
k = td.reduce_axis("k", n)
FLOATS = ["float16", "float32", "float64"]
INTEGERS = ["int8", "uint8", "int64", "uint64"]


def reduced(reduction, dtype):
    x = td.placeholder("x", (n,), dtype)
    return td.compute("y", (), lambda: reduction(x[k], over=k))


@pytest.mark.parametrize("dtype", FLOATS)
def test_nan_wins_and_zeros_have_an_order(dtype):
    values = np.array([-0.0, 0.0, 1.0, -np.inf, np.nan], dtype)
    x, y = td.placeholder("x", (n, 1), dtype), td.placeholder("y", (n,), dtype)
    most, least = td.maximum(x, y), td.minimum(x, y)
    f = td.build(td.schedule(most, least).vectorize(most, "d1", 4))
    high, low = f(values[:, None], values)
    for i, a in enumerate(values):
        for j, b in enumerate(values):
            pair = sorted((a, b), key=lambda v: (v, not np.signbit(v)))
            want = np.array([np.nan] * 2 if np.isnan(a) or np.isnan(b) else pair, dtype)
            assert same_bits(low[i, j].reshape(1), want[:1]) and same_bits(high[i, j].reshape(1), want[1:])
    for reduction, zero in ((td.max, 0.0), (td.min, -0.0)):
        f = td.build(td.schedule(y := reduced(reduction, dtype)).vectorize(y, "k", 4))
        for order in ([-0.0, 0.0], [0.0, -0.0], [-0.0] * 5 + [0.0] * 4):
            assert np.signbit(f(np.array(order, dtype))) == np.signbit(zero)
        assert np.isnan(f(np.array([1, np.nan, 2], dtype)))


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
def test_nothing(dtype):
    facts = np.iinfo(dtype) if "int" in dtype else None
    low, high = (facts.min, facts.max) if facts else (-np.inf, np.inf)
    wanted = {td.max: low, td.min: high, td.sum: 0, td.prod: 1}
    for reduction, want in wanted.items():
        assert td.build(td.schedule(reduced(reduction, dtype)))(np.zeros(0, dtype)) == want
    for reduction, want in ((td.any, False), (td.all, True)):
        y = reduced(lambda v, over, reduction=reduction: reduction(v > 0, over=over), dtype)
        assert td.build(td.schedule(y))(np.zeros(0, dtype)) == want


@pytest.mark.parametrize("dtype", [*FLOATS, *INTEGERS])
@pytest.mark.parametrize("name", ["argmax", "argmin"])
def test_the_first_place(dtype, name):
    y = reduced(getattr(td, name), dtype)
    f = td.build(td.schedule(y).vectorize(y, "k", 8))
    rng = np.random.default_rng(3)
    for length in (1, 5, 8, 29, 64):
        v = rng.integers(0, 4, length).astype(dtype)
        assert f(v) == getattr(np, name)(v)
        if dtype in FLOATS:
            v[rng.integers(0, length, 2)] = np.nan
            assert f(v) == getattr(np, name)(v)
            assert f(np.full(length, np.inf if name == "argmin" else -np.inf, dtype)) == 0
    for schedule in (td.schedule(y), td.schedule(y).split(y, "k", 4)):
        check(schedule, {"n": 13}, seed=4)
    assert "reassociates" not in str(td.schedule(y).vectorize(y, "k", 8))


def test_row_major_places_and_conditions():
    a, b = td.reduce_axis("a", 3), td.reduce_axis("b", n)
    x = td.placeholder("x", (3, n))
    y = td.compute("y", (), lambda: td.argmax(x[a, b], over=(a, b)))
    first = td.compute("first", (3,), lambda i: td.argmax(x[i, k] > 0.5, over=k))
    v = np.float32([[0, 3, 1, 1], [9, 0, 9, 0], [9, 9, 0, 0]])
    place, firsts = td.build(td.schedule(y, first))(v)
    assert place == v.argmax() == 4 and np.array_equal(firsts, (v > 0.5).argmax(1))
    with pytest.raises(td.ArgumentError, match="E118"):
        td.argmax(x[0, 0], over=(a, td.reduce_axis("c", (1, n))))
    with pytest.raises(td.ArgumentError, match="E118"):
        td.argmax(x[0, 0], over=(a, td.reduce_axis("c", (0, a))))


def test_a_term_is_needed():
    y = reduced(td.argmax, "float32")
    with pytest.raises(td.CallError, match="n >= 1"):
        td.build(td.schedule(y))(np.zeros(0, np.float32))
    x = td.placeholder("x", (n, n))

    def first(i):
        t = td.reduce_axis("t", (0, i))
        return td.argmax(x[i, t], over=t)

    with pytest.raises(td.ArgumentError, match="0 <= t < i has no value with n=1 at i=0"):
        td.compute("y", (n,), first)
    guarded = td.compute("y", (n,), lambda i: td.where(i > 0, first(i), -1))
    assert not guarded.producer.facts
    v = np.float32([[1, 2, 3], [4, 5, 6], [1, 2, 0]])
    assert np.array_equal(td.build(td.schedule(guarded))(v), [-1, 0, 1])
    always = td.compute("y", (n,), lambda i: td.argmax(x[i, t := td.reduce_axis("t", (0, i + 1))], over=t))
    assert not always.producer.facts
