"""Accesses along all kinds of index: rows, strides, patterns, gathers, masks; nothing beyond the lanes is read."""

import numpy as np
import pytest

from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    agree,
    array,
    array_at_end_of_page,
    block,
    build,
    count,
    floats,
    kernel,
    load,
    local,
    loop,
    number,
    plus,
    rows,
    size,
    store,
    times,
    when,
)

F = "float32"
N, M = size("n"), size("m")


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int16", "float32", "float64"])
@pytest.mark.parametrize("lanes", [4, 16])
def test_ragged_rows(dtype, lanes):
    made = kernel(
        "copy",
        ["n"],
        [array("A", dtype, (N,)), array("B", dtype, (N,), "output")],
        rows(lanes, lambda x: store("B", (x,), load("A", dtype, x))),
    )
    for n in (0, 1, lanes - 1, lanes, 3 * lanes + 1):
        agree(made, {"A": (floats(n) * 100).astype(dtype)}, {"n": n})


PATTERNS = {
    "reversed": lambda x, n: build.sub(build.sub(times(n, 4), build.ONE), x),
    "every second": lambda x, n: times(x, 2),
    "every third": lambda x, n: plus(times(x, 3), 1),
    "every fourth": lambda x, n: plus(times(x, 4), 3),
    "far apart": lambda x, n: times(x, n),
    "each twice": lambda x, n: build.floordiv(x, number(2)),
    "around": lambda x, n: build.mod(plus(x, 3), number(4)),
    "backwards by two": lambda x, n: build.sub(build.sub(times(n, 4), build.ONE), times(x, 2)),
}


@pytest.mark.parametrize("name", PATTERNS)
@pytest.mark.parametrize("masked", [False, True])
def test_index_patterns(name, masked):
    """Loads and stores along indices that are no plain rows, for all lanes and under a mask."""
    lane, n = local("lane"), N
    at = PATTERNS[name](lane, n)
    body = block(store("B", (lane,), load("A", F, at)), store("C", (at,), load("A", F, lane)))
    if masked:
        body = when(build.lt(lane, M), body)
    extent = (times(n, 8),)
    arguments = [array("A", F, extent), array("B", F, extent, "output"), array("C", F, extent, "output")]
    made = kernel("pattern", ["n", "m"], arguments, loop("lane", 0, 8, body, "vector"))
    for m in (0, 5, 8):
        agree(made, {"A": floats(8 * 9)}, {"n": 9, "m": m})


def test_columns_are_reached_with_the_row_stride():
    body = rows(8, lambda x: store("B", (x,), build.add(load("A", F, x, 1), load("A", F, 0, x))))
    made = kernel("columns", ["n"], [array("A", F, (N, N)), array("B", F, (N,), "output")], body)
    for n in (2, 8, 19):
        agree(made, {"A": floats(n, n)}, {"n": n})


@pytest.mark.parametrize("dtype", ["int32", "int64"])
def test_gather_through_an_index_array(dtype):
    def body(x):
        return store("B", (x,), load("A", F, build.cast(load("I", dtype, x), build.ZERO.dtype)))

    made = kernel(
        "take",
        ["n", "m"],
        [array("A", F, (M,)), array("I", dtype, (N,)), array("B", F, (N,), "output")],
        rows(8, body),
    )
    index = np.random.default_rng(1).integers(0, 13, 21).astype(dtype)
    agree(made, {"A": floats(13), "I": index}, {"n": 21, "m": 13})


SPANS = {
    "every second": (lambda lane: times(lane, 2), 16, 31),
    "every third": (lambda lane: times(lane, 3), 10, 28),
    "a row": (lambda lane: lane, 31, 31),
    "each twice": (lambda lane: build.floordiv(lane, number(2)), 10, 5),
}


@pytest.mark.parametrize("name", SPANS)
def test_loads_touch_nothing_beyond_their_lanes(name):
    """The array ends where memory ends, right after the last lane's element."""
    at, lanes, extent = SPANS[name]
    lane = local("lane")
    body = loop("lane", 0, lanes, store("B", (lane,), load("A", F, at(lane))), "vector")
    made = kernel("span", [], [array("A", F, (extent,)), array("B", F, (lanes,), "output")], body)
    page = array_at_end_of_page(extent)
    page[:] = np.arange(extent)
    agree(made, {"A": page})


def test_a_uniform_element_under_a_mask_is_not_read_without_active_lanes():
    """A[16 * x] is only inside the array while a lane is active."""
    page = array_at_end_of_page(2)
    page[:] = (3, 5)
    lane, x = local("lane"), local("x")
    inside = build.lt(plus(times(x, 16), lane), N)
    body = when(inside, store("B", (x, lane), load("A", F, x)))
    made = kernel(
        "guarded",
        ["n"],
        [array("A", F, (number(2),)), array("B", F, (number(4), number(16)), "output")],
        loop("x", 0, 4, loop("lane", 0, 16, body, "vector")),
    )
    agree(made, {"A": page}, {"n": 29})


def test_equal_loads_are_one_until_memory_changes():
    i = local("i")
    double = build.add(load("A", F, i), load("A", F, i))
    body = block(
        store("B", (i,), double), store("B", (plus(i, 1),), build.add(load("B", F, i), load("B", F, i)))
    )
    made = kernel(
        "twice", ["n"], [array("A", F, (N,)), array("B", F, (plus(N, 1),), "output")], loop("i", 0, N, body)
    )
    _, text = agree(made, {"A": floats(4)}, {"n": 4}, targets=(Target(),), bodies=("contiguous",))
    assert count("load float", text) == 2
