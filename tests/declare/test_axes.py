"""Axes declared on their own."""

import pytest

import tdsl as td
from tdsl.expr.printer import text


def test_bounds():
    n = td.size("n", min=1)
    k = td.reduce_axis("k", n // 2)
    assert (text(k.origin.axis.lower), text(k.origin.axis.upper)) == ("0", "n // 2") and k.origin.reduced
    i = td.axis("i", (k + 1, n))
    assert text(i.origin.axis.lower) == "k + 1" and not i.origin.reduced
    assert str(k + 1) == "k + 1" and k.dtype.name == "int64"


def test_bounds_that_cannot_be_one(refused):
    n = td.size("n")
    x = td.placeholder("x", (n,), "int64", range=(0, n))
    refused(
        td.ArgumentError,
        lambda: td.reduce_axis("k", n * n),
        """
        E117: a bound of the axis k is not affine in sizes and axes: n * n
          bounds are sums and products with ints, // and % by ints, minimum and maximum
        """,
    )
    refused(
        td.ArgumentError,
        lambda: td.axis("k", (0, n, 2)),
        "E115: the axis k runs over an extent or a pair (lower, upper), not (0, n, 2)\n"
        "  try: steps and directions are subscripts: lower + 2 * i, or n - 1 - i, of an axis i from 0",
    )
    refused(
        td.ShapeError,
        lambda: td.axis("k", 2.0),
        "E104: a bound of the axis k is an integer, not 2.0\n  try: 2",
    )
    with pytest.raises(td.ArgumentError, match="E117"):
        td.axis("k", (0, x[0]))
    with pytest.raises(td.ArgumentError, match="E108"):
        td.reduce_axis("for", 3)
