"""The whole launch path on a stand-in driver: contexts, memory, copies, streams, errors, arrays of other libraries."""

import threading

import numpy as np
import pytest

import tdsl as td
from tdsl.codegen.cuda.artifact import DeviceBuffer
from tdsl.codegen.formula import Formula
from tdsl.runtime.cuda.device_run import OnDevice, runs_on
from tdsl.runtime.cuda.driver import cuda_driver
from tdsl.runtime.cuda.launcher import launcher
from tdsl.runtime.kernel import Kernel
from tdsl.runtime.prepare import prepare
from tests.runtime.cuda.test_emulate import sized
from tests.support import device_library, stand_in
from tests.support.cuda_text import Nowhere, Text, floats

pytestmark = pytest.mark.needs_compiler

REVERSE = """
extern "C" __global__ void k(const float* __restrict__ A, float* __restrict__ C)
{
  __shared__ float row[32];
  row[threadIdx.x] = A[threadIdx.x];
  __syncthreads();
  C[threadIdx.x] = row[31 - threadIdx.x];
}
"""
ROW = {"A": ("float32", (32,)), "C": ("float32", (32,))}


def kernel(text: Text) -> Kernel:
    return Kernel(text.interface, stand_in.on_device(text.artifact, text.interface), Nowhere())


def sized_kernel() -> Kernel:
    artifact, interface = sized()
    return Kernel(interface, stand_in.on_device(artifact, interface), Nowhere())


def names(log: list[str]) -> list[str]:
    return [line.split()[-1] for line in log]


def test_numpy_arrays_are_copied_there_and_back(driver) -> None:
    found = driver()
    f = kernel(Text(REVERSE, ROW))
    np.testing.assert_array_equal(f(floats(32)), floats(32)[::-1])
    calls = names(found.log())
    assert calls[:3] == ["cuInit", "cuDeviceGetCount", "cuDevicePrimaryCtxRetain"]
    order = ["cuCtxPushCurrent", "cuMemcpyHtoDAsync", "cuModuleLoadData", "cuLaunchKernel", "cuMemcpyDtoHAsync",
             "cuStreamSynchronize", "cuMemFreeAsync", "cuCtxPopCurrent"]  # fmt: skip
    assert [name for name in calls if name in order] == [*order[:-1], "cuMemFreeAsync", order[-1]]
    assert found.live() == 0
    out = np.zeros(64, "f")[::2]
    assert f(floats(32), out=out) is out
    np.testing.assert_array_equal(out, floats(32)[::-1])
    again = names(found.log())
    assert "cuModuleLoadData" not in again  # loaded once
    assert "cuInit" not in again


@pytest.mark.parametrize("view", [slice(0, 70), slice(0, 140, 2), slice(None, None, -1)])
def test_numpy_arrays_of_any_layout(driver, view: slice) -> None:
    driver()
    base = floats(140)
    np.testing.assert_array_equal(sized_kernel()(base[view], 3.0), base[view] * np.float32(3))


def test_without_stream_ordered_memory(driver) -> None:
    found = driver(POOLS=0)
    np.testing.assert_array_equal(kernel(Text(REVERSE, ROW))(floats(32)), floats(32)[::-1])
    assert "cuMemAllocAsync" not in names(found.log())
    assert found.live() == 0


def test_empty_arrays_launch_nothing(driver) -> None:
    found = driver()
    assert sized_kernel()(floats(0), 2.0).shape == (0,)
    assert "cuLaunchKernel" not in names(found.log())


def test_launches_share_intermediates(driver) -> None:
    found = driver()
    text = Text(
        """
extern "C" __global__ void first(const float* A, float* T) { T[threadIdx.x] = A[threadIdx.x] * 2.0f; }
extern "C" __global__ void second(const float* T, float* C) { C[threadIdx.x] = T[31 - threadIdx.x]; }
""",
        ROW, buffers=(DeviceBuffer("T", "float32", (Formula("32", (), 32),)),),
    )  # fmt: skip
    text.launches = (text.launch("first", "A", "T"), text.launch("second", "T", "C"))
    np.testing.assert_array_equal(kernel(text)(floats(32)), floats(32)[::-1] * 2)
    log = names(found.log())
    assert (log.count("cuLaunchKernel"), log.count("cuModuleLoadData"), found.live()) == (2, 1, 0)


def test_dynamic_shared_memory_is_asked_for(driver) -> None:
    found = driver()
    source = REVERSE.replace(
        "__shared__ float row[32];",
        """extern __shared__ __align__(16) unsigned char tdsl_shared[];
  float* const row = (float*)(tdsl_shared + 0);""",
    )
    np.testing.assert_array_equal(kernel(Text(source, ROW, dynamic=65536))(floats(32)), floats(32)[::-1])
    assert "cuFuncSetAttribute" in names(found.log())


