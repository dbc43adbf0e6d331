"""Several tensors of one recurrence, made one from another at the same point."""

import numpy as np
import pytest

import tdsl as td
from tdsl.declare.same_point import resolved
from tdsl.expr.rewrite import reads

n = td.size("n")
x = td.placeholder("x", (n,), "float32")


def both(first, second):
    return td.recurrence(("a", "b"), (n,), lambda a, b, i: (first(a, b, i), second(a, b, i)), dtype="float32")


def test_a_later_tensor_may_be_made_from_an_earlier_one_of_its_point():
    a, b = both(
        lambda a, b, i: x[i] * 2, lambda a, b, i: a[i] + td.where(i > 0, b[td.maximum(i - 1, 0)], 0.0)
    )
    v = np.arange(5, dtype=np.float32)
    for target in (None, "interpret"):
        first, second = td.build(td.schedule(a, b), **({} if target is None else {"target": target}))(v)
        assert first.tolist() == (2 * v).tolist() and second.tolist() == np.cumsum(2 * v).tolist()


def test_the_order_of_the_values_does_not_matter():
    a, b = both(lambda a, b, i: b[i] + 1, lambda a, b, i: x[i] * 2)
    first, second = td.build(td.schedule(a, b))(np.float32([1, 5]))
    assert first.tolist() == [3, 11] and second.tolist() == [2, 10]


def test_a_product_read_as_an_element_is_rounded_first():
    """`a` is x*x rounded; b = a - 1 must not be one fma of x*x - 1 (semantics D5)."""
    a, b = both(lambda a, b, i: x[i] * x[i], lambda a, b, i: a[i] - 1.0)
    v = np.float32([1 + 2**-12])
    first, second = td.build(td.schedule(a, b))(v)
    assert second == first - np.float32(1) != np.float32(np.float64(v) ** 2 - 1)


def test_it_survives_text():
    a, b = both(lambda a, b, i: x[i] * x[i], lambda a, b, i: a[i] - 1.0)
    again = td.parse(b.text())
    v = np.float32([1 + 2**-12])
    assert np.array_equal(td.build(td.schedule(again))(v), td.build(td.schedule(a, b))(v)[1])


def test_a_circle_stays_and_is_named():
    a, b = both(lambda a, b, i: b[i] + 1, lambda a, b, i: a[i] + 1)
    with pytest.raises(td.IllegalSchedule, match="a cycle"):
        td.schedule(a, b)


def test_one_tensor_is_left_alone():
    a = td.recurrence("a", (n,), lambda a, i: td.where(i > 0, a[td.maximum(i - 1, 0)], 0.0) + x[i])
    body = a.producer.body
    assert resolved(body, a.producer.own, ()) == body and len(reads(*body)) == 2
