"""Digits of one number as subscripts: the loads that come of them, and values beside NumPy in both bodies."""

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.llvm.flat_accesses import joined
from tdsl.expr import build
from tdsl.expr.node import INT64, Var, index_const

F, I = (Var(name, INT64, "local") for name in "fi")
N, H = (Var(name, INT64, "size") for name in "nh")


def digits(x, extent):
    return build.floordiv(x, extent), build.mod(x, extent)


def test_a_quotient_and_its_remainder_are_the_number():
    assert joined(*digits(F, N), N) == (index_const(0), F)
    high, low = digits(F, index_const(8))
    assert joined(build.add(I, high), low, index_const(8)) == (I, F)


def test_quotients_of_quotients():
    row = build.floordiv(F, index_const(33))
    assert joined(build.floordiv(F, index_const(297)), build.mod(row, index_const(9)), index_const(9)) == (
        index_const(0),
        row,
    )


@pytest.mark.parametrize(
    "high, low, extent",
    [
        (build.floordiv(F, N), F, N),
        (build.floordiv(F, H), build.mod(F, N), N),
        (build.floordiv(F, N), build.mod(F, N), H),  # rows of another length
        (build.mul(build.floordiv(F, N), index_const(2)), build.mod(F, N), N),
        (build.floordiv(build.add(F, index_const(1)), N), build.mod(F, N), N),
    ],
)
def test_others_stay(high, low, extent):
    assert joined(high, low, extent) is None


def test_flattening_loads_vectors_and_divides_nothing():
    n, m, w = td.size("n"), td.size("m"), td.size("w")
    y = td.ops.flatten(td.placeholder("x", (n, m, w)))
    kernel = td.build(td.schedules.default(td.schedule(y, target="cpu:x86-64-v3")))
    text = kernel.source("llvm")
    assert "load <8 x float>" in text and "div" not in text
    x = np.arange(2 * 3 * 11, dtype=np.float32).reshape(2, 3, 11)
    for array in (x, x[:, ::-1], x[:, :, ::2], np.asfortranarray(x), x[:0]):
        assert np.array_equal(kernel(array), array.reshape(-1))


def test_reshaping_through_rows_that_share_nothing():
    x = np.arange(35 * 4 * 33, dtype=np.float64).reshape(35, 4, 33)
    assert np.array_equal(td.ops.reshape(x, (33, -1, 7)), x.reshape(33, -1, 7))
    swapped = np.ascontiguousarray(x.swapaxes(0, 2)).swapaxes(0, 2)
    assert np.array_equal(td.ops.reshape(swapped, (33, -1, 7)), x.reshape(33, -1, 7))


def test_buffers_made_inside():
    n, w = td.size("n"), td.size("w")
    x = td.placeholder("x", (n, w))
    doubled = td.compute("doubled", (n, w), lambda i, j: x[i, j] * 2.0)
    y = td.compute("y", (n * w,), lambda i: doubled[i // w, i % w])
    made = td.build(td.schedule(y))
    given = np.arange(21, dtype=np.float32).reshape(3, 7)
    assert np.array_equal(made(given), 2 * given.reshape(-1))
    assert "div" not in made.source("llvm").replace("divide", "")
