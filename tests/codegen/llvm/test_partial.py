"""Partial vectors where the machine has no masked access for them: the same results, and little code."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.codegen.machine import assembly
from tdsl.expr import build
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    allocate,
    array,
    array_at_end_of_page,
    block,
    count,
    kernel,
    load,
    local,
    loop,
    number,
    plus,
    rows,
    runnable_targets,
    size,
    store,
    times,
    when,
)

N = size("n")
LANE = local("l")


def scaled(dtype, lanes, stride=1):
    """`B[x] = A[stride * x] + A[stride * x]` with a masked last vector."""

    def body(x):
        one = load("A", dtype, times(x, stride) if stride > 1 else x)
        return store("B", (x,), build.add(one, one))

    arguments = [array("A", dtype, (times(N, stride),)), array("B", dtype, (N,), "output")]
    return kernel("scaled", ["n"], arguments, rows(lanes, body))


def values(dtype, n):
    return (np.arange(n) % 120).astype(dtype)


@pytest.mark.parametrize(
    ("dtype", "lanes", "stride"), [("uint16", 16, 1), ("int8", 32, 1), ("float32", 8, 2)]
)
def test_every_level_and_every_rest(dtype, lanes, stride):
    made = scaled(dtype, lanes, stride)
    for n in (0, 1, lanes - 1, lanes, 2 * lanes + 5):
        targets = runnable_targets() if n == 2 * lanes + 5 else None
        agree(made, {"A": values(dtype, n * stride)}, {"n": n}, targets=targets)


@pytest.mark.parametrize(
    ("level", "dtype", "lanes", "stride", "lines"),
    [
        ("x86-64", "uint8", 64, 1, 150), ("x86-64-v3", "uint16", 16, 1, 150), ("aarch64", "float32", 4, 1, 150),
        ("x86-64-v3", "float32", 8, 2, 150), ("aarch64", "uint8", 16, 2, 150),
    ],
)  # fmt: skip
def test_no_branch_a_lane(level, dtype, lanes, stride, lines):
    target = Target(f"cpu:{level}")
    assert len(assembly(emit(scaled(dtype, lanes, stride), target), target).splitlines()) < lines


def test_machines_with_masks_keep_them():
    for level, dtype in (("x86-64-v4", "uint8"), ("x86-64-v3", "float32")):
        text = emit(scaled(dtype, 16), Target(f"cpu:{level}"))
        assert "masked.store" in text
    assert "masked.store" not in emit(scaled("uint8", 16), Target("cpu:x86-64-v3"))


def test_nothing_beyond_the_last_element_is_touched():
    for target in runnable_targets():
        a = array_at_end_of_page(37)
        a[...] = np.arange(37)
        b = array_at_end_of_page(37)
        assert Run(scaled("float32", 16), target)(a, b, n=37) == 0
        assert np.array_equal(b, 2 * a)


# bounds of other forms, and bodies that must stay as they are


def masked(condition, statement, arguments, outer=5):
    """`for i: vector l in 0..16: if condition: statement`."""
    walk = loop("i", 0, outer, loop("l", 0, 16, when(condition, statement), "vector"))
    return kernel("masked", ["n"], arguments, walk)


A = array("A", "uint16", (16,))
B = array("B", "uint16", (5, 16), "output")


def copy(index=None):
    index = (local("i"), LANE) if index is None else index
    return store("B", index, load("A", "uint16", LANE))


@pytest.mark.parametrize(
    "condition",
    [
        build.le(LANE, times(local("i"), 4)),
        build.gt(local("i"), LANE),
        build.ge(N, plus(LANE, local("i"))),
        build.logical_and(build.lt(LANE, N), build.ne(build.mod(LANE, number(3)), number(0))),
        build.logical_and(build.lt(number(1), LANE), build.lt(LANE, N)),
        build.lt(number(2), LANE),
        build.lt(times(LANE, 2), N),
        build.lt(build.sub(number(0), LANE), N),
    ],
    ids=["le", "gt", "ge", "and", "both", "from", "twice", "backwards"],
)
def test_bounds_and_other_conditions(condition):
    for n in (0, 3, 16, 40):
        agree(masked(condition, copy(), [A, B]), {"A": values("uint16", 16)}, {"n": n})


def test_lanes_that_read_what_others_write_stay_in_lockstep():
    """`B[l] = B[l + 1]`, and a value that goes through a buffer on its way: read before it is written."""
    output = array("B", "uint16", (17,), "output")
    shift = store("B", (plus(LANE, 1),), load("B", "uint16", LANE))
    condition = build.lt(LANE, N)
    agree(masked(condition, shift, [output], outer=1), {}, {"n": 11})
    first = store("B", (LANE,), load("A", "uint16", LANE))
    second = store("B", (build.sub(number(10), LANE),), build.constant(7, "uint16"))
    agree(
        masked(build.lt(LANE, number(11)), block(first, second), [A, output], outer=1),
        {"A": values("uint16", 16)},
        {"n": 0},
    )


def test_several_stores_to_different_buffers():
    """Both at the end of a row, one of them through a let and under one more condition."""
    other = array("C", "int8", (5, 16), "output")
    odd = build.ne(build.mod(LANE, number(2)), number(0))
    small = when(odd, store("C", (local("i"), LANE), build.constant(3, "int8")))
    made = masked(build.lt(plus(LANE, local("i")), N), block(copy(), small), [A, B, other])
    agree(made, {"A": values("uint16", 16)}, {"n": 13}, targets=runnable_targets())


# reads that need no mask


def test_what_surely_lies_in_a_buffer_is_read_without_a_mask():
    """The rows of a padded scratch buffer: whole vectors, and one element for all lanes without a check."""
    scratch = load("T", "float32", number(1), LANE)
    common = load("T", "float32", number(0), number(5))
    body = block(
        loop("l", 0, 16, store("T", (number(0), LANE), build.constant(2.0, "float32")), "vector"),
        loop("l", 0, 16, store("T", (number(1), LANE), load("A", "float32", LANE)), "vector"),
        loop("l", 0, 16, when(build.lt(LANE, N), store("B", (LANE,), build.mul(scratch, common))), "vector"),
    )
    made = kernel(
        "inside", ["n"], [array("A", "float32", (16,)), array("B", "float32", (N,), "output")],
        allocate("T", "float32", (2, 16), body, "stack"),
    )  # fmt: skip
    text = emit(made, Target("cpu:x86-64-v3"))
    assert not count("masked.load", text) and not count("select i1 .*, ptr", text)
    assert count("masked.store", text) == 2  # its declaration and the one store
    agree(made, {"A": np.arange(16, dtype=np.float32)}, {"n": 11})


def test_what_may_lie_outside_keeps_its_mask():
    a = array_at_end_of_page(11)
    a[...] = np.arange(11)
    b = np.zeros(11, np.float32)
    made = kernel(
        "outside", ["n"], [array("A", "float32", (N,)), array("B", "float32", (N,), "output")],
        loop("l", 0, 16, when(build.lt(LANE, N), store("B", (LANE,), load("A", "float32", LANE))), "vector"),
    )  # fmt: skip
    for target in runnable_targets():
        assert Run(made, target)(a, b, n=11) == 0 and np.array_equal(a, b)
