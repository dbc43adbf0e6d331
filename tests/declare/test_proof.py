"""Reads that escape: the whole text of every kind of error, and reads that are right although they look dangerous."""

import numpy as np
import pytest

import tdsl as td
from tdsl.errors import BoundsError


def sizes():
    return td.size("n"), td.size("m")


def test_past_the_end(refused):
    n, _ = sizes()
    V = td.placeholder("V", (n,))
    error = refused(
        td.BoundsError,
        lambda: td.compute("bad", (n,), lambda i: V[i + 1]),
        """
        E301: V[i + 1] in bad reads past the end of V
          with n=1 V has shape (1,); at i=0 it reads V[1]
          try: td.where(i + 1 < n, V[i + 1], 0.0)
           or: V[td.clamp(i + 1, 0, n - 1)]
           or: td.pad(V, 1, mode="edge"), and subscripts 1 larger
        """,
    )
    assert isinstance(error, IndexError) and isinstance(error, BoundsError)
    assert (error.access, error.index, error.sizes) == ("V[i + 1]", (1,), {"n": 1})


def test_before_the_start_of_a_dimension(refused):
    n, m = sizes()
    A = td.placeholder("A", (m, n), "int32")
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (m, n), lambda i, j: A[i, j - 2] + A[i, j]),
        """
        E301: A[i, j - 2] in bad reads before the start of A along dimension 1
          with m=1, n=1 A has shape (1, 1); at i=0, j=0 it reads A[0, -2]
          try: td.where(j - 2 >= 0, A[i, j - 2], 0)
           or: A[i, td.clamp(j - 2, 0, n - 1)]
           or: td.pad(A, 2, mode="edge"), and subscripts 2 larger
        """,
    )


def test_both_sides(refused):
    n, _ = sizes()
    V = td.placeholder("V", (n,), "bool")
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (n, n), lambda i, j: V[i + j - 3]),
        """
        E301: V[i + j - 3] in bad reads before the start of V
          with n=1 V has shape (1,); at i=0, j=0 it reads V[-3]
          try: td.where(td.all(i + j - 3 >= 0, i + j - 3 < n), V[i + j - 3], False)
           or: V[td.clamp(i + j - 3, 0, n - 1)]
        """,
    )


def test_an_empty_dimension(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    refused(
        td.BoundsError,
        lambda: td.compute("first", (m,), lambda i: V[0]),
        """
        E301: V[0] in first reads past the end of V
          with m=1, n=0 V has shape (0,); at i=0 it reads V[0]
          dimension 0 of V may be empty
          try: n = td.size("n", min=1)
           or: td.where(0 < n, V[0], 0.0)
        """,
    )
    V = td.placeholder("V", (td.size("n", min=1),))
    td.compute("first", (m,), lambda i: V[0])


def test_in_a_reduction(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    k = td.reduce_axis("k", (1, m))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (3,), lambda i: td.sum(V[k], over=k)),
        """
        E301: V[k] in bad reads past the end of V
          with m=2, n=0 V has shape (0,); at i=0, k=1 it reads V[1]
          dimension 0 of V may be empty
          try: td.where(k < n, V[k], 0.0)
           or: V[td.clamp(k, 0, n - 1)], with n = td.size("n", min=1)
        """,
    )


def test_under_a_condition_that_is_not_enough(refused):
    n, _ = sizes()
    V = td.placeholder("V", (n,))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (n,), lambda i: td.where(i <= n - 3, V[i + 3], V[i])),
        """
        E301: V[i + 3] in bad reads past the end of V
          with n=3 V has shape (3,); at i=0 it reads V[3]
          try: td.where(i + 3 < n, V[i + 3], 0.0)
           or: V[td.clamp(i + 3, 0, n - 1)]
           or: td.pad(V, 3, mode="edge"), and subscripts 3 larger
        """,
    )


