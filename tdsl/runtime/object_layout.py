"""Whether CPython's and NumPy's objects lie in memory as codegen/entry/layout.py says; asked once a process.

Fields of live objects are read at the offsets and compared with what public attributes say: arrays that differ in every
field, a tuple, a float; NumPy's table of functions is tried on an array. On any difference, on another Python than
CPython, and without the global lock, the answer is no, and every call takes the ctypes way with the same checks.
"""

from __future__ import annotations

import ctypes
import importlib
import os
import platform
import struct
import sys
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.entry import layout

if TYPE_CHECKING:
    from numpy.typing import NDArray

_ARRAY_BYTES = 8 + max(
    layout.ARRAY_DATA, layout.ARRAY_DIMS, layout.ARRAY_STRIDES, layout.ARRAY_DESCR, layout.ARRAY_FLAGS
)

_TABLE_LENGTH = 300
"""NumPy 2's table has over 300 slots."""


@lru_cache(maxsize=1)
def layout_is_known() -> bool:
    """Whether the emitted entry may be used in this process."""
    if platform.python_implementation() != "CPython" or sys.maxsize != 2**63 - 1 or sys.byteorder != "little":
        return False
    if object.__basicsize__ != layout.HEAD:  # builds without the global lock have a larger head
        return False
    return _scalars_match() and _arrays_match() and new_from_descr() is not None


def _samples() -> Iterator[NDArray[np.generic]]:
    base = np.zeros((3, 5, 7), np.float32)
    frozen = np.ones((2, 2))
    frozen.flags.writeable = False
    yield from (base, base[1:, ::2], base.T, base[::-1, 2:3], np.zeros(4, ">i2"), np.zeros(()), frozen)
    yield np.zeros((0, 4), np.complex64)
    yield np.frombuffer(bytes(9), np.uint8)[1:]
    yield np.frombuffer(bytes(9), np.uint8)[1:].view(np.float32)


def _peek(
    kind: type[ctypes.c_void_p | ctypes.c_int32 | ctypes.c_int64 | ctypes.c_double], value: object, at: int
) -> float:
    return kind.from_address(id(value) + at).value or 0


def _scalars_match() -> bool:
    # Freshly made, so that nothing is shared or folded.
    items = tuple(object() for _ in range(3))
    number = float("1234.5678")
    return (
        all(
            _peek(ctypes.c_void_p, one, layout.OBJECT_TYPE) == id(type(one))
            for one in (items, number, items[0])
        )
        and _peek(ctypes.c_int64, items, layout.TUPLE_SIZE) == 3
        and all(
            _peek(ctypes.c_void_p, items, layout.TUPLE_ITEMS + 8 * at) == id(one)
            for at, one in enumerate(items)
        )
        and _peek(ctypes.c_double, number, layout.FLOAT_VALUE) == number
    )


def _arrays_match() -> bool:
    if np.ndarray.__basicsize__ < _ARRAY_BYTES:
        return False
    pipe = os.pipe()
    try:
        return all(_array_matches(array, pipe) for array in _samples())
    finally:
        for end in pipe:
            os.close(end)


def _array_matches(array: NDArray[np.generic], pipe: tuple[int, int]) -> bool:
    ndim, memory = array.ndim, ctypes.string_at(id(array), _ARRAY_BYTES)
    found = (
        _word(memory, layout.OBJECT_TYPE) == id(np.ndarray)
        and _word(memory, layout.ARRAY_NDIM) & 0xFFFFFFFF == ndim
        and _word(memory, layout.ARRAY_DATA) == array.__array_interface__["data"][0]
        and _word(memory, layout.ARRAY_DESCR) == id(array.dtype)
        and _word(memory, layout.ARRAY_FLAGS) & 0xFFFFFFFF == array.flags.num
    )
    if not found:
        return False
    for at, wanted in ((layout.ARRAY_DIMS, array.shape), (layout.ARRAY_STRIDES, array.strides)):
        if ndim and _integers(_word(memory, at), ndim, pipe) != wanted:
            return False
    return True


def _word(memory: bytes, at: int) -> int:
    return int.from_bytes(memory[at : at + 8], "little")


@lru_cache(maxsize=1)
def _system_write() -> Callable[..., int]:
    """`write` of the C library; looking it up costs a tenth of a millisecond."""
    return ctypes.CDLL(None).write


def _integers(place: int, count: int, pipe: tuple[int, int]) -> tuple[int, ...] | None:
    """int64 values at an address that may be none: the system copies them, and says where it cannot."""
    reading, writing = pipe
    length = 8 * count
    if _system_write()(writing, ctypes.c_void_p(place), ctypes.c_size_t(length)) != length:
        return None
    return struct.unpack(f"<{count}q", os.read(reading, length))


@lru_cache(maxsize=1)
def new_from_descr() -> int | None:
    """The address of PyArray_NewFromDescr, from the table that NumPy exports for C; None where it is not as known."""
    try:
        module = importlib.import_module("numpy._core._multiarray_umath")
    except ImportError:
        return None
    capsule = cast(object, getattr(module, "_ARRAY_API", None))
    get = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
        ("PyCapsule_GetPointer", ctypes.pythonapi)
    )
    try:
        start = get(capsule, None)
    except ValueError:
        return None
    table = (ctypes.c_void_p * _TABLE_LENGTH).from_address(start)
    address = table[layout.NEW_FROM_DESCR]
    if table[2] != id(np.ndarray) or not address:  # slot 2 is PyArray_Type in every NumPy
        return None
    return address if _makes_arrays(address) else None


def _makes_arrays(address: int) -> bool:
    pointer = ctypes.c_void_p
    make = ctypes.PYFUNCTYPE(
        ctypes.py_object,
        ctypes.py_object,
        ctypes.py_object,
        ctypes.c_int,
        pointer,
        pointer,
        pointer,
        ctypes.c_int,
        pointer,
    )(address)
    dtype = np.dtype(np.int16)
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(dtype))  # the function takes a reference
    dims = (ctypes.c_int64 * 2)(3, 4)
    made = cast("NDArray[np.int16]", make(np.ndarray, dtype, 2, ctypes.addressof(dims), None, None, 0, None))
    return type(made) is np.ndarray and made.dtype == dtype and made.shape == (3, 4) and made.flags.carray
