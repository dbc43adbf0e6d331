"""An empty parallel region: two threads awake, and from sleep; what idle threads burn; libgomp beside, in turns.

The loop around the regions is machine code, so that Python's own time is not in it.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable, Iterator

from benchmarks import record
from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.native import native
from tdsl.runtime.pool import ThreadPool

TARGETS = {"awake": "target 1 µs", "asleep": "target 40 µs"}

LOOP = """
@sink = internal global [64 x i64] zeroinitializer, align 64
define internal void @nothing(ptr %ctx, i64 %i) {
  ret void
}
define internal void @gomp_task(ptr %ctx) {
  ret void
}
define void @ours(ptr %run, ptr %pool, i64 %regions) {
entry:
  br label %more
more:
  %i = phi i64 [ 0, %entry ], [ %next, %more ]
  call void %run(ptr %pool, ptr @nothing, ptr null, i64 2)
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %regions
  br i1 %again, label %more, label %done
done:
  ret void
}
define void @gomp(ptr %run, ptr %unused, i64 %regions) {
entry:
  br label %more
more:
  %i = phi i64 [ 0, %entry ], [ %next, %more ]
  call void %run(ptr @gomp_task, ptr null, i32 2, i32 0)
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %regions
  br i1 %again, label %more, label %done
done:
  ret void
}
"""


def measure(threads: int, quick: bool) -> Iterator[record.Line]:
    """Rows for the pool and for libgomp."""
    code = LoadedCode(compile_object(LOOP, host_target()), ("ours", "gomp"))
    pool = ThreadPool(2)
    candidates = {"tdsl": _caller(code.address("ours"), native().address("tdsl_parallel_for"), pool.context)}
    try:
        gomp = ctypes.CDLL("libgomp.so.1")
    except OSError:
        yield record.missing("pool", "awake", "libgomp", "not installed: it comes with gcc")
    else:
        address = ctypes.cast(gomp.GOMP_parallel, ctypes.c_void_p).value or 0
        candidates["libgomp"] = _caller(code.address("gomp"), address, 0)
    rounds = 5 if quick else 41
    for case, seconds in (("awake", _awake), ("asleep", _asleep)):
        taken: dict[str, list[float]] = {who: [] for who in candidates}
        for _ in range(rounds):
            for who, call in candidates.items():
                taken[who].append(seconds(call))
        for who, times in taken.items():
            note = f"best {1e6 * min(times):.2f} µs" + (f", {TARGETS[case]}" if who == "tdsl" else "")
            yield record.row("pool", case, who, seconds=times, threads=threads, peer=who != "tdsl", note=note)
    for who, call in candidates.items():
        burnt = [_idle(call) for _ in range(3)]
        yield record.row(
            "pool", "CPU in one idle second", who, seconds=burnt, threads=threads, peer=who != "tdsl"
        )
    pool.close()


def _caller(loop: int, run: int, pool: int) -> Callable[[int], None]:
    function = ctypes.CFUNCTYPE(None, *[ctypes.c_int64] * 3)(loop)
    return lambda regions: function(run, pool, regions)


def _awake(call: Callable[[int], None]) -> float:
    """Seconds a region, of many back to back."""
    call(200)
    start = time.perf_counter()
    call(20_000)
    return (time.perf_counter() - start) / 20_000


def _asleep(call: Callable[[int], None]) -> float:
    """Seconds of one region after 5 ms without any."""
    time.sleep(0.005)
    start = time.perf_counter()
    call(1)
    return time.perf_counter() - start


def _idle(call: Callable[[int], None]) -> float:
    """CPU seconds of the process in one second after a region."""
    call(1)
    start = time.process_time()
    time.sleep(1.0)
    return time.process_time() - start
