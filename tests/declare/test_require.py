"""Facts between sizes: used by proofs, kept by stages, ended by their block."""

import pytest

import tdsl as td
from tdsl.expr.printer import text


def test_a_fact_decides_a_proof_and_is_recorded():
    n, m = td.size("n"), td.size("m")
    x = td.placeholder("x", (m,))
    with pytest.raises(td.BoundsError):
        td.compute("y", (n,), lambda i: x[i])
    with td.require(n <= m):
        y = td.compute("y", (n,), lambda i: x[i])
        other = td.compute("other", (n,), lambda i: i)
    assert [text(fact) for fact in y.producer.facts] == ["n <= m"]
    assert other.producer.facts == ()  # m does not occur: nothing could check the fact
    z = td.compute("z", (n,), lambda i: y[i])
    assert [text(fact) for fact in z.producer.facts] == ["n <= m"]
    with pytest.raises(td.BoundsError):
        td.compute("y", (n,), lambda i: x[i])


def test_as_a_statement_it_holds_from_there_on():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    with td.require(n >= 0):  # ends what the statement below begins, too
        td.require(td.all(n % 4 == 0, n > 4))
        y = td.compute("y", (n // 2,), lambda i: x[2 * i + 1] + x[7])
    assert [text(fact) for fact in y.producer.facts] == ["n >= 0", "n % 4 == 0", "n > 4"]
    with pytest.raises(td.BoundsError):
        td.compute("y", (3,), lambda i: x[7])


def test_conditions_that_cannot_be_one(refused):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    refused(
        td.ArgumentError,
        lambda: td.require(n * n % (n + 1) == 0),
        """
        E117: td.require takes affine conditions on sizes and their products: n * n % (n + 1) is none
          facts are used by proofs for all sizes: sums, products, // and % by constants
          try: k = td.size("k"); td.require(n * n == k * (n + 1))
        """,
    )
    refused(
        td.ArgumentTypeError,
        lambda: td.require(n),
        """
        E115: td.require takes a condition on sizes, not n
          try: td.require(n <= m)
        """,
    )
    refused(
        td.ArgumentError,
        lambda: td.require(n < n),
        "E115: td.require is given a condition that is never true",
    )
    with pytest.raises(td.ArgumentError, match="E117"):
        td.require(x[0] > 0)
    with pytest.raises(td.ArgumentError, match="E117: td.require takes conditions on sizes"):
        td.require(td.axis("i", 3) > 0)
    assert td.require(True) is not None


def test_what_a_refusal_names_can_be_required():
    n, m, k = td.size("n"), td.size("m"), td.size("k")
    with pytest.raises(td.ArgumentError, match=r"td.all\(k \* m <= n, n < \(k \+ 1\) \* m\)"):
        td.require(n // m <= 3)
    with td.require(td.all(k * m <= n, n < (k + 1) * m)):
        x, rows = td.placeholder("x", (n,)), td.placeholder("rows", (k, m))
        y = td.compute("y", (k, m), lambda i, j: x[i * m + j] - rows[i, j])
    assert y.ndim == 2
