"""Other people's compilers behind one door: a peer that is not installed becomes a sentence that names the extra."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

EXTRA = "not installed: pip install 'tdsl[bench]'"


def find(module: str) -> ModuleType | None:
    """The module, or None where it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


def blas() -> str:
    """What runs NumPy's matrix product here, as threadpoolctl sees it."""
    control = find("threadpoolctl")
    if control is None:
        return f"BLAS unknown, threadpoolctl {EXTRA}"
    libraries = [each for each in control.threadpool_info() if each.get("user_api") == "blas"]
    return ", ".join(
        f"{each['internal_api']} {each.get('version')}, {each.get('architecture', '?')} kernels, "
        f"{each['num_threads']} thread{'s' * (each['num_threads'] > 1)}"
        for each in libraries
    )


def halide_blur(image: np.ndarray, strip: int = 32, lanes: int = 32) -> tuple[Any, np.ndarray]:
    """Halide's strip-and-slide schedule of the 3x3 blur with repeated edges, compiled for this machine.

    The widest vectors and 32-row strips were the fastest of twelve variants tried (16, 32, 64 lanes; strips of 32 and
    128; the edge inlined or a row of its own). `blur_x` is slid through a ring of four rows, as tdsl's schedule does.

    Args:
        image: (h, w) uint16, contiguous.

    Returns:
        A callable that runs it, and the array (h, w) uint16 that it fills.
    """
    hl = importlib.import_module("halide")
    source = hl.ImageParam(hl.UInt(16), 2, "source")
    x, y, yo, yi = (hl.Var(name) for name in ("x", "y", "yo", "yi"))
    edge = hl.BoundaryConditions.repeat_edge(source)
    blur_x, blur_y = hl.Func("blur_x"), hl.Func("blur_y")
    blur_x[x, y] = (edge[x - 1, y] + edge[x, y] + edge[x + 1, y]) // 3
    blur_y[x, y] = (blur_x[x, y - 1] + blur_x[x, y] + blur_x[x, y + 1]) // 3
    blur_y.split(y, yo, yi, strip).parallel(yo).vectorize(x, lanes)
    blur_x.store_at(blur_y, yo).compute_at(blur_y, yi).fold_storage(y, 4).vectorize(x, lanes)
    height, width = image.shape
    filled = hl.Buffer(hl.UInt(16), [width, height])
    source.set(hl.Buffer(image))
    blur_y.compile_jit()
    return (lambda: blur_y.realize(filled)), np.asarray(filled)


def torch_attention(
    torch: Any, threads: int, q: np.ndarray, k: np.ndarray, v: np.ndarray
) -> Callable[[], np.ndarray]:
    """PyTorch's `scaled_dot_product_attention` on as many threads; arrays (heads, rows, depth) float32.

    Returns:
        A callable that runs it and gives (heads, rows, depth) float32.
    """
    torch.set_num_threads(threads)
    given = [torch.from_numpy(array)[None] for array in (q, k, v)]

    def call() -> np.ndarray:
        with torch.no_grad():
            return torch.nn.functional.scaled_dot_product_attention(*given)[0].numpy()

    return call


def numba_scale_add() -> Any:
    """`z = 3 x + y` elementwise as Numba compiles the two loops, strict floats, this machine's vectors."""
    numba = importlib.import_module("numba")

    @numba.njit(fastmath=False, boundscheck=False)
    def scale_add(x, y, z):
        for i in range(x.shape[0]):
            for j in range(x.shape[1]):
                z[i, j] = np.float32(3.0) * x[i, j] + y[i, j]

    return scale_add


def tvm_scale_add(x: np.ndarray, y: np.ndarray) -> tuple[Any, np.ndarray]:
    """`z = 3 x + y` by TVM's scheduler, split by 16 and vectorised, compiled for this machine and these extents.

    Returns:
        A callable that runs it, and the array of the shape of `x` that it fills.
    """
    tvm = importlib.import_module("tvm")
    te, s_tir = importlib.import_module("tvm.te"), importlib.import_module("tvm.s_tir")
    first, second = (te.placeholder(x.shape, "float32", name=name) for name in ("x", "y"))
    total = te.compute(x.shape, lambda i, j: first[i, j] * 3.0 + second[i, j], name="z")
    schedule = s_tir.Schedule(te.create_prim_func([first, second, total]))
    _, columns = schedule.get_loops(schedule.get_sblock("z"))
    _, lanes = schedule.split(columns, [None, 16])
    schedule.vectorize(lanes)
    processor = importlib.import_module("llvmlite.binding").get_host_cpu_name()
    kernel = tvm.compile(schedule.mod, target=tvm.target.Target({"kind": "llvm", "mcpu": processor}))["main"]
    arrays = tuple(tvm.runtime.tensor(array) for array in (x, y, np.zeros_like(x)))
    return (lambda: kernel(*arrays)), np.from_dlpack(arrays[2])


def version(package: str) -> str:
    """`Halide 21.0.0`."""
    from importlib import metadata

    name = {"halide": "Halide", "numba": "Numba", "numpy": "NumPy", "apache-tvm": "TVM"}[package]
    return f"{name} {metadata.version(package)}"


def pinned() -> str:
    """`core 0` or `cores 0, 1`."""
    cores = sorted(os.sched_getaffinity(0))
    return f"core{'s' * (len(cores) > 1)} {', '.join(map(str, cores))}"
