"""C types and constants: each constant is read back to its bits by a C++ compiler's rules; vectors move 16 bytes at most."""

import re
import struct
from fractions import Fraction

import pytest

import tdsl as td
from tdsl.codegen.cuda.types import BLOCKS, C_TYPES, VECTORS, c_type, literal
from tdsl.dtypes import DTYPES


@pytest.mark.parametrize("name", [name for name in C_TYPES if name.startswith(("int", "uint"))])
def test_integers_and_their_ends(name):
    dtype = DTYPES[name]
    low = -(1 << dtype.bits - 1) if dtype.kind == "int" else 0
    high = low + (1 << dtype.bits) - 1
    for value in {low, low + 1, -1 if low else 1, 0, 7, high - 1, high}:
        text = literal(value & (1 << dtype.bits) - 1, dtype)
        plain = re.sub(
            r"\((?:un)?signed (?:char|int|short)\)|\((?:short|int|char)\)|(?<=\d)(?:ull|ll|u)\b|(?<=f)ll\b",
            "",
            text,
        )
        assert eval(plain) == value, text
        assert "-" not in text or text.startswith("(") or text[0] == "-"
        if dtype.kind == "int" and dtype.bits >= 32:
            assert str(1 << dtype.bits - 1) not in text, "the least number has no literal of its own"


def single(bits):
    return struct.unpack("<f", struct.pack("<I", bits))[0]


@pytest.mark.parametrize(
    "bits", [0, 1, 0x3F800000, 0x00800000, 0x7F7FFFFF, 0x80000000, 0xBF99999A, 0x34000001, 0x4B000001]
)
def test_singles_are_read_back_exactly(bits):
    text = literal(bits, DTYPES["float32"])
    assert text.endswith("f")
    exact, read = Fraction(single(bits)), Fraction(text[:-1])
    assert text[0] == "-" or not bits >> 31
    if bits & 0x7FFFFFFF:  # nearer than to either neighbour
        neighbours = [
            Fraction(single(bits + step)) if bits + step != 0x7F800000 else Fraction(2) ** 128
            for step in (-1, 1)
        ]
        assert all(abs(read - exact) < abs(read - one) for one in neighbours)
    else:
        assert read == 0


def test_the_largest_single_is_a_constant_like_any_other():
    x = td.placeholder("x", (32,))
    y = td.compute("y", (32,), lambda i: td.minimum(x[i], 3.4028234663852886e38))
    assert "3.4028235e+38f" in td.build(
        td.schedule(y).bind(y, {"i": "thread.x"}), target="cuda:sm_80"
    ).source("cuda")


@pytest.mark.parametrize("bits", [0, 1, 1 << 63, 0x3FF0000000000001, 0x7FEFFFFFFFFFFFFF, 0x0010000000000000])
def test_doubles_are_read_back_exactly(bits):
    assert struct.pack("<d", float(literal(bits, DTYPES["float64"]))) == struct.pack("<Q", bits)


def test_what_is_not_finite_and_what_is_narrow_is_written_as_bits():
    assert literal(0x7F800000, DTYPES["float32"]) == "__int_as_float(0x7f800000)"
    assert literal(0xFFC00001, DTYPES["float32"]) == "__int_as_float(0xffc00001)"
    assert literal(0x7FF0000000000000, DTYPES["float64"]) == "__longlong_as_double(0x7ff0000000000000ll)"
    assert literal(0x3C00, DTYPES["float16"]) == "(unsigned short)0x3c00"
    assert literal(0x3F80, DTYPES["bfloat16"]) == "(unsigned short)0x3f80"
    assert (literal(1, DTYPES["bool"]), literal(0, DTYPES["bool"])) == ("true", "false")


def test_vectors_are_as_wide_as_an_access_may_be():
    for (name, lanes), kind in VECTORS.items():
        assert lanes * DTYPES[name].bytes in (8, 16)
        assert kind.endswith(str(lanes))
    assert sorted(BLOCKS) == [2, 4, 8, 16]


def test_dtypes_without_code():
    others = [dtype for name, dtype in DTYPES.items() if name not in C_TYPES]
    for dtype in others:
        with pytest.raises(td.TargetError) as caught:
            c_type(dtype)
        assert caught.value.code == "G140"
