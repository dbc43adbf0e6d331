"""Runs checked calls on machine code: a `Prepared` call in, its outputs filled; bodies are loaded when first needed.

Two bodies of one signature (semantics C7): arrays that all lie row-major and element-aligned take the contiguous one,
anything else the general one. This is the ctypes way; the code of the entry calls the same bodies.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal, Protocol

import numpy as np

from tdsl.codegen.abi import Status
from tdsl.codegen.artifact import BodyKind
from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.errors import CallError, CallMemoryError, InternalError
from tdsl.records import dataclass
from tdsl.runtime.environment import environment_memory, process_environment
from tdsl.runtime.once import process_lock
from tdsl.runtime.overlap import address
from tdsl.runtime.prepare import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class LoadedBody:
    """One body in memory.

    Args:
        code: keeps it there.
        uses_environment: whether it uses the pool or the arena.
    """

    address: int
    code: object
    uses_environment: bool = True


class BodySink(Protocol):
    """Told where a body is once it is loaded: the context of a fast entry."""

    def set_body(self, kind: Literal["contiguous", "general"], address: int) -> None: ...


Entry = Callable[[object, object, int], int]
_PROTOTYPE = ctypes.CFUNCTYPE(ctypes.c_int32, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)


class NativeRun:
    """Runs prepared calls; loads each body when it is first needed.

    Args:
        interface: of the kernel.
        load: makes a body ready.
    """

    def __init__(self, interface: Interface, load: Callable[[BodyKind], LoadedBody]) -> None:
        self._interface = interface
        self._load = load
        self._bodies: dict[BodyKind, LoadedBody] = {}
        self._entries: dict[BodyKind, Entry] = {}
        self._sinks: list[weakref.ref[BodySink]] = []

    @property
    def bodies(self) -> tuple[BodyKind, ...]:
        """Those loaded so far."""
        return tuple(self._bodies)

    def load(self, kind: BodyKind) -> None:
        """Make a body ready; the contiguous one is loaded at build."""
        with process_lock():
            if kind in self._entries:
                return
            body = self._load(kind)
            if body.uses_environment:
                process_environment()
            self._bodies[kind] = body
            self._entries[kind] = _PROTOTYPE(body.address)
            for reference in self._sinks:
                sink = reference()
                if sink is not None:
                    sink.set_body(kind, body.address)

    def tell(self, sink: BodySink) -> None:
        """Tell a sink of the bodies loaded already, and of each that is loaded later while it lives."""
        with process_lock():
            self._sinks.append(weakref.ref(sink))
            for kind, body in self._bodies.items():
                sink.set_body(kind, body.address)

    def __call__(self, call: Prepared) -> None:
        """Run. Errors: C115 no scratch memory."""
        arrays = (*call.arrays, *call.outputs)
        kind: BodyKind = "contiguous" if all(map(is_contiguous, arrays)) else "general"
        if kind not in self._entries:
            self.load(kind)
        inputs, scalars, outputs = iter(call.arrays), iter(call.scalars), iter(call.outputs)
        pointers: list[int] = []
        strides: list[int] = []
        for argument in self._interface.arguments:
            if isinstance(argument, ArrayInterface):
                array = next(inputs) if argument.role == "input" else next(outputs)
                pointers.append(address(array))
                strides += array.strides
            else:
                pointers.append(ctypes.addressof(next(scalars)))
        data = (ctypes.c_void_p * max(1, len(pointers)))(*pointers)
        sizes = [call.sizes[size.name] for size in self._interface.sizes]
        environment = ctypes.addressof(environment_memory())
        status = self._entries[kind](data, _integers([*sizes, *strides]), environment)
        if status:
            raise failure(self._interface.name, status)


def failure(name: str, status: int) -> CallError | InternalError:
    """The error of a status that is not 0."""
    if status == Status.OUT_OF_MEMORY:
        return CallMemoryError(
            "C115", f"{name} ran out of scratch memory", why=["its outputs may be partly written"]
        )
    return InternalError(f"{name} returned {status}", pass_name="runtime.native_run")


def is_contiguous(array: NDArray[np.generic]) -> bool:
    """Row-major and element-aligned: what the contiguous body takes (semantics C7)."""
    return bool(array.flags.c_contiguous and array.flags.aligned)


def _integers(values: Sequence[int]) -> ctypes.Array[ctypes.c_int64]:
    return (ctypes.c_int64 * max(1, len(values)))(*values)
