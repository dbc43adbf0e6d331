"""How a CUDA build is run: an artifact in, something that runs checked calls out; the seam to pipeline.py."""

from __future__ import annotations

from typing import Literal

from tdsl.codegen.cuda.artifact import CudaArtifact
from tdsl.codegen.interface import Interface
from tdsl.runtime.cuda.emulate import Emulated

Run = Literal["device", "emulate"]


def launcher(artifact: CudaArtifact, interface: Interface, run: Run) -> Emulated:
    """Runs calls of a build.

    Args:
        run: "device" (the first CUDA device) or "emulate" (the emitted code on this CPU, checked).

    Errors: none now; each call raises what is missing then.
    """
    assert run == "emulate"
    return Emulated(artifact, interface)
