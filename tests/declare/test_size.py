"""Sizes: facts travel with expressions and meet at declarations."""

import pytest

import tdsl as td
from tdsl.declare.size import describe, sizes_of
from tdsl.expr.tensor import Size


def test_two_sizes_of_one_name_are_one():
    a = td.placeholder("a", (td.size("n", min=2),))
    b = td.placeholder("b", (td.size("n", min=2),))
    assert sizes_of(td.compute("c", (td.size("n", min=2),), lambda i: a[i] + b[i])) == (Size("n", 2),)


def test_typical_is_no_fact():
    a = td.placeholder("a", (td.size("n"),))
    b = td.placeholder("b", (td.size("n", typical=512),))
    c = td.compute("c", a.shape, lambda i: a[i] + b[i])
    assert sizes_of(c) == (Size("n", typical=512),)


def test_facts_travel_through_shapes_and_tensors():
    a = td.placeholder("a", (td.size("n", min=1) + 1, 3))
    assert sizes_of(a) == (Size("n", 1),)
    td.compute("b", (3,), lambda i: a[1, i])
    rows = a.shape[0]
    b = td.compute("b", (rows,), lambda i: td.cast(i, "float32"))
    assert sizes_of(b) == (Size("n", 1),)


@pytest.mark.parametrize(
    ("facts", "text"),
    [
        ({"min": -1}, "E115: min of a size is an int of at least 0, not -1"),
        ({"min": 2.0}, "E115: min of a size is an int of at least 0, not 2.0"),
        ({"multiple_of": 0}, "E115: multiple_of of a size is an int of at least 1, not 0"),
        ({"typical": True}, "E115: typical of a size is an int of at least 0, not True"),
        ({"min": 2**63}, "E115: min of a size is an int of at least 0, not 9223372036854775808"),
    ],
)
def test_facts_that_cannot_be_one(refused, facts, text):
    refused(td.ArgumentError, lambda: td.size("n", **facts), text)


def test_names(refused):
    refused(
        td.ArgumentError,
        lambda: td.size("n m"),
        """
        E108: 'n m' cannot name a size: it is no Python identifier
          a name is made of letters, digits and _, and starts with no digit
          try: "n_m"
        """,
    )
    with pytest.raises(td.ArgumentError, match="E108: the name of a size is a string, not 3"):
        td.size(3)


def test_describe():
    assert describe(Size("n")) == 'td.size("n")'
    assert describe(Size("n", 1, 8, 64)) == 'td.size("n", min=1, multiple_of=8)'
