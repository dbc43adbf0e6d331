"""The operators on NumPy arrays against exact Python numbers, dtype by dtype, extremes and specials included."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, bits_of, max_value, min_value
from tdsl.expr import constants, scalar_ops
from tdsl.expr.narrow_floats import held
from tdsl.expr.node import Binary, Fma, Var

# Lists of several values an example, and many combinations of operators and dtypes: few examples of each are enough.
few = settings(max_examples=12)

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float16", "bfloat16", "float32", "float64"]
CASTABLE = ["bool", *INTEGERS, *FLOATS]


def array(values, name):
    return np.asarray(values, dtype=held(DTYPES[name]))


def check(got, want, name):
    """Every bit, but those of NaN."""
    dtype = DTYPES[name]
    assert got.dtype == held(dtype)
    for a, b in zip(np.atleast_1d(got), want, strict=True):
        assert bits_of(a.item(), dtype) == bits_of(b, dtype), f"{a} is not {b}"


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize(
    "op", ["add", "sub", "mul", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr"]
)
@few
@given(data=st.data())
def test_integers(expr, name, op, data):
    dtype = DTYPES[name]
    pairs = data.draw(st.lists(st.tuples(expr.values(name), expr.values(name)), min_size=1, max_size=8))
    a, b = zip(*pairs, strict=True)
    got = scalar_ops.binary(op, array(a, name), array(b, name), dtype)
    check(got, [constants.binary(op, x, y, dtype) for x, y in pairs], name)


@pytest.mark.parametrize("name", ["int8", "uint8"])
def test_small_integers_exhaustively(name):
    """Every pair, against the words of D2 in plain Python."""
    dtype = DTYPES[name]
    low, high = int(min_value(dtype)), int(max_value(dtype))
    numbers = np.arange(low, high + 1)
    a, b = (part.ravel() for part in np.meshgrid(numbers, numbers))
    want = {
        "add": lambda x, y: x + y,
        "mul": lambda x, y: x * y,
        "floordiv": lambda x, y: x // y if y else 0,
        "mod": lambda x, y: x % y if y else 0,
        "shl": lambda x, y: x << y if 0 <= y < 8 else 0,
        "shr": lambda x, y: x >> y if 0 <= y < 8 else -(x < 0),
    }
    for op, plain in want.items():
        got = scalar_ops.binary(op, a.astype(name), b.astype(name), dtype)
        whole = [plain(int(x), int(y)) % 256 for x, y in zip(a, b, strict=True)]
        assert np.array_equal(got.astype(np.int64) % 256, whole), op


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("op", ["add", "sub", "mul", "div", "min", "max"])
@few
@given(data=st.data())
def test_floats(expr, name, op, data):
    dtype = DTYPES[name]
    pairs = data.draw(st.lists(st.tuples(expr.values(name), expr.values(name)), min_size=1, max_size=8))
    a, b = zip(*pairs, strict=True)
    got = scalar_ops.binary(op, array(a, name), array(b, name), dtype)
    check(got, [constants.binary(op, x, y, dtype) for x, y in pairs], name)


@pytest.mark.parametrize("name", FLOATS)
@pytest.mark.parametrize("op", ["add", "mul", "div"])
@given(data=st.data())
def test_floats_are_rounded_once(expr, name, op, data):
    """Against fractions, which know nothing of float64."""
    dtype = DTYPES[name]
    x, y = (data.draw(expr.values(name)) for _ in range(2))
    if not (np.isfinite(x) and np.isfinite(y)) or (op == "div" and y == 0):
        return
    a, b = Fraction(x), Fraction(y)
    exact = a + b if op == "add" else a * b if op == "mul" else a / b
    got = scalar_ops.binary(op, array(x, name), array(y, name), dtype).item()
    assert got == constants.rounded(exact, dtype)


def test_extremes_of_zeros_and_nan():
    a, b = np.array([0.0, -0.0, np.nan, 1.0], np.float32), np.array([-0.0, 0.0, 1.0, np.nan], np.float32)
    dtype = DTYPES["float32"]
    greatest, least = scalar_ops.binary("max", a, b, dtype), scalar_ops.binary("min", a, b, dtype)
    assert list(np.signbit(greatest[:2])) == [False, False] and list(np.signbit(least[:2])) == [True, True]
    assert np.isnan(greatest[2:]).all() and np.isnan(least[2:]).all()


@pytest.mark.parametrize("name", [*INTEGERS, *FLOATS])
@given(data=st.data())
def test_one_operand(expr, name, data):
    dtype = DTYPES[name]
    numbers = data.draw(st.lists(expr.values(name), min_size=1, max_size=8))
    ops = ["neg", "abs"] + (["sqrt", "floor", "ceil", "trunc", "round"] if dtype.is_float else ["not"])
    for op in ops:
        got = scalar_ops.unary(op, array(numbers, name), dtype)
        check(got, [constants.unary(op, number, dtype) for number in numbers], name)


def test_round_to_even():
    got = scalar_ops.unary("round", np.array([0.5, 1.5, 2.5, -0.5, -1.5]), DTYPES["float64"])
    assert got.tolist() == [0.0, 2.0, 2.0, -0.0, -2.0] and np.signbit(got[3])


@pytest.mark.parametrize("source", CASTABLE)
@pytest.mark.parametrize("to", CASTABLE)
@few
@given(data=st.data())
def test_casts(expr, source, to, data):
    numbers = data.draw(st.lists(expr.values(source), min_size=1, max_size=6))
    got = scalar_ops.cast(array(numbers, source), DTYPES[source], DTYPES[to])
    check(got, [constants.cast(number, DTYPES[source], DTYPES[to]) for number in numbers], to)


def test_casts_saturate():
    a = np.array([3e9, -3e9, np.nan, np.inf, -np.inf, 2.9, -2.9, 2.0**63])
    assert scalar_ops.cast(a, DTYPES["float64"], DTYPES["int32"]).tolist() == [
        2**31 - 1, -(2**31), 0, 2**31 - 1, -(2**31), 2, -2, 2**31 - 1,
    ]  # fmt: skip
    assert scalar_ops.cast(a, DTYPES["float64"], DTYPES["int64"]).tolist()[-1] == 2**63 - 1
    assert scalar_ops.cast(a, DTYPES["float64"], DTYPES["uint8"]).tolist() == [255, 0, 0, 255, 0, 2, 0, 255]


def test_fma_that_float64_gets_wrong():
    """A product and sum that lie just beside a tie of float32: rounding to float64 first lands on the tie."""
    a, b, c = np.float32(8 + 2**-20), np.float32(8 - 2**-20), np.float32(2**30 + 2**7)
    through_float64 = np.float32(np.float64(a) * np.float64(b) + np.float64(c))
    exact = constants.rounded(Fraction(float(a)) * Fraction(float(b)) + Fraction(float(c)), DTYPES["float32"])
    got = scalar_ops.fma(a, b, c, DTYPES["float32"])
    assert got == exact == constants.fma(float(a), float(b), float(c), DTYPES["float32"])
    assert got != through_float64


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data())
def test_fma(expr, name, data):
    dtype = DTYPES[name]
    triples = data.draw(st.lists(st.tuples(*[expr.values(name)] * 3), min_size=1, max_size=8))
    a, b, c = zip(*triples, strict=True)
    got = scalar_ops.fma(array(a, name), array(b, name), array(c, name), dtype)
    check(got, [constants.fma(x, y, z, dtype) for x, y, z in triples], name)


@pytest.mark.parametrize("name", FLOATS)
@given(data=st.data())
def test_fma_near_cancellation(expr, name, data):
    """c near -a*b, where the low part of the product is the result."""
    dtype = DTYPES[name]
    a, b = (constants.rounded(data.draw(st.floats(0.5, 2)), dtype) for _ in range(2))
    c = -constants.rounded(a * b, dtype)
    got = scalar_ops.fma(array(a, name), array(b, name), array(c, name), dtype).item()
    assert got == constants.rounded(Fraction(a) * Fraction(b) + Fraction(c), dtype)


def test_contracted_products_without_the_instruction():
    dtype = DTYPES["float32"]
    a, b, c = (np.asarray(v, np.float32) for v in (1 + 2**-12, 1 + 2**-12, -1.0))
    p = Var("p", dtype, "param")
    contracted, explicit = Fma(p, p, p, True), Fma(p, p, p, False)
    once, twice = scalar_ops.fma(a, b, c, dtype), np.float32(np.float32(a * b) + c)
    assert once != twice
    assert scalar_ops.compute(contracted, (a, b, c)) == once
    assert scalar_ops.compute(contracted, (a, b, c), has_fma=False) == twice
    assert scalar_ops.compute(explicit, (a, b, c), has_fma=False) == once


def test_division_by_zero_is_silent():
    p = Var("p", DTYPES["int64"], "param")
    got = scalar_ops.compute(Binary("floordiv", p, p), (np.asarray(-(2**63)), np.asarray([0, -1])))
    assert got.tolist() == [0, -(2**63)]
