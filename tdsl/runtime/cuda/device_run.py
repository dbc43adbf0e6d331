"""Runs a CUDA build on a device: NumPy arrays are copied there and back, arrays in device memory are used where they lie.

In: an artifact, a checked call, views of the arrays that are in device memory. Out: filled outputs. A call whose arrays
are all in device memory waits for nothing; one with a NumPy output waits for its stream, to copy it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from tdsl.codegen.cuda.artifact import BodyKind, CudaArtifact, CudaBody, CudaLaunch
from tdsl.codegen.interface import Interface
from tdsl.errors import CallValueError, TargetError
from tdsl.runtime.cuda.device_arrays import DEFAULT_STREAM, DeviceView
from tdsl.runtime.cuda.driver import Driver, architecture_of, cuda_driver
from tdsl.runtime.cuda.plan import (
    Layout,
    arrays_of,
    buffer_dtype,
    buffer_shape,
    known_values,
    parameter_values,
    plan,
)  # fmt: skip
from tdsl.runtime.prepare import Prepared

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[np.generic]

Image = Callable[[CudaBody], bytes]
"""Compiles a body for the build's architecture."""


@dataclass(slots=True)
class _Memory:
    """Device memory of one call, on one stream; all that is held is freed at the end."""

    driver: Driver
    stream: int
    held: ExitStack
    name: str
    layouts: dict[str, Layout] = field(default_factory=dict[str, Layout])

    def take(self, what: str, shape: tuple[int, ...], itemsize: int) -> Layout:
        """Memory for a row-major array."""
        size = itemsize * int(np.prod(shape, dtype=object))
        address = self.driver.allocate(size, self.stream, f"{what} of {self.name} ({size} bytes)")
        self.held.callback(self.driver.free, address, self.stream)
        steps = [itemsize * int(np.prod(shape[dim + 1 :], dtype=object)) for dim in range(len(shape))]
        return Layout(address, shape, tuple(steps), itemsize)

    def copy_in(self, what: str, values: Array) -> Layout:
        """A row-major copy of a NumPy array."""
        dense = np.ascontiguousarray(values).reshape(values.shape)
        layout = self.take(what, dense.shape, dense.itemsize)
        if dense.nbytes:
            doing = f"copying {what} to the device"
            self.driver.to_device(layout.address, dense.ctypes.data, dense.nbytes, self.stream, doing)
        return layout

    def copy_out(self, what: str, layout: Layout, into: Array) -> None:
        """Fill a NumPy array; waits for the stream."""
        dense = into if into.flags.c_contiguous else np.empty(into.shape, into.dtype)
        if dense.nbytes:
            doing = f"copying {what} from the device"
            self.driver.to_host(dense.ctypes.data, layout.address, dense.nbytes, self.stream, doing)
        self.driver.wait(self.stream, f"running {self.name}")
        if dense is not into:
            into[...] = dense

    def dense_copy(self, what: str, view: Layout, dtype: np.dtype[np.generic]) -> Layout:
        """A row-major copy of an array in device memory, through the host: for layouts that kernels cannot step."""
        return self.copy_in(what, self.host_copy(what, view, dtype))

    def host_copy(self, what: str, view: Layout, dtype: np.dtype[np.generic]) -> Array:
        """The elements of an array in device memory; waits for the stream."""
        if 0 in view.shape:
            return np.empty(view.shape, dtype)
        reach = [step * (extent - 1) for step, extent in zip(view.strides, view.shape, strict=True)]
        below = -sum(step for step in reach if step < 0)
        span = np.empty(below + sum(step for step in reach if step > 0) + view.itemsize, np.uint8)
        doing = f"copying {what} from the device"
        self.driver.to_host(span.ctypes.data, view.address - below, span.nbytes, self.stream, doing)
        self.driver.wait(self.stream, doing)
        return np.ndarray(view.shape, dtype, span, below, view.strides)


