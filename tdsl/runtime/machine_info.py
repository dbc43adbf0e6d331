"""The machine that kernels run on, found and measured: nothing in, a frozen `MachineInfo` and its text out.

Found: CPU model, vector width, cores by affinity and quota, cache sizes, LLVM. Measured, in under 1.5 s: the peak of
fused multiply-adds on one core and the bandwidth of copy and triad on one thread and on all. A roofline is only worth
the minute it was measured in: clock speed and neighbours change (shared/design/research/codegen.md: ±5 % a minute).
"""

from __future__ import annotations

import ctypes
import mmap
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tdsl.codegen.llvm_library import LLVM_VERSION
from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.arena import physical_memory_bytes
from tdsl.runtime.cuda.devices import cuda_rows
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.measurement_kernels import (
    COPY_ENTRY,
    FMA_ENTRY,
    MEASUREMENT_ENTRIES,
    TRIAD_ENTRY,
    flop_per_iteration,
    measurement_text,
)
from tdsl.runtime.pool import process_pool
from tdsl.runtime.processors import Processors, count_processors
from tdsl.runtime.timing import Timing, measure

_ROOT = Path("/")
_CHUNK_BYTES = 1 << 18
_LEAST_ARRAY_BYTES, _MOST_ARRAY_BYTES = 1 << 25, 1 << 27


@dataclass(frozen=True, slots=True)
class Caches:
    """Data caches that one core sees, in bytes; None where the system does not say."""

    l1_bytes: int | None
    l2_bytes: int | None
    l3_bytes: int | None


@dataclass(frozen=True, slots=True)
class MachineInfo:
    """What a kernel can reach on this machine.

    Args:
        cpu_model: as the system calls it.
        target: the host as a target: CPU, vectors, FMA.
        vector_bits: widest vector register.
        llvm_version: of the LLVM that compiles kernels.
        processors: logical CPUs by affinity, quota in cores.
        threads: threads of the pool now.
        caches: data caches.
        memory_bytes: physical memory.
        fma_peak_gflops: float32 of one core, in 1e9 operations a second, a fused multiply-add is two.
        copy_one_gbs, triad_one_gbs: one thread, 1e9 bytes a second, reads and writes of the program counted.
        copy_all_gbs, triad_all_gbs: all threads of the pool.
        cuda: (what, text) of each part that CUDA kernels need: found, or why not.
    """

    cpu_model: str
    target: str
    vector_bits: int
    llvm_version: str
    processors: Processors
    threads: int
    caches: Caches
    memory_bytes: int
    fma_peak_gflops: float
    copy_one_gbs: float
    triad_one_gbs: float
    copy_all_gbs: float
    triad_all_gbs: float
    cuda: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        """The lines of `tdsl info`."""
        return render(self)


def machine_info() -> MachineInfo:
    """Find and measure this machine now; nothing is remembered.

    Errors: G107 kernels cannot run on this system.
    """
    target = host_target()
    caches = cache_sizes()
    code = load_measurement_kernels()
    stream = _Stream(code, array_bytes(caches))
    one, everyone = stream.measure(), stream.measure(parallel=True)
    stream.close()
    return MachineInfo(
        cpu_model=cpu_model(),
        target=str(target),
        vector_bits=target.vector_bits,
        llvm_version=LLVM_VERSION,
        processors=count_processors(),
        threads=process_pool().threads,
        caches=caches,
        memory_bytes=physical_memory_bytes(),
        fma_peak_gflops=fma_peak_gflops(code),
        copy_one_gbs=one[0],
        triad_one_gbs=one[1],
        copy_all_gbs=everyone[0],
        triad_all_gbs=everyone[1],
        cuda=cuda_rows(),
    )


def render(info: MachineInfo) -> str:
    """The lines of `tdsl info`."""
    quota = info.processors.quota_cores
    cores = f"{info.processors.affinity} by affinity, " + (
        "no quota" if quota is None else f"quota of {quota:.3g} cores"
    )
    caches = ", ".join(
        f"{name} {bytes_text(size)}"
        for name, size in (
            ("L1d", info.caches.l1_bytes),
            ("L2", info.caches.l2_bytes),
            ("L3", info.caches.l3_bytes),
        )
        if size is not None
    )
    rows = (
        ("CPU", info.cpu_model),
        ("target", info.target),
        ("cores", f"{cores}; {info.threads} thread{'s' if info.threads > 1 else ''}"),
        ("caches", caches or "unknown"),
        ("memory", bytes_text(info.memory_bytes)),
        ("FMA peak", f"{info.fma_peak_gflops:.0f} GFLOP/s float32 a core, measured"),
        ("copy", _bandwidth(info.copy_one_gbs, info.copy_all_gbs, info.threads)),
        ("triad", _bandwidth(info.triad_one_gbs, info.triad_all_gbs, info.threads)),
        ("LLVM", info.llvm_version),
        *info.cuda,
    )
    return "\n".join(f"{name:<9} {value}" for name, value in rows)


def bytes_text(size_bytes: int) -> str:
    """``"32 KiB"``, ``"1.5 GiB"``."""
    for unit, power in (("GiB", 30), ("MiB", 20), ("KiB", 10)):
        if size_bytes >= 1 << power:
            return f"{size_bytes / (1 << power):.3g} {unit}"
    return f"{size_bytes} B"


