"""CUDA C in the emulator computes what the text says: threads, barriers, lanes, atomics, vectors, memory."""

import threading

import numpy as np
import pytest

from tdsl.codegen.cuda.artifact import CudaArtifact, CudaBody, CudaLaunch, DeviceBuffer, Parameter
from tdsl.codegen.formula import Formula
from tdsl.codegen.interface import ArrayInterface, Interface, ScalarInterface, SizeInterface
from tdsl.errors import CallError, CallValueError, InternalError, TargetError
from tdsl.runtime.cuda.emulate import Emulated
from tdsl.runtime.kernel import Kernel
from tdsl.runtime.prepare import prepare
from tests.support.cuda_text import Nowhere, Text, floats

pytestmark = pytest.mark.needs_compiler

F4 = ("float32", (4, 64))


def test_threads_blocks_and_barriers() -> None:
    text = Text(
        """
extern "C" __global__ void __launch_bounds__(64) k(const float* __restrict__ A, float* __restrict__ C)
{
  __shared__ __align__(16) float row[64];
  const int i = blockIdx.y;
  const int j = threadIdx.y * 16 + threadIdx.x;
  row[j] = A[i * 64 + j];
  __syncthreads();
  #pragma unroll
  for (int step = 0; step < 2; ++step) {
    const float other = row[63 - j];
    __syncthreads();
    row[j] = other + 1.0f;
    __syncthreads();
  }
  C[i * 64 + j] = row[j];
}
""",
        {"A": F4, "C": F4}, block=(16, 4, 1), grid=(1, 4, 1),
    )  # fmt: skip
    a = floats(4, 64)
    hazards, c = text.hazards(a)
    assert not hazards, hazards
    np.testing.assert_array_equal(c, a + 2)


def test_shuffles_follow_the_rules_of_ptx() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  const float a = A[t];
  C[0 * 32 + t] = __shfl_xor_sync(0xffffffffu, a, 5);
  C[1 * 32 + t] = __shfl_down_sync(0xffffffffu, a, 3);
  C[2 * 32 + t] = __shfl_down_sync(0xffffffffu, a, 3, 8);
  C[3 * 32 + t] = __shfl_up_sync(0xffffffffu, a, 2, 16);
  C[4 * 32 + t] = __shfl_sync(0xffffffffu, a, 9, 8);
  C[5 * 32 + t] = (float)__popc(__ballot_sync(0xffffffffu, t % 3 == 0));
  double d = a;
  for (int offset = 16; offset > 0; offset /= 2) d += __shfl_xor_sync(0xffffffffu, d, offset);
  C[6 * 32 + t] = (float)d;
  C[7 * 32 + t] = __any_sync(0xffffffffu, t == 40) + 2 * __all_sync(0xffffffffu, t < 32);
}
""",
        {"A": ("float32", (32,)), "C": ("float32", (8, 32))},
    )
    a = floats(32)
    hazards, c = text.hazards(a)
    t = np.arange(32)
    assert not hazards, hazards
    np.testing.assert_array_equal(c[0], a[t ^ 5])
    np.testing.assert_array_equal(c[1], a[np.where(t + 3 < 32, t + 3, t)])
    np.testing.assert_array_equal(c[2], a[np.where(t % 8 + 3 < 8, t + 3, t)])
    np.testing.assert_array_equal(c[3], a[np.where(t % 16 >= 2, t - 2, t)])
    np.testing.assert_array_equal(c[4], a[t // 8 * 8 + 1])
    np.testing.assert_array_equal(c[5], np.full(32, 11))
    np.testing.assert_array_equal(c[6], np.full(32, a.sum(dtype="d"), "f"))
    np.testing.assert_array_equal(c[7], np.full(32, 2))


def test_partial_warps_meet_alone() -> None:
    """40 threads: the second warp has 8 lanes, and shuffles of masks that leave lanes out do not mix."""
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  float a = A[t];
  if (t < 32) {
    if (t < 16) a = __shfl_xor_sync(0x0000ffffu, a, 1);
    __syncwarp();
    a = __shfl_xor_sync(0xffffffffu, a, 16);
  } else {
    a = __shfl_down_sync(0x000000ffu, a, 1, 8);
  }
  C[t] = a;
}
""",
        {"A": ("float32", (40,)), "C": ("float32", (40,))}, block=(40, 1, 1),
    )  # fmt: skip
    a = floats(40)
    hazards, c = text.hazards(a)
    assert not hazards, hazards
    t = np.arange(32)
    swapped = a[np.where(t < 16, t ^ 1, t)]
    np.testing.assert_array_equal(c[:32], swapped[t ^ 16])
    np.testing.assert_array_equal(c[32:], a[[33, 34, 35, 36, 37, 38, 39, 39]])


