"""How a CUDA build is run: an artifact in, something that runs checked calls out; the seam to pipeline.py."""

from __future__ import annotations

from typing import Literal

from tdsl.codegen.cuda.artifact import CudaArtifact
from tdsl.codegen.interface import Interface
from tdsl.runtime.cuda.device_run import Image, OnDevice
from tdsl.runtime.cuda.emulate import Emulated

Run = Literal["device", "emulate"]


def launcher(artifact: CudaArtifact, interface: Interface, run: Run, image: Image) -> OnDevice | Emulated:
    """Runs calls of a build.

    Args:
        run: "device" (that of the arrays, or the first one) or "emulate" (the emitted code on this CPU, checked).
        image: compiles a body for the build's architecture; asked for at the first call on a device.

    Errors: none now; each call raises what is missing then.
    """
    return Emulated(artifact, interface) if run == "emulate" else OnDevice(artifact, interface, image)
