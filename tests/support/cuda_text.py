"""Hand-written CUDA C as a build: kernels of one launch, for tests of what runs them without what emits them.

In: a kernel's text, its grid and block, arrays. Out: an artifact and interface, run in the emulator.
"""

from dataclasses import dataclass

import numpy as np

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody, CudaLaunch, DeviceBuffer, Parameter
from tdsl.codegen.formula import Formula
from tdsl.codegen.interface import ArrayInterface, Interface
from tdsl.runtime.cuda.emulate import Emulated
from tdsl.runtime.cuda.hazards import Hazards
from tdsl.runtime.prepare import Prepared, prepare


@dataclass
class Text:
    """A kernel `k` of CUDA C. arrays: name -> (dtype, shape), outputs last; block, grid: threads and blocks in x, y, z."""

    source: str
    arrays: dict[str, tuple[str, tuple[int, ...]]]
    outputs: int = 1
    block: tuple[int, int, int] = (32, 1, 1)
    grid: tuple[int, int, int] = (1, 1, 1)
    dynamic: int = 0
    buffers: tuple[DeviceBuffer, ...] = ()
    launches: tuple[CudaLaunch, ...] = ()

    @property
    def interface(self) -> Interface:
        last = len(self.arrays) - self.outputs
        arguments = tuple(
            ArrayInterface(name, dtype, tuple(Formula(str(e), (), e) for e in shape),
                           "input" if place < last else "output")
            for place, (name, (dtype, shape)) in enumerate(self.arrays.items())
        )  # fmt: skip
        return Interface("k", (), arguments)

    @property
    def artifact(self) -> CudaArtifact:
        body = CudaBody("contiguous", self.source, self.launches or (self.launch("k", *self.arrays),))
        return CudaArtifact("k", "sm_90", (body,), self.buffers)

    def launch(self, symbol: str, *names: str) -> CudaLaunch:
        grid = tuple(Formula(str(extent), (), extent) for extent in self.grid)
        known = {name: dtype for name, (dtype, _) in self.arrays.items()} | {
            b.name: b.dtype for b in self.buffers
        }
        parameters = tuple(Parameter("array", name, known[name]) for name in names)
        return CudaLaunch(symbol, grid, self.block, self.dynamic, parameters, (), ())

    def prepared(self, *inputs: np.ndarray) -> Prepared:
        return prepare(self.interface, inputs, None, {})

    def hazards(self, *inputs: np.ndarray) -> tuple[Hazards, np.ndarray]:
        """What the emulator says, and the first output."""
        call = self.prepared(*inputs)
        return Emulated(self.artifact, self.interface).hazards(call), call.outputs[0]


class Nowhere:
    """An origin for kernels that come from hand-written text."""

    target_text = "cuda:sm_90"


def floats(*shape: int) -> np.ndarray:
    """Distinct float32 values."""
    return np.arange(int(np.prod(shape)), dtype="f").reshape(shape) + np.float32(0.5)
