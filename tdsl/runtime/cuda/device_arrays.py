"""Arrays in device memory: anything with `__cuda_array_interface__` or DLPack in, address, shape and strides out.

CuPy, Numba and PyTorch give the first, JAX the second. Nothing is copied and nothing waits: work that the owner still
has in a stream is ordered by running in that stream (its own current one where the library says which).
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np

from tdsl.dtypes import as_dtype, to_numpy
from tdsl.errors import CallTypeError
from tdsl.runtime.cuda.plan import Layout
from tdsl.runtime.dlpack import CODES, capsule_tensor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

CUDA, CUDA_MANAGED = 2, 13
"""kDLCUDA, kDLCUDAManaged: device types of DLPack."""

DEFAULT_STREAM = 0
"""The legacy default stream, which waits for all others of the context that do not opt out."""

_REFUSALS = (BufferError, RuntimeError, TypeError, ValueError, AttributeError, NotImplementedError, KeyError)


class _Exports(Protocol):
    def __dlpack__(self, **keywords: object) -> object: ...
    def __dlpack_device__(self) -> tuple[int, int]: ...


@dataclass(frozen=True, slots=True)
class DeviceView:
    """An array in device memory.

    Args:
        stand_in: a NumPy array of the same address, shape and strides, for checks that look at no element.
        device: the driver's number of the device, or None where the array does not say.
        stream: where its owner's work on it is ordered.
        owner: keeps the memory.
    """

    stand_in: Array
    device: int | None
    stream: int
    owner: object

    @property
    def layout(self) -> Layout:
        """Where it lies."""
        array = self.stand_in
        return Layout(array.ctypes.data, array.shape, array.strides, array.itemsize)


def device_view(value: object, name: str) -> DeviceView | None:
    """The view of an array in device memory; None for anything else. Errors: C102 it does not give its memory."""
    if isinstance(value, np.ndarray | np.generic):
        return None
    has_interface = hasattr(type(value), "__cuda_array_interface__")
    try:
        if has_interface and (found := _from_interface(value)) is not None:
            return found
        return _from_dlpack(cast("_Exports", value)) if _is_on_device(value) else None
    except _REFUSALS as reason:
        said = str(reason).splitlines() or [type(reason).__name__]
        raise CallTypeError(
            "C102", f"{name} gives no array in device memory", why=[f"{type(value).__name__}: {said[0]}"]
        ) from None


def _is_on_device(value: object) -> bool:
    ask = getattr(value, "__dlpack_device__", None)
    return callable(ask) and cast("tuple[int, int]", ask())[0] in (CUDA, CUDA_MANAGED)


def _from_interface(value: object) -> DeviceView | None:
    """By `__cuda_array_interface__`, version 2 or 3; None where the object is not in device memory after all."""
    found = getattr(value, "__cuda_array_interface__", None)
    if found is None:
        return None
    about = cast("dict[str, object]", found)
    dtype = cast("np.dtype[np.generic]", np.dtype(cast(str, about["typestr"])))
    shape = tuple(cast("tuple[int, ...]", about["shape"]))
    strides = cast("tuple[int, ...] | None", about.get("strides"))
    address, read_only = cast("tuple[int, bool]", about["data"])
    if about.get("mask") is not None:
        raise TypeError("masked arrays are not taken")
    stream = cast("int | None", about.get("stream"))
    array = stand_in(address or 0, shape, strides, dtype, writeable=not read_only)
    return DeviceView(array, _ordinal(value), current_stream(value, stream), value)


def _from_dlpack(value: _Exports) -> DeviceView:
    """By DLPack, told the stream in which the array will be used."""
    stream = current_stream(value, None)
    told = stream or 1  # the legacy default stream's number in DLPack
    try:
        capsule = value.__dlpack__(stream=told, max_version=(1, 0))
    except TypeError:
        capsule = value.__dlpack__(stream=told)
    tensor, read_only = capsule_tensor(capsule)
    dtype = next(
        (name for name, code in CODES.items() if (tensor.code, tensor.bits, tensor.lanes) == (*code, 1)), None
    )
    if dtype is None:
        raise BufferError(f"DLPack dtype {tensor.code}/{tensor.bits}/{tensor.lanes}")
    kind = to_numpy(as_dtype(dtype))
    shape = tuple(tensor.shape[: tensor.ndim])
    steps = tensor.strides[: tensor.ndim] if tensor.strides else None
    strides = None if steps is None else tuple(kind.itemsize * step for step in steps)
    array = stand_in((tensor.data or 0) + tensor.offset, shape, strides, kind, writeable=not read_only)
    return DeviceView(array, value.__dlpack_device__()[1], stream, capsule)


def stand_in(
    address: int,
    shape: tuple[int, ...],
    strides: tuple[int, ...] | None,
    dtype: np.dtype[np.generic],
    *,
    writeable: bool,
) -> Array:
    """A NumPy array over memory that this CPU must not touch: for its address, shape, strides and dtype."""
    if 0 in shape:
        made = np.empty(shape, dtype)
    else:
        steps = _row_major(shape, dtype.itemsize) if strides is None else strides
        reach = [step * (extent - 1) for step, extent in zip(steps, shape, strict=True)]
        below = -sum(step for step in reach if step < 0)
        size = below + sum(step for step in reach if step > 0) + dtype.itemsize
        memory = (ctypes.c_char * size).from_address(address - below)
        made = np.ndarray(shape, dtype, cast("bytearray", memory), below, steps)
    made.flags.writeable = writeable
    return made


def _row_major(shape: tuple[int, ...], itemsize: int) -> tuple[int, ...]:
    steps: list[int] = []
    step = itemsize
    for extent in reversed(shape):
        steps.append(step)
        step *= extent
    return tuple(reversed(steps))


# ---------------------------------------------------------------- streams and devices of libraries
def current_stream(value: object, said: int | None) -> int:
    """The stream in which the array's library works now: PyTorch's or CuPy's current one, else what the array says."""
    library = sys.modules.get(type(value).__module__.partition(".")[0])
    cuda = getattr(library, "cuda", None)
    for ask, field in (("current_stream", "cuda_stream"), ("get_current_stream", "ptr")):
        current = getattr(cuda, ask, None)
        if callable(current):
            found = getattr(current(), field, None)
            if isinstance(found, int):
                return found
    return DEFAULT_STREAM if said is None else said


