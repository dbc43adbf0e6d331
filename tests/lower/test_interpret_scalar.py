"""Shortcuts of single values against the account of the same operators in `expr/constants.py`."""

from __future__ import annotations

import itertools
import math
import struct

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tdsl.dtypes import DTYPES, max_value, min_value, wrap
from tdsl.expr import constants
from tdsl.expr.node import Binary, BinaryOp, Cast, Const, Node, const
from tdsl.lower.interpret_scalar import affine, fma32, plain, scalar_code

FLOAT32 = DTYPES["float32"]
ARITHMETIC = [one for one in DTYPES.values() if one.arithmetic or one.is_bool]


def patterns(dtype_name: str) -> st.SearchStrategy[int]:
    """Bit patterns; for floats those of special and of neighbouring values often."""
    dtype = DTYPES[dtype_name]
    every = st.integers(0, (1 << dtype.bits) - 1)
    if not dtype.is_float:
        return every
    corners = [0.0, -0.0, 1.0, -1.0, math.inf, -math.inf, math.nan, float(max_value(dtype)), 3.5, 1e-40]
    return every | st.sampled_from([const(corner, dtype).bits for corner in corners])


def value_at(node: Node) -> object:
    """The value of a node of constants, by shortcuts."""
    if isinstance(node, Const):
        return plain(node.value, node.of)
    runs = [lambda child=child: value_at(child) for child in node.children]
    return scalar_code(node, runs, has_fma=True)()


def same(found: object, expected: bool | int | float, dtype_name: str) -> bool:
    if isinstance(expected, float):
        return (math.isnan(expected) and np.isnan(found)) or const(float(found), dtype_name) is const(
            expected, dtype_name
        )  # type: ignore[arg-type]
    return type(found) is type(expected) and found == expected


def floats32() -> st.SearchStrategy[float]:
    return patterns("float32").map(lambda bits: struct.unpack("<f", struct.pack("<I", bits))[0])


@given(floats32(), floats32(), floats32())
@example(1 + 2.0**-12, 1 + 2.0**-12, 2.0**-24 - 2.0**-48)  # the float64 sum is a tie between two float32
@example(1 + 2.0**-12, 1 + 2.0**-12, 2.0**-60)
@example(2.0**-75, 2.0**-75, 2.0**-149)  # a subnormal result
# Subnormal, and in float64 a tie that the exact sum is not: the product is 2**-150 + 2**-196.
@example(8384513 * 2.0**-98, 8392705 * 2.0**-98, 2.0**-127)
@example(2.0**-75, -(2.0**-75), -0.0)
@example(3.0e38, 3.0e38, -math.inf)
def test_fma_of_float32_is_rounded_once(a: float, b: float, c: float) -> None:
    with np.errstate(all="ignore"):
        found = fma32(np.float32(a), np.float32(b), np.float32(c))
    assert isinstance(found, np.float32)
    assert same(found, constants.fma(a, b, c, FLOAT32), "float32")


@pytest.mark.parametrize("dtype_name", [dtype.name for dtype in ARITHMETIC])
def test_binary_operators(dtype_name: str) -> None:
    dtype = DTYPES[dtype_name]
    floats: tuple[BinaryOp, ...] = ("add", "sub", "mul", "div", "min", "max")
    integers: tuple[BinaryOp, ...] = (
        "add", "sub", "mul", "floordiv", "mod", "min", "max", "and", "or", "xor", "shl", "shr",
    )  # fmt: skip
    ops = floats if dtype.is_float else ("and", "or", "xor", "min", "max") if dtype.is_bool else integers

    @given(st.sampled_from(ops), patterns(dtype_name), patterns(dtype_name))
    def check(op: BinaryOp, a: int, b: int) -> None:
        node = Binary(op, Const(dtype, a), Const(dtype, b))
        with np.errstate(all="ignore"):
            found = value_at(node)
        assert same(found, constants.binary(op, node.lhs.value, node.rhs.value, dtype), dtype_name)

    check()


@pytest.mark.parametrize("dtype_name", ["float16", "float32", "float64"])
def test_extremes_tell_zeros_apart_and_keep_nan(dtype_name: str) -> None:
    dtype = DTYPES[dtype_name]
    corners = (0.0, -0.0, 1.0, math.inf, -math.inf, math.nan)
    for op, a, b in itertools.product(("min", "max"), corners, corners):
        found = value_at(Binary(op, const(a, dtype), const(b, dtype)))
        assert same(found, constants.binary(op, a, b, dtype), dtype_name), (op, a, b)


@given(st.sampled_from(ARITHMETIC), st.sampled_from(ARITHMETIC), st.data())
def test_casts(source: object, target: object, data: st.DataObject) -> None:
    from_dtype, to_dtype = DTYPES[str(source)], DTYPES[str(target)]
    value = Const(from_dtype, data.draw(patterns(from_dtype.name)))
    with np.errstate(all="ignore"):
        found = value_at(Cast(to_dtype, value))
    assert same(found, constants.cast(value.value, from_dtype, to_dtype), to_dtype.name)


@given(
    st.sampled_from([dtype for dtype in ARITHMETIC if dtype.is_integer]),
    st.lists(st.tuples(st.integers(-300, 300), st.integers(-300, 300)), max_size=3),
    st.integers(-300, 300),
)
def test_sums_wrap(dtype: object, terms: list[tuple[int, int]], constant: int) -> None:
    of = DTYPES[str(dtype)]
    total = sum(value * factor for value, factor in terms) + constant
    run = affine([(lambda value=value: value, factor) for value, factor in terms], constant, of)
    assert run() == wrap(total, of)
    assert min_value(of) <= run() <= max_value(of)
