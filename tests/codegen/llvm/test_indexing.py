"""Index arithmetic against the interpreter: random int64 expressions over loops, lanes and sizes; early decisions."""

import random

import numpy as np
import pytest

from tdsl.dtypes import as_dtype
from tdsl.expr.node import Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    block,
    build,
    count,
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

N, M = size("n"), size("m")
I64 = as_dtype("int64")


def expression(rng, leaves, depth):
    """A random int64 node; constants are small, or near the ends of int64 where sums wrap."""
    if depth == 0 or rng.random() < 0.15:
        if rng.random() < 0.6:
            return rng.choice(leaves)
        return build.index_const(
            rng.choice((0, 1, 2, 3, 5, 8, 16, -1, -4, 7, 100, rng.randint(-20, 20), (1 << 63) - 3))
        )
    a = expression(rng, leaves, depth - 1)
    op = rng.choice(("add", "sub", "mul", "floordiv", "mod", "min", "max", "select"))
    if op == "mul":
        return build.mul(a, build.index_const(rng.choice((2, 3, 4, 8, -1, -5, 16))))
    if op in ("floordiv", "mod"):
        divisor = rng.choice((2, 3, 4, 8, 7, 16, 1, 32, M))
        return build.binary(op, a, divisor if divisor is M else build.index_const(divisor))
    b = expression(rng, leaves, depth - 1)
    if op == "select":
        compare = rng.choice(("lt", "le", "gt", "ge", "eq", "ne"))
        return Select(build.compare(compare, a, b), expression(rng, leaves, depth - 1), b)
    return build.binary(op, a, b)


@pytest.mark.parametrize("seed", range(40))
def test_random_index_expressions(seed):
    rng = random.Random(seed)
    i, lane, u = local("i"), local("lane"), local("u")
    leaves = [i, lane, u, N, M, plus(times(i, 8), lane), load("D", I64, lane)]
    nodes = [expression(rng, leaves, rng.randint(1, 4)) for _ in range(14)]
    at = (i, u, lane)
    body = block(*(store(f"O{q}", at, node) for q, node in enumerate(nodes)))
    guarded = when(build.lt(plus(times(i, 8), lane), M), body)
    walk = loop("i", 0, N, loop("u", 0, 2, loop("lane", 0, 8, guarded, "vector"), "unroll"))
    outputs = [array(f"O{q}", I64, (N, 2, 8), "output") for q in range(len(nodes))]
    made = kernel("random", ["n", "m"], [array("D", I64, (8,)), *outputs], walk, [build.ge(N, number(1))])
    for n, m in ((1, 5), (4, 29)):
        data = np.array([0, 1, -1, 7, -(2**63), 2**63 - 1, 40, -8])
        agree(made, {"D": data}, {"n": n, "m": m}, targets=(Target(),), bodies=("contiguous",))


def test_multiples_leave_divisions_whole():
    """(32 jo + 16 j + lane) // 32 and % 32 of a panel: no division, and a contiguous access."""
    jo, j, lane = local("jo"), local("j"), local("lane")
    column = plus(times(jo, 32), times(j, 16), lane)
    at = (build.floordiv(column, number(32)), build.mod(column, number(32)))
    body = loop(
        "j", 0, 2, loop("lane", 0, 16, store("P", at, load("A", "float32", column)), "vector"), "unroll"
    )
    made = kernel(
        "panels",
        ["n"],
        [array("A", "float32", (times(N, 32),)), array("P", "float32", (N, number(32)), "output")],
        loop("jo", 0, N, body),
    )
    data = np.arange(96, dtype="f4")
    _, text = agree(made, {"A": data}, {"n": 3}, bodies=("contiguous",))
    assert count("div|rem|and i64|shr", text.split("@panels.contiguous(")[-1]) == 0
    assert count("store <16 x float>", text) == 2


def test_lanes_whole_divisors_apart_share_a_remainder():
    """Of a panel of unknown width (a remainder by a size), every second element: the phase is one for all lanes."""
    panel, t, lane = local("p"), local("t"), local("lane")
    column = plus(plus(times(build.mod(panel, M), 32), times(lane, 2)), t)
    phases = load("A", I64, build.mod(column, number(2)), build.floordiv(column, number(2)))
    walk = loop("t", 0, 3, loop("lane", 0, 8, store("B", (panel, t, lane), phases), "vector"))
    arrays = [
        array("A", I64, (number(2), plus(times(M, 16), 2))),
        array("B", I64, (N, number(3), number(8)), "output"),
    ]
    made = kernel("phases", ["n", "m"], arrays, loop("p", 0, N, walk), [build.ge(M, number(1))])
    text = Run(made).text
    assert "gather" not in text and "div <8 x i64>" not in text and "rem <8 x i64>" not in text
    data = np.arange(2 * 34).reshape(2, 34)
    agree(made, {"A": data}, {"n": 5, "m": 2}, targets=(Target(),), bodies=("contiguous",))


def test_masks_are_compared_in_narrow_integers():
    lane, i = local("lane"), local("i")

    def made(lanes, dtype):
        index = plus(times(i, lanes), lane)
        body = loop(
            "lane",
            0,
            lanes,
            when(build.lt(index, N), store("B", (index,), load("A", dtype, index))),
            "vector",
        )
        return kernel(
            "tail",
            ["n"],
            [array("A", dtype, (N,)), array("B", dtype, (N,), "output")],
            loop("i", 0, build.ceildiv(N, lanes), body),
        )

    wide = Target("cpu:x86-64-v4")
    assert count("icmp slt <16 x i32>", Run(made(16, "float32"), Target()).text) >= 1 or not Target().has(
        "avx512f"
    )
    from tdsl.codegen.llvm import emit

    assert "icmp slt <32 x i16>" in emit(made(32, "uint16"), wide)
    assert "icmp slt <64 x i8>" in emit(made(64, "uint8"), wide)


def test_facts_about_sizes_decide_conditions():
    i = local("i")
    yes, no = load("A", "float32", i), build.unary("neg", load("A", "float32", i))

    def text(cond, assumptions=()):
        value = Select(cond, yes, no)
        made = kernel(
            "facts",
            ["n"],
            [array("A", "float32", (N,)), array("B", "float32", (N,), "output")],
            loop("i", 0, N, store("B", (i,), value)),
            assumptions,
        )
        return Run(made).text

    assert "fneg" not in text(build.ge(i, build.ZERO))
    assert "fneg" not in text(build.gt(plus(i, N), number(-1)))
    assert "fneg" in text(build.gt(N, number(3)))
    assert "fneg" not in text(build.gt(N, number(3)), [build.ge(N, number(4))])
    assert "fneg" not in text(
        build.gt(N, number(3)), [build.logical_and(build.lt(number(3), N), build.ge(N, number(2)))]
    )
