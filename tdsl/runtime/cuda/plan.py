"""A checked call as launches: which body, which grids, and a value for each parameter.

In: an artifact, a `Prepared` call, where each array lies. Out: what cuLaunchKernel, or the emulator, is given.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody, CudaLaunch, DeviceBuffer, Parameter
from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface
from tdsl.dtypes import as_dtype, to_numpy
from tdsl.errors import CallValueError
from tdsl.runtime.prepare import Prepared
from tdsl.runtime.scalars import Number

if TYPE_CHECKING:
    import numpy as np

GRID_LIMITS = (2**31 - 1, 65535, 65535)
"""Blocks in x, y, z. Source: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability"."""

VECTOR_BYTES = 16
"""What the contiguous body asks of an array's address: the widest access."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Where an array lies on the device. strides: in bytes; writable: a kernel may store there."""

    address: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @property
    def is_dense(self) -> bool:
        """Row-major, and aligned for the widest access; an empty array is."""
        if self.address % VECTOR_BYTES:
            return False
        step = self.itemsize
        for extent, stride in zip(reversed(self.shape), reversed(self.strides), strict=True):
            if extent > 1 and stride != step:
                return 0 in self.shape
            step *= extent
        return True

    @property
    def steps_by_elements(self) -> bool:
        """Whether every stride is a number of elements, as the general body needs it."""
        return (
            all(stride % self.itemsize == 0 for stride in self.strides) and not self.address % self.itemsize
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """A call ready to launch. launches: (launch, grid); those without blocks are left out."""

    body: CudaBody
    launches: tuple[tuple[CudaLaunch, tuple[int, int, int]], ...]


def known_values(call: Prepared) -> dict[str, Number]:
    """Sizes and params by name."""
    return {**call.sizes, **call.scalar_values}


def plan(artifact: CudaArtifact, call: Prepared, layouts: Mapping[str, Layout]) -> Plan:
    """Body and grids. layouts: of the arguments. Errors: C130 a grid that no device launches."""
    known = known_values(call)
    body = artifact.chosen(known, contiguous=all(layout.is_dense for layout in layouts.values()))
    launches: list[tuple[CudaLaunch, tuple[int, int, int]]] = []
    for launch in body.launches:
        x, y, z = (int(extent.value(known)) for extent in launch.grid)
        if min(x, y, z) > 0:
            _check_grid(artifact, launch, (x, y, z))
            launches.append((launch, (x, y, z)))
    return Plan(body, tuple(launches))


def _check_grid(artifact: CudaArtifact, launch: CudaLaunch, grid: tuple[int, int, int]) -> None:
    for axis, extent, limit, formula in zip("xyz", grid, GRID_LIMITS, launch.grid, strict=True):
        if extent > limit:
            raise CallValueError(
                "C130",
                f"{artifact.name} would launch {extent} blocks in {axis}, a device takes {limit}",
                why=[f"block.{axis} has extent {formula.text}"],
                hint=["bind that loop to block.x, or split it and bind larger tiles"],
            )


def buffer_shape(buffer: DeviceBuffer, known: Mapping[str, Number]) -> tuple[int, ...]:
    """The extents of an intermediate."""
    return tuple(max(0, int(extent.value(known))) for extent in buffer.extents)


def buffer_dtype(buffer: DeviceBuffer) -> np.dtype[np.generic]:
    """The NumPy dtype of an intermediate's elements."""
    return to_numpy(as_dtype(buffer.dtype))


def arrays_of(interface: Interface) -> tuple[ArrayInterface, ...]:
    """Array arguments as `Prepared` lists them: inputs, then outputs."""
    return tuple(one for one in interface.arguments if isinstance(one, ArrayInterface))


def parameter_values(
    launch: CudaLaunch, interface: Interface, call: Prepared, layouts: Mapping[str, Layout]
) -> list[ctypes.c_uint64]:
    """Memory that begins with each parameter's bytes. layouts: of arguments and intermediates."""
    names = [one.name for one in interface.arguments if isinstance(one, ScalarInterface)]
    scalars = dict(zip(names, call.scalars, strict=True))
    return [_value(parameter, call, scalars, layouts) for parameter in launch.parameters]


def _value(
    parameter: Parameter,
    call: Prepared,
    scalars: Mapping[str, ctypes.c_uint64],
    layouts: Mapping[str, Layout],
) -> ctypes.c_uint64:
    match parameter.kind:
        case "array":
            return ctypes.c_uint64(layouts[parameter.name].address)
        case "stride":
            layout = layouts[parameter.name]
            return ctypes.c_uint64(layout.strides[parameter.dim] // layout.itemsize)
        case "size":
            return ctypes.c_uint64(call.sizes[parameter.name])  # little endian: an int32 is its first half
        case "scalar":
            return scalars[parameter.name]
