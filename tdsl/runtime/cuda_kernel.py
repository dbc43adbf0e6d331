"""Kernels for a GPU as `td.build` gives them: texts made when asked for, resources read from the image, calls launched.

In: an artifact (codegen/cuda), the loops it was made from, an Interface. Out: the `Origin` of a kernel and what runs
its calls. Nothing is compiled before somebody asks; nothing here needs a GPU but a call on one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, cast

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody
from tdsl.codegen.cuda.occupancy import number_of, occupancy
from tdsl.codegen.interface import Interface
from tdsl.errors import FormatError, TargetError
from tdsl.runtime.kernel import Kernel, Source

Run = Literal["device", "emulate"]
PICKLE_FORMAT = 1


class CudaBuilt:
    """The origin of a kernel for a GPU.

    Args:
        artifact: texts and launches.
        loops: Loop IR text it was made from.
        interface: of the kernel.
        run: on a device, or emulated on this CPU.
    """

    def __init__(self, artifact: CudaArtifact, loops: str, interface: Interface, run: Run = "device") -> None:
        self.artifact = artifact
        self.loops = loops
        self.interface = interface
        self.run: Run = run

    @property
    def target_text(self) -> str:
        return f"cuda:{self.artifact.architecture}" + (", emulated" if self.run == "emulate" else "")

    @property
    def body(self) -> CudaBody:
        """The body that is shown: the one for plain arrays."""
        return self.artifact.body("contiguous")

    def kernel(self) -> Kernel:
        """The kernel, ready to be called."""
        from tdsl.runtime.cuda.launcher import launcher

        return Kernel(self.interface, launcher(self.artifact, self.interface, self.run, self._image), self)

    def _image(self, body: CudaBody) -> bytes:
        """Machine code of a body. Errors: T103 T104 NVRTC; G141 an architecture it does not have."""
        from tdsl.codegen.cuda.nvrtc import compile_cuda

        return compile_cuda(body.source, self.artifact.architecture).cubin

    def source(self, what: Source) -> str:
        if what == "loops":
            return self.loops
        if what == "cuda":
            return self.body.source
        if what in ("llvm", "asm"):
            raise TargetError(
                "G108", f"a kernel for a GPU has no {what} source", hint=['f.source("cuda"), "ptx" or "sass"']
            )
        from tdsl.codegen.cuda.nvrtc import compile_cuda

        compiled = compile_cuda(self.body.source, self.artifact.architecture)
        if what == "ptx":
            return compiled.ptx
        from tdsl.codegen.cuda.disassembly import disassembled

        return disassembled(compiled.cubin)

    def resources(self) -> dict[str, object]:
        """What the compiled image needs; of several launches the most, and each under `kernels`."""
        from tdsl.codegen.cuda.cubin import kernels_of
        from tdsl.codegen.cuda.nvrtc import compile_cuda

        architecture = self.artifact.architecture
        compiled = compile_cuda(self.body.source, architecture)
        images = kernels_of(compiled.cubin, number_of(architecture))
        kernels: dict[str, dict[str, object]] = {}
        for launch in self.body.launches:
            image = images[launch.symbol]
            shared = image.shared_bytes + launch.dynamic_shared_bytes
            filled = occupancy(architecture, image.registers, shared, launch.threads)
            kernels[launch.symbol] = {
                "registers": image.registers,
                "spill_bytes": compiled.spill_bytes(launch.symbol),
                "local_bytes": image.local_bytes,
                "shared_bytes": shared,
                "threads": launch.threads,
                "code_bytes": image.code_bytes,
                "occupancy": filled.share,
                "blocks_per_multiprocessor": filled.blocks,
                "limited_by": filled.limited_by,
            }
        most = ("registers", "spill_bytes", "local_bytes", "shared_bytes", "threads", "code_bytes")
        total: dict[str, object] = {
            name: max(cast(int, one[name]) for one in kernels.values()) for name in most
        }
        total["occupancy"] = min(cast(float, one["occupancy"]) for one in kernels.values())
        return {**total, "kernels": kernels}

    def reduce(self) -> tuple[object, ...]:
        kept = (PICKLE_FORMAT, self.artifact.to_json(), self.loops, self.interface.to_json(), self.run)
        return cuda_kernel_again, kept

    def save(self, path: Path, cpus: Sequence[str] | None) -> tuple[Path, ...]:
        raise TargetError(
            "G108", f"{path.name}: kernels for a GPU are not saved as files", hint=["pickle.dumps(f)"]
        )


def cuda_kernel_again(number: int, artifact: str, loops: str, interface: str, run: Run) -> Kernel:
    """What pickle calls. Errors: C120 another format."""
    if number != PICKLE_FORMAT:
        raise FormatError("C120", f"a pickled kernel in format {number!r}, tdsl reads {PICKLE_FORMAT}")
    return CudaBuilt(CudaArtifact.from_json(artifact), loops, Interface.from_json(interface), run).kernel()
