"""How a CUDA build is run: an artifact in, something that runs checked calls out; the seam to pipeline.py."""

from __future__ import annotations

from typing import Literal

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody
from tdsl.codegen.interface import Interface
from tdsl.runtime.cuda.device_run import OnDevice
from tdsl.runtime.cuda.emulate import Emulated

Run = Literal["device", "emulate"]


def launcher(artifact: CudaArtifact, interface: Interface, run: Run) -> OnDevice | Emulated:
    """Runs calls of a build.

    Args:
        run: "device" (that of the arrays, or the first one) or "emulate" (the emitted code on this CPU, checked).

    Errors: none now; each call raises what is missing then.
    """
    if run == "emulate":
        return Emulated(artifact, interface)
    return OnDevice(artifact, interface, lambda body: machine_code(artifact, body))


def machine_code(artifact: CudaArtifact, body: CudaBody) -> bytes:
    """The image of a body for the build's architecture. Errors: T1xx no NVRTC."""
    from tdsl.codegen.cuda.nvrtc import compile_cuda  # loads a library of 60 MB

    return compile_cuda(body.source, artifact.architecture).cubin
