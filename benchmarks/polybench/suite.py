"""The thirty kernels by name."""

from __future__ import annotations

from benchmarks.polybench import blas, medley, products, solvers, stencils
from benchmarks.polybench.kernel import Kernel

KERNELS: dict[str, Kernel] = {
    kernel.name: kernel for family in (blas, products, solvers, medley, stencils) for kernel in family.KERNELS
}
