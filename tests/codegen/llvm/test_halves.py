"""float16 in whole kernels: accumulators, masks, clamped rows, selects; NumPy's own operations as a second opinion."""

import numpy as np
import pytest

from tdsl.codegen.llvm.entry import emit
from tdsl.codegen.machine import assembly
from tdsl.expr import build
from tdsl.expr.node import Fma, Select
from tdsl.target import Target
from tests.codegen.llvm.kernels import (
    Run,
    agree,
    array,
    block,
    clamped,
    kernel,
    load,
    local,
    loop,
    param,
    plus,
    rows,
    runnable_targets,
    scalar,
    size,
    store,
)

HALF = "float16"


def halves(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(HALF)


def sums(contracted):
    """`C[i] = sum over k of A[k, i] * B[k]`, 16 lanes, an accumulator in memory that is held in a register."""
    n, m, k = size("n"), size("m"), local("k")

    def body(i):
        product = (load("A", HALF, k, i), load("B", HALF, k))
        old = load("C", HALF, i)
        term = Fma(*product, old, True) if contracted else build.add(old, build.mul(*product))
        return loop("k", 0, m, store("C", (i,), term))

    lane = local("l")
    index = plus(build.mul(local("i"), build.index_const(16)), lane)
    walk = loop(
        "i", 0, build.floordiv(n, build.index_const(16)),
        block(
            loop("l", 0, 16, store("C", (index,), build.constant(0.0, HALF)), "vector"),
            loop("k", 0, m, loop("l", 0, 16, body(index).body, "vector")),
        ),
    )  # fmt: skip
    arguments = [array("A", HALF, (m, n)), array("B", HALF, (m,)), array("C", HALF, (n,), "output")]
    return kernel("sums", ["n", "m"], arguments, walk)


@pytest.mark.parametrize("contracted", [False, True])
def test_a_sum_rounds_at_every_step(contracted):
    a, b = halves(29, 32), halves(29, seed=1)
    got, _ = agree(sums(contracted), {"A": a, "B": b}, {"n": 32, "m": 29}, targets=runnable_targets())
    if not contracted:
        total = np.zeros(32, HALF)
        for row, factor in zip(a, b, strict=True):
            total = total + row * factor
        assert np.array_equal(got["C"], total)


def test_rows_with_a_masked_end_selects_and_a_parameter():
    n = size("n")

    def body(x):
        a, p = load("A", HALF, x), param("p", HALF)
        bigger = build.maximum(build.mul(a, p), build.neg(a))
        return store("B", (x,), Select(build.lt(a, p), bigger, build.div(a, build.absolute(p))))

    made = kernel(
        "rows",
        ["n"],
        [array("A", HALF, (n,)), scalar("p", HALF), array("B", HALF, (n,), "output")],
        rows(16, body),
    )
    a = halves(45)
    got, _ = agree(made, {"A": a}, {"n": 45}, {"p": np.float16(0.3)}, targets=runnable_targets())
    p = np.float16(0.3)
    assert np.array_equal(got["B"], np.where(a < p, np.maximum(a * p, -a), a / np.abs(p)))


@pytest.mark.parametrize("n", [1, 15, 40])
def test_rows_clamped_at_their_ends(n):
    agree(clamped(HALF, 16), {"A": halves(n)}, {"n": n})


def test_every_sum_and_product_of_two_is_numpys():
    """All pairs of 256 patterns spread over the whole format."""
    n = size("n")

    def body(x):
        a, b = load("A", HALF, x), load("B", HALF, x)
        return block(
            store("S", (x,), build.add(a, b)),
            store("P", (x,), build.mul(a, b)),
            store("Q", (x,), build.div(a, b)),
        )

    names = [
        *(array(name, HALF, (n,)) for name in "AB"),
        *(array(name, HALF, (n,), "output") for name in "SPQ"),
    ]
    patterns = np.arange(0, 1 << 16, 257, dtype=np.uint16).view(np.float16)
    a, b = (part.ravel() for part in np.meshgrid(patterns, patterns))
    out = [np.zeros(a.size, HALF) for _ in range(3)]
    assert Run(kernel("pairs", ["n"], names, rows(16, body)))(a, b, *out, n=a.size) == 0
    with np.errstate(all="ignore"):
        for got, want in zip(out, (a + b, a * b, a / b), strict=True):
            number = ~np.isnan(want)
            assert (
                np.array_equal(got[number].view("u2"), want[number].view("u2"))
                and np.isnan(got[~number]).all()
            )


def test_one_conversion_each_way_an_operation():
    """On a machine that converts: nothing but that, the operation, loads and stores."""
    n = size("n")
    made = kernel(
        "one", ["n"], [array("A", HALF, (n,)), array("B", HALF, (n,), "output")],
        loop("i", 0, build.floordiv(n, build.index_const(16)),
             loop("l", 0, 16, store("B", (at := plus(build.mul(local("i"), build.index_const(16)), local("l")),),
                                    build.mul(load("A", HALF, at), load("A", HALF, at))), "vector")),
    )  # fmt: skip
    text = assembly(emit(made, Target("cpu:x86-64-v4")), Target("cpu:x86-64-v4"))
    assert text.count("vcvtph2ps") == text.count("vcvtps2ph") == text.count("vmulps") == 1