def test_an_index_from_data(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    raw = td.placeholder("raw", (m,), "int32")
    refused(
        td.BoundsError,
        lambda: td.compute("take", (m,), lambda i: V[raw[i]]),
        """
        E302: V[raw[i]] in take: nothing is known of the index raw[i]
          raw[i] is int32 data, and an index of V is in 0 <= … < n
          try: td.placeholder("raw", …, "int32", range=(0, n))
           or: V[td.clamp(raw[i], 0, n - 1)], with n = td.size("n", min=1)
        """,
    )
    p = td.param("p", "int32")
    refused(
        td.BoundsError,
        lambda: td.compute("take", (m,), lambda i: V[p]),
        """
        E302: V[p] in take: nothing is known of the index p
          p is int32 data, and an index of V is in 0 <= … < n
          try: td.param("p", "int32", range=(0, n))
           or: V[td.clamp(p, 0, n - 1)], with n = td.size("n", min=1)
        """,
    )
    computed = td.compute("computed", (m,), lambda i: raw[i] + 1)
    refused(
        td.BoundsError,
        lambda: td.compute("take", (m,), lambda i: V[computed[i]]),
        """
        E302: V[computed[i]] in take: nothing is known of the index computed[i]
          computed[i] is int32 data, and an index of V is in 0 <= … < n
          try: V[td.clamp(computed[i], 0, n - 1)], with n = td.size("n", min=1)
        """,
    )


def test_a_range_that_is_too_wide(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    idx = td.placeholder("idx", (m,), "int32", range=(0, n + 1))
    refused(
        td.BoundsError,
        lambda: td.compute("take", (m,), lambda i: V[idx[i]]),
        """
        E301: V[idx[i]] in take reads past the end of V
          with m=1, n=0 V has shape (0,); at i=0 and idx[i]=0 it reads V[0]
          dimension 0 of V may be empty
          try: td.where(idx[i] < n, V[idx[i]], 0.0)
           or: V[td.clamp(idx[i], 0, n - 1)], with n = td.size("n", min=1)
        """,
    )


def test_what_is_not_affine(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (m,), lambda i: V[i * i]),
        """
        E303: V[i * i] in bad is not proved to stay inside V
          i * i: not affine in axes and sizes, so no proof covers all sizes
          try: V[td.clamp(i * i, 0, n - 1)], with n = td.size("n", min=1)
        """,
    )
    W = td.placeholder("W", (n * m,))
    with pytest.raises(td.BoundsError, match=r"i \* j: not affine"):
        td.compute("bad", (n, m), lambda i, j: W[i * j + j])
    k = td.reduce_axis("k", n)
    with pytest.raises(td.BoundsError, match="computed, and nothing is known of its value"):
        td.compute("bad", (m,), lambda i: V[td.sum(k, over=k)])


def test_a_linearised_subscript_that_escapes(refused):
    n, m = sizes()
    W = td.placeholder("W", (n * m,))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (n, m), lambda i, j: td.where(i + 1 < n, W[(i + 1) * m + j + 1], 0.0)),
        """
        E301: W[(i + 1) * m + j + 1] in bad reads past the end of W
          with n=2, m=1 W has shape (2,); at i=0, j=0 it reads W[2]
          try: td.where((i + 1) * m + j + 1 < n * m, W[(i + 1) * m + j + 1], 0.0)
           or: W[td.clamp((i + 1) * m + j + 1, 0, n * m - 1)]
        """,
    )
    y, x = td.axis("y", n), td.axis("x", m)
    refused(
        td.BoundsError,
        lambda: td.update("bad", W, over=(y, x), at=(y * m + x - 1,), value=lambda U: 1.0),
        """
        E301: bad[y * m + x - 1] in bad writes before the start of bad
          with n=1, m=1 bad has shape (1,); at y=0, x=0 it writes bad[-1]
          try: bad[td.clamp(y * m + x - 1, 0, n * m - 1)]
        """,
    )


