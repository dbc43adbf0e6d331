"""Planted bugs are found, on their line, and nothing else is."""

import pickle

import numpy as np
import pytest

from tdsl.runtime.cuda.hazards import Hazards
from tests.support.cuda_text import Text, floats

pytestmark = pytest.mark.needs_compiler

SQUARE = {"A": ("float32", (32, 32)), "C": ("float32", (32, 32))}
ROW = {"A": ("float32", (64,)), "C": ("float32", (64,))}


def transpose(row: int, barrier: str = "__syncthreads();") -> Text:
    return Text(
        f"""
extern "C" __global__ void k(const float* __restrict__ A, float* __restrict__ C)
{{
  __shared__ float tile[{32 * row}];
  const int x = threadIdx.x, y = threadIdx.y;
#line 10 "user.py"
  for (int j = y; j < 32; j += 8) {{ tile[j * {row} + x] = A[j * 32 + x]; }}
  {barrier}
#line 20 "user.py"
  for (int j = y; j < 32; j += 8) {{ C[j * 32 + x] = tile[x * {row} + j]; }}
}}
""",
        SQUARE, block=(32, 8, 1),
    )  # fmt: skip


def test_a_padded_transpose_is_clean_and_ideal() -> None:
    a = floats(32, 32)
    hazards, c = transpose(33).hazards(a)
    np.testing.assert_array_equal(c, a.T)
    assert hazards.races == hazards.divergent_barriers == hazards.out_of_bounds == []
    assert hazards.misaligned == hazards.uninitialised == []
    assert dict(hazards.coalescing) == {"A": 1.0, "C": 1.0}
    assert dict(hazards.bank_conflicts) == {"tile": 1.0}
    assert not hazards
    assert "k: no hazards" in str(hazards)


def test_an_unpadded_transpose_has_32_wavefronts_for_one() -> None:
    a = floats(32, 32)
    hazards, c = transpose(32).hazards(a)
    np.testing.assert_array_equal(c, a.T)
    assert not hazards
    loads = [one for one in hazards.traffic if one.array == "tile" and one.action == "load"]
    assert [(one.moved, one.ideal, one.line) for one in loads] == [(1024, 32, "user.py:20")]
    assert hazards.bank_conflicts["tile"] == (1024 + 32) / 64


def test_a_removed_barrier_is_a_race_with_both_threads() -> None:
    hazards, _ = transpose(33, barrier="").hazards(floats(32, 32))
    assert hazards.races
    race = hazards.races[0]
    assert (race.array, race.memory) == ("tile", "shared")
    assert {race.first.action, race.second.action} == {"load", "store"}
    assert {race.first.line, race.second.line} == {"user.py:10", "user.py:20"}
    assert race.first.thread != race.second.thread
    assert race.first.block == race.second.block == (0, 0, 0)
    assert 0 <= race.element[0] < 32 * 33
    assert f"race on shared tile[{race.element[0]}]" in str(hazards)


def test_a_barrier_in_a_branch_is_divergent() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
#line 7 "user.py"
  if (t < 40) { __syncthreads(); }
  C[t] = A[t];
}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    hazards, c = text.hazards(floats(64))
    [one] = hazards.divergent_barriers
    assert (one.kind, one.first.line, one.first.action, one.second.action) == (
        "barrier",
        "user.py:7",
        "waits",
        "ended",
    )
    assert one.first.thread == (0, 0, 0)
    assert one.second.thread == (40, 0, 0)
    np.testing.assert_array_equal(c, floats(64))


def test_threads_at_two_barriers_are_divergent() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  if (t < 32) {
#line 7 "user.py"
    __syncthreads();
  } else {
#line 9 "user.py"
    __syncthreads();
  }
  C[t] = A[t];
}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    [one] = text.hazards(floats(64))[0].divergent_barriers
    assert (one.first.line, one.second.line, one.second.action) == ("user.py:7", "user.py:9", "waits")


def test_a_shuffle_that_lanes_do_not_reach() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  float a = A[t];
#line 5 "user.py"
  if (t < 20) a = __shfl_xor_sync(0xffffffffu, a, 1);
