"""PolyBench: thirty kernels, each schedule of each as the definition's plain loops compute it; gcc's loops the same."""

import functools

import numpy as np
import pytest

import tdsl as td
from benchmarks.polybench import compilers
from benchmarks.polybench.kernel import DATASETS, Arrays, Kernel
from benchmarks.polybench.suite import KERNELS

SCHEDULES = [(name, which) for name, kernel in KERNELS.items() for which in ("declared", "hand")
             if which == "declared" or kernel.hand is not None]  # fmt: skip


@functools.cache
def wanted(name: str, dataset: str) -> Arrays:
    kernel = KERNELS[name]
    sizes = tuple(kernel.extents(dataset).values())
    arrays = kernel.fill(*sizes)
    compilers.by_python(kernel)(sizes, arrays)
    return arrays


@functools.cache
def built(name: str, which: str):
    kernel = KERNELS[name]
    s = kernel.schedule()
    return td.build(s if which == "declared" else kernel.hand(s))


def check(kernel: Kernel, which: str, dataset: str) -> None:
    extents = kernel.extents(dataset)
    given = kernel.fill(*extents.values())
    keywords = {} if kernel.steps is None else {kernel.steps: extents[kernel.steps]}
    found = built(kernel.name, which)(*(given[name] for name in kernel.inputs), **keywords)
    found = found if isinstance(found, tuple) else (found,)
    assert len(found) == len(kernel.outputs)
    for name, array in zip(kernel.outputs, found):
        assert compilers.close(kernel, array, wanted(kernel.name, dataset)[name]), name


NAMES = """2mm 3mm adi atax bicg cholesky correlation covariance deriche doitgen durbin fdtd-2d floyd-warshall gemm gemver
    gesummv gramschmidt heat-3d jacobi-1d jacobi-2d lu ludcmp mvt nussinov seidel-2d symm syr2k syrk trisolv trmm"""


def test_there_are_thirty_kernels() -> None:
    assert sorted(KERNELS) == NAMES.split()
    assert all(
        len(extents) == len(DATASETS) for kernel in KERNELS.values() for extents in kernel.sizes.values()
    )


def test_schedules_by_hand_where_they_pay() -> None:
    """Those that issue 5 names; the benchmark says what they bring."""
    paying = ("jacobi-1d jacobi-2d heat-3d seidel-2d fdtd-2d adi lu cholesky floyd-warshall nussinov deriche trmm "
              "syrk gemver")  # fmt: skip
    assert all(KERNELS[name].hand is not None for name in paying.split())


@pytest.mark.parametrize(("name", "which"), SCHEDULES)
def test_mini_is_what_the_loops_compute(name: str, which: str) -> None:
    check(KERNELS[name], which, "MINI")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "which"), SCHEDULES)
def test_small_is_what_the_loops_compute(name: str, which: str) -> None:
    check(KERNELS[name], which, "SMALL")


@pytest.mark.parametrize("name", [name for name, which in SCHEDULES if which == "hand"])
def test_tiny_sizes_agree(name: str) -> None:
    """Sizes at which loops are empty: by hand as declared, not as the definition, which divides by them or reads past."""
    kernel = KERNELS[name]
    for size in (1, 2, 3):
        given = kernel.fill(*(size for _ in kernel.sizes))
        keywords = {} if kernel.steps is None else {kernel.steps: size}
        found = [
            built(name, which)(*(given[each] for each in kernel.inputs), **keywords)
            for which in ("declared", "hand")
        ]
        one, other = (each if isinstance(each, tuple) else (each,) for each in found)
        for first, second in zip(one, other):
            np.testing.assert_allclose(first, second, rtol=1e-4 if first.dtype == np.float32 else 1e-9)


@pytest.mark.needs_compiler
@pytest.mark.parametrize("name", KERNELS)
def test_the_loops_in_c_compute_the_same(name: str) -> None:
    if compilers.gcc() is None:
        pytest.skip("needs a C++ compiler")
    kernel = KERNELS[name]
    sizes = tuple(kernel.extents("MINI").values())
    arrays = kernel.fill(*sizes)
    compilers.in_c(kernel)(sizes, arrays)
    for each in kernel.outputs:
        assert compilers.close(kernel, arrays[each], wanted(name, "MINI")[each])
