"""Registers and memory read from an image are those that the compiler's log says; what is no image is refused."""

import re

import pytest

import tdsl as td
from tdsl.codegen.cuda.cubin import kernels_of
from tdsl.codegen.cuda.nvrtc import compile_cuda
from tdsl.codegen.cuda.occupancy import number_of

SOURCE = """
extern "C" __global__ void plain(float* a) { a[threadIdx.x] = 1.0f; }

extern "C" __global__ void shares(float* a)
{
  __shared__ float tile[300];
  tile[threadIdx.x] = a[threadIdx.x];
  __syncthreads();
  a[threadIdx.x] = tile[299 - threadIdx.x];
}

extern "C" __global__ void spills(float* a, int n)
{
  float mine[40];
  for (int i = 0; i < 40; ++i) { mine[i] = a[i]; }
  for (int i = 0; i < n; ++i) { mine[(i * 7) % 40] += mine[i % 40]; }
  for (int i = 0; i < 40; ++i) { a[i] = mine[i]; }
}
"""


@pytest.mark.needs("cuda", "nvidia")
@pytest.mark.parametrize("architecture", ["sm_75", "sm_80", "sm_90a", "sm_100a", "sm_120"])
def test_what_the_image_says_is_what_the_log_says(architecture):
    compiled = compile_cuda(SOURCE, architecture)
    found = kernels_of(compiled.cubin, number_of(architecture))
    assert set(found) == {"plain", "shares", "spills"}
    for name, one in found.items():
        told = re.search(
            rf"Compiling entry function '{name}'.*?(?=Compiling entry|\Z)", compiled.log, re.DOTALL
        )[0]
        assert one.registers == int(re.search(r"Used (\d+) registers", told)[1])
        assert one.local_bytes == int(re.search(r"(\d+) bytes stack frame", told)[1])
        smem = re.search(r"(\d+) bytes smem", told)
        assert one.shared_bytes == (int(smem[1]) if smem else 0)
        assert one.code_bytes % 16 == 0
    assert found["shares"].shared_bytes == 1200
    assert found["spills"].local_bytes == 160
    assert found["plain"].local_bytes == found["plain"].shared_bytes == 0


@pytest.mark.needs("cuda", "nvidia")
def test_an_image_cut_anywhere_is_refused_or_read_the_same():
    whole = compile_cuda(SOURCE, "sm_80").cubin
    for end in range(0, len(whole), 97):
        try:
            assert set(kernels_of(whole[:end], 80)) <= {"plain", "shares", "spills"}
        except td.FormatError as refused:
            assert refused.code == "C120"


@pytest.mark.parametrize("wrong", [b"", b"\x7fELF", b"no image at all", b"\x7fELF\x02" + b"\0" * 80])
def test_what_is_no_image(wrong):
    with pytest.raises(td.FormatError) as caught:
        kernels_of(wrong, 80)
    assert caught.value.code == "C120"
