"""The thirty kernels by name, each with its schedule by hand where there is one."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.polybench import blas, hand, medley, products, solvers, stencils
from benchmarks.polybench.kernel import Kernel

KERNELS: dict[str, Kernel] = {
    kernel.name: replace(kernel, hand=getattr(hand, kernel.identifier, None))
    for family in (blas, products, solvers, medley, stencils)
    for kernel in family.KERNELS
}
