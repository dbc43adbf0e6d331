"""C types and constants: a dtype or the bits of a constant in, text of CUDA C out.

float16, bfloat16 and the floats of 8 bits are held as their patterns: no header is needed for that. Vectors are those that
one access of a thread moves whole (CUDA C++ Programming Guide, "Built-in Vector Types").
"""

from __future__ import annotations

import math
import struct
from fractions import Fraction

from tdsl.dtypes import DType, value_of

C_TYPES: dict[str, str] = {
    "bool": "bool",
    "int8": "signed char",
    "uint8": "unsigned char",
    "int16": "short",
    "uint16": "unsigned short",
    "int32": "int",
    "uint32": "unsigned int",
    "int64": "long long",
    "uint64": "unsigned long long",
    "float16": "unsigned short",
    "bfloat16": "unsigned short",
    "float8_e4m3fn": "unsigned char",
    "float8_e5m2": "unsigned char",
    "tfloat32": "float",
    "float32": "float",
    "float64": "double",
}

NARROW = ("float16", "bfloat16", "float8_e4m3fn", "float8_e5m2")
"""Floats held as their patterns: arithmetic is done in float32 and rounded (semantics D7); 8 bits are for storage."""

VECTORS: dict[tuple[str, int], str] = {
    ("float32", 2): "float2",
    ("float32", 4): "float4",
    ("float64", 2): "double2",
    ("int32", 2): "int2",
    ("int32", 4): "int4",
    ("uint32", 2): "uint2",
    ("uint32", 4): "uint4",
}
"""(dtype, lanes) -> a type that is accessed whole and whose lanes are read one by one."""

BLOCKS: dict[int, str] = {2: "unsigned short", 4: "unsigned int", 8: "uint2", 16: "uint4"}
"""Bytes -> a type that is copied whole."""

LANES = "xyzw"


def c_type(dtype: DType) -> str:
    """The C type of an element."""
    return C_TYPES[dtype.name]


def literal(bits: int, dtype: DType) -> str:
    """A constant of a dtype, exactly."""
    c_type(dtype)
    if dtype.name in NARROW:
        return f"({C_TYPES[dtype.name]})0x{bits:0{dtype.bits // 4}x}"
    value = value_of(bits, dtype)
    if dtype.is_bool:
        return "true" if value else "false"
    if dtype.is_float:
        return _float_literal(bits, dtype, float(value))
    return integer(int(value), dtype)


def _float_literal(bits: int, dtype: DType, value: float) -> str:
    single = dtype.bits == 32
    if not math.isfinite(value):
        return f"__int_as_float(0x{bits:08x})" if single else f"__longlong_as_double(0x{bits:016x}ll)"
    text = _shortest_single(value) if single else repr(value)
    if "e" not in text and "." not in text:
        text += ".0"
    return f"{text}f" if single else text


def _shortest_single(value: float) -> str:
    """The shortest decimal that a parser of float32 reads back to the same bits, rounding once: it is nearest to `value`.

    (Reading it as a double and rounding that would be two roundings.)
    """
    if not value:
        return repr(value)
    bits = int.from_bytes(struct.pack("<f", abs(value)), "little")
    exact = Fraction(abs(value))
    low, high = ((exact + _single(one)) / 2 for one in (bits - 1, bits + 1))
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if low < abs(Fraction(text)) < high:
            return text
    return repr(value)


def _single(bits: int) -> Fraction:
    """The positive float32 of a pattern; behind the largest one, what would follow."""
    if bits == 0x7F800000:
        return Fraction(2) ** 128
    return Fraction(struct.unpack("<f", bits.to_bytes(4, "little"))[0])


def integer(value: int, dtype: DType) -> str:
    """An integer constant; the least int32 and int64 have no literal of their own."""
    if dtype.name == "int64":
        return "(-0x7fffffffffffffffll - 1)" if value == -(1 << 63) else f"{value}ll"
    if dtype.name == "uint64":
        return f"{value}ull"
    if dtype.name == "uint32":
        return f"{value}u"
    if dtype.name == "int32":
        return "(-0x7fffffff - 1)" if value == -(1 << 31) else str(value)
    return f"({C_TYPES[dtype.name]}){value}" if value >= 0 else f"({C_TYPES[dtype.name]})({value})"