#line 6 "user.py"
  if (t >= 32) a = __shfl_sync(0x0fffffffu, a, 30);
  C[t] = a;
}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    hazards, _ = text.hazards(floats(64))
    assert {(one.kind, one.first.line) for one in hazards.divergent_barriers} == {
        ("warp", "user.py:5"), ("warp", "user.py:6"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("statement", "element", "action"),
    [("C[t + 33] = A[t];", 64, "store"), ("C[t] = A[t - 1];", -1, "load"), ("C[t] = A[t + 1000000000];", None, "load"),
     ("((float*)A)[t] = 1.0f; C[t] = 1.0f;", 0, "store")],
)  # fmt: skip
def test_accesses_outside_are_recorded_and_not_executed(
    statement: str, element: int | None, action: str
) -> None:
    text = Text(
        f"""
extern "C" __global__ void k(const float* A, float* C)
{{
  const long long t = threadIdx.x;
#line 5 "user.py"
  {statement}
}}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    hazards, _ = text.hazards(floats(64))
    assert not hazards.races
    [one] = hazards.out_of_bounds
    assert (one.kind, one.thread.action, one.thread.line, one.bytes) == (
        "out_of_bounds",
        action,
        "user.py:5",
        4,
    )
    if element is not None:
        assert one.element == (element,)
    else:
        assert one.count == 64


def test_past_the_end_of_shared_memory() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  __shared__ float tile[64];
  const int t = threadIdx.x;
  tile[t + 1] = A[t];
  __syncthreads();
  C[t] = tile[t + 1];
}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    hazards, c = text.hazards(floats(64))
    [one] = hazards.out_of_bounds
    assert (one.array, one.memory, one.element, one.thread.thread) == ("tile", "shared", (64,), (63, 0, 0))
    np.testing.assert_array_equal(c[:63], floats(64)[:63])
    assert not hazards.divergent_barriers  # the stopped thread does not count as one that left the others


def test_two_blocks_on_one_word() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
#line 4 "user.py"
  C[threadIdx.x] = A[blockIdx.x * 32 + threadIdx.x];
}
""",
        {"A": ("float32", (64,)), "C": ("float32", (32,))}, grid=(2, 1, 1),
    )  # fmt: skip
    [race] = text.hazards(floats(64))[0].races
    assert (race.array, race.memory, race.element, race.count) == ("C", "global", (0,), 32)
    assert (race.first.block, race.second.block) == ((0, 0, 0), (1, 0, 0))
    assert race.first.line == race.second.line == "user.py:4"


def test_a_read_of_what_another_block_wrote() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  const int t = threadIdx.x;
  if (blockIdx.x == 0) { C[t] = A[t]; } else { C[32 + t] = C[31 - t]; }
}
""",
        {"A": ("float32", (64,)), "C": ("float32", (64,))}, grid=(2, 1, 1),
    )  # fmt: skip
    [race] = text.hazards(floats(64))[0].races
    assert (race.first.action, race.second.action) == ("store", "load")


def test_an_early_reader_and_a_later_writer() -> None:
    """The reader's own block goes on past barriers, other threads read too: the first block's read is remembered."""
    text = Text(
        """
extern "C" __global__ void k(float* C)
{
  __shared__ float s[64];
  const int t = threadIdx.x;
  if (blockIdx.x == 0) { C[t] = 1.0f; __syncthreads(); s[t] = C[63 - t]; __syncthreads(); s[t] = C[t]; }
  if (blockIdx.x == 1 && t == 5) { C[5] = 2.0f; }
}
""",
        {"C": ("float32", (64,))}, block=(64, 1, 1), grid=(2, 1, 1),
    )  # fmt: skip
    races = text.hazards()[0].races
    assert races
    assert {race.element for race in races} == {(5,)}


def test_plain_and_atomic_accesses_race_and_two_atomics_do_not() -> None:
    source = """
extern "C" __global__ void k(const float* A, float* C)
{{
  __shared__ float sum[1];
  if (threadIdx.x == 0) {{ sum[0] = 0.0f; }}
  __syncthreads();
  atomicAdd(&sum[0], A[threadIdx.x]);
  {barrier}
  C[threadIdx.x] = sum[0];
}}
"""
    good, c = Text(source.format(barrier="__syncthreads();"), ROW, block=(64, 1, 1)).hazards(floats(64))
    assert not good, good
    assert (c == floats(64).sum()).all()
    bad, _ = Text(source.format(barrier=""), ROW, block=(64, 1, 1)).hazards(floats(64))
    assert {(race.first.action, race.second.action) for race in bad.races} >= {("load", "atomic")}


def test_lanes_need_a_syncwarp_and_a_shuffle_is_none() -> None:
    source = """