def test_atomics_and_integers() -> None:
    text = Text(
        """
extern "C" __global__ void k(const int* A, int* C)
{
  const int t = blockIdx.x * 32 + threadIdx.x;
  atomicAdd(&C[A[t] & 3], 1);
  atomicMax(&C[4], A[t]);
  atomicMin(&C[5], A[t]);
  atomicCAS(&C[6], 0, t + 1);
}
""",
        {"A": ("int32", (64,)), "C": ("int32", (8,))}, grid=(2, 1, 1),
    )  # fmt: skip
    a = np.random.default_rng(3).integers(-99, 99, 64, dtype="i")
    hazards, c = text.hazards(a)
    assert not hazards.races
    assert [one.array for one in hazards.uninitialised] == ["C"] * 4  # the output holds nothing yet
    np.testing.assert_array_equal(c[:4], np.bincount(a & 3, minlength=4) - 1)
    assert (c[4], c[5]) == (max(a.max(), -1), min(a.min(), -1))


def test_vectors_are_one_access() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  __shared__ __align__(16) float tile[128];
  const int t = threadIdx.x;
  *(float4*)&tile[t * 4] = *(const float4*)&A[t * 4];
  __syncthreads();
  float4 v = *(const float4*)&tile[(31 - t) * 4];
  v.x = v.x + 1.0f;
  *(float2*)&C[t * 4] = make_float2(v.x, v.y);
  *(float2*)&C[t * 4 + 2] = make_float2(v.z, v.w);
}
""",
        {"A": ("float32", (128,)), "C": ("float32", (128,))},
    )
    a = floats(128)
    hazards, c = text.hazards(a)
    assert not hazards, hazards
    assert {(one.array, one.action, one.bytes, one.requests) for one in hazards.traffic} == {
        ("A", "load", 16, 1), ("tile", "store", 16, 1), ("tile", "load", 16, 1), ("C", "store", 8, 1),
    }  # fmt: skip
    np.testing.assert_array_equal(c, (a.reshape(32, 4)[::-1] + [1, 0, 0, 0]).ravel())


def test_fused_and_separate_products_round_as_written() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  C[t] = fmaf(A[t], A[t], -1.0f);
  C[32 + t] = A[t] * A[t] - 1.0f;
  C[64 + t] = sqrtf(A[t]) + rintf(A[t] * 10.0f);
}
""",
        {"A": ("float32", (32,)), "C": ("float32", (3, 32))},
    )
    a = np.random.default_rng(5).random(32, dtype="f") + np.float32(0.5)
    _, c = text.hazards(a)
    np.testing.assert_array_equal(c[0], (a.astype("d") * a - 1).astype("f"))
    np.testing.assert_array_equal(c[1], a * a - np.float32(1))
    assert not np.array_equal(c[0], c[1])
    np.testing.assert_array_equal(c[2], np.sqrt(a) + np.rint(a * np.float32(10)))


