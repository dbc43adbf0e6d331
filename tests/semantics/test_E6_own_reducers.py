"""E6: td.reducer over values and tuples; its laws and its identity are tried on samples where it is used."""

# ruff: noqa: B023 (callables are called in the turn of the loop that makes them)
import pickle

import numpy as np
import pytest

import tdsl as td
from tests.support.compare import check

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
k = td.reduce_axis("k", m)


def merge(a, b):
    high = td.maximum(a[0], b[0])
    return high, a[1] * td.exp(a[0] - high) + b[1] * td.exp(b[0] - high)


def online_softmax():
    reducer = td.reducer(merge, identity=lambda v, w: (td.min_value(v), td.cast(0, w)))
    return td.compute(("top", "total"), (n,), lambda i: reducer((x[i, k], td.cast(1, "float32")), over=k))


def test_tuples():
    top, total = online_softmax()
    s = td.schedule(top, total)
    for variant in (s, s.parallel(top, "i"), s.split(top, "i", 4), s.reorder(top, "k", "i")):
        check(variant, {"n": 3, "m": 5}, mode="mild")
    v = np.random.default_rng(0).standard_normal((4, 37)).astype(np.float32)
    for variant in (s, s.vectorize(top, "k", 8)):
        first, second = td.build(variant)(v)
        assert np.array_equal(first, v.max(1))
        np.testing.assert_allclose(second, np.exp(v - v.max(1)[:, None]).sum(1), rtol=1e-5)
    assert "reassociates k" in str(s.vectorize(top, "k", 8))


def test_the_same_reducer_said_twice_is_the_same_program():
    one, other = online_softmax()[0], online_softmax()[0]
    assert one.producer.body == other.producer.body
    assert td.schedule(one) == td.schedule(other)
    assert pickle.loads(pickle.dumps(one.producer.body[0].reducer)) is one.producer.body[0].reducer

    def other_merge(a, b):
        return td.maximum(a[0], b[0]), a[1] + b[1]

    reducer = td.reducer(other_merge, identity=lambda v, w: (td.min_value(v), td.cast(0, w)), name="merge")
    changed = td.compute(("top", "total"), (n,), lambda i: reducer((x[i, k], td.cast(1, "float32")), over=k))
    assert td.schedule(changed[0]) != td.schedule(one)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int32", "uint8", "bfloat16"])
def test_one_value_in_every_dtype(dtype):
    y = td.placeholder("y", (n,), dtype)
    j = td.reduce_axis("j", n)
    largest = td.reducer(lambda a, b: td.maximum(a, b), identity=lambda d: td.min_value(d))
    added = td.reducer(lambda a, b: a + b, 0)
    z = td.compute(("high", "sum_"), (), lambda: (largest(y[j], over=j), added(y[j], over=j)))
    assert z[0].dtype.name == z[1].dtype.name == dtype
    if dtype != "bfloat16":
        check(td.schedule(*z), {"n": 11})
    again = td.compute("again", (), lambda: added(y[j], over=j, dtype="float64"))
    assert again.dtype.name == "float64"


def test_several_axes_and_bools():
    a, b = td.reduce_axis("a", n), td.reduce_axis("b", m)
    parity = td.reducer(lambda p, q: p ^ q, False)
    y = td.compute("y", (), lambda: parity(x[a, b] > 0.0, over=(a, b)))
    v = np.random.default_rng(0).standard_normal((5, 7)).astype(np.float32)
    assert td.build(td.schedule(y))(v) == bool((v > 0).sum() % 2)


def test_the_step_is_contracted_as_any_expression_is():
    reducer = td.reducer(lambda a, b: (a[0] + b[0], a[1] + b[1] + 0.0 * a[0] * b[0]), (0.0, 0.0))
    y = td.compute(("p", "q"), (n,), lambda i: reducer((x[i, k], x[i, k]), over=k))
    assert "contracted" in y[0].text()
    with td.options(contract=False):
        z = td.compute(("p", "q"), (n,), lambda i: reducer((x[i, k], x[i, k]), over=k))
    assert "contracted" not in z[0].text()
    for each in (y, z):
        check(td.schedule(*each), {"n": 2, "m": 6}, mode="mild")


