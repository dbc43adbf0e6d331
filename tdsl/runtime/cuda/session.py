"""One emulated call: arrays in device-like memory, launches in order, findings out; the ctypes side of session.cpp.

Arrays lie 256-byte aligned, as cudaMalloc's do, in memory of their own between stretches that belong to no array.
"""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np

from tdsl.codegen.cuda.artifact import CudaLaunch
from tdsl.errors import CallMemoryError
from tdsl.runtime.cuda.emulated_code import EmulatedLibrary, SharedPlace

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

ALIGNMENT = 256
"""Bytes; of device memory. Source: CUDA C++ Programming Guide, "Size and Alignment Requirement"."""

MARGIN = 4096
"""Bytes around an array that belong to none, so that small mistakes are found as what they are."""

POISON = 0xFF
"""What fresh memory holds: NaN as a float, -1 as an integer."""


class _Region(ctypes.Structure):
    _fields_ = (
        ("begin", ctypes.c_void_p),
        ("bytes", ctypes.c_uint64),
        ("granule", ctypes.c_uint32),
        ("initialised", ctypes.c_uint32),
        ("writable", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class _Shared(ctypes.Structure):
    _fields_ = (
        ("offset", ctypes.c_uint64),
        ("bytes", ctypes.c_uint64),
        ("dynamic", ctypes.c_uint32),
        ("granule", ctypes.c_uint32),
    )


class RawParty(ctypes.Structure):
    """`Party` of machine.h."""

    where: int
    file: bytes | None
    block: int
    thread: int
    line: int
    access: int
    launch: int

    _fields_ = (
        ("where", ctypes.c_uint64),
        ("file", ctypes.c_char_p),
        ("block", ctypes.c_uint64),
        ("thread", ctypes.c_uint32),
        ("line", ctypes.c_int32),
        ("access", ctypes.c_uint32),
        ("launch", ctypes.c_uint32),
    )


class RawFinding(ctypes.Structure):
    """`Finding` of machine.h."""

    kind: int
    space: int
    name: int
    bytes: int
    offset: int
    count: int
    first: RawParty
    second: RawParty

    _fields_ = (
        ("kind", ctypes.c_uint32),
        ("space", ctypes.c_uint32),
        ("name", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("offset", ctypes.c_uint64),
        ("count", ctypes.c_uint64),
        ("first", RawParty),
        ("second", RawParty),
    )


class RawTraffic(ctypes.Structure):
    """`Traffic` of machine.h."""

    where: int
    space: int
    name: int
    bytes: int
    store: int
    requests: int
    moved: int
    ideal: int

    _fields_ = (
        ("where", ctypes.c_uint64),
        ("space", ctypes.c_uint32),
        ("name", ctypes.c_uint32),
        ("bytes", ctypes.c_uint32),
        ("store", ctypes.c_uint32),
        ("requests", ctypes.c_uint64),
        ("moved", ctypes.c_uint64),
        ("ideal", ctypes.c_uint64),
    )


class _Launch(ctypes.Structure):
    _fields_ = (
        ("kernel", ctypes.c_void_p),
        ("arguments", ctypes.c_void_p),
        ("dynamic_bytes", ctypes.c_uint64),
        ("grid", ctypes.c_uint32 * 3),
        ("block", ctypes.c_uint32 * 3),
    )


@dataclass(frozen=True, slots=True)
class DeviceArray:
    """An array in memory as the device has it: row-major, aligned.

    Args:
        initialised: it holds values; writable: a kernel may store there.
    """

    name: str
    array: Array
    initialised: bool
    writable: bool


def fresh(shape: tuple[int, ...], dtype: np.dtype[np.generic], values: Array | None = None) -> Array:
    """Device-like memory: a copy of `values`, or poison. Errors: C115."""
    size = dtype.itemsize * int(np.prod(shape, dtype=object))
    try:
        memory = np.full(size + 2 * MARGIN + ALIGNMENT, POISON, np.uint8)
    except MemoryError:
        raise CallMemoryError("C115", f"no memory for an array of {size} bytes to emulate with") from None
    start = MARGIN + -(memory.ctypes.data + MARGIN) % ALIGNMENT
    made = cast("Array", memory[start : start + size].view(dtype).reshape(shape))
    if values is not None:
        made[...] = values
    return made


class Session:
    """Memory and findings of one call. Close it; one at a time in a library."""

    def __init__(self, library: EmulatedLibrary, arrays: Sequence[DeviceArray], *, record: bool) -> None:
        self._code = library
        self._functions = _functions(library.library)
        self.arrays = tuple(arrays)
        dynamic = max((launch.dynamic_shared_bytes for launch in library.body.launches), default=0)
        self.shared: tuple[SharedPlace, ...] = library.shared_places(dynamic)
        regions = (_Region * len(arrays))(*(_region(one) for one in arrays))
        places = (_Shared * len(self.shared))(
            *((s.offset, s.bytes, s.dynamic, s.array.element) for s in self.shared)
        )
        self._handle = self._functions.tdsl_emulator_open(
            regions, len(regions), places, len(places), int(record)
        )
        if not self._handle:
            raise CallMemoryError("C115", "no memory for the emulator's tables")

    def launch(self, launch: CudaLaunch, grid: tuple[int, int, int], values: Sequence[object]) -> None:
        """Run one kernel; values: a ctypes value for each parameter. Errors: C115."""
        addresses = (ctypes.c_void_p * len(values))(
            *(ctypes.addressof(cast("ctypes.c_int", v)) for v in values)
        )
        entry = self._code.entry(launch.symbol)
        raw = _Launch(entry, ctypes.addressof(addresses), launch.dynamic_shared_bytes, grid, launch.block)
        status = self._functions.tdsl_emulator_launch(
            self._handle, ctypes.byref(raw), self._code.dynamic_entry() or None
        )
        if status:
            raise CallMemoryError("C115", f"no memory to emulate {launch.threads} threads of {launch.symbol}")

    def findings(self) -> list[RawFinding]:
        """What was found so far; valid until the session is closed."""
        first = ctypes.POINTER(RawFinding)()
        count = self._functions.tdsl_emulator_findings(self._handle, ctypes.byref(first))
        return [first[place] for place in range(count)]

    def traffic(self) -> list[RawTraffic]:
        """Requests by instruction and array; valid until the session is closed."""
        first = ctypes.POINTER(RawTraffic)()
        count = self._functions.tdsl_emulator_traffic(self._handle, ctypes.byref(first))
        return [first[place] for place in range(count)]

    def close(self) -> None:
        """Free the emulator's memory."""
        self._functions.tdsl_emulator_close(self._handle)


def _region(one: DeviceArray) -> tuple[int, int, int, bool, bool, int]:
    """From the lowest to the highest byte of its elements."""
    array = one.array
    steps = [stride * (extent - 1) for stride, extent in zip(array.strides, array.shape, strict=True)]
    below, above = -sum(step for step in steps if step < 0), sum(step for step in steps if step > 0)
    span = below + above + array.itemsize if array.size else 0
    return (array.ctypes.data - below, span, array.itemsize, one.initialised, one.writable, 0)


def _functions(library: ctypes.CDLL) -> ctypes.CDLL:
    handle = ctypes.c_void_p
    library.tdsl_emulator_open.restype = handle
    library.tdsl_emulator_open.argtypes = (handle, ctypes.c_uint32, handle, ctypes.c_uint32, ctypes.c_uint32)
    library.tdsl_emulator_launch.argtypes = (handle, handle, handle)
    for name in ("findings", "traffic"):
        function = getattr(library, f"tdsl_emulator_{name}")
        function.restype = ctypes.c_uint64
        function.argtypes = (handle, handle)
    library.tdsl_emulator_close.restype = None
    library.tdsl_emulator_close.argtypes = (handle,)
    return library
