"""PolyBench 4.2: thirty kernels as tdsl programs, beside C and Numba (`python -m benchmarks polybench`)."""

from benchmarks.polybench.measure import measure

__all__ = ["measure"]
