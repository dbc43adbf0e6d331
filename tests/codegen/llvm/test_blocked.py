"""Loops along the rows that lanes read: the same bits as one element after the other, nothing read beyond."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.codegen.machine import assembly
from tdsl.expr import build
from tdsl.expr.node import Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    array_at_end_of_page,
    block,
    count,
    floats,
    kernel,
    let,
    load,
    local,
    loop,
    number,
    plus,
    runnable_targets,
    size,
    store,
    times,
    when,
)

N, M, K = size("n"), size("m"), local("k")


def along(lanes, dtype, term, extent=M, extra=(), condition=None):
    """`y[i] = 0; for k: y[i] += term(i, k)`, i in lanes with a masked end, the loop over k outside the lanes."""

    def body(index):
        step = store("y", (index,), build.add(load("y", dtype, index), term(index)))
        return step if condition is None else when(condition(index), step)

    def row(index, guard):
        def lane(inner):
            return loop("l", 0, lanes, when(guard, inner) if guard is not None else inner, "vector")

        return block(
            lane(store("y", (index,), build.constant(0, dtype))), loop("k", 0, extent, lane(body(index)))
        )

    whole, lane = build.floordiv(N, number(lanes)), local("l")
    index, last = plus(times(local("i"), lanes), lane), plus(times(whole, lanes), lane)
    walk = block(loop("i", 0, whole, row(index, None)), row(last, build.lt(last, N)))
    return kernel("along", ["n", "m"], [*extra, array("y", dtype, (N,), "output")], walk)


def sums(lanes, dtype="float32"):
    a = array("A", dtype, (N, M))
    return along(lanes, dtype, lambda i: load("A", dtype, i, K), extra=[a])


def values(dtype, *shape, seed=0):
    rng = np.random.default_rng(seed)
    if np.dtype(dtype).kind == "f":
        return (rng.standard_normal(shape) * 100).astype(dtype)
    return rng.integers(0, 100, shape).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "lanes"),
    [
        ("float32", 16),
        ("float32", 8),
        ("float32", 32),
        ("float64", 8),
        ("float16", 16),
        ("int8", 16),
        ("uint16", 16),
    ],
)
def test_sums_of_rows(dtype, lanes):
    made = sums(lanes, dtype)
    for n, m in ((lanes + 3, 37), (5, 3)):
        a = values(dtype, n, m)
        got, _ = agree(made, {"A": a}, {"n": n, "m": m})
        total = np.zeros(n, dtype)
        for k in range(m):
            total = total + a[:, k]
        assert np.array_equal(got["y"], total)


def test_every_level_gives_the_same_bits():
    a = values("float32", 40, 61)
    agree(sums(8), {"A": a}, {"n": 40, "m": 61}, targets=runnable_targets())


def test_no_row_is_read_beyond_its_end_or_where_lanes_are_off():
    for n, m in ((21, 19), (16, 16), (3, 40)):
        a = array_at_end_of_page(n * m).reshape(n, m)
        a[...] = floats(n, m)
        y = np.zeros(n, np.float32)
        for target in (Target(), Target("cpu:x86-64")):
            assert Run(sums(16), target)(a, y, n=n, m=m) == 0
            assert np.allclose(y, a.astype(np.float64).sum(1), rtol=1e-4, atol=1e-4)


def test_rows_are_turned_and_not_gathered():
    made = sums(16)
    for level, shuffle in (("x86-64-v4", "vunpcklps"), ("x86-64-v3", "vunpcklps"), ("aarch64", "zip1")):
        text = assembly(emit(made, Target(f"cpu:{level}")), Target(f"cpu:{level}"))
        assert count(rf"\b{shuffle}\b", text) >= 8, level


def test_neighbouring_columns_and_a_second_width():
    """Two reads of one row at different places, and beside them lanes of another width."""
    a, b = array("A", "float32", (N, plus(M, 2))), array("B", "float64", (N, M))
    lane, wide = local("l"), local("w")
    first = store(
        "y", (lane,), build.add(load("A", "float32", lane, K), load("A", "float32", lane, plus(K, 2)))
    )
    second = store("z", (wide,), build.add(load("z", "float64", wide), load("B", "float64", wide, K)))
    walk = block(
        loop("w", 0, 4, store("z", (wide,), build.constant(0.0, "float64")), "vector"),
        loop("l", 0, 8, store("y", (lane,), build.constant(0.0, "float32")), "vector"),
        loop("k", 0, M, block(loop("l", 0, 8, first, "vector"), loop("w", 0, 4, second, "vector"))),
    )
    outputs = [array("y", "float32", (N,), "output"), array("z", "float64", (N,), "output")]
    made = kernel("two", ["n", "m"], [a, b, *outputs], walk)
    agree(
        made,
        {"A": floats(8, 37), "B": values("float64", 8, 35)},
        {"n": 8, "m": 35},
        targets=runnable_targets(),
    )


def test_unrolled_rows_and_a_layout_by_elements():
    """Four vectors of rows at a time, stored into another order: a transpose."""
    u, lane = local("u"), local("l")
    index = plus(times(u, 16), lane)
    body = loop(
        "u",
        0,
        2,
        loop("l", 0, 16, store("B", (K, index), load("A", "float32", index, K)), "vector"),
        "unroll",
    )
    arguments = [array("A", "float32", (32, M)), array("B", "float32", (M, 32), "output")]
    a = floats(32, 53)
    got, _ = agree(kernel("turn", ["m"], arguments, loop("k", 0, M, body)), {"A": a}, {"m": 53})
    assert np.array_equal(got["B"], a.T)


def test_rows_chosen_by_data():
    lane = local("l")
    body = store("B", (K, lane), load("A", "float32", load("T", "int64", lane), K))
    arguments = [
        array("A", "float32", (N, M)), array("T", "int64", (16,)), array("B", "float32", (M, 16), "output")
    ]  # fmt: skip
    made = kernel("rows", ["n", "m"], arguments, loop("k", 0, M, loop("l", 0, 16, body, "vector")))
    a, table = floats(9, 40), np.arange(16) * 5 % 9
    got, _ = agree(made, {"A": a, "T": table}, {"n": 9, "m": 40}, targets=runnable_targets())
    assert np.array_equal(got["B"], a[table].T)


# where a block may not be read ahead


def test_a_condition_on_the_loop_keeps_single_reads():
    """Rows of a triangle that ends where memory ends: what lies beyond the diagonal is never touched."""
    made = along(
        16,
        "float32",
        lambda i: load("A", "float32", i, K),
        extra=[array("A", "float32", (N, M))],
        condition=lambda i: build.le(K, i),
    )
    a = floats(33, 33)
    agree(made, {"A": a}, {"n": 33, "m": 33}, targets=runnable_targets())
    assert not count(r"shufflevector <\d+ x float> %v\d+, <\d+ x float> %v", emit(made, Target()))


def test_a_lazy_branch_keeps_single_reads():
    def term(i):
        return Select(build.lt(K, number(20)), load("A", "float32", i, K), build.constant(1.0, "float32"))

    extent = 32
    made = along(16, "float32", term, extent=extent, extra=[array("A", "float32", (N, 20))])
    got, _ = agree(made, {"A": floats(16, 20)}, {"n": 16, "m": 0}, targets=runnable_targets())
    assert got["y"].shape == (16,)


def test_a_condition_on_lanes_alone_is_a_mask_on_rows():
    made = along(
        16,
        "float32",
        lambda i: load("A", "float32", i, K),
        extra=[array("A", "float32", (N, M)), array("T", "int32", (N,))],
        condition=lambda i: build.ne(load("T", "int32", i), build.constant(0, "int32")),
    )
    agree(made, {"A": floats(37, 37), "T": np.arange(37, dtype=np.int32) % 3}, {"n": 37, "m": 37})


def test_a_name_that_follows_the_loop_keeps_single_reads():
    """`let t = k` hides how the read moves."""
    lane, t = local("l"), local("t")
    read = load("A", "float32", lane, plus(K, build.mod(t, number(2))))
    step = store("y", (lane,), build.add(load("y", "float32", lane), read))
    walk = block(
        loop("l", 0, 16, store("y", (lane,), build.constant(0.0, "float32")), "vector"),
        loop("k", 0, M, let("t", times(K, 3), loop("l", 0, 16, step, "vector"))),
    )
    arguments = [array("A", "float32", (16, plus(M, 1))), array("y", "float32", (16,), "output")]
    agree(kernel("hidden", ["m"], arguments, walk), {"A": floats(16, 41)}, {"m": 40})


def test_rows_that_the_loop_writes_are_read_one_by_one():
    """`A[l, k + 1] = A[l, k] * 2`: each iteration reads what the one before has written."""
    lane = local("l")
    step = store(
        "A", (lane, plus(K, 1)), build.add(load("A", "float32", lane, K), load("A", "float32", lane, K))
    )
    walk = block(
        loop("l", 0, 16, store("A", (lane, number(0)), build.constant(1.0, "float32")), "vector"),
        loop("k", 0, 40, loop("l", 0, 16, step, "vector")),
    )
    made = kernel("chain", [], [array("A", "float32", (16, 41), "output")], walk)
    got, _ = agree(made, {}, targets=runnable_targets())
    assert np.array_equal(
        got["A"], np.broadcast_to(np.float32(2) ** np.arange(41, dtype=np.float32), (16, 41))
    )
