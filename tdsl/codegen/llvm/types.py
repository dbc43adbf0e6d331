"""LLVM's spelling of dtypes, vectors and constants: dtypes and bit patterns in, pieces of IR text out.

A bool is `i1` as a value and `i8` (0 or 1) in memory. Integers have no sign in LLVM; operations do. Floats narrower
than float32 are their bit patterns, `i16` and `i8` (narrow_floats.py).
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from functools import lru_cache

from tdsl.dtypes import DType

_FLOATS = {"float32": "float", "float64": "double", "tfloat32": "float"}


@lru_cache(maxsize=64)
def element_type(dtype: DType) -> str:
    """The type of one value: `i1`, `i8` to `i64`, `float`, `double`; a narrow float is an integer."""
    return "i1" if dtype.is_bool else _FLOATS.get(dtype.name, f"i{dtype.bits}")


@lru_cache(maxsize=64)
def memory_type(dtype: DType) -> str:
    """The type of one element in memory."""
    return "i8" if dtype.is_bool else element_type(dtype)


@lru_cache(maxsize=512)
def widened(element: str, lanes: int) -> str:
    """The vector of an element type, or the type itself for 0 lanes (a scalar)."""
    return f"<{lanes} x {element}>" if lanes else element


@lru_cache(maxsize=512)
def value_type(dtype: DType, lanes: int) -> str:
    """The type of a value: one element for 0 lanes, else a vector."""
    return widened(element_type(dtype), lanes)


@lru_cache(maxsize=512)
def suffix(element: str, lanes: int) -> str:
    """How the name of an overloaded intrinsic spells a type: `f32`, `v16f32`, `i64`."""
    short = {"half": "f16", "float": "f32", "double": "f64", "ptr": "p0"}.get(element, element)
    return f"v{lanes}{short}" if lanes else short


@lru_cache(maxsize=4096)
def literal(bits: int, dtype: DType) -> str:
    """The text of a constant given by its bit pattern."""
    if dtype.is_bool:
        return "true" if bits & 1 else "false"
    if dtype.is_integer:
        negative = dtype.kind == "int" and bits >> (dtype.bits - 1)
        return str(bits - (1 << dtype.bits) if negative else bits)
    if dtype.bits < 32:
        return str(bits)
    return f"0x{_as_double(bits, dtype):016X}"


def zero(dtype: DType) -> str:
    """The text of 0."""
    return {"i1": "false", "float": "0.0", "double": "0.0"}.get(element_type(dtype), "0")


def _as_double(bits: int, dtype: DType) -> int:
    """The pattern of the same number in float64, which is how LLVM writes float constants."""
    if dtype.bits == 64:
        return bits
    if (bits >> 23) & 0xFF == 0xFF:  # infinities and NaN, payload kept
        return (bits >> 31) << 63 | 0x7FF << 52 | (bits & 0x7F_FFFF) << 29
    (value,) = struct.unpack("<f", bits.to_bytes(4, "little"))
    return int.from_bytes(struct.pack("<d", value), "little")


def splat(text: str, element: str, lanes: int) -> str:
    """A constant in every lane; the scalar constant itself for 0 lanes."""
    return f"splat ({element} {text})" if lanes else text


def number(value: int, bits: int, lanes: int) -> str:
    """An integer constant in every lane; the scalar for 0 lanes."""
    return f"splat (i{bits} {value})" if lanes else str(value)


def vector_constant(values: Sequence[object], element: str) -> str:
    """A constant vector, lane by lane."""
    texts = [("true" if value else "false") if isinstance(value, bool) else str(value) for value in values]
    return "<" + ", ".join(f"{element} {text}" for text in texts) + ">"


@lru_cache(maxsize=1024)
def shuffle_mask(lanes: tuple[int, ...]) -> str:
    """The third operand of a shufflevector."""
    if not any(lanes):
        return f"<{len(lanes)} x i32> zeroinitializer"
    return f"<{len(lanes)} x i32> <" + ", ".join(f"i32 {lane}" for lane in lanes) + ">"


def symbol_text(name: str) -> str:
    """A function's name as LLVM writes it: any identifier, quoted where it is not plain ASCII.

    Names that start with ``llvm.`` are LLVM's own, so the parts of a kernel called ``llvm`` get another start.
    """
    name = f"_{name}" if name.startswith("llvm.") else name
    plain = name.isascii() and name.replace("_", "a").replace(".", "a").isalnum()
    return f"@{name}" if plain else f'@"{name}"'
