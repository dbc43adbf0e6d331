"""DLPack read by hand: a capsule in, a NumPy view out; for the dtypes that NumPy's own importer does not know.

Struct layouts: dlpack.h 1.0 (DLTensor, DLManagedTensor, DLManagedTensorVersioned), 64-bit.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from tdsl.dtypes import as_dtype, to_numpy

if TYPE_CHECKING:
    from numpy.typing import NDArray

CPU = 1
"""kDLCPU."""

TENSOR_IN_VERSIONED = 32
"""Bytes before the DLTensor of a DLManagedTensorVersioned: version, context, deleter, flags."""

CODES: dict[str, tuple[int, int]] = {
    "bool": (6, 8), "int8": (0, 8), "int16": (0, 16), "int32": (0, 32), "int64": (0, 64),
    "uint8": (1, 8), "uint16": (1, 16), "uint32": (1, 32), "uint64": (1, 64),
    "float16": (2, 16), "float32": (2, 32), "float64": (2, 64), "bfloat16": (4, 16),
    "float8_e4m3fn": (10, 8), "float8_e5m2": (12, 8),
}  # fmt: skip
"""dtype -> (DLDataTypeCode, bits); one lane."""

SPECIAL_DTYPES = frozenset({"bfloat16", "float8_e4m3fn", "float8_e5m2"})
"""What NumPy has through ml_dtypes only, and does not exchange."""

_READ_ONLY = 1  # DLPACK_FLAG_BITMASK_READ_ONLY


class _Device(ctypes.Structure):
    _fields_ = (("kind", ctypes.c_int32), ("number", ctypes.c_int32))


class Tensor(ctypes.Structure):
    """DLTensor."""

    _fields_ = (
        ("data", ctypes.c_void_p), ("device", _Device), ("ndim", ctypes.c_int32),
        ("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16),
        ("shape", ctypes.POINTER(ctypes.c_int64)), ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("offset", ctypes.c_uint64),
    )  # fmt: skip


class _Exporter(Protocol):
    def __dlpack__(self, **keywords: object) -> object: ...


def view_of_capsule(value: object) -> NDArray[np.generic]:
    """The memory that `value.__dlpack__()` gives, as an array that keeps it alive.

    Errors: TypeError, ValueError, BufferError: no capsule, another device, a dtype without a NumPy form.
    """
    capsule = _capsule(cast("_Exporter", value))
    tensor, read_only = capsule_tensor(capsule)
    if tensor.device.kind != CPU:
        raise BufferError(f"it lives on device {tensor.device.kind}, kernels run on the CPU")
    dtype = _dtype(tensor)
    array = _array(tensor, dtype, capsule)
    if read_only:
        array.flags.writeable = False
    return array


def capsule_tensor(capsule: object) -> tuple[Tensor, bool]:
    """The tensor in a capsule, which must outlive it, and whether it may not be written.

    Errors: TypeError no DLPack capsule.
    """
    address, versioned = _address(capsule)
    tensor = Tensor.from_address(address + (TENSOR_IN_VERSIONED if versioned else 0))
    return tensor, versioned and bool(ctypes.c_uint64.from_address(address + 24).value & _READ_ONLY)


def _capsule(value: _Exporter) -> object:
    try:
        return value.__dlpack__(max_version=(1, 0))
    except TypeError:
        return value.__dlpack__()


def _address(capsule: object) -> tuple[int, bool]:
    """Where the capsule's struct is. Capsules stay unused: their owner frees them when they go."""
    get = ctypes.pythonapi.PyCapsule_GetPointer
    get.restype, get.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    is_valid = ctypes.pythonapi.PyCapsule_IsValid
    is_valid.restype, is_valid.argtypes = ctypes.c_int, (ctypes.py_object, ctypes.c_char_p)
    for name, versioned in ((b"dltensor_versioned", True), (b"dltensor", False)):
        if is_valid(capsule, name):
            return cast(int, get(capsule, name)), versioned
    raise TypeError("__dlpack__() gives no DLPack capsule")


def _dtype(tensor: Tensor) -> np.dtype[np.generic]:
    for name, (code, bits) in CODES.items():
        if (tensor.code, tensor.bits, tensor.lanes) == (code, bits, 1):
            return to_numpy(as_dtype(name))
    raise BufferError(f"DLPack dtype {tensor.code}/{tensor.bits}/{tensor.lanes}")


def _array(tensor: Tensor, dtype: np.dtype[np.generic], capsule: object) -> NDArray[np.generic]:
    """A view over the tensor's memory, which lives as long as the capsule; the array's buffer holds that."""
    shape = tuple(tensor.shape[: tensor.ndim])
    size = dtype.itemsize
    if not all(shape):
        return np.empty(shape, dtype)
    strides = tuple(size * stride for stride in tensor.strides[: tensor.ndim]) if tensor.strides else None
    steps = [] if strides is None else [s * (n - 1) for s, n in zip(strides, shape, strict=True)]
    below = -sum(step for step in steps if step < 0)
    above = (
        sum(step for step in steps if step > 0) if strides is not None else size * (int(np.prod(shape)) - 1)
    )
    start = (tensor.data or 0) + tensor.offset - below
    memory = (ctypes.c_char * (below + above + size)).from_address(start)
    memory.capsule = capsule  # pyright: ignore[reportAttributeAccessIssue]
    return np.ndarray(shape, dtype, cast("bytearray", memory), below, strides)
