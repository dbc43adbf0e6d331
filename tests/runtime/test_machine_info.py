"""The machine found and measured: plausible numbers, exact text, the system's files, kernels for every target."""

import re
import sys
import time

import numpy as np
import pytest

from tdsl.codegen.llvm_library import LLVM_VERSION
from tdsl.codegen.machine import assembly, compile_object, host_target
from tdsl.runtime.machine_info import (
    Caches,
    MachineInfo,
    array_bytes,
    bytes_text,
    cache_sizes,
    cpu_model,
    fma_peak_gflops,
    load_measurement_kernels,
    machine_info,
    render,
)
from tdsl.runtime.measurement_kernels import (
    COPY_ENTRY,
    TRIAD_ENTRY,
    chains,
    flop_per_iteration,
    measurement_text,
)
from tdsl.runtime.pool import get_num_threads, process_pool
from tdsl.runtime.processors import Processors
from tdsl.target import Target

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
LEVELS = ["cpu:x86-64-v2", "cpu:x86-64-v3", "cpu:x86-64-v4", "cpu:aarch64"]


@linux
def test_this_machine():
    start = time.process_time()
    info = machine_info()
    assert time.process_time() - start < 20  # 1 s is usual; a runaway measurement is what this is for
    assert info.vector_bits == host_target().vector_bits and info.llvm_version == LLVM_VERSION
    assert info.threads == get_num_threads() and info.processors.affinity >= 1
    # from a tenth of a slow core to a whole fast machine
    assert 0.5 < info.fma_peak_gflops < 2000
    for bandwidth in (info.copy_one_gbs, info.triad_one_gbs, info.copy_all_gbs, info.triad_all_gbs):
        assert 0.1 < bandwidth < 5000
    assert info.memory_bytes > 1 << 28 and info.cpu_model


INFO = MachineInfo(
    cpu_model="Some CPU",
    target="cpu znver4",
    vector_bits=512,
    llvm_version="22.1.0",
    processors=Processors(8, 2.5),
    threads=2,
    caches=Caches(48 << 10, 1 << 20, None),
    memory_bytes=24 << 30,
    fma_peak_gflops=117.6,
    copy_one_gbs=20.04,
    triad_one_gbs=22.0,
    copy_all_gbs=31.26,
    triad_all_gbs=30.0,
    cuda=(("CUDA", "no driver"),),
)


def test_text():
    assert (
        str(INFO)
        == render(INFO)
        == (
            "CPU       Some CPU\n"
            "target    cpu znver4\n"
            "cores     8 by affinity, quota of 2.5 cores; 2 threads\n"
            "caches    L1d 48 KiB, L2 1 MiB\n"
            "memory    24 GiB\n"
            "FMA peak  118 GFLOP/s float32 a core, measured\n"
            "copy      20.0 GB/s on one thread, 31.3 on 2, measured\n"
            "triad     22.0 GB/s on one thread, 30.0 on 2, measured\n"
            "LLVM      22.1.0\n"
            "CUDA      no driver"
        )
    )


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 B"), (1023, "1023 B"), (1024, "1 KiB"), (3 << 19, "1.5 MiB"), (24 << 30, "24 GiB")],
)
def test_bytes(size, text):
    assert bytes_text(size) == text


def test_files_of_the_system(tmp_path):
    cpu = min(getattr(__import__("os"), "sched_getaffinity", lambda _: {0})(0))
    for index, (level, kind, size) in enumerate(
        [
            ("1", "Data", "48K"),
            ("1", "Instruction", "64K"),
            ("2", "Unified", "2048K"),
            ("3", "Unified", "32M"),
        ]
    ):
        folder = tmp_path / f"sys/devices/system/cpu/cpu{cpu}/cache/index{index}"
        folder.mkdir(parents=True)
        for name, text in (("level", level), ("type", kind), ("size", size)):
            (folder / name).write_text(text + "\n")
    assert cache_sizes(tmp_path) == Caches(48 << 10, 2 << 20, 32 << 20)
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/cpuinfo").write_text("processor\t: 0\nmodel name\t: Some   CPU 3000\n")
    assert cpu_model(tmp_path) == "Some CPU 3000"


def test_files_that_are_missing(tmp_path):
    assert cache_sizes(tmp_path) == Caches(None, None, None)
    assert cpu_model(tmp_path) == host_target().mcpu


@pytest.mark.parametrize(
    ("caches", "size"),
    [
        (Caches(None, None, None), 1 << 25),
        (Caches(32 << 10, 1 << 20, None), 1 << 25),
        (Caches(32 << 10, 1 << 20, 256 << 20), 1 << 27),
    ],
)
def test_arrays_that_no_cache_holds(caches, size):
    assert array_bytes(caches) == size


@pytest.mark.parametrize("spelling", LEVELS)
def test_the_peak_loop_holds_as_many_independent_operations_as_chains(spelling):
    target = Target(spelling)
    code = assembly(measurement_text(target), target)
    loop = max(re.split(r"^\.?\w+:", code.split("tdsl_stream_copy")[0], flags=re.MULTILINE), key=busy)
    loop = loop[: re.search(r"\n\s+(jne|jl|b\.\w+)\s", loop).start()]
    assert busy(loop) == chains(target)
    assert not re.search(r"%rsp|\bsp\b|vmov|movaps|\bmov\s+v", loop), "a chain is moved or spilled"
    assert flop_per_iteration(target) == 2 * chains(target) * target.vector_bits // 32
    compile_object(measurement_text(target), target)


def busy(text):
    return len(re.findall(r"\bv?fmadd\w+ps|\bfmla\b|\bmulps", text))


@linux
def test_the_stream_kernels_copy_and_add(function):
    code = load_measurement_kernels()
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal(1024), rng.standard_normal(1024)
    for entry, want in ((COPY_ENTRY, a), (TRIAD_ENTRY, a + 3 * b)):
        c = np.zeros(1024)
        arguments = np.array([a.ctypes.data, b.ctypes.data, c.ctypes.data, 2048], np.int64)
        process_pool().run(code.address(entry), arguments.ctypes.data, 3)
        assert np.array_equal(c[:768], want[:768]) and not c[768:].any()


@linux
def test_the_peak_alone():
    assert fma_peak_gflops(budget_s=0.02) > 0.5
