"""Scalars of a call: Python and NumPy numbers in, their value and bytes in the declared dtype out (semantics C4).

Integers and bools without loss, floats rounded to nearest even. Errors: C111, C112.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.interface import ScalarInterface
from tdsl.dtypes import DType, as_dtype, bits_of, max_value, min_value, value_of
from tdsl.errors import CallTypeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

Number = int | float | bool


def as_scalar(value: object, argument: ScalarInterface) -> tuple[Number, ctypes.c_uint64]:
    """(value as the kernel sees it, memory that begins with its bytes). Errors: C111."""
    dtype = as_dtype(argument.dtype)
    plain: object = cast("NDArray[np.generic]", value).item() if isinstance(value, np.generic) else value
    if not _fits_kind(plain, dtype):
        raise CallTypeError(
            "C111",
            f"{argument.name} is {shown_value(cast(object, value))}, expected a scalar of {argument.dtype}",
            hint=_advice(plain, dtype),
        )
    number = cast(Number, plain)
    # A float may round to an infinity, an int may not.
    exact = not dtype.is_float or not isinstance(number, float)
    if exact and not min_value(dtype) <= number <= max_value(dtype):
        raise CallTypeError(
            "C111",
            f"{argument.name} is {shown_value(number)}, which {argument.dtype} cannot hold",
            why=[f"its values are {min_value(dtype)} to {max_value(dtype)}"],
        )
    bits = bits_of(number, dtype)
    return value_of(bits, dtype), ctypes.c_uint64(bits)  # little endian: the low bytes come first


def _fits_kind(value: object, dtype: DType) -> bool:
    if dtype.is_bool:
        return isinstance(value, bool)
    return isinstance(value, int) or (dtype.is_float and isinstance(value, float))


def _advice(value: object, dtype: DType) -> list[str]:
    if isinstance(value, float) and dtype.is_integer:
        return ["int(…) or round(…) says how it becomes an integer"]
    return ["bool(…)"] if isinstance(value, int) else []


def shown_value(value: object) -> str:
    """At most 40 characters of a value; a number with thousands of digits is cut before it is written."""
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >> 128:
        return f"an integer of {value.bit_length()} bits"
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:39]}…"
