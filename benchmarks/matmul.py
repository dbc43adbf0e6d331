"""`packed` and `blocked` of 01 beside NumPy's BLAS: threads in; rows with rate, share of the FMA peak and bits out.

The target is at least 0.92 of OpenBLAS for the better of the two, float32, one thread.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

import tdsl as td
from benchmarks import peers, programs, record
from benchmarks.timing import interleaved


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """512, 1024 and 2048 cubed; every candidate's bits are compared with the plain schedule's."""
    for n in (64, 128) if quick else (512, 1024, 2048):
        yield from measure_size(n, threads, rounds=3 if quick else 9)


def measure_size(n: int, threads: int, rounds: int) -> Iterator[record.Line]:
    """Three rows: `packed`, `blocked`, NumPy, in alternating rounds; the FMA peak is measured right after them."""
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal((n, n), dtype=np.float32) for _ in range(2))
    c = np.empty((n, n), np.float32)
    schedules = programs.matmul(n, n, n, td.Target().vector_bits // 32)
    kernels = {name: td.build(schedules[name]) for name in ("plain", "packed", "blocked")}
    plain = kernels.pop("plain")(a, b)
    calls: dict[str, Callable[[], object]] = {
        f"tdsl {name}": partial(kernel, a, b, out=c) for name, kernel in kernels.items()
    }
    numpy = peers.version("numpy")
    taken = interleaved(calls | {numpy: partial(np.matmul, a, b, out=c)}, rounds)
    peak = fma_peak() * threads
    for who, seconds in taken.items():
        line = record.row(
            "matmul", str(n), who, seconds=seconds, work=2.0 * n**3, unit="FLOP", threads=threads
        )
        line["share"] = float(str(line["rate"])) / peak
        if who == numpy:
            yield line | {"peer": True, "note": f"{peers.blas()}, {peers.pinned()}"}
        else:
            yield line | {"bits_equal": bool(np.array_equal(kernels[who.removeprefix("tdsl ")](a, b), plain))}


def fma_peak() -> float:
    """The FMA peak of one core, float32 operations a second, measured now."""
    return td.machine_info().fma_peak_gflops * 1e9