def test_halves_as_numpy_rounds_them() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, const unsigned short* H, unsigned short* C, float* D)
{
  const int t = blockIdx.x * 32 + threadIdx.x;
  C[t] = tdsl_float_to_half(A[t]);
  D[t] = tdsl_half_to_float(H[t]);
}
""",
        {"A": ("float32", (2048,)), "H": ("uint16", (2048,)), "C": ("uint16", (2048,)), "D": ("float32", (2048,))},
        outputs=2, grid=(64, 1, 1),
    )  # fmt: skip
    h = np.arange(0, 65536, 32, dtype="H")
    rng = np.random.default_rng(1)
    with np.errstate(all="ignore"):
        near = (h.view("e").astype("f") * np.float32(1 + 2.0**-12)).astype("f")
    a = np.where(np.isnan(near), rng.random(2048, dtype="f"), near)
    call = text.prepared(a, h)
    Emulated(text.artifact, text.interface)(call)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(call.outputs[0], a.astype("e").view("H"))
    np.testing.assert_array_equal(call.outputs[1], h.view("e").astype("f"))


def test_dynamic_shared_memory_is_carved() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  extern __shared__ __align__(16) unsigned char tdsl_shared[];
  float* const one = (float*)(tdsl_shared + 0);
  int* const two = (int*)(tdsl_shared + 65536);
  const int t = threadIdx.x;
  one[t] = A[t];
  two[t] = t;
  __syncthreads();
  C[t] = one[31 - t] + (float)two[31 - t];
}
""",
        {"A": ("float32", (32,)), "C": ("float32", (32,))}, dynamic=65536 + 128,
    )  # fmt: skip
    a = floats(32)
    hazards, c = text.hazards(a)
    assert not hazards, hazards
    assert dict(hazards.bank_conflicts) == {"one": 1.0, "two": 1.0}
    np.testing.assert_array_equal(c, (a + np.arange(32, dtype="f"))[::-1])


def test_launches_share_intermediates_in_order() -> None:
    text = Text(
        """
extern "C" __global__ void first(const float* A, float* T) { T[threadIdx.x] = A[threadIdx.x] * 2.0f; }
extern "C" __global__ void second(const float* T, float* C) { C[threadIdx.x] = T[31 - threadIdx.x]; }
""",
        {"A": ("float32", (32,)), "C": ("float32", (32,))},
        buffers=(DeviceBuffer("T", "float32", (Formula("32", (), 32),)),),
    )
    text.launches = (text.launch("first", "A", "T"), text.launch("second", "T", "C"))
    a = floats(32)
    hazards, c = text.hazards(a)
    assert not hazards, hazards
    np.testing.assert_array_equal(c, a[::-1] * 2)
    text.launches = (text.launch("second", "T", "C"),)
    hazards, c = text.hazards(a)
    assert [one.array for one in hazards.uninitialised] == ["T"]
    assert np.isnan(c).all()  # fresh memory is poisoned


SIZED = """
extern "C" __global__ void k(const float* A, float* C, const int n, const double s) {
  const int i = blockIdx.x * 32 + threadIdx.x;
  if (i < n) C[i] = (float)(A[i] * s);
}
extern "C" __global__ void general(const float* A, const long long step, float* C, const long long to,
                                   const long long n, const double s) {
  const long long i = blockIdx.x * 32LL + threadIdx.x;
  if (i < n) C[i * to] = (float)(A[i * step] * s);
}
"""


def sized() -> tuple[CudaArtifact, Interface]:
    n = Formula("n", (("n", 1),))
    interface = Interface(
        "k", (SizeInterface("n"),),
        (ArrayInterface("A", "float32", (n,), "input"), ScalarInterface("s", "float64"),
         ArrayInterface("C", "float32", (n,), "output")),
    )  # fmt: skip
    grid = (Formula("(n + 31) // 32"), Formula("1", (), 1), Formula("1", (), 1))
    a, c, s = (
        Parameter("array", "A", "float32"),
        Parameter("array", "C", "float32"),
        Parameter("scalar", "s", "float64"),
    )
    wide = (
        a,
        Parameter("stride", "A", "int64"),
        c,
        Parameter("stride", "C", "int64"),
        Parameter("size", "n", "int64"),
        s,
    )
    bodies = (
        CudaBody("contiguous", SIZED, (CudaLaunch("k", grid, (32, 1, 1), 0, (a, c, Parameter("size", "n", "int32"), s),
                                                  ("A",), ("C",)),), (Formula("n <= 1000"),)),
        CudaBody("general", SIZED, (CudaLaunch("general", grid, (32, 1, 1), 0, wide, ("A",), ("C",)),)),
    )  # fmt: skip
    return CudaArtifact("k", "sm_90", bodies), interface


