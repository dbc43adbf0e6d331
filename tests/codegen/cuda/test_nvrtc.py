"""Every kernel compiles for four architectures without a warning; what is missing or broken is said."""

import pytest

import tdsl as td
from benchmarks.gpu_kernels import KERNELS as BENCHMARKS
from tdsl.codegen.cuda import nvrtc
from tdsl.codegen.cuda.nvrtc import compile_cuda
from tdsl.verify.cases import CASES
from tests.support.gpu_schedules import SAMPLES

ARCHITECTURES = ("sm_80", "sm_90a", "sm_100a", "sm_120")


KERNELS = {
    **{name: lambda make=make: make().scheduled for name, make in SAMPLES.items()},
    **{f"matrix: {one.name}": one.schedule for one in CASES},
    **{f"benchmark: {one.name}": lambda one=one: one.schedule(*one.small) for one in BENCHMARKS},
}
"""Every schedule for a GPU that is run anywhere: the shared ones, the matrix of `tdsl verify --cuda`, the benchmarks."""


@pytest.mark.needs("cuda", "nvidia")
@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_compiles_without_warnings(name):
    schedule = KERNELS[name]()
    for architecture in ARCHITECTURES:
        for body in td.build(schedule, target=f"cuda:{architecture}")._origin.artifact.bodies:
            compiled = compile_cuda(body.source, architecture)
            assert compiled.warnings == ()
            assert compiled.cubin[:4] == b"\x7fELF"
            assert f".target {architecture}" in compiled.ptx


@pytest.mark.needs("cuda", "nvidia")
def test_a_warning_is_seen():
    compiled = compile_cuda('extern "C" __global__ void k(int* a) { int unused = 1; a[0] = 2; }', "sm_80")
    assert any("unused" in line for line in compiled.warnings)


@pytest.mark.needs("cuda", "nvidia")
def test_the_compiler_is_described():
    assert nvrtc.describe_nvrtc().startswith("NVRTC 1")
    assert "sm_90" in nvrtc.describe_nvrtc()


@pytest.mark.needs("cuda", "nvidia")
def test_an_architecture_it_does_not_have():
    with pytest.raises(td.TargetError) as caught:
        compile_cuda('extern "C" __global__ void k() {}', "sm_30")
    assert caught.value.code == "G141"


@pytest.mark.needs("cuda", "nvidia")
def test_text_that_it_refuses_is_a_bug_of_ours():
    with pytest.raises(td.InternalError) as caught:
        compile_cuda('#line 7 "mine.py"\nextern "C" __global__ void k() { x = 1; }', "sm_90")
    assert "mine.py(7): error" in str(caught.value)


@pytest.fixture
def fresh():
    nvrtc.nvrtc.cache_clear()
    yield
    nvrtc.nvrtc.cache_clear()


def test_a_library_that_is_none(fresh, monkeypatch, tmp_path):
    (tmp_path / "libnvrtc.so.13").write_bytes(b"no library")
    monkeypatch.setenv("TDSL_NVRTC", str(tmp_path / "libnvrtc.so.13"))
    with pytest.raises(td.MissingTool) as caught:
        nvrtc.nvrtc()
    assert caught.value.code == "T104"
    assert "pip install 'tdsl[cuda]'" in str(caught.value)
    assert "cannot be used" in nvrtc.describe_nvrtc()


def test_a_library_that_lacks_functions(fresh, monkeypatch):
    import ctypes.util

    monkeypatch.setenv("TDSL_NVRTC", ctypes.util.find_library("m") or "libm.so.6")
    with pytest.raises(td.MissingTool) as caught:
        nvrtc.nvrtc()
    assert caught.value.code == "T104"
    assert "it has no nvrtcVersion" in str(caught.value)


def test_no_library_at_all(fresh, monkeypatch):
    monkeypatch.setattr(nvrtc, "packaged", lambda *patterns: iter(()))
    monkeypatch.setattr(nvrtc, "SYSTEM", "libnvrtc-of-nobody.so")
    with pytest.raises(td.MissingTool) as caught:
        td.build(SAMPLES["row_sums"]().scheduled, target="cuda:sm_90").source("ptx")
    assert caught.value.code == "T103"
    assert caught.value.extra == "cuda"
