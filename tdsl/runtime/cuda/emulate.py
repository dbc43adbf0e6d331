"""Runs a CUDA build on the CPU: each call copies its arrays, runs the emitted CUDA C in the emulator, copies back.

In: an artifact and a checked call. Out: filled outputs; or, asked for `hazards`, what every access of every thread
showed. A plain call watches bounds and barriers only, and raises where one is broken: a schedule that was accepted
never does that.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tdsl.codegen.cuda.artifact import BodyKind, CudaArtifact, CudaBody
from tdsl.codegen.interface import Interface
from tdsl.errors import InternalError
from tdsl.runtime.cuda.emulated_code import EmulatedLibrary
from tdsl.runtime.cuda.findings import hazards_of
from tdsl.runtime.cuda.hazards import Hazards
from tdsl.runtime.cuda.plan import (
    Layout,
    arrays_of,
    buffer_dtype,
    buffer_shape,
    known_values,
    parameter_values,
    plan,
)  # fmt: skip
from tdsl.runtime.cuda.session import DeviceArray, Session, fresh
from tdsl.runtime.prepare import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]


class Emulated:
    """Runs checked calls in the emulator.

    Args:
        artifact: of the build.
        interface: of its kernel.
    """

    def __init__(self, artifact: CudaArtifact, interface: Interface) -> None:
        self._artifact = artifact
        self._interface = interface
        self._libraries: dict[BodyKind, EmulatedLibrary] = {}
        self._lock = threading.Lock()

    def __call__(self, call: Prepared) -> None:
        """Fill the outputs. Errors: C115, C130; T110, T111; I999 a broken bound or barrier."""
        hazards = self._run(call, record=False)
        if hazards.found:
            raise InternalError(
                f"emulated {self._artifact.name} goes wrong",
                pass_name="codegen.cuda",
                why=[str(one) for one in hazards.found[:4]],
            )

    def hazards(self, call: Prepared) -> Hazards:
        """Fill the outputs and say what every access showed. Errors: C115, C130; T110, T111."""
        return self._run(call, record=True)

    def _run(self, call: Prepared, *, record: bool) -> Hazards:
        arguments = arrays_of(self._interface)
        inputs = len(call.arrays)
        given = dict(zip((one.name for one in arguments), (*call.arrays, *call.outputs), strict=True))
        memory = {
            name: as_on_device(array, place < inputs) for place, (name, array) in enumerate(given.items())
        }
        planned = plan(self._artifact, call, {name: _layout(array) for name, array in memory.items()})
        known = known_values(call)
        buffers = {
            one.name: fresh(buffer_shape(one, known), buffer_dtype(one)) for one in self._artifact.buffers
        }
        names = [*memory, *buffers]
        written = {one.name for one in arguments[inputs:]} | set(buffers)
        arrays = [
            DeviceArray(name, {**memory, **buffers}[name], name not in written, name in written)
            for name in names
        ]
        layouts = {one.name: _layout(one.array) for one in arrays}
        library = self._library(planned.body)
        with library.lock:
            session = Session(library, arrays, record=record)
            try:
                for launch, grid in planned.launches:
                    values = parameter_values(launch, self._interface, call, layouts)
                    session.launch(launch, grid, values)
                result = hazards_of(self._artifact.name, library, session, planned.launches)
            finally:
                session.close()
        _copy_back(memory, given, written)
        return result

    def _library(self, body: CudaBody) -> EmulatedLibrary:
        with self._lock:
            found = self._libraries.get(body.kind)
            if found is None:
                label = f"{self._artifact.name}, {body.kind} body, emulated {self._artifact.architecture}"
                found = self._libraries[body.kind] = EmulatedLibrary(body, label)
            return found


def _copy_back(memory: Mapping[str, Array], given: Mapping[str, Array], written: set[str]) -> None:
    for name, array in given.items():
        if name in written:
            array[...] = memory[name]


def _layout(array: Array) -> Layout:
    return Layout(array.ctypes.data, array.shape, array.strides, array.itemsize)


def as_on_device(array: Array, is_input: bool) -> Array:
    """A copy in device-like memory that is laid out as the array is, so that both bodies of a build can be run.

    What repeats or overlaps itself, or steps by less than elements, is laid out row-major.
    """
    values = array if is_input else None
    steps = [
        (abs(stride), extent) for stride, extent in zip(array.strides, array.shape, strict=True) if extent > 1
    ]
    reach, separate = array.itemsize, True
    for stride, extent in sorted(steps):
        separate = separate and stride >= reach and stride % array.itemsize == 0
        reach = stride * (extent - 1) + reach
    if array.flags.c_contiguous or not array.size or not separate:
        return fresh(array.shape, array.dtype, values)
    memory = fresh((reach // array.itemsize,), array.dtype)
    below = sum(
        -stride * (extent - 1)
        for stride, extent in zip(array.strides, array.shape, strict=True)
        if stride < 0
    )
    made = np.lib.stride_tricks.as_strided(memory[below // array.itemsize :], array.shape, array.strides)
    if values is not None:
        made[...] = values
    return made