def test_arithmetic_that_may_wrap(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    idx = td.placeholder("idx", (m,), "int32", range=(0, n))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (m,), lambda i: td.where(idx[i] + 1 < n, V[idx[i] + 1], 0.0)),
        """
        E303: V[idx[i] + 1] in bad is not proved to stay inside V
          idx[i] + 1: may leave int32 and wrap around
          try: td.cast(idx[i], "int64") instead of idx[i]
        """,
    )
    at = td.cast(idx[0], "int64")
    first = td.size("m", min=1)
    idx = td.placeholder("idx", (first,), "int32", range=(0, n))
    at = td.cast(idx[0], "int64")
    td.compute("good", (first,), lambda i: td.where(at + 1 < n, V[at + 1], 0.0))
    refused(
        td.BoundsError,
        lambda: td.compute("bad", (n,), lambda i: V[(i * 2**60) // 2**60]),
        f"""
        E303: V[i * {2**60} // {2**60}] in bad is not proved to stay inside V
          i * {2**60}: may leave int64 and wrap around
        """,
    )
    wide = td.placeholder("wide", (70000 * n,))
    td.compute("good", (n, 70000), lambda i, j: wide[70000 * i + j])


def test_products_of_sizes():
    n, m = sizes()
    W = td.placeholder("W", (n * m,))
    td.compute("good", (m * n,), lambda i: W[i])
    td.compute("good", (n * m - 1,), lambda i: W[i + 1])
    with pytest.raises(td.BoundsError) as caught:
        td.compute("bad", (n * m,), lambda i: W[i + 1])
    assert caught.value.sizes == {"n": 1, "m": 1} and caught.value.index == (1,)


RIGHT = {
    "guarded": lambda n, V: td.compute("a", (n,), lambda i: td.where(i + 1 < n, V[i + 1], 0.0)),
    "triangle": lambda n, V: td.compute("a", (n, n), lambda i, j: td.where(j <= i, V[i - j], 0.0)),
    "domain": lambda n, V: td.compute("a", (n, n), lambda i, j: V[i - j], where=lambda i, j: j <= i),
    "clamped": lambda n, V: td.compute("a", (n, 9), lambda i, j: V[td.clamp(i + j - 4, 0, n - 1)]),
    "reversed": lambda n, V: td.compute("a", (n,), lambda i: V[n - 1 - i]),
    "halves": lambda n, V: td.compute("a", (2 * n,), lambda i: V[i // 2]),
    "evens": lambda n, V: td.compute("a", (n // 2,), lambda i: V[2 * i]),
    "rotated": lambda n, V: td.compute("a", (n,), lambda i: V[td.where(i + 1 == n, 0, i + 1)]),
    "parity": lambda n, V: td.compute("a", (n,), lambda i: V[i - i % 2]),
    "nested": lambda n, V: td.compute(
        "a", (n,), lambda i: td.where(i > 0, td.where(i > 1, V[i - 2], V[i - 1]), V[i])
    ),
    "any": lambda n, V: td.compute(
        "a", (n,), lambda i: td.where(td.any(i == 0, i == n - 1), 0.0, V[i - 1] + V[i + 1])
    ),
    "prefix": lambda n, V: td.compute(
        "a", (n,), lambda i: td.sum(V[(k := td.reduce_axis("k", (0, i)))], over=k)
    ),
    "empty": lambda n, V: td.compute("a", (0,), lambda i: V[i + 100]),
    "unknown condition": lambda n, V: td.compute("a", (n,), lambda i: td.where(V[i] > 0, V[i], V[n - 1 - i])),
    "same opaque": lambda n, V: td.compute(
        "a", (n,), lambda i: td.where(td.all(i * i < n, i * i >= 0), V[i * i], 0.0)
    ),
    "float to int": lambda n, V: td.compute(
        "a", (n,), lambda i: V[td.clamp(td.cast(td.floor(V[i] * 8.0), "int64"), 0, n - 1)]
    ),
    "mask": lambda n, V: td.compute("a", (n // 4 * 4,), lambda i: V[(i >> 2 << 2) + (i & 3)]),
    "negative divisor": lambda n, V: td.compute("a", (n,), lambda i: V[-(i // -1)]),
}


@pytest.mark.parametrize("case", RIGHT)
def test_right_reads_are_accepted(case):
    n = td.size("n")
    RIGHT[case](n, td.placeholder("V", (n,)))


def test_every_read_counts():
    """Conditions, subscripts, operands of reductions, all values of a stage."""
    n, _ = sizes()
    V, idx = td.placeholder("V", (n,)), td.placeholder("idx", (n,), "int64", range=(0, n))
    k = td.reduce_axis("k", n)
    for bad in (
        lambda i: td.where(V[i + 1] > 0, V[i], 0.0),
        lambda i: V[idx[i + 1]],
        lambda i: td.sum(V[k] * V[k + 1], over=k),
        lambda i: td.where(V[i] > 0, td.max(td.where(k < n - 1, V[k + 2], 0.0), over=k), 0.0),
        lambda i: td.cast(V[i + 1], "int32"),
    ):
        with pytest.raises(td.BoundsError, match="E301"):
            td.compute("bad", (n,), lambda i, bad=bad: bad(i))
    with pytest.raises(td.BoundsError, match="E301"):
        td.compute(("fine", "bad"), (n,), lambda i: (V[i], V[i - 1]))


def test_strict_operators_do_not_guard():
    n, _ = sizes()
    p = td.placeholder("p", (n,), "bool")
    with pytest.raises(td.BoundsError):
        td.compute("bad", (n,), lambda i: td.all(i > 0, p[i - 1]))
    td.compute("good", (n,), lambda i: td.where(i > 0, p[i - 1], False))


def test_the_advice_for_a_dimension_that_may_be_empty(refused):
    n, m = sizes()
    V = td.placeholder("V", (n,))
    raw = td.placeholder("raw", (m,), "int32")
    refused(
        td.BoundsError,
        lambda: td.compute("take", (m,), lambda i: V[td.clamp(raw[i], 0, n - 1)]),
        """
        E302: V[min(max(raw[i], 0), n - 1)] in take: nothing is known of the index raw[i]
          raw[i] is int32 data, and an index of V is in 0 <= … < n
          try: td.placeholder("raw", …, "int32", range=(0, n))
           or: n = td.size("n", min=1)
        """,
    )
    refused(
        td.BoundsError,
        lambda: td.compute("last", (m,), lambda i: V[-1]),
        """
        E301: V[-1] in last reads before the start of V
          with m=1, n=0 V has shape (0,); at i=0 it reads V[-1]
          dimension 0 of V may be empty
          try: V[n - 1], counted from the end, with n = td.size("n", min=1)
        """,
    )
    some = td.size("some", min=1)
    W = td.placeholder("W", (some,))
    td.compute("take", (m,), lambda i: W[td.clamp(raw[i], 0, some - 1)])
    td.compute("last", (m,), lambda i: W[some - 1])


def test_bits_reversed_are_proved_by_their_interval():
    """Twelve divisions in one subscript; what the interval does not show is unproven, in words."""
    x = td.placeholder("x", (64,))

    def turned(i):
        return sum((i // 2**bit % 2) * 2 ** (5 - bit) for bit in range(6))

    y = td.compute("y", (64,), lambda i: x[turned(i)])
    want = [int(f"{i:06b}"[::-1], 2) for i in range(64)]
    assert td.build(td.schedule(y))(np.arange(64, dtype=np.float32)).tolist() == want
    short = td.placeholder("short", (60,))
    with pytest.raises(td.BoundsError, match="more than 9 different // and %"):
        td.compute("z", (64,), lambda i: short[turned(i)])


def test_what_reads_itself_is_offered_no_edge():
    """A clamped subscript would be the element that is being made, and there is no tensor yet that could be padded."""
    n, _ = sizes()
    x = td.placeholder("x", (n,))
    with pytest.raises(BoundsError) as caught:
        td.recurrence("r", (n,), lambda r, i: r[i - 1] + x[i])
    assert "try: td.where(i - 1 >= 0, r[i - 1], 0.0)" in str(caught.value)
    assert "clamp" not in str(caught.value) and "td.pad" not in str(caught.value)
