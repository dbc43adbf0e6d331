"""The same loops by other compilers: `kernels.c` through gcc, the Python loops through Numba; callables by kernel out."""

from __future__ import annotations

import ctypes
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from benchmarks import peers
from benchmarks.polybench.kernel import Arrays, Kernel

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC")
SOURCE = Path(__file__).with_name("kernels.c")
NO_GCC = "no gcc on PATH"


@cache
def gcc() -> str | None:
    """`gcc 13.3.0 -O3 -march=native`; None where there is none."""
    found = shutil.which("gcc")
    if found is None:
        return None
    version = subprocess.run([found, "-dumpfullversion"], capture_output=True, text=True, check=True)
    return f"gcc {version.stdout.strip()} {' '.join(FLAGS[:2])}"


@cache
def _library() -> ctypes.CDLL:
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "kernels.so"
        subprocess.run(["gcc", *FLAGS, str(SOURCE), "-o", str(target), "-lm"], check=True)
        return ctypes.CDLL(str(target))


def in_c(kernel: Kernel) -> Callable[[tuple[int, ...], Arrays], None]:
    """The kernel by gcc, as a function of sizes and arrays."""
    function = getattr(_library(), kernel.identifier)
    function.restype = None

    def run(sizes: tuple[int, ...], arrays: Arrays) -> None:
        function(
            *(ctypes.c_long(size) for size in sizes),
            *(ctypes.c_void_p(array.ctypes.data) for array in arrays.values()),
        )

    return run


@cache
def _compiled_by_numba(loops: Callable[..., None]) -> Callable[..., None]:
    numba = peers.find("numba")
    assert numba is not None
    return numba.njit(fastmath=False, boundscheck=False)(loops)


def by_numba(kernel: Kernel) -> Callable[[tuple[int, ...], Arrays], None]:
    """The kernel's Python loops by Numba, strict floats, this machine's vectors; compiled when this returns."""
    compiled = _compiled_by_numba(kernel.loops)
    small = tuple(kernel.extents("MINI").values())
    compiled(*small, *kernel.fill(*small).values())
    return lambda sizes, arrays: compiled(*sizes, *arrays.values())


def by_python(kernel: Kernel) -> Callable[[tuple[int, ...], Arrays], None]:
    """The kernel's loops as Python runs them."""
    return lambda sizes, arrays: kernel.loops(*sizes, *arrays.values())


def close(kernel: Kernel, found: np.ndarray, wanted: np.ndarray) -> bool:
    """Whether two results agree to the kernel's tolerance, relative to the largest element."""
    scale = max(float(np.max(np.abs(wanted), initial=0)), 1e-300)
    return found.shape == wanted.shape and bool(np.max(np.abs(found - wanted)) <= kernel.tolerance * scale)
