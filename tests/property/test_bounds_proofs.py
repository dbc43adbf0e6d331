"""Bounds proofs against the interpreter: what is declared never reads outside, for every small size and any data in range.

Subscripts mix axes, quotients and remainders by sizes, gathers, axes bounded by data, params and conditions. The
interpreter raises where a read leaves its tensor; an escape that an error shows is one.
"""

from __future__ import annotations

from collections import Counter

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

import tdsl as td
from tdsl.expr.interpreter import evaluate

n, m = td.size("n"), td.size("m")
at = td.placeholder("at", (n * m,), "int32", range=(0, n))
ptr = td.placeholder("ptr", (n * m + 1,), "int64", range=(0, m + 1))
p = td.param("p", "int32", range=(0, m))
V = td.placeholder("V", (n,))
W = td.placeholder("W", (n, m))

LEAVES = {
    "x": lambda x, k: x, "x // m": lambda x, k: x // m, "x % m": lambda x, k: x % m, "k": lambda x, k: k, "p": lambda x, k: p,
    "at[x]": lambda x, k: at[x].astype("int64"), "ptr[x]": lambda x, k: ptr[x], "0": lambda x, k: 0, "1": lambda x, k: 1,
    "n - 1": lambda x, k: n - 1, "m - 1": lambda x, k: m - 1, "x // 2": lambda x, k: x // 2, "x % n": lambda x, k: x % n,
}  # fmt: skip


def subscripts():
    def grow(inner):
        return (
            st.tuples(st.sampled_from(["+", "-", "min", "max"]), inner, inner)
            | st.tuples(st.just("clamp"), inner, st.sampled_from(["n", "m"]))
            | st.tuples(st.just("where"), inner, inner, inner)
        )

    return st.recursive(st.sampled_from(sorted(LEAVES)), grow, max_leaves=3)


def value(tree, x, k):
    match tree:
        case str():
            return LEAVES[tree](x, k)
        case ("clamp", a, "n"):
            return td.clamp(value(a, x, k), 0, n - 1)
        case ("clamp", a, "m"):
            return td.clamp(value(a, x, k), 0, m - 1)
        case ("where", a, b, c):
            return td.where(value(a, x, k) < n, value(b, x, k), value(c, x, k))
    op, a, b = tree
    function = {"+": lambda u, v: u + v, "-": lambda u, v: u - v, "min": td.minimum, "max": td.maximum}[op]
    return function(value(a, x, k), value(b, x, k))


def declared(first, second, guard):
    def body(x):
        k = td.reduce_axis("k", (0, ptr[x]))
        a, b = value(first, x, k), value(second, x, k)
        read = W[a, b] if second != "0" else V[a]
        if guard == "n":
            read = td.where(td.all(a >= 0, td.cast(a, "int64") < n), read, 0.0)
        elif guard == "both":
            read = td.where(
                td.all(a >= 0, td.cast(a, "int64") < n, b >= 0, td.cast(b, "int64") < m), read, 0.0
            )
        return td.sum(read, over=k)

    return td.compute("y", (n * m,), body)


SEEN: Counter[str] = Counter()


@settings(max_examples=150)
@given(subscripts(), subscripts(), st.sampled_from([None, "n", "both"]), st.integers(0, 2**32 - 1))
def test_no_read_leaves_its_tensor(first, second, guard, seed):
    try:
        y = declared(first, second, guard)
    except td.BoundsError as error:
        SEEN[error.code] += 1
        if error.index is not None:
            assert error.sizes and any(not 0 <= each for each in error.index) or error.hint
        return
    except td.DTypeError:
        return
    SEEN["proved"] += 1
    dice = np.random.default_rng(seed)
    for rows, columns in ((1, 1), (2, 1), (1, 3), (3, 2), (4, 5), (0, 2), (2, 0)):
        count = rows * columns
        arrays = {
            "at": dice.integers(0, max(1, rows), count).astype(np.int32),
            "ptr": dice.integers(0, columns + 1, count + 1).astype(np.int64),
            "V": np.zeros(rows, np.float32),
            "W": np.zeros((rows, columns), np.float32),
        }
        evaluate([y], arrays, {"n": rows, "m": columns}, {"p": int(dice.integers(0, max(1, columns)))})


def test_the_test_sees_all_answers():
    """Runs after the one above: a proof that is never found, or never refused, would test nothing."""
    assert min(SEEN["proved"], SEEN["E301"]) > 5, SEEN