def _ordinal(value: object) -> int | None:
    """The device's number: `.device.index` (PyTorch), `.device.id` (CuPy), or DLPack's."""
    device = getattr(value, "device", None)
    for field in ("index", "id"):
        found = getattr(device, field, None)
        if isinstance(found, int):
            return found
    ask = getattr(value, "__dlpack_device__", None)
    return cast("tuple[int, int]", ask())[1] if callable(ask) else None


# ---------------------------------------------------------------- results
def empty_like_library(like: object, shape: tuple[int, ...], dtype: str) -> object:
    """A new array of the library that `like` is of, on its device, contents undefined.

    Errors: C102 the library makes none that can be written.
    """
    library = _library(like)
    make = cast("Callable[..., object] | None", getattr(library, "empty", None))
    kind = getattr(library, dtype, None)
    if make is None or kind is None or _is_immutable(like):
        raise CallTypeError(
            "C102",
            f"{type(like).__module__.partition('.')[0]} makes no array of {dtype} that a kernel can fill",
            hint=["out=, an array in device memory"],
        )
    device = getattr(like, "device", None)
    try:
        return make(shape, dtype=kind, device=device)
    except TypeError:
        return make(shape, dtype=kind)


def _library(like: object) -> object:
    namespace = getattr(like, "__array_namespace__", None)
    return namespace() if callable(namespace) else sys.modules.get(type(like).__module__.partition(".")[0])


def _is_immutable(like: object) -> bool:
    """Whether arrays of its type are values, as JAX's are: one in device memory without item assignment."""
    return not hasattr(type(like), "__setitem__")
