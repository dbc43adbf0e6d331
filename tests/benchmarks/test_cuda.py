"""GPU kernels of the benchmarks have the static features that they are published with; a row that has not says which."""

import pytest

from benchmarks import cuda
from benchmarks.gpu_kernels import KERNELS


@pytest.mark.needs("cuda-dev", "nvidia")
@pytest.mark.needs_compiler
@pytest.mark.parametrize("kernel", KERNELS, ids=lambda kernel: kernel.name)
def test_nothing_is_short_of_what_is_asked(kernel):
    accesses = cuda.emulated(kernel)
    for architecture in cuda.ARCHITECTURES:
        line = {**cuda.compiled(kernel, architecture), **accesses}
        assert cuda.shortfalls(kernel, line) == []
        assert line["barriers"] >= 1


LINE = {
    "spill_bytes": 0, "local_bytes": 0, "hazards": 0, "sectors": 1.0, "wavefronts": 1.0, "right": True, "hot_loop": 300,
    "arithmetic": 0.9, "global_accesses": {"LDG.128": 2, "STG.128": 1}, "shared_accesses": {"LDS.128": 16},
}  # fmt: skip


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("spill_bytes", 4, "spills"),
        ("local_bytes", 8, "spills"),
        ("hazards", 1, "hazards"),
        ("sectors", 1.11, "sectors"),
        ("wavefronts", 2.0, "wavefronts"),
        ("right", False, "right"),
        ("hot_loop", 2001, "hot loop"),
        ("arithmetic", 0.84, "arithmetic"),
        ("global_accesses", {"LDG.32": 8}, "128-bit accesses"),
        ("shared_accesses", {"LDS.32": 1, "LDS.128": 16}, "128-bit accesses"),
    ],
)
def test_each_shortfall_is_named(field, value, said):
    assert cuda.shortfalls(KERNELS[0], LINE) == []
    assert cuda.shortfalls(KERNELS[0], LINE | {field: value}) == [said]
