"""How long a kernel takes, with what it did meanwhile: a `Timing` and counts in, rates out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tdsl.records import dataclass
from tdsl.runtime.timing import Timing

if TYPE_CHECKING:
    from tdsl.runtime.roofline import Roofline


@dataclass(frozen=True, slots=True)
class KernelTiming:
    """How long a kernel takes.

    operations: arithmetic operations a call; bytes: of all arguments, each counted once; roofline: what the machine
    reached in the same moment, None where that is not known (a GPU, the interpreter, code loaded from a file).
    """

    name: str
    timing: Timing
    operations: int
    bytes: int
    roofline: Roofline | None = None

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

    @property
    def share(self) -> float | None:
        """Of the roofline: the least time that operations and bytes need on this machine over the median. Above 1 where
        values stay in a cache nearer than the one that the bandwidth was measured in.
        """
        if self.roofline is None or not self.median_s:
            return None
        return self.roofline.least_seconds(self.operations, self.bytes) / self.median_s

    def __str__(self) -> str:
        rates = f"{self.gflops:.1f} GFLOP/s, {self.gbytes:.1f} GB/s"
        share = "" if self.share is None else f", {100 * self.share:.2g} % of the roofline"
        return f"{self.name}: {self.timing}, {rates}{share}"
