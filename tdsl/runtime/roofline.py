"""The roofline of one call: what this machine reaches just now for so many operations and bytes.

In: bytes and dtypes of a call, threads. Out: a frozen `Roofline`. Measured anew each time, in about 0.3 s: clock speed and
neighbours change from minute to minute. Source: Williams, Waterman, Patterson, "Roofline", CACM 52(4), 2009.
"""

from __future__ import annotations

from tdsl.records import dataclass
from tdsl.runtime.machine_info import (
    fma_peak_gflops,
    load_measurement_kernels,
    stream_gbs,
)


@dataclass(frozen=True, slots=True)
class Roofline:
    """What bounds a call. peak_gflops: 10^9 arithmetic operations a second on `threads` threads, a fused multiply-add
    counted as two; stream_gbs: 10^9 bytes a second, copied between arrays as large as the call's together.
    """

    peak_gflops: float
    stream_gbs: float
    threads: int

    def least_seconds(self, operations: int, size_bytes: int) -> float:
        """What a call takes at least if its arithmetic runs at the peak and each byte moves once."""
        return max(operations / self.peak_gflops, size_bytes / self.stream_gbs) / 1e9


def measure_roofline(size_bytes: int, item_bytes: int, threads: int) -> Roofline:
    """Measure this machine now.

    Args:
        size_bytes: of all arrays of the call.
        item_bytes: of one value: the peak of float64 is half of float32's. Narrower values than float32 count as it.
        threads: 1, or those of the pool.
    """
    code = load_measurement_kernels()
    peak = fma_peak_gflops(code) * threads * min(1.0, 4 / item_bytes)
    return Roofline(peak, stream_gbs(code, size_bytes // 2, parallel=threads > 1), threads)
