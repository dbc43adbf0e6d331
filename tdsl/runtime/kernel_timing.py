"""How long a kernel takes, with what it did meanwhile: a `Timing` and counts in, rates out."""

from __future__ import annotations

from tdsl.records import dataclass
from tdsl.runtime.timing import Timing


@dataclass(frozen=True, slots=True)
class KernelTiming:
    """How long a kernel takes. operations: arithmetic operations a call; bytes: of all arguments, each counted once."""

    name: str
    timing: Timing
    operations: int
    bytes: int

    @property
    def median_s(self) -> float:
        """Median seconds a call."""
        return self.timing.median_s

    @property
    def gflops(self) -> float:
        """10^9 arithmetic operations a second, at the median."""
        return self.operations / self.median_s / 1e9 if self.median_s else 0.0

    @property
    def gbytes(self) -> float:
        """10^9 bytes of arguments a second, at the median."""
        return self.bytes / self.median_s / 1e9 if self.median_s else 0.0

    def __str__(self) -> str:
        return f"{self.name}: {self.timing}, {self.gflops:.1f} GFLOP/s, {self.gbytes:.1f} GB/s"
