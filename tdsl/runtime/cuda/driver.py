"""The CUDA driver through ctypes: libcuda.so.1 found and initialised once, its functions with their errors as ours.

In: nothing but the library that NVIDIA's driver installs (or the one that `TDSL_LIBCUDA` names). Out: a `Driver` whose
methods are the few calls that loading, copying and launching need. Every pointer is an int. Source: CUDA Driver API
reference 13; the versioned names (`_v2`) are what its header maps the plain ones to.
"""

from __future__ import annotations

import ctypes
import os
from collections import deque
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import lru_cache

from tdsl.errors import CallError, CallMemoryError, MissingTool
from tdsl.settings import cuda_driver_library, cuda_waits
from tdsl.target import Target

OUT_OF_MEMORY = 2
# Errors of a running kernel, which every later call reports too. Source: CUresult.
ASYNCHRONOUS = frozenset({700, 702, 710, 714, 715, 716, 717, 718, 719})

# Source: CUdevice_attribute, CUfunction_attribute.
_MULTIPROCESSORS, _MAJOR, _MINOR, _POOLS = 16, 75, 76, 115
_MAXIMUM_DYNAMIC_SHARED = 8

_RECENT = 8
"""Launches that an error which comes late may belong to."""


class Driver:
    """The driver's functions. Errors: C131 a device error; C132 no device memory; each names what was being done."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library
        self._contexts: dict[int, int] = {}
        self._recent: deque[str] = deque(maxlen=_RECENT)

    # ------------------------------------------------------------ errors
    def check(self, status: int, doing: str) -> None:
        """Raise the error of a status."""
        if status == 0:
            return
        if status == OUT_OF_MEMORY:
            raise CallMemoryError("C132", f"no device memory for {doing}", why=[self.error_text(status)])
        why = [self.error_text(status)]
        hint: list[str] = []
        if status in ASYNCHRONOUS:
            launched = ", ".join(self._recent) or "none by tdsl"
            why.append(f"launched and not known to have ended well: {launched}")
            hint = [
                "TDSL_CUDA_SYNC=1 in the environment waits after each launch, so that the error names its kernel",
                'run="emulate" and f.hazards(…) find the access',
            ]
        raise CallError("C131", f"the device failed while {doing}", why=why, hint=hint)

    def error_text(self, status: int) -> str:
        """``CUDA error 700, CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered``."""
        parts: list[str] = []
        for function in ("cuGetErrorName", "cuGetErrorString"):
            text = ctypes.c_char_p()
            if getattr(self._library, function)(status, ctypes.byref(text)) == 0 and text.value:
                parts.append(text.value.decode(errors="replace"))
        return ", ".join([f"CUDA error {status}", ": ".join(parts)] if parts else [f"CUDA error {status}"])

    # ------------------------------------------------------------ devices
    def version(self) -> tuple[int, int]:
        """The newest CUDA that the driver knows."""
        found = ctypes.c_int()
        self.check(self._library.cuDriverGetVersion(ctypes.byref(found)), "asking for its version")
        return found.value // 1000, found.value % 1000 // 10

    def device_count(self) -> int:
        """Devices that this process may use."""
        found = ctypes.c_int()
        self.check(self._library.cuDeviceGetCount(ctypes.byref(found)), "counting devices")
        return found.value

    def device_name(self, device: int) -> str:
        """As NVIDIA calls it."""
        name = ctypes.create_string_buffer(256)
        self.check(self._library.cuDeviceGetName(name, 256, device), "asking for a device's name")
        return name.value.decode(errors="replace")

    def device_memory(self, device: int) -> int:
        """Bytes of global memory."""
        found = ctypes.c_size_t()
        self.check(
            self._library.cuDeviceTotalMem_v2(ctypes.byref(found), device), "asking for a device's memory"
        )
        return found.value

    def capability(self, device: int) -> tuple[int, int]:
        """Compute capability, (9, 0) for sm_90."""
        return self._attribute(_MAJOR, device), self._attribute(_MINOR, device)

    def multiprocessors(self, device: int) -> int:
        """Streaming multiprocessors."""
        return self._attribute(_MULTIPROCESSORS, device)

    def _attribute(self, number: int, device: int) -> int:
        found = ctypes.c_int()
        status = self._library.cuDeviceGetAttribute(ctypes.byref(found), number, device)
        self.check(status, "asking for an attribute of a device")
        return found.value

    @contextmanager
    def current(self, device: int) -> Generator[None, None, None]:
        """The device's primary context, which frameworks share, as the thread's current one; put back at the end."""
        context = self._contexts.get(device)
        if context is None:
            made = ctypes.c_void_p()
            status = self._library.cuDevicePrimaryCtxRetain(ctypes.byref(made), device)
            self.check(status, f"opening device {device}")
            context = self._contexts[device] = made.value or 0
        self.check(self._library.cuCtxPushCurrent_v2(ctypes.c_void_p(context)), f"entering device {device}")
        try:
            yield
        finally:
            self._library.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))

    # ------------------------------------------------------------ memory, on the current device
    def allocate(self, size: int, stream: int, doing: str) -> int:
        """Device memory in the order of a stream; at least one byte."""
        found = ctypes.c_uint64()
        size = max(1, size)
        if self._has_pools():
            status = self._library.cuMemAllocAsync(
                ctypes.byref(found), ctypes.c_size_t(size), _handle(stream)
            )
        else:
            status = self._library.cuMemAlloc_v2(ctypes.byref(found), ctypes.c_size_t(size))
        self.check(status, doing)
        return found.value

    def free(self, address: int, stream: int) -> None:
        """Give memory back once what the stream holds now has run."""
        if self._has_pools():
            self._library.cuMemFreeAsync(ctypes.c_uint64(address), _handle(stream))
        else:
            self._library.cuMemFree_v2(ctypes.c_uint64(address))

    def _has_pools(self) -> bool:
        device = ctypes.c_int()
        self.check(self._library.cuCtxGetDevice(ctypes.byref(device)), "asking for the current device")
        return bool(self._attribute(_POOLS, device.value))

    def to_device(self, address: int, host: int, size: int, stream: int, doing: str) -> None:
        """Copy from host memory, which may change or go when this returns."""
        status = self._library.cuMemcpyHtoDAsync_v2(
            ctypes.c_uint64(address), ctypes.c_void_p(host), ctypes.c_size_t(size), _handle(stream)
        )
        self.check(status, doing)

    def to_host(self, host: int, address: int, size: int, stream: int, doing: str) -> None:
        """Copy to host memory; done when the stream is."""
        status = self._library.cuMemcpyDtoHAsync_v2(
            ctypes.c_void_p(host), ctypes.c_uint64(address), ctypes.c_size_t(size), _handle(stream)
        )
        self.check(status, doing)

    def on_device(self, address: int, source: int, size: int, stream: int, doing: str) -> None:
        """Copy within device memory."""
        status = self._library.cuMemcpyDtoDAsync_v2(
            ctypes.c_uint64(address), ctypes.c_uint64(source), ctypes.c_size_t(size), _handle(stream)
        )
        self.check(status, doing)

    def wait(self, stream: int, doing: str) -> None:
        """Until the stream is empty."""
        self.check(self._library.cuStreamSynchronize(_handle(stream)), doing)
        self._recent.clear()

    # ------------------------------------------------------------ code
    def load(self, image: bytes, doing: str) -> int:
        """A module of a compiled image."""
        found = ctypes.c_void_p()
        self.check(self._library.cuModuleLoadData(ctypes.byref(found), image), doing)
        return found.value or 0

    def function(self, module: int, symbol: str, dynamic_shared_bytes: int) -> int:
        """A kernel of a module, allowed that much dynamic shared memory."""
        found = ctypes.c_void_p()
        status = self._library.cuModuleGetFunction(
            ctypes.byref(found), ctypes.c_void_p(module), symbol.encode()
        )
        self.check(status, f"looking for kernel {symbol}")
        if dynamic_shared_bytes > 48 * 1024:
            status = self._library.cuFuncSetAttribute(found, _MAXIMUM_DYNAMIC_SHARED, dynamic_shared_bytes)
            self.check(status, f"asking for {dynamic_shared_bytes} bytes of shared memory for {symbol}")
        return found.value or 0

    def launch(
        self,
        function: int,
        symbol: str,
        grid: tuple[int, int, int],
        block: tuple[int, int, int],
        shared_bytes: int,
        stream: int,
        values: Sequence[ctypes.c_uint64],
    ) -> None:
        """Start a kernel; waits for its end only where TDSL_CUDA_SYNC asks for that."""
        addresses = (ctypes.c_void_p * len(values))(*map(ctypes.addressof, values))
        status = self._library.cuLaunchKernel(
            ctypes.c_void_p(function), *grid, *block, shared_bytes, _handle(stream), addresses, None
        )
        self._recent.append(symbol)
        self.check(status, f"launching {symbol}")
        if cuda_waits():
            self.wait(stream, f"running {symbol}")


def _handle(stream: int) -> ctypes.c_void_p:
    return ctypes.c_void_p(stream)


def cuda_driver() -> Driver:
    """The driver, with at least one device. Errors: T112 no driver; T113 it finds no device."""
    found = _opened(cuda_driver_library(), os.getpid())
    if isinstance(found, Driver):
        return found
    code, what, why = found
    raise MissingTool(
        code,
        what,
        why=[why],
        hint=[
            'td.build(s, target=…, run="emulate") runs the same CUDA C on this CPU',
            'td.build(s, target="cpu")',
        ],
    )


@lru_cache(maxsize=4)
def _opened(name: str, process: int) -> Driver | tuple[str, str, str]:
    """The driver, or (code, what, why)."""
    try:
        library = ctypes.CDLL(name)
    except OSError as reason:
        return "T112", "a CUDA kernel needs NVIDIA's driver, which is not here", str(reason)
    driver = Driver(library)
    status = int(library.cuInit(0))
    if status:
        return "T113", "NVIDIA's driver does not start", driver.error_text(status)
    if driver.device_count() == 0:
        return "T113", "NVIDIA's driver finds no device", "cuDeviceGetCount gives 0"
    return driver


def architecture_of(capability: tuple[int, int]) -> Target:
    """The target of a compute capability."""
    return Target("cuda", f"sm_{capability[0]}{capability[1]}")
