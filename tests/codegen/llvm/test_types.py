"""Constants and names as LLVM writes them."""

import math

import pytest

from tdsl.codegen.llvm.types import (
    element_type,
    literal,
    number,
    shuffle_mask,
    splat,
    symbol_text,
    vector_constant,
    zero,
)
from tdsl.dtypes import DTYPES, bits_of


@pytest.mark.parametrize(
    ("value", "dtype", "text"),
    [
        (1.0, "float32", "0x3FF0000000000000"),
        (-0.0, "float32", "0x8000000000000000"),
        (math.inf, "float32", "0x7FF0000000000000"),
        (math.nan, "float32", "0x7FF8000000000000"),
        (2.0**-149, "float32", "0x36A0000000000000"),
        (0.1, "float64", "0x3FB999999999999A"),
        (-1, "int8", "-1"),
        (255, "uint8", "255"),
        (-(2**63), "int64", "-9223372036854775808"),
        (True, "bool", "true"),
    ],
)
def test_literals(value, dtype, text):
    assert literal(bits_of(value, DTYPES[dtype]), DTYPES[dtype]) == text


def test_signalling_nan_keeps_its_payload():
    assert literal(0x7FA00001, DTYPES["float32"]) == "0x7FF4000020000000"


def test_vectors():
    assert number(-3, 32, 4) == "splat (i32 -3)" and number(-3, 32, 0) == "-3"
    assert splat("0x0", "float", 0) == "0x0"
    assert vector_constant([True, False], "i1") == "<i1 true, i1 false>"
    assert shuffle_mask((0, 0)) == "<2 x i32> zeroinitializer"
    assert shuffle_mask((1, 0)) == "<2 x i32> <i32 1, i32 0>"


def test_names():
    assert symbol_text("mm_general.task1") == "@mm_general.task1" and symbol_text("größe") == '@"größe"'
    assert symbol_text("llvm") == "@llvm" and symbol_text("llvm.contiguous") == "@_llvm.contiguous"


def test_narrow_floats_are_their_patterns():
    assert element_type(DTYPES["bfloat16"]) == element_type(DTYPES["float16"]) == "i16"
    assert element_type(DTYPES["float8_e5m2"]) == "i8" and element_type(DTYPES["tfloat32"]) == "float"
    assert literal(bits_of(-1.0, DTYPES["float16"]), DTYPES["float16"]) == str(0xBC00)
    assert [zero(DTYPES[name]) for name in ("bool", "int8", "float16", "float64")] == [
        "false",
        "0",
        "0",
        "0.0",
    ]