WRONG = {
    "E118: reducer does not have the identity 0.0": (lambda a, b: td.maximum(a, b), 0.0),
    "E118: reducer is not commutative": (lambda a, b: td.where(b == 0.0, a, b), 0.0),
    "E118: reducer is not associative": (lambda a, b: a + b + a * b * (a - b) * (a - b), 0.0),
    "E118: the step of reducer uses x[0, 0], which is none of its operands": (
        lambda a, b: a + b * x[0, 0],
        0.0,
    ),
    "E118: the identity of reducer is no constant: float32(n)": (lambda a, b: a + b, td.cast(n, "float32")),
    "E209: the step of reducer changes a value from float32 to float64": (
        lambda a, b: a.astype("float64") + b,
        0.0,
    ),
    "E209: the identity of reducer is int64 where the value is float32": (
        lambda a, b: a + b,
        td.cast(0, "int64"),
    ),
}


@pytest.mark.parametrize("message", WRONG)
def test_what_is_no_reducer(message):
    step, identity = WRONG[message]
    with pytest.raises(td.TdslError) as caught:
        td.compute("y", (n,), lambda i: td.reducer(step, identity)(x[i, k], over=k))
    text = str(caught.value)
    assert text.startswith(message) and len(text.splitlines()) <= 10 and __file__.rsplit("/", 1)[1] in text


def test_the_message_has_the_values():
    worst = td.reducer(
        lambda a, b: (td.maximum(a[0], b[0]), td.where(a[0] >= b[0], a[1], b[1])),
        lambda v, w: (td.min_value(v), td.cast(-1, w)),
        name="best",
    )
    with pytest.raises(td.ArgumentError) as caught:
        td.compute(("v", "at"), (n,), lambda i: worst((x[i, k], k), over=k))
    assert str(caught.value).splitlines()[-2:] == [
        "  (1.5, 9) with (1.5, 3) gives (1.5, 9), the other way round (1.5, 3)",
        "  try: where the first values are equal, let the others decide",
    ]


def test_a_step_that_varies():
    counter = iter(range(1, 100))
    with pytest.raises(td.ArgumentError, match="E119"):
        td.compute(
            "y", (n,), lambda i: td.reducer(lambda a, b: a + b * float(next(counter)), 0.0)(x[i, k], over=k)
        )


def test_wrong_arguments():
    with pytest.raises(td.ArgumentTypeError, match="E115"):
        td.reducer(3, 0.0)
    with pytest.raises(td.ArgumentError, match="cannot name a reducer"):
        td.reducer(lambda a, b: a, 0.0, name="sum")
    with pytest.raises(td.ArgumentError, match="E115: the identity of two has 1 value for 2"):
        td.reducer(lambda a, b: (a[0] + b[0], a[1] + b[1]), 0.0, name="two")((x[0, k], x[0, k]), over=k)
    with pytest.raises(td.ArgumentTypeError, match="E111"):
        td.reducer(lambda a, b: a[0], (0.0, 0.0))((x[0, k], x[0, k]), over=k)
    with pytest.raises(td.ArgumentTypeError, match="E112"):
        td.reducer(lambda a, b: a + b, 0.0)(x[0, 0])
    with pytest.raises(td.DTypeError, match="E208"):
        td.reducer(lambda a, b: (a[0] + b[0], a[1] + b[1]), (0.0, 0))((x[0, k], 1), over=k)


def test_least_and_greatest_are_finite():
    for dtype in ("float16", "float32", "float64"):
        y = td.compute("y", (2,), lambda i: td.where(i == 0, td.min_value(dtype), td.max_value(dtype)))
        assert np.array_equal(td.build(td.schedule(y))(), [np.finfo(dtype).min, np.finfo(dtype).max])