# ---------------------------------------------------------------- arrays in device memory
@pytest.mark.parametrize("stream", [None, 7])
def test_device_arrays_stay_there_and_nothing_waits(driver, monkeypatch, stream: int | None) -> None:
    found = driver()
    device_library.installed(monkeypatch, stream)
    a = device_library.Array.of(floats(32))
    f = kernel(Text(REVERSE, ROW))
    found.log()
    result = f(a)
    log = found.log()
    assert isinstance(result, device_library.Array)
    assert not {"cuStreamSynchronize", "cuMemcpyHtoDAsync", "cuMemcpyDtoHAsync"} & set(names(log))
    assert f"stream {2 if stream is None else stream} cuLaunchKernel" in log
    np.testing.assert_array_equal(result.get(), floats(32)[::-1])
    out = device_library.Array.of(np.zeros(32, "f"))
    assert f(a, out=out) is out
    np.testing.assert_array_equal(out.get(), floats(32)[::-1])


@pytest.mark.parametrize("view", [slice(0, 70), slice(0, 140, 2), slice(None, None, -1), slice(1, 71)])
def test_device_arrays_of_any_layout(driver, monkeypatch, view: slice) -> None:
    driver()
    device_library.installed(monkeypatch)
    base = floats(140)
    a = device_library.Array.of(base).view(base[view])
    to = np.zeros(300, "f")
    out = device_library.Array.of(to).view(to[: 2 * len(base[view]) : 2])
    f = sized_kernel()
    np.testing.assert_array_equal(f(a, 3.0).get(), base[view] * np.float32(3))
    f(a, 3.0, out=out)
    np.testing.assert_array_equal(out.base.get()[: 2 * len(base[view]) : 2], base[view] * np.float32(3))


def test_numpy_and_device_arrays_together(driver, monkeypatch) -> None:
    driver()
    device_library.installed(monkeypatch)
    f = kernel(Text(REVERSE, ROW))
    out = np.zeros(32, "f")
    f(device_library.Array.of(floats(32)), out=out)
    np.testing.assert_array_equal(out, floats(32)[::-1])
    there = device_library.Array.of(out)
    f(floats(32) + 1, out=there)
    np.testing.assert_array_equal(there.get(), (floats(32) + 1)[::-1])


def test_a_library_that_speaks_dlpack_alone(driver, monkeypatch) -> None:
    driver()
    a = device_library.Exporter(device_library.Array.of(floats(32)))
    f, out = kernel(Text(REVERSE, ROW)), np.zeros(32, "f")
    f(a, out=out)
    np.testing.assert_array_equal(out, floats(32)[::-1])
    assert a.told == 1  # the legacy default stream
    with pytest.raises(
        td.CallTypeError, match="C102: tests makes no array of float32 that a kernel can fill"
    ):
        f(a)


def test_device_arrays_meet_the_same_checks(driver, monkeypatch) -> None:
    driver()
    device_library.installed(monkeypatch)
    f, array = kernel(Text(REVERSE, ROW)), device_library.Array.of
    for wrong, message in (
        (np.zeros(32), "C103: A has dtype float64, expected float32"),
        (np.zeros((32, 1), "f"), "C104: A has 2 dimensions, expected 1"),
        (np.zeros(31, "f"), "C105"),
    ):
        for value in (wrong, array(wrong)):
            with pytest.raises(td.CallError, match=message) as caught:
                f(value)
            assert isinstance(caught.value, TypeError | ValueError)
    closed = array(np.zeros(32, "f"))
    closed.readonly = True
    with pytest.raises(td.CallError, match="C108"):
        f(array(floats(32)), out=closed)
    with pytest.raises(td.CallError, match="C101"):
        f()


def test_declared_ranges_are_checked_on_the_device_too(driver, monkeypatch) -> None:
    driver()
    device_library.installed(monkeypatch)
    text = Text(
        'extern "C" __global__ void k(const int* A, float* C) { C[threadIdx.x] = (float)A[threadIdx.x]; }',
        {"A": ("int32", (32,)), "C": ("float32", (32,))},
    )
    from dataclasses import replace

    zero, end = Formula("0", (), 0), Formula("32", (), 32)
    ranged = replace(text.interface.arguments[0], value_range=(zero, end))
    interface = replace(text.interface, arguments=(ranged, text.interface.arguments[1]))
    f = Kernel(interface, stand_in.on_device(text.artifact, interface), Nowhere())
    index = np.arange(32, dtype="i")
    np.testing.assert_array_equal(f(device_library.Array.of(index)).get(), index)
    with pytest.raises(td.CallError, match="C112: A holds 32, outside its declared range"):
        f(device_library.Array.of(index + 1))


def test_one_array_as_input_and_output_is_copied_first(driver, monkeypatch) -> None:
    driver()
    device_library.installed(monkeypatch)
    from dataclasses import replace

    text = Text(REVERSE, ROW)
    interface = replace(text.interface, inplace=(("A", "C"),))
    f = Kernel(interface, stand_in.on_device(text.artifact, interface), Nowhere())
    both = device_library.Array.of(floats(32))
    f(both, out=both)
    np.testing.assert_array_equal(both.get(), floats(32)[::-1])


