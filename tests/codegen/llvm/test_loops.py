"""Serial, unrolled and vector loops against the Loop IR interpreter."""

import numpy as np
import pytest

from tdsl.errors import InternalError, LimitError
from tdsl.expr.node import Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
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
    size,
    store,
    times,
)

F = "float32"
N, M = size("n"), size("m")


def matmul(order):
    """C = A B with the loops in an order; C is read and written in memory."""
    i, j, k = local("i"), local("j"), local("k")
    term = build.fma(load("A", F, i, k), load("B", F, k, j), load("C", F, i, j), contracted=True)
    zero = loop("i", 0, M, loop("j", 0, N, store("C", (i, j), build.constant(0.0, term.dtype))))
    body = store("C", (i, j), term)
    for name in reversed(order):
        body = loop(name, 0, {"i": M, "j": N, "k": size("p")}[name], body)
    return kernel(
        "mm",
        ["m", "n", "p"],
        [array("A", F, (M, size("p"))), array("B", F, (size("p"), N)), array("C", F, (M, N), "output")],
        block(zero, body),
    )


@pytest.mark.parametrize("order", ["ijk", "kij", "jki"])
def test_serial_loops(order):
    for m, n, p in ((5, 7, 3), (1, 1, 1), (4, 3, 0), (0, 2, 2)):
        agree(
            matmul(order),
            {"A": floats(m, p), "B": floats(p, n)},
            {"m": m, "n": n, "p": p},
            targets=(Target(),),
        )


def test_bounds_of_loops_may_depend_on_outer_ones():
    i, j = local("i"), local("j")
    triangle = loop(
        "i", 0, N, loop("j", i, build.minimum(plus(i, 3), N), store("T", (i, j), load("A", F, j)))
    )
    made = kernel("triangle", ["n"], [array("A", F, (N,)), array("T", F, (N, N), "output")], triangle)
    for n in (0, 1, 2, 9):
        agree(made, {"A": floats(n)}, {"n": n}, targets=(Target(),))


def test_a_loop_that_surely_runs_has_no_guard():
    i = local("i")
    made = kernel(
        "fill",
        ["n"],
        [array("A", F, (N,), "output")],
        loop("i", 0, N, store("A", (i,), build.constant(1.0, load("A", F, i).dtype))),
    )
    sure = kernel("fill", ["n"], made.arguments, made.body, [build.ge(N, build.ONE)])
    assert count("icmp slt", Run(made).text) == 2 and count("icmp slt", Run(sure).text) == 1


def test_unrolled_loops_fold_their_variable():
    i, u = local("i"), local("u")
    value = Select(
        build.eq(build.mod(u, number(2)), build.ZERO),
        load("A", F, plus(times(i, 4), u)),
        load("A", F, times(i, 4)),
    )
    body = loop("u", 0, 4, store("B", (plus(times(i, 4), u),), value), "unroll")
    made = kernel(
        "unrolled",
        ["n"],
        [array("A", F, (times(N, 4),)), array("B", F, (times(N, 4),), "output")],
        loop("i", 0, N, body),
    )
    _, text = agree(made, {"A": floats(20)}, {"n": 5}, bodies=("contiguous",), targets=(Target(),))
    assert count("load float", text) == 2 and count("store float", text) == 4 and "select" not in text


def test_vector_loops_inside_each_other_multiply_lanes():
    i, j = local("i"), local("j")
    body = block(
        store("S", (i,), load("A", F, i, 0)),
        loop("j", 0, 4, store("B", (j, i), build.add(load("A", F, i, j), load("S", F, i))), "vector"),
    )
    made = kernel(
        "nested",
        [],
        [array("A", F, (4, 4)), array("B", F, (4, 4), "output"), array("S", F, (4,), "output")],
        loop("i", 0, 4, body, "vector"),
    )
    a, b, s = floats(4, 4), np.zeros((4, 4), "f4"), np.zeros(4, "f4")
    assert Run(made)(a, b, s) == 0
    assert np.array_equal(b, (a + a[:, :1]).T) and np.array_equal(s, a[:, 0])


def test_lanes_run_in_lockstep():
    """Reads before writes: shifting a row by one in place inside one vector."""
    i = local("i")
    body = block(
        loop("i", 0, 16, store("B", (i,), load("A", F, i)), "vector"),
        loop("i", 0, 15, store("B", (plus(i, 1),), load("B", F, i)), "vector"),
    )
    made = kernel("shift", [], [array("A", F, (16,)), array("B", F, (16,), "output")], body)
    agree(made, {"A": floats(16)})


def test_invariant_arithmetic_leaves_the_loops():
    text = Run(matmul("ijk")).text
    innermost = text.split("fma")[-2].rsplit("phi", 1)[1]
    assert count(r" = mul ", innermost) <= 3 and count("load ptr", innermost) == 0


def test_loop_bounds_that_are_not_constant_are_refused():
    i = local("i")
    made = kernel(
        "bad",
        ["n"],
        [array("B", F, (N,), "output")],
        loop("i", 0, N, store("B", (i,), build.constant(0.0, load("B", F, i).dtype)), "vector"),
    )
    with pytest.raises(InternalError, match="bounds of the vector loop i are not constant"):
        Run(made)


def test_code_that_explodes_is_refused(monkeypatch):
    monkeypatch.setattr("tdsl.codegen.llvm.loops.MAXIMUM_OPERATIONS", 500)
    i = local("i")
    made = kernel(
        "big",
        [],
        [array("B", F, (number(1000),), "output")],
        loop("i", 0, 1000, store("B", (i,), build.cast(i, load("B", F, i).dtype)), "unroll"),
    )
    with pytest.raises(LimitError) as caught:
        Run(made)
    assert caught.value.code == "L122" and "unrolled loop i" in str(caught.value)
