"""Parallel loops: what tasks see, what they promise about pointers, loops beside and inside each other."""

import numpy as np
import pytest

from tdsl.dtypes import as_dtype
from tdsl.expr.node import Var
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    allocate,
    array,
    block,
    build,
    floats,
    kernel,
    let,
    load,
    local,
    loop,
    param,
    plus,
    scalar,
    size,
    store,
    times,
)

F = "float32"
N, M = size("n"), size("m")


def blocked_sum(kind="parallel", inner="serial"):
    """Rows in parallel; each task has scratch of its own, uses a param, a let and sizes of the function around it."""
    i, j = local("i"), local("j")
    half = Var("half", as_dtype(F), "local")
    fill = loop("j", 0, M, store("T", (j,), build.mul(load("A", F, i, j), half)), inner)
    out = loop(
        "j",
        0,
        M,
        store("B", (i, j), build.add(load("T", F, j), load("T", F, build.sub(build.sub(M, build.ONE), j)))),
        inner,
    )
    body = let(
        "half",
        build.mul(param("alpha", F), build.constant(0.5, as_dtype(F))),
        loop("i", 0, N, allocate("T", F, (M,), block(fill, out)), kind),
    )
    arguments = [array("A", F, (N, M)), scalar("alpha", F), array("B", F, (N, M), "output")]
    return kernel("rows", ["n", "m"], arguments, body)


@pytest.mark.parametrize("inner", ["serial", "parallel"])
def test_tasks_see_what_is_around_them(inner):
    for n, m in ((0, 3), (1, 1), (7, 5), (100, 33)):
        agree(blocked_sum(inner=inner), {"A": floats(n, m)}, {"n": n, "m": m}, {"alpha": np.float32(3)})


def test_parallel_loops_inside_serial_ones_start_where_they_say():
    t, i = local("t"), local("i")
    step = build.add(load("B", F, i), build.cast(plus(times(t, 10), i), as_dtype(F)))
    body = block(
        loop("i", 0, N, store("B", (i,), build.constant(0.0, as_dtype(F))), "parallel"),
        loop("t", 0, M, loop("i", t, N, store("B", (i,), step), "parallel")),
    )
    made = kernel("waves", ["n", "m"], [array("B", F, (N,), "output")], body)
    for n, m in ((5, 3), (3, 6), (0, 2)):
        agree(made, {}, {"n": n, "m": m})


def test_pointers_of_tasks_do_not_alias():
    text = Run(blocked_sum()).text
    (task,) = (
        part for part in text.split("define ") if part.startswith("internal void") and "noalias" in part
    )
    assert task.splitlines()[0].count("noalias") >= 2 and "noalias readonly" in task


def test_records_may_not_be_shared_between_loops():
    """Two parallel loops of one kernel have a record each, and names of their own."""
    i = local("i")
    body = block(
        loop("i", 0, N, store("B", (i,), load("A", F, i)), "parallel"),
        loop("i", 0, N, store("C", (i,), build.add(load("A", F, i), load("B", F, i))), "parallel"),
    )
    made = kernel(
        "two",
        ["n"],
        [array("A", F, (N,)), array("B", F, (N,), "output"), array("C", F, (N,), "output")],
        body,
    )
    agree(made, {"A": floats(50)}, {"n": 50})