class OnDevice:
    """Runs checked calls on a device.

    Args:
        artifact: of the build.
        interface: of its kernel.
        image: compiles a body.
    """

    def __init__(self, artifact: CudaArtifact, interface: Interface, image: Image) -> None:
        self._artifact = artifact
        self._interface = interface
        self._image = image
        self._modules: dict[tuple[int, BodyKind], int] = {}
        self._images: dict[BodyKind, bytes] = {}
        self._lock = threading.Lock()

    def __call__(self, call: Prepared) -> None:
        """Run a call whose arrays are NumPy's. Errors: as `run`."""
        self.run(call, {})

    def run(self, call: Prepared, views: Mapping[str, DeviceView]) -> None:
        """Run a call.

        Args:
            views: the arguments that are in device memory, by name.

        Errors: T112, T113 no driver or device; G164 another architecture; C130-C133 launches, device errors, memory.
        """
        driver = cuda_driver()
        device, stream = place_of(views)
        self._check_architecture(driver, device)
        with driver.current(device), ExitStack() as held:
            memory = _Memory(driver, stream, held, self._artifact.name)
            arguments = arrays_of(self._interface)
            given = dict(zip((one.name for one in arguments), (*call.arrays, *call.outputs), strict=True))
            outputs = [one.name for one in arguments if one.role == "output"]
            for name, array in given.items():
                memory.layouts[name] = self._placed(memory, name, array, views, given, outputs)
            planned = plan(self._artifact, call, memory.layouts)
            known = known_values(call)
            for buffer in self._artifact.buffers:
                memory.layouts[buffer.name] = memory.take(
                    buffer.name, buffer_shape(buffer, known), buffer_dtype(buffer).itemsize
                )
            for launch, grid in planned.launches:
                function = self._function(driver, device, planned.body, launch)
                values = parameter_values(launch, self._interface, call, memory.layouts)
                driver.launch(
                    function, launch.symbol, grid, launch.block, launch.dynamic_shared_bytes, stream, values
                )
            for name in outputs:
                if name not in views:
                    memory.copy_out(name, memory.layouts[name], given[name])

    def host_copy(self, name: str, view: DeviceView) -> Array:
        """The elements of an argument in device memory; waits for them. Errors: as `run`."""
        driver = cuda_driver()
        with driver.current(view.device or 0), ExitStack() as held:
            memory = _Memory(driver, view.stream, held, self._artifact.name)
            return memory.host_copy(name, view.layout, view.stand_in.dtype)

    def array_call(self, interface: Interface) -> Callable[..., object]:
        """What `Kernel` calls with the user's arguments: arrays in device memory are taken, too."""
        from tdsl.runtime.cuda.device_call import DeviceCall

        return DeviceCall(interface, self)

    def _placed(
        self,
        memory: _Memory,
        name: str,
        array: Array,
        views: Mapping[str, DeviceView],
        given: Mapping[str, Array],
        outputs: list[str],
    ) -> Layout:
        """Where an argument lies for the kernels: in place, or in a copy."""
        view = views.get(name)
        if view is None:
            if name in outputs:
                return memory.take(name, array.shape, array.itemsize)
            return memory.copy_in(name, array)
        layout = view.layout
        if name in outputs:
            if not layout.steps_by_elements:
                raise CallValueError(
                    "C133",
                    f"out for {name} steps by less than its elements",
                    why=[f"strides {layout.strides} bytes"],
                )
            return layout
        # A kernel promises the compiler that its inputs are not written (`__restrict__`).
        shared = any(
            other in views and views[other].layout.address == layout.address and given[other].size
            for other in outputs
        )
        if layout.steps_by_elements and not shared:
            return layout
        return memory.dense_copy(name, layout, array.dtype)

    def _check_architecture(self, driver: Driver, device: int) -> None:
        wanted = self._artifact.architecture
        found = driver.capability(device)
        if not runs_on(wanted, found):
            fitting = architecture_of(found).spelling
            raise TargetError(
                "G164",
                f"a kernel for {wanted} does not run on {driver.device_name(device)}, which is sm_{found[0]}{found[1]}",
                hint=[f"td.build(s, target={fitting!r})", 'td.build(s, target=td.devices("cuda")[0].target)'],
            )

    def _function(self, driver: Driver, device: int, body: CudaBody, launch: CudaLaunch) -> int:
        with self._lock:
            module = self._modules.get((device, body.kind))
            if module is None:
                image = self._images.get(body.kind)
                if image is None:
                    image = self._images[body.kind] = self._image(body)
                module = driver.load(image, f"loading {self._artifact.name}")
                self._modules[device, body.kind] = module
        return driver.function(module, launch.symbol, launch.dynamic_shared_bytes)


def place_of(views: Mapping[str, DeviceView]) -> tuple[int, int]:
    """Device and stream of a call. Errors: C134 arrays on two devices."""
    devices = {view.device: name for name, view in views.items() if view.device is not None}
    if len(devices) > 1:
        listed = ", ".join(f"{name} on {device}" for device, name in devices.items())
        raise CallValueError("C134", "the arrays lie on more than one device", why=[listed])
    stream = next((view.stream for view in views.values()), DEFAULT_STREAM)
    return next(iter(devices), 0), stream


def runs_on(architecture: str, capability: tuple[int, int]) -> bool:
    """Whether an image for "sm_86" runs on a device: same major version, and no later a minor one.

    One for "sm_90a" runs on that very version only. Source: CUDA C++ Programming Guide, "Binary Compatibility".
    """
    digits = architecture.removeprefix("sm_")
    number = int(digits.rstrip("af"))
    major, minor = divmod(number, 10)
    if digits.endswith("a"):
        return (major, minor) == capability
    return major == capability[0] and minor <= capability[1]