extern "C" __global__ void k(const float* A, float* C)
{{
  __shared__ float row[32];
  const int t = threadIdx.x;
  row[t] = A[t];
  {order}
  C[t] = row[31 - t];
}}
"""
    arrays = {"A": ("float32", (32,)), "C": ("float32", (32,))}
    assert not Text(source.format(order="__syncwarp();"), arrays).hazards(floats(32))[0]
    shuffled = Text(source.format(order="__shfl_xor_sync(0xffffffffu, A[t], 1);"), arrays).hazards(
        floats(32)
    )[0]
    assert len(shuffled.races) == 1
    two_warps = source.replace("row[32]", "row[64]").replace("31 - t", "63 - t").format(order="__syncwarp();")
    assert Text(two_warps, ROW, block=(64, 1, 1)).hazards(floats(64))[0].races  # orders no other warp


def test_bytes_of_one_word_do_not_race() -> None:
    text = Text(
        'extern "C" __global__ void k(const signed char* A, signed char* C) { C[threadIdx.x] = A[threadIdx.x]; }',
        {"A": ("int8", (64,)), "C": ("int8", (64,))}, block=(64, 1, 1),
    )  # fmt: skip
    assert not text.hazards(np.arange(64, dtype="b"))[0]


def test_misaligned_and_uninitialised() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  __shared__ float s[64];
  const int t = threadIdx.x;
  if (t < 32) { s[t] = A[t]; }
  __syncthreads();
#line 8 "user.py"
  C[t] = s[t];
#line 9 "user.py"
  if (t == 0) { *(float2*)&C[1] = *(const float2*)&A[1]; }
}
""",
        ROW, block=(64, 1, 1),
    )  # fmt: skip
    hazards, c = text.hazards(floats(64))
    [one] = hazards.uninitialised
    assert (one.array, one.element, one.count, one.thread.line) == ("s", (32,), 32, "user.py:8")
    assert np.isnan(c[32:]).all()
    assert {(bad.array, bad.element, bad.bytes, bad.thread.line) for bad in hazards.misaligned} == {
        ("A", (1,), 8, "user.py:9"), ("C", (1,), 8, "user.py:9"),
    }  # fmt: skip


def test_strided_accesses_cost_sectors() -> None:
    text = Text(
        """
extern "C" __global__ void k(const float* A, float* C)
{
  C[threadIdx.x] = A[threadIdx.x * 8];
  C[threadIdx.x + 32] = A[0];
}
""",
        {"A": ("float32", (256,)), "C": ("float32", (64,))},
    )
    hazards, _ = text.hazards(floats(256))
    by_line = {(one.array, one.line): (one.moved, one.ideal) for one in hazards.traffic}
    assert by_line["A", "k.cu:4"] == (32, 4)
    assert by_line["A", "k.cu:5"] == (1, 1)
    assert hazards.coalescing["A"] == 5 / 33
    assert hazards.coalescing["C"] == 1.0


def test_wide_shared_accesses_go_in_phases() -> None:
    source = """
extern "C" __global__ void k(const float* A, float* C)
{{
  __shared__ __align__(16) float s[2048];
  const int t = threadIdx.x;
  *(float4*)&s[t * {step}] = *(const float4*)&A[t * 4];
  __syncthreads();
  *(float4*)&C[t * 4] = *(const float4*)&s[t * {step}];
}}
"""
    arrays = {"A": ("float32", (128,)), "C": ("float32", (128,))}
    assert Text(source.format(step=4), arrays).hazards(floats(128))[0].bank_conflicts["s"] == 1.0
    assert Text(source.format(step=32), arrays).hazards(floats(128))[0].bank_conflicts["s"] == 8.0


def test_the_value_is_frozen_compares_and_pickles() -> None:
    one, other = (transpose(33).hazards(floats(32, 32))[0] for _ in range(2))
    assert one == other
    assert hash(one) == hash(other)
    copy = pickle.loads(pickle.dumps(one))
    assert isinstance(copy, Hazards)
    assert copy == one
    with pytest.raises(AttributeError):
        one.kernel = "x"  # pyright: ignore[reportAttributeAccessIssue]
    one.races.append(None)  # pyright: ignore[reportArgumentType]
    assert one.races == []


def test_what_is_not_read_is_not_reported() -> None:
    """A load under a condition in a loop stays there, however harmless it looks to the compiler."""
    text = Text(
        """
extern "C" __global__ void k(const long long* __restrict__ A, signed char* __restrict__ C)
{
  __shared__ __align__(16) long long h[1];
  const int j = blockIdx.x;
  const int n = gridDim.x;
  if (j + 1 < n) { h[0] = A[j + 1]; }
  for (int l = 0; l < 7; ++l) {
    C[j * 7 + l] = (signed char)min((int)(signed char)(n > j + 1 ? h[0] : (long long)0), 5);
  }
}
""",
        {"A": ("int64", (2,)), "C": ("int8", (2, 7))}, block=(1, 1, 1), grid=(2, 1, 1),
    )  # fmt: skip
    hazards, c = text.hazards(np.array([3, 4], "q"))
    assert not hazards, hazards
    np.testing.assert_array_equal(c, [[4] * 7, [0] * 7])
