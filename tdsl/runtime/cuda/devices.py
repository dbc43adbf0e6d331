"""The devices that could run a kernel: `td.devices("cuda")`; and what `tdsl info` says of CUDA."""

from __future__ import annotations

from dataclasses import dataclass

from tdsl.codegen.cuda.nvrtc import describe_nvrtc
from tdsl.errors import ArgumentError, MissingTool
from tdsl.location import here, hide_internal_frames
from tdsl.runtime.cuda.compiler import find_compiler
from tdsl.runtime.cuda.driver import architecture_of, cuda_driver
from tdsl.target import Target


@dataclass(frozen=True, slots=True)
class Device:
    """A CUDA device.

    Args:
        index: its number for the driver.
        name: as NVIDIA calls it.
        capability: compute capability, (9, 0).
        multiprocessors: streaming multiprocessors.
        memory_bytes: global memory.
        target: what to build for it.
    """

    index: int
    name: str
    capability: tuple[int, int]
    multiprocessors: int
    memory_bytes: int
    target: Target


@hide_internal_frames
def devices(kind: str = "cuda") -> tuple[Device, ...]:
    """The devices of a kind that kernels can run on here; empty where there is none.

    Args:
        kind: "cuda".

    Errors: G163 another kind. `tdsl info` says why there is none.
    """
    if kind != "cuda":
        raise ArgumentError("G163", f"no devices of kind {kind!r}", where=here(), hint=['td.devices("cuda")'])
    try:
        driver = cuda_driver()
    except MissingTool:
        return ()
    return tuple(
        Device(
            index,
            driver.device_name(index),
            driver.capability(index),
            driver.multiprocessors(index),
            driver.device_memory(index),
            architecture_of(driver.capability(index)),
        )
        for index in range(driver.device_count())
    )


def cuda_rows() -> tuple[tuple[str, str], ...]:
    """(what, text) for `tdsl info`: the driver, each device, the compiler of CUDA C, and what emulation needs."""
    devices_found = tuple(("device", line) for line in device_lines())
    compiler = ("NVRTC", describe_nvrtc().removeprefix("NVRTC "))
    return (("CUDA", driver_text()), *devices_found, compiler, ("emulator", emulator_text()))


def emulator_text() -> str:
    """The C++ compiler that emulates, or why there is none."""
    try:
        return find_compiler().version
    except MissingTool as missing:
        return f"{missing.what} ({missing.why[0]})"


def driver_text() -> str:
    """One line: the driver's version, or why there is none."""
    try:
        major, minor = cuda_driver().version()
    except MissingTool as missing:
        return f"{missing.what} ({missing.why[0]})"
    return f"NVIDIA's driver, for CUDA {major}.{minor}"


def device_lines() -> tuple[str, ...]:
    """One line a device."""
    return tuple(
        f"{one.name}, {one.target.mcpu}, {one.multiprocessors} multiprocessors, {one.memory_bytes / 2**30:.3g} GiB"
        for one in devices()
    )