@pytest.mark.parametrize("view", [slice(0, 70), slice(0, 140, 2), slice(None, None, -1), slice(1, 71)])
def test_any_layout_takes_the_body_that_fits(view: slice) -> None:
    artifact, interface = sized()
    run = Emulated(artifact, interface)
    base = floats(140)
    c = np.zeros(280, "f")[:: 2 if view.step == 2 else 1]
    call = prepare(interface, (base[view], 3.0), c[: len(base[view])], {})
    hazards = run.hazards(call)
    assert not hazards, hazards
    np.testing.assert_array_equal(call.outputs[0], base[view] * np.float32(3))
    if view.step == 2:  # every other element: half of each sector is of use
        assert hazards.coalescing["A"] <= 0.55


def test_conditions_and_empty_grids() -> None:
    artifact, interface = sized()
    run = Emulated(artifact, interface)
    for n in (0, 1, 1001):
        call = prepare(interface, (floats(n), -1.0), None, {})
        run(call)
        np.testing.assert_array_equal(call.outputs[0], -floats(n))


def test_a_grid_beyond_the_limit_is_refused() -> None:
    text = Text(
        'extern "C" __global__ void k(float* C) { C[0] = 1.0f; }',
        {"C": ("float32", (1,))},
        grid=(1, 70000, 1),
    )
    with pytest.raises(CallValueError, match=r"C130: k would launch 70000 blocks in y, a device takes 65535"):
        Emulated(text.artifact, text.interface)(text.prepared())


def test_a_plain_call_raises_where_bounds_are_broken() -> None:
    text = Text(
        'extern "C" __global__ void k(float* C) { C[threadIdx.x * 1000000] = 1.0f; }',
        {"C": ("float32", (32,))},
    )
    with pytest.raises(InternalError, match=r"out of bounds: 4 bytes at global C\[1000000\]"):
        Emulated(text.artifact, text.interface)(text.prepared())


def test_text_that_is_no_cuda_is_a_bug_of_ours() -> None:
    text = Text('extern "C" __global__ void k(float* C) { C[0] = nonsense; }', {"C": ("float32", (1,))})
    with pytest.raises(InternalError, match="nonsense"):
        Emulated(text.artifact, text.interface)(text.prepared())


def test_an_emulated_kernel_has_hazards_and_no_time() -> None:
    text = Text(
        'extern "C" __global__ void k(float* C) { C[0] = 1.0f; }', {"C": ("float32", (1,))}, block=(1, 1, 1)
    )
    f = Kernel(text.interface, Emulated(text.artifact, text.interface), Nowhere())
    assert f()[0] == 1.0
    out = np.zeros(1, "f")
    assert not f.hazards(out=out)
    assert out[0] == 1.0
    with pytest.raises(
        TargetError, match="G165: k is emulated: its time on this CPU says nothing about a GPU"
    ):
        f.time()
    with pytest.raises(CallError, match="C101"):
        f.hazards(out)


def test_calls_from_several_threads() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  __shared__ float row[32];
  row[threadIdx.x] = A[threadIdx.x];
  __syncthreads();
  C[threadIdx.x] = row[31 - threadIdx.x];
}
""",
        {"A": ("float32", (32,)), "C": ("float32", (32,))},
    )
    run = Emulated(text.artifact, text.interface)
    calls = [text.prepared(floats(32) + number) for number in range(8)]
    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, call in enumerate(calls):
        np.testing.assert_array_equal(call.outputs[0], (floats(32) + number)[::-1])


def test_zero_minus_a_converted_zero_is_no_negative_zero() -> None:
    """g++ 12 folds `0.0f - (float)i` to a negation unless it is told that rounding matters (found by fuzzing)."""
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C) { C[threadIdx.x] = 0.0f - (float)(int)threadIdx.x; }
""",
        {"A": ("float32", (32,)), "C": ("float32", (32,))},
    )
    _, c = text.hazards(floats(32))
    np.testing.assert_array_equal(np.signbit(c), np.arange(32) > 0)
