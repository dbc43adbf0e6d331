"""Accumulators in memory: held in values where every iteration writes one place, left alone where it may not be."""

import re

import pytest

from tdsl.codegen.llvm.accumulators import hold_accumulators
from tdsl.dtypes import as_dtype
from tdsl.expr.node import Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    agree,
    array,
    block,
    build,
    floats,
    kernel,
    load,
    local,
    loop,
    number,
    plus,
    size,
    store,
    times,
    when,
)

F = "float32"
N, M = size("n"), size("m")
I, K, LANE = local("i"), local("k"), local("l")
COLUMN = plus(times(local("j"), 8), LANE)
QUICK = {"targets": (Target(),), "bodies": ("contiguous",)}
SUM = build.add(load("S", F, I), load("A", F, I, K))


def step(body):
    """`for k` around a body."""
    return loop("k", 0, M, body)


def innermost(text):
    """The body of the loop without blocks of its own, in the written text."""
    (body,) = re.findall(r"^(loop\d+):\n((?:  .*\n)*?)  br i1 %\w+, label %\1,", text, re.MULTILINE)
    return body[1]


def test_a_sum_in_memory_is_a_phi_node():
    body = loop(
        "i", 0, N, block(store("S", (I,), build.constant(0.0, as_dtype(F))), step(store("S", (I,), SUM)))
    )
    made = kernel("rows", ["n", "m"], [array("A", F, (N, M)), array("S", F, (N,), "output")], body)
    for n, m in ((3, 5), (2, 0), (0, 4)):
        _, text = agree(
            made, {"A": floats(n, m)}, {"n": n, "m": m}, targets=(Target(),), bodies=("contiguous",)
        )
    assert "store float" not in innermost(text) and "fadd" in innermost(text)


def test_lanes_are_held_too():
    """for i, for j: for k: a vector of C[i, 8 j + lane] is read and written."""
    term = build.fma(load("A", F, I, K), load("B", F, K, COLUMN), load("C", F, I, COLUMN), contracted=True)
    reduce = step(loop("l", 0, 8, store("C", (I, COLUMN), term), "vector"))
    zero = loop("l", 0, 8, store("C", (I, COLUMN), build.constant(0.0, as_dtype(F))), "vector")
    body = loop("i", 0, N, loop("j", 0, 2, block(zero, reduce)))
    arguments = [
        array("A", F, (N, M)),
        array("B", F, (M, number(16))),
        array("C", F, (N, number(16)), "output"),
    ]
    made = kernel("vectors", ["n", "m"], arguments, body)
    for m in (0, 1, 7):
        sizes = {"n": 3, "m": m}
        _, text = agree(made, {"A": floats(3, m), "B": floats(m, 16)}, sizes, **QUICK)
    assert "store" not in innermost(text) and "load <8 x float>" in innermost(text)


LEFT_ALONE = {
    "moves with the loop": store("S", (K,), build.add(load("S", F, K), load("A", F, I, K))),
    "not in every iteration": when(
        build.lt(load("A", F, I, K), build.constant(0.0, as_dtype(F))), store("S", (I,), SUM)
    ),
    "two places": store("S", (I,), build.add(SUM, load("S", F, plus(I, 1)))),
    "written twice": block(store("S", (I,), SUM), store("S", (I,), SUM)),
    "never read": store("S", (I,), load("A", F, I, K)),
    "inside a loop that may not run": loop("q", 0, N, store("S", (I,), SUM)),
    "a place found in memory": store(
        "S", (load("J", "int64", I),), build.add(load("S", F, load("J", "int64", I)), load("A", F, I, K))
    ),
    "tasks": loop("q", 0, N, block(store("S", (I,), SUM)), "parallel"),
}


@pytest.mark.parametrize("why", LEFT_ALONE)
def test_left_alone(why):
    assert hold_accumulators(step(LEFT_ALONE[why]), {"S": None}) is None


def test_buffers_that_are_values_already_are_left_alone():
    assert hold_accumulators(step(store("S", (I,), SUM)), {"A": None}) is None


def test_conditional_reads_see_what_is_held():
    """The running value is also read in a condition and in the arm of a select."""
    value = load("A", F, I, K)
    best = Select(build.lt(load("S", F, I), value), value, load("S", F, I))
    body = loop(
        "i", 0, N, block(store("S", (I,), build.constant(0.0, as_dtype(F))), step(store("S", (I,), best)))
    )
    made = kernel("best", ["n", "m"], [array("A", F, (N, M)), array("S", F, (N,), "output")], body)
    agree(made, {"A": floats(4, 6)}, {"n": 4, "m": 6}, bodies=("contiguous",))
