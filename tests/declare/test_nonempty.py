"""Facts and refusals of argmax and argmin: what is proved needs no fact, what is about sizes becomes one."""

import pytest

import tdsl as td
from tdsl.expr.printer import text

n, m = td.size("n"), td.size("m")
x = td.placeholder("x", (n, m))
k = td.reduce_axis("k", m)


def facts(tensor):
    return [text(fact) for fact in tensor.producer.facts]


def test_facts():
    assert facts(td.compute("a", (n,), lambda i: td.argmax(x[i, k], over=k))) == ["m >= 1"]
    q = td.reduce_axis("q", n)
    both = td.compute("a", (), lambda: td.argmin(x[q, k], over=(q, k)) + td.argmax(x[q, k], over=(q, k)))
    assert facts(both) == ["n >= 1", "m >= 1"]
    assert facts(td.compute("a", (n,), lambda i: td.where(m > 0, td.argmax(x[i, k], over=k), -1))) == []
    some, three = td.size("some", min=2), td.reduce_axis("three", 3)
    s = td.reduce_axis("s", (1, some))
    y = td.placeholder("y", (some, 3))
    assert (
        facts(
            td.compute("a", (3,), lambda i: td.argmax(y[s, i], over=s) + td.argmax(y[0, three], over=three))
        )
        == []
    )
    with td.require(m >= 1):
        assert facts(td.compute("a", (n,), lambda i: td.argmax(x[i, k], over=k))) == ["m >= 1"]


def test_axes_that_may_be_empty(refused):
    z = td.placeholder("z", (n, n))

    def below(i):
        t = td.reduce_axis("t", (0, i))
        return td.argmax(z[i, t], over=t)

    refused(
        td.ArgumentError,
        lambda: td.compute("a", (n,), below),
        """
        E120: the place of an extremum in a needs a term, and the axis t may be empty
          0 <= t < i has no value with n=1 at i=0
          try: td.where(condition, td.argmax(…), -1), with a condition under which there is a term
        """,
    )
    assert facts(td.compute("a", (n,), below, where=lambda i: i > 0)) == []
    ptr = td.placeholder("ptr", (n + 1,), "int32", range=(0, m + 1))

    def rows(i):
        t = td.reduce_axis("t", (ptr[i], ptr[i + 1]))
        return td.argmin(x[0, t], over=t)

    with pytest.raises(td.ArgumentError, match="E120"):
        td.compute("a", (n,), rows)
    refused(
        td.ArgumentError,
        lambda: td.compute("a", (), lambda: td.argmax(z[0, 0], over=td.reduce_axis("e", (3, 3)))),
        """
        E120: the place of an extremum in a needs a term, and the axis e may be empty
          3 <= e < 3 has no value
          try: td.where(condition, td.argmax(…), -1), with a condition under which there is a term
        """,
    )


def test_an_inner_axis_may_depend_on_the_outer_one():
    z = td.placeholder("z", (n, n))

    def body(i):
        a = td.reduce_axis("a", (0, i + 1))
        b = td.reduce_axis("b", (0, a + 1))
        return td.sum(td.argmax(z[a, b], over=b), over=a)

    assert facts(td.compute("a", (n,), body)) == []
