"""Kernel objects: called directly by CPython, released when dropped, pickled by their loops, said in their repr."""

import gc
import inspect
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

import tdsl as td
from tdsl.runtime import fast_call
from tdsl.runtime.kernel import Kernel
from tdsl.runtime.roofline import Roofline


def build(name="y", target=None, schedule=lambda s, y: s):
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute(name, (n,), lambda i: x[i] * 2)
    return td.build(schedule(td.schedule(y), y), target=target)


ONES = np.ones(9, np.float32)


def test_a_fast_kernel_is_a_kernel():
    f = build()
    assert isinstance(f, td.Kernel) and type(f) is not Kernel
    assert type(f).__name__ == "Kernel" and type(f).__module__ == "tdsl.runtime.kernel"
    assert repr(f) == "<kernel y(x: float32[n]) -> y: float32[n] for cpu>" and f.name == "y"
    assert (f(ONES) == 2).all() and (f.__call__(ONES) == 2).all() and (Kernel.__call__(f, ONES) == 2).all()
    assert callable(f) and inspect.getdoc(f)
    with pytest.raises(AttributeError):
        f.other = 1


def test_without_the_fast_type_calls_are_the_same(monkeypatch):
    monkeypatch.setattr(fast_call, "_kernel_type", lambda: None)
    f = build()
    assert type(f) is Kernel and (f(ONES) == 2).all()
    out = np.empty_like(ONES)
    assert f(ONES, out=out) is out
    with pytest.raises(td.CallError, match="C101: y takes 1 argument \\(x\\), 0 were given"):
        f()


def test_errors_are_on_the_users_line():
    f = build()
    with pytest.raises(td.CallError) as refused:
        f(ONES.astype("f8"))  # here
    assert str(refused.value) == (
        "C103: x has dtype float64, expected float32\n"
        f'  test_kernel.py:{refused.value.where.line}   f(ONES.astype("f8"))  # here\n'
        f"  {' ' * len(f'test_kernel.py:{refused.value.where.line}')}   ^^^^^^^^^^^^^^^^^^^^\n"
        "  try: x.astype('float32')"
    )
    assert [entry.name for entry in refused.traceback] == ["test_errors_are_on_the_users_line"]


@pytest.mark.parametrize("used", [False, True])
def test_dropped_kernels_go_at_once(used):
    f = build()
    if used:
        f(ONES), f(np.ones(18, np.float32)[::2]), f(memoryview(ONES))
        with pytest.raises(td.CallError):
            f()
    gone = [weakref.ref(f), weakref.ref(f._run), weakref.ref(f._held[0])]
    gc.disable()
    try:
        del f
        assert [one() for one in gone] == [None] * 3
    finally:
        gc.enable()


def test_kernels_of_one_interface_share_an_entry():
    one, other = build("a"), build("b")
    assert one._held[1] is other._held[1]
    assert (one(ONES) == 2).all() and (other(ONES) == 2).all()
    with pytest.raises(td.CallError, match="C101: b takes"):
        other()


def test_references_are_kept_in_order():
    f = build()
    out, values = np.empty_like(ONES), ONES.copy()
    before = sys.getrefcount(out), sys.getrefcount(values), sys.getrefcount(f)
    for _ in range(1000):
        f(values, out=out)
        f(values)
        f(values[::2])
    assert (sys.getrefcount(out), sys.getrefcount(values), sys.getrefcount(f)) == before


@pytest.mark.parametrize("target", [None, "interpret", td.Target("cpu", mcpu="x86-64-v3")])
def test_kernels_travel(target):
    f = build(target=target, schedule=lambda s, y: s.vectorize(y, "i", 8))
    if not f.__repr__().endswith("v3>"):
        assert (f(ONES) == 2).all()
    g = pickle.loads(pickle.dumps(f))
    assert repr(g) == repr(f) and g.interface == f.interface and g.source("loops") == f.source("loops")
    if target is None:
        assert g.source("llvm") == f.source("llvm") and g.source("asm") == f.source("asm")
        assert type(g) is type(f)
    assert pickle.loads(pickle.dumps(g)).source("loops") == f.source("loops")


def test_kernels_travel_to_other_processes(tmp_path):
    (tmp_path / "kernel").write_bytes(pickle.dumps(build()))
    program = (
        "import pickle, numpy as np\n"
        f"f = pickle.loads(open({str(tmp_path / 'kernel')!r}, 'rb').read())\n"
        "print(f(np.ones(5, 'f4')).sum(), f.inplace)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "10.0 {'x': ('y',)}"


def test_a_pickle_of_another_format():
    rebuilt, (state,) = build().__reduce__()
    with pytest.raises(td.FormatError, match="C120: a kernel pickled in format 99"):
        rebuilt({**state, "format": 99})


def test_schedules_targets_tensors_and_errors_travel():
    n = td.size("n")
    x = td.placeholder("x", (n,))
    y = td.compute("y", (n,), lambda i: x[i] * 2)
    s = td.schedule(y).vectorize(y, "i", 8)
    for value in (s, td.Target("cpu", mcpu="znver4"), td.Target()):
        assert pickle.loads(pickle.dumps(value)) == value
    again, tensor = pickle.loads(pickle.dumps((s, y)))
    assert again == s and again.axes(tensor) == s.axes(y)
    assert (td.build(again)(ONES) == 2).all()
    for call in (
        lambda: td.build(s)(),
        lambda: s.vectorize(y, "k", 8),
        lambda: x[n, n],
        lambda: td.load("nothing.so"),
    ):
        with pytest.raises(td.TdslError) as refused:
            call()
        error = pickle.loads(pickle.dumps(refused.value))
        assert type(error) is type(refused.value) and str(error) == str(refused.value)


def test_timing_a_kernel():
    f = build()
    timing = f.time(ONES, repeats=2)
    assert timing.bytes == 2 * ONES.nbytes and timing.operations == 9 and timing.median_s > 0
    assert str(timing).startswith("y: ") and str(timing).endswith(" % of the roofline")
    assert timing.roofline.threads == 1 and timing.roofline.peak_gflops > 0 and timing.roofline.stream_gbs > 0
    assert timing.share == timing.roofline.least_seconds(9, 2 * ONES.nbytes) / timing.median_s
    assert f.time(ONES[::2], out=np.empty(5, np.float32), repeats=1).bytes == 40


@pytest.mark.parametrize("what", ["cuda", "ptx", "sass"])
def test_a_kernel_for_a_cpu_has_no_source_of_a_gpu(what):
    n = td.size("n")
    y = td.compute("y", (n,), lambda i: td.cast(i, "float32"))
    with pytest.raises(td.TargetError, match=f"G108: a kernel for cpu has no {what} source"):
        td.build(td.schedule(y)).source(what)


def test_the_roofline_bounds_by_arithmetic_or_by_bytes():
    roofline = Roofline(peak_gflops=10.0, stream_gbs=2.0, threads=1)
    assert roofline.least_seconds(10**9, 8) == 0.1
    assert roofline.least_seconds(8, 10**9) == 0.5


def test_a_parallel_kernel_is_held_to_what_all_threads_reach():
    n = td.size("n")
    y = td.compute("y", (n,), lambda i: td.cast(i, "float64"))
    kernel = td.build(td.schedule(y).parallel(y, "i"))
    assert kernel.time(n=100, repeats=1).roofline.threads == td.get_num_threads()
