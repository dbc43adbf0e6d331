"""Threads combine what they have: the order that semantics P10a gives, for every form of block, whatever order they run in."""

import numpy as np
import pytest

import tdsl as td
from tdsl.lower.ir import Barrier, Store
from tdsl.lower.parser import parse_kernel
from tdsl.lower.rewrite_statement import walk_statements
from tdsl.schedule.nest_exchange import form_of

WARP = 32


def halved(values):
    """Value l takes that `step` further on, by halves: P10a."""
    values = list(values)
    step = 1 << (len(values) - 1).bit_length() - 1 if len(values) > 1 else 0
    while step:
        values = [values[l] + values[l + step] if l + step < len(values) else values[l] for l in range(step)]
        step //= 2
    return values[0]


def combined(values, in_warps):
    if not in_warps or len(values) <= WARP:
        return halved(values)
    return halved([halved(values[first : first + WARP]) for first in range(0, len(values), WARP)])


def sums(threads, rows, place, scope=None):
    """Sums of rows of as many terms as threads; the rows of a block along another dimension."""
    x = td.placeholder("x", (5, threads), "float32")
    k = td.reduce_axis("k", threads)
    y = td.compute("y", (5,), lambda i: td.sum(x[i, k], over=k))
    z = td.compute("z", (5, 8), lambda i, j: y[i] + td.cast(j, "float32"))
    s = td.schedule(z if scope else y)
    other = "thread.y" if place == "thread.x" else "thread.x"
    host = z if scope else y
    s = s.split(host, "i", rows).bind(host, {"io": "block.x", "ii": other})
    s = s.split(y, "k", threads).rfactor(y, "ki", name="part")
    if scope:
        s = s.compute_at(y, z, "ii").scope(y, scope)
    return s.bind(y, {"ki": place}).compute_at("part", y, "ki").scope("part", "register")


@pytest.mark.parametrize("scope", [None, "register"])
@pytest.mark.parametrize(
    ("threads", "rows", "place"),
    [
        (1, 2, "thread.x"), (2, 3, "thread.x"), (5, 1, "thread.x"), (8, 4, "thread.x"), (20, 1, "thread.x"),
        (20, 3, "thread.x"), (32, 2, "thread.x"), (33, 1, "thread.x"), (40, 2, "thread.x"), (64, 3, "thread.x"),
        (100, 1, "thread.x"), (993, 1, "thread.x"), (6, 3, "thread.y"), (32, 1, "thread.y"),
    ],
)  # fmt: skip
def test_the_order_of_the_terms(threads, rows, place, scope):
    s = sums(threads, rows, place, scope)
    x = np.random.default_rng(0).standard_normal((5, threads)).astype("f")
    block = (threads, rows, 1) if place == "thread.x" else (rows, threads, 1)
    form = form_of((place,), block)
    want = np.array([combined(list(row + np.float32(0)), form.kind != "tree") for row in x], "f")
    given = td.build(s, target="interpret")(x)
    if scope:
        np.testing.assert_array_equal(given, want[:, None] + np.arange(8, dtype="f"))
    else:
        np.testing.assert_array_equal(given, want)


def test_forms():
    kinds = {
        (place, block): form_of(place, block).kind
        for place, block in [
            (("thread.x",), (1, 8, 1)), (("thread.x",), (16, 8, 1)), (("thread.x",), (20, 1, 1)),
            (("thread.x",), (20, 2, 1)), (("thread.x",), (64, 2, 1)), (("thread.x",), (100, 1, 1)),
            (("thread.x",), (100, 2, 1)), (("thread.y",), (8, 4, 1)), (("thread.y",), (1, 4, 1)),
            (("thread.x", "thread.y"), (16, 4, 2)), (("thread.x", "thread.z"), (16, 4, 2)),
        ]
    }  # fmt: skip
    assert list(kinds.values()) == [
        "none", "lanes", "lanes", "tree", "warps", "warps", "tree", "tree", "lanes", "warps", "tree",
    ]  # fmt: skip


def loops(s):
    return parse_kernel(td.build(s, target="cuda:sm_90").source("loops"))


def test_barriers_are_those_that_are_needed():
    """One between warps; one more where the scratch of the iteration before is still read; none within a warp."""

    def barriers(s):
        return sum(isinstance(one, Barrier) for one in walk_statements(loops(s).body))

    assert barriers(sums(32, 2, "thread.x")) == 0
    assert barriers(sums(256, 1, "thread.x")) == 1
    assert barriers(sums(4, 3, "thread.y")) == 2
    x = td.placeholder("x", (40, 64))
    k = td.reduce_axis("k", 64)
    y = td.compute("y", (40,), lambda i: td.sum(x[i, k], over=k))
    s = (td.schedule(y).split(y, "i", 4).split(y, "k", 64).rfactor(y, "ki", name="part")
         .bind(y, {"io": "block.x", "ki": "thread.x"}).compute_at("part", y, "ki").scope("part", "register"))  # fmt: skip
    assert barriers(s) == 2


def test_threads_meet_where_conditions_differ():
    """Rows past the end take part in the shuffles, and in nothing else."""
    s = sums(8, 3, "thread.x")
    (store,) = [one for one in walk_statements(loops(s).body) if isinstance(one, Store) and one.buffer == "y"]
    assert store is not None
    x = np.random.default_rng(1).integers(-9, 9, (5, 8)).astype("f")
    np.testing.assert_array_equal(td.build(s, target="interpret")(x), x.sum(1))