# ---------------------------------------------------------------- what goes wrong
def test_without_a_driver_the_call_says_what_would_work(monkeypatch, tmp_path) -> None:
    monkeypatch.setenv("TDSL_LIBCUDA", str(tmp_path / "libnothing.so.1"))
    text = Text(REVERSE, ROW)
    f = Kernel(text.interface, launcher(text.artifact, text.interface, "device", stand_in.image), Nowhere())
    with pytest.raises(td.MissingTool) as caught:
        f(floats(32))
    assert str(caught.value).startswith("T112: a CUDA kernel needs NVIDIA's driver, which is not here")
    assert 'run="emulate"' in str(caught.value)
    assert len(str(caught.value).splitlines()) <= 10


@pytest.mark.parametrize(
    ("environment", "text"), [({"COUNT": 0}, "finds no device"), ({"FAIL": "cuInit:100"}, "does not start")]
)
def test_without_a_device(driver, environment: dict[str, object], text: str) -> None:
    driver(**environment)
    with pytest.raises(td.MissingTool, match=f"T113: NVIDIA's driver {text}"):
        kernel(Text(REVERSE, ROW))(floats(32))


def test_another_architecture(driver) -> None:
    driver(CC=86)
    with pytest.raises(
        td.TargetError, match="G164: a kernel for sm_90 does not run on stand-in 0, which is sm_86"
    ):
        kernel(Text(REVERSE, ROW))(floats(32))


def test_what_runs_where() -> None:
    assert runs_on("sm_80", (8, 0)) and runs_on("sm_80", (8, 9)) and runs_on("sm_90a", (9, 0))
    assert not runs_on("sm_86", (8, 0)) and not runs_on("sm_80", (9, 0)) and not runs_on("sm_100a", (10, 3))
    assert runs_on("sm_120", (12, 1))


def test_memory_that_the_device_has_not(driver) -> None:
    found = driver(FAIL="cuMemAllocAsync:2")
    with pytest.raises(td.CallMemoryError, match=r"C132: no device memory for A of k \(128 bytes\)"):
        kernel(Text(REVERSE, ROW))(floats(32))
    assert found.live() == 0


@pytest.mark.parametrize(
    "call",
    [
        "cuMemcpyHtoDAsync",
        "cuModuleLoadData",
        "cuModuleGetFunction",
        "cuLaunchKernel",
        "cuMemcpyDtoHAsync",
        "cuStreamSynchronize",
    ],
)
def test_every_call_that_fails_is_an_error_and_frees_memory(driver, call: str) -> None:
    found = driver(FAIL=call)
    with pytest.raises(td.CallError, match="C131: the device failed while"):
        kernel(Text(REVERSE, ROW))(floats(32))
    assert found.live() == 0
    assert names(found.log())[-1] == "cuCtxPopCurrent"


def test_an_error_that_comes_late_names_what_was_launched(driver, monkeypatch) -> None:
    driver()
    device_library.installed(monkeypatch)
    text = Text(
        'extern "C" __global__ void k(const float* A, float* C) { C[threadIdx.x + 1000000] = A[threadIdx.x]; }',
        ROW,
    )
    f, a = kernel(text), device_library.Array.of(floats(32))
    f(a)  # nothing waits, so nothing is known yet
    with pytest.raises(td.CallError) as caught:
        f(floats(32))
    shown = str(caught.value)
    assert "CUDA error 700, CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access" in shown
    assert "launched and not known to have ended well: k" in shown
    assert "TDSL_CUDA_SYNC=1" in shown


def test_waiting_after_each_launch_on_request(driver, monkeypatch) -> None:
    found = driver()
    device_library.installed(monkeypatch)
    monkeypatch.setenv("TDSL_CUDA_SYNC", "1")
    text = Text(
        'extern "C" __global__ void k(float* C) { C[threadIdx.x + 1000000] = 1.0f; }', {"C": ROW["C"]}
    )
    with pytest.raises(td.CallError, match="C131: the device failed while running k"):
        kernel(text)(out=device_library.Array.of(floats(32)))
    assert "cuStreamSynchronize" in names(found.log())


def test_calls_from_several_threads(driver) -> None:
    found = driver()
    f = kernel(Text(REVERSE, ROW))
    results: list[np.ndarray | None] = [None] * 6

    def work(number: int) -> None:
        results[number] = f(floats(32) + number)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, result in enumerate(results):
        np.testing.assert_array_equal(result, (floats(32) + number)[::-1])
    assert found.live() == 0


def test_grids_are_checked_before_anything_is_launched(driver) -> None:
    found = driver()
    text = Text(
        'extern "C" __global__ void k(float* C) { C[0] = 1.0f; }',
        {"C": ("float32", (1,))},
        grid=(1, 1, 70000),
    )
    with pytest.raises(td.CallValueError, match="C130"):
        kernel(text)()
    assert "cuLaunchKernel" not in names(found.log())


def test_a_prepared_call_runs_without_a_kernel_object(driver) -> None:
    driver()
    text = Text(REVERSE, ROW)
    run: OnDevice = stand_in.on_device(text.artifact, text.interface)
    call = prepare(text.interface, (floats(32),), None, {})
    run(call)
    np.testing.assert_array_equal(call.outputs[0], floats(32)[::-1])
    assert cuda_driver().device_count() == 1
