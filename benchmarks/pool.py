"""An empty parallel region: two threads awake, and from sleep; what idle threads burn; libgomp beside, in turns.

Beside the regions from sleep: one thread wakes another by a futex and waits for its answer, nothing else. That is what the
machine takes, and no pool whose threads sleep takes less.

The loop around the regions is machine code, so that Python's own time is not in it.
"""

from __future__ import annotations

import ctypes
import threading
import time
from collections.abc import Callable, Iterator

from benchmarks import record
from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.jit import LoadedCode, process_symbols
from tdsl.runtime.native import native
from tdsl.runtime.pool import ThreadPool

TARGETS = {"awake": "target 1 µs", "asleep": "target 40 µs"}

FUTEX = """
declare i64 @syscall(i64, ...)
define void @sleep_and_answer(ptr %words) {
entry:
  %stop = getelementptr i32, ptr %words, i64 32
  br label %look
look:
  %asked = atomicrmw xchg ptr %words, i32 0 seq_cst
  %any = icmp eq i32 %asked, 1
  br i1 %any, label %answer, label %sleep
sleep:
  %ended = load atomic i32, ptr %stop seq_cst, align 4
  %over = icmp eq i32 %ended, 1
  br i1 %over, label %done, label %wait
wait:
  %slept = call i64 (i64, ...) @syscall(i64 202, ptr %words, i64 128, i64 0, ptr null)
  br label %look
answer:
  %answer.at = getelementptr i32, ptr %words, i64 16
  store atomic i32 1, ptr %answer.at seq_cst, align 4
  br label %look
done:
  ret void
}
define void @wake_and_wait(ptr %words, ptr %unused, i64 %times) {
entry:
  %answer.at = getelementptr i32, ptr %words, i64 16
  br label %more
more:
  %i = phi i64 [ 0, %entry ], [ %next, %answered ]
  store atomic i32 0, ptr %answer.at seq_cst, align 4
  store atomic i32 1, ptr %words seq_cst, align 4
  %woken = call i64 (i64, ...) @syscall(i64 202, ptr %words, i64 129, i64 1)
  br label %spin
spin:
  %answer = load atomic i32, ptr %answer.at seq_cst, align 4
  %there = icmp eq i32 %answer, 1
  br i1 %there, label %answered, label %spin
answered:
  %next = add i64 %i, 1
  %again = icmp slt i64 %next, %times
  br i1 %again, label %more, label %done
done:
  ret void
}
"""
"""A thread that sleeps on a word and answers in another, and its caller. Futex: FUTEX_WAIT and FUTEX_WAKE, private."""

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
        bare = _Bare() if case == "asleep" and host_target().architecture == "x86_64" else None
        asked = candidates if bare is None else {**candidates, "a bare futex wake": bare.call}
        taken: dict[str, list[float]] = {who: [] for who in asked}
        for _ in range(rounds):
            for who, call in asked.items():
                taken[who].append(seconds(call))
        if bare is not None:
            bare.close()
        for who, times in taken.items():
            note = f"best {1e6 * min(times):.2f} µs" + (f", {TARGETS[case]}" if who == "tdsl" else "")
            yield record.row("pool", case, who, seconds=times, threads=threads, peer=who != "tdsl", note=note)
    for who, call in candidates.items():
        burnt = [_idle(call) for _ in range(3)]
        yield record.row(
            "pool", "CPU in one idle second", who, seconds=burnt, threads=threads, peer=who != "tdsl"
        )
    pool.close()


class _Bare:
    """One thread asleep on a futex, woken by each call."""

    def __init__(self) -> None:
        code = compile_object(FUTEX, host_target(), allowed=frozenset({"syscall"}))
        names = ("sleep_and_answer", "wake_and_wait")
        self._code = LoadedCode(code, names, process_symbols(frozenset({"syscall"})))
        self._words = (ctypes.c_int32 * 64)()
        self._address = ctypes.addressof(self._words)
        sleeper = ctypes.CFUNCTYPE(None, ctypes.c_int64)(self._code.address("sleep_and_answer"))
        self._thread = threading.Thread(target=sleeper, args=(self._address,))
        self._thread.start()
        self.call = _caller(self._code.address("wake_and_wait"), self._address, 0)

    def close(self) -> None:
        """End the thread."""
        self._words[32] = 1
        self.call(1)
        self._thread.join()


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