def _bandwidth(one: float, everyone: float, threads: int) -> str:
    together = f", {everyone:.1f} on {threads}" if threads > 1 else ""
    return f"{one:.1f} GB/s on one thread{together}, measured"


# what the system says


def cpu_model(root: Path = _ROOT) -> str:
    """The CPU's name: /proc/cpuinfo's, else LLVM's (Arm systems give part numbers only)."""
    try:
        lines = (root / "proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    for line in lines:
        name, _, value = line.partition(":")
        if name.strip() == "model name" and value.strip():
            return " ".join(value.split())
    return host_target().mcpu or "unknown"


def cache_sizes(root: Path = _ROOT) -> Caches:
    """The data and unified caches of the first CPU that this process may use, from sysfs."""
    cpu = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    sizes: dict[int, int] = {}
    for index in sorted((root / f"sys/devices/system/cpu/cpu{cpu}/cache").glob("index*")):
        try:
            level, kind, size = (
                (index / name).read_text(encoding="ascii").strip() for name in ("level", "type", "size")
            )
        except OSError:
            continue
        if kind in ("Data", "Unified"):
            sizes[int(level)] = _kilobytes(size)
    return Caches(sizes.get(1), sizes.get(2), sizes.get(3))


def _kilobytes(text: str) -> int:
    scale = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    return int(text.rstrip("KMG")) * scale


# measurements


def load_measurement_kernels() -> LoadedCode:
    """The kernels of measurement_kernels.py, ready to call."""
    target = host_target()
    return LoadedCode(compile_object(measurement_text(target), target), MEASUREMENT_ENTRIES)


def fma_peak_gflops(code: LoadedCode | None = None, *, budget_s: float = 0.15) -> float:
    """Float32 peak of one core now, in 1e9 operations a second: the best of many short runs."""
    loaded = code or load_measurement_kernels()
    run = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_int64)(loaded.address(FMA_ENTRY))
    values = (ctypes.c_float * 64)(0.5, 0.5)
    iterations = 100_000
    timing = measure(lambda: run(values, iterations), repeats=1000, sample_s=0.005, budget_s=budget_s)
    return iterations * flop_per_iteration(host_target()) / timing.best_s / 1e9


def array_bytes(caches: Caches) -> int:
    """The length of each array that bandwidth is measured with: four times the last cache, within reason and memory."""
    last = caches.l3_bytes or caches.l2_bytes or 0
    wanted = max(_LEAST_ARRAY_BYTES, min(4 * last, _MOST_ARRAY_BYTES, physical_memory_bytes() // 16))
    return wanted // _CHUNK_BYTES * _CHUNK_BYTES


def stream_gbs(code: LoadedCode, size_bytes: int, *, parallel: bool = False) -> float:
    """1e9 bytes a second of a copy of an array as large as this (rounded up to whole chunks), read and written."""
    chunks = min(-(-size_bytes // _CHUNK_BYTES), _MOST_ARRAY_BYTES // _CHUNK_BYTES)
    stream = _Stream(code, max(chunks, 1) * _CHUNK_BYTES)
    try:
        return stream.copy(parallel=parallel)
    finally:
        stream.close()


class _Stream:
    """Three arrays of `size` bytes and the kernels that run over them, chunk by chunk."""

    def __init__(self, code: LoadedCode, size: int) -> None:
        self._code = code
        self._size = size
        self._arrays = tuple(mmap.mmap(-1, size) for _ in range(3))
        addresses = [self._filled(array) for array in self._arrays]
        self._arguments = (ctypes.c_int64 * 4)(*addresses, _CHUNK_BYTES)

    @staticmethod
    def _filled(array: mmap.mmap) -> int:
        """Write to every page, or all would be read from one page of zeros; gives the address."""
        if hasattr(mmap, "MADV_HUGEPAGE"):
            array.madvise(mmap.MADV_HUGEPAGE)  # as NumPy does for its arrays
        address = ctypes.addressof(ctypes.c_char.from_buffer(array))
        ctypes.memset(address, 0, len(array))
        return address

    def measure(self, *, parallel: bool = False) -> tuple[float, float]:
        """1e9 bytes a second of copy and triad."""
        return self.copy(parallel=parallel), self._rate(TRIAD_ENTRY, 3, parallel)

    def copy(self, *, parallel: bool = False) -> float:
        """1e9 bytes a second of copy alone."""
        return self._rate(COPY_ENTRY, 2, parallel)

    def _rate(self, entry: str, arrays: int, parallel: bool) -> float:
        timing = self._time(self._code.address(entry), parallel)
        return arrays * self._size / timing.best_s / 1e9

    def _time(self, task: int, parallel: bool) -> Timing:
        chunks, arguments = self._size // _CHUNK_BYTES, ctypes.addressof(self._arguments)
        if parallel:
            pool = process_pool()
            return measure(lambda: pool.run(task, arguments, chunks), repeats=5, sample_s=0, budget_s=0.15)
        run = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_int64)(task)
        each: Callable[[], object] = lambda: [run(arguments, chunk) for chunk in range(chunks)]  # noqa: E731
        return measure(each, repeats=5, sample_s=0, budget_s=0.15)

    def close(self) -> None:
        """Give the arrays back."""
        for array in self._arrays:
            array.close()
