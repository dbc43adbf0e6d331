"""A kernel with one of its barriers left out, as a choice at run time: one compilation shows what each barrier is for.

In: the build of a schedule for a GPU. Out: its bodies with every `__syncthreads()` numbered, emulated without one of them.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tdsl.codegen.cuda.artifact import CudaArtifact
from tdsl.codegen.interface import Interface
from tdsl.runtime.cuda.emulate import Emulated
from tdsl.runtime.cuda.hazards import Hazards
from tdsl.runtime.prepare import prepare

_BARRIER = re.compile(r"^( *)__syncthreads\(\);$", re.MULTILINE)

_CHOICE = """
extern "C" __attribute__((visibility("default"))) int tdsl_left_out = -1;
static TDSL_QUIET bool tdsl_waits(int number) { return number != tdsl_left_out; }
"""


class WithoutOne:
    """The kernel. barriers: how many there are, in either body; text: its CUDA C as it was emitted."""

    def __init__(self, artifact: CudaArtifact, interface: Interface) -> None:
        counts = {len(_BARRIER.findall(body.source)) for body in artifact.bodies}
        assert len(counts) == 1, "both bodies of a build wait where its loops do"
        self.text = artifact.bodies[0].source
        self.interface = interface
        (self.barriers,) = counts
        bodies = tuple(replace(body, source=_CHOICE + _numbered(body.source)) for body in artifact.bodies)
        self._emulated = Emulated(replace(artifact, bodies=bodies), self.interface)

    def hazards(self, left_out: int, arguments: Sequence[object]) -> Hazards:
        """What a run without barrier number `left_out` shows; -1 leaves all in."""
        call = prepare(self.interface, tuple(arguments), None, {})
        found = self._emulated.hazards(call)  # the first run of a body loads it
        if left_out < 0:
            return found
        loaded = [one.library for one in self._emulated._libraries.values()]
        choices = [ctypes.c_int.in_dll(library, "tdsl_left_out") for library in loaded]
        for choice in choices:
            choice.value = left_out
        try:
            return self._emulated.hazards(call)
        finally:
            for choice in choices:
                choice.value = -1


def _numbered(source: str) -> str:
    number = iter(range(len(source)))
    return _BARRIER.sub(lambda found: f"{found[1]}if (tdsl_waits({next(number)})) __syncthreads();", source)


def needless(kernel: WithoutOne, runs: Sequence[Sequence[np.ndarray]]) -> list[int]:
    """Barriers without which no run races."""
    return [
        number
        for number in range(kernel.barriers)
        if not any(kernel.hazards(number, arguments).races for arguments in runs)
    ]
