"""The thread pool: every index once, whatever runs beside it; forks, resizes, signals; how many threads there are."""

import ctypes
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from tdsl.errors import ArgumentError, ArgumentTypeError
from tdsl.runtime import pool as pools
from tdsl.runtime.native import native
from tdsl.runtime.pool import MAXIMUM_THREADS, ThreadPool, get_num_threads, process_pool, set_num_threads

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture
def pool():
    made = ThreadPool(4)
    yield made
    made.close()


def address(array):
    return array.ctypes.data


def test_each_index_once_over_many_regions(pool, tasks):
    hits = np.zeros(64, np.int64)
    for _ in range(20_000):
        pool.run(tasks["hit"], address(hits), 64)
    assert (hits == 20_000).all()
    assert pool.workers == 3


def test_a_region_is_over_when_it_returns(pool, tasks):
    """Different arrays and counts in turn, checked at once: a worker that is late may not touch an older region."""
    draw = random.Random(5)
    arrays = [np.zeros(40, np.int64) for _ in range(4)]
    for turn in range(4_000):
        hits, count = arrays[turn % 4], draw.choice((0, 1, 2, 3, 5, 8, 33, 40))
        pool.run(tasks["hit"], address(hits), count)
        assert (hits[:count] == 1).all() and (hits[count:] == 0).all()
        hits[:] = 0
    assert all((hits == 0).all() for hits in arrays)


# Regions back to back: two tasks, two arrays and nine counts in turn, each array checked as soon as its region is over.
HAMMER = """
define internal void @add_one(ptr %hits, i64 %i) {
  %place = getelementptr i64, ptr %hits, i64 %i
  atomicrmw add ptr %place, i64 1 monotonic, align 8
  ret void
}
define internal void @add_many(ptr %hits, i64 %i) {
  %place = getelementptr i64, ptr %hits, i64 %i
  atomicrmw add ptr %place, i64 65536 monotonic, align 8
  ret void
}
define i64 @hammer(ptr %run, ptr %pool, ptr %arrays, i64 %regions) {
entry:
  br label %region
region:
  %r = phi i64 [ 0, %entry ], [ %r.next, %over ]
  %wrong = phi i64 [ 0, %entry ], [ %wrong.now, %over ]
  %parity = and i64 %r, 1
  %odd = icmp eq i64 %parity, 1
  %task = select i1 %odd, ptr @add_one, ptr @add_many
  %want = select i1 %odd, i64 1, i64 65536
  %some = urem i64 %r, 9
  %count = add i64 %some, 2
  %start = mul i64 %parity, 16
  %hits = getelementptr i64, ptr %arrays, i64 %start
  call void %run(ptr %pool, ptr %task, ptr %hits, i64 %count)
  br label %check
check:
  %i = phi i64 [ 0, %region ], [ %i.next, %check ]
  %sum = phi i64 [ %wrong, %region ], [ %wrong.now, %check ]
  %place = getelementptr i64, ptr %hits, i64 %i
  %found = atomicrmw xchg ptr %place, i64 0 seq_cst, align 8
  %differs = icmp ne i64 %found, %want
  %one = zext i1 %differs to i64
  %wrong.now = add i64 %sum, %one
  %i.next = add i64 %i, 1
  %more = icmp slt i64 %i.next, %count
  br i1 %more, label %check, label %over
over:
  %r.next = add i64 %r, 1
  %again = icmp slt i64 %r.next, %regions
  br i1 %again, label %region, label %done
done:
  ret i64 %wrong.now
}
"""


@pytest.mark.parametrize("threads", [2, 4, 16])
def test_no_worker_carries_a_region_into_the_next(threads, load, function):
    """More threads than cores: workers are descheduled anywhere, and come back regions later."""
    code = load(HAMMER, "hammer")
    hammer = function(code.address("hammer"), ctypes.c_int64, *[ctypes.c_int64] * 4)
    arrays, pool = np.zeros(32, np.int64), ThreadPool(threads)
    assert hammer(native().address("tdsl_parallel_for"), pool.context, address(arrays), 100_000) == 0
    assert not arrays.any()
    pool.close()


@pytest.mark.parametrize("count", [0, -1, -(2**63)])
def test_nothing_to_do(pool, tasks, count):
    pool.run(tasks["hit"], 0, count)
    assert pool.workers == 0


def test_threads_start_with_the_first_parallel_region(pool, tasks):
    hits = np.zeros(2, np.int64)
    pool.run(tasks["hit"], address(hits), 1)
    assert pool.workers == 0
    pool.run(tasks["hit"], address(hits), 2)
    assert pool.workers == 3


def test_as_many_tasks_run_at_once_as_there_are_threads(pool, tasks):
    """Each task waits for the three others: this hangs unless all four threads take part."""
    for _ in range(50):
        words = np.array([4, 0], np.int64)
        pool.run(tasks["meet"], address(words), 4)
        assert words[1] == 4


def test_one_thread_runs_all_itself(tasks):
    pool, hits = ThreadPool(1), np.zeros(100, np.int64)
    pool.run(tasks["hit"], address(hits), 100)
    assert (hits == 1).all() and pool.workers == 0
    pool.close()


def nested_fields(pool, hits, count):
    return np.array([native().address("tdsl_parallel_for"), pool.context, address(hits), count], np.int64)


def test_regions_inside_tasks_run_in_place(pool, tasks):
    hits = np.zeros(16, np.int64)
    fields = nested_fields(pool, hits, 16)
    for _ in range(200):
        pool.run(tasks["nested_hit"], address(fields), 10)
    assert (hits == 2_000).all()


def test_eight_python_threads_at_once(pool, tasks):
    arrays = [np.zeros(32, np.int64) for _ in range(8)]
    start = threading.Barrier(8)

    def work(hits):
        fields = nested_fields(pool, hits, 32)
        start.wait()
        for turn in range(300):
            if turn % 10:
                pool.run(tasks["hit"], address(hits), 32)
            else:
                pool.run(tasks["nested_hit"], address(fields), 2)

    threads = [threading.Thread(target=work, args=(hits,)) for hits in arrays]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((hits == 270 + 60).all() for hits in arrays)


def test_resizing_between_and_during_regions(pool, tasks):
    hits = np.zeros(8, np.int64)
    stop = threading.Event()

    def resize():
        sizes = random.Random(3)
        while not stop.is_set():
            pool.resize(sizes.randint(1, 6))

    beside = threading.Thread(target=resize)
    beside.start()
    for _ in range(2_000):
        pool.run(tasks["hit"], address(hits), 8)
    stop.set()
    beside.join()
    assert (hits == 2_000).all()
    pool.resize(3)
    pool.run(tasks["hit"], address(hits), 8)
    assert pool.workers == 2 and pool.threads == 3


def thread_numbers():
    return {path.name for path in Path("/proc/self/task").iterdir()}


def test_threads_end_with_their_pool(tasks):
    before = thread_numbers()
    for _ in range(20):
        pool, hits = ThreadPool(4), np.zeros(4, np.int64)
        pool.run(tasks["hit"], address(hits), 4)
        assert (hits == 1).all()
        pool.close()
    end = time.monotonic() + 10  # Linux lists a thread for some microseconds after it was joined
    while thread_numbers() - before and time.monotonic() < end:
        time.sleep(0.001)
    assert not thread_numbers() - before


def test_workers_leave_signals_to_the_program(pool, tasks):
    before = set(Path("/proc/self/task").iterdir())
    words = np.array([4, 0], np.int64)
    pool.run(tasks["meet"], address(words), 4)
    workers = set(Path("/proc/self/task").iterdir()) - before
    assert len(workers) == 3
    for worker in workers:
        line = next(
            line for line in (worker / "status").read_text().splitlines() if line.startswith("SigBlk")
        )
        blocked = {number for number in range(1, 65) if int(line.split()[1], 16) >> (number - 1) & 1}
        assert {signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGCHLD} <= blocked
        assert not {signal.SIGSEGV, signal.SIGFPE, signal.SIGBUS, signal.SIGILL, signal.SIGABRT} & blocked


FORK = """
import os, sys, threading, numpy as np
from tdsl.codegen.machine import compile_object, host_target
from tdsl.runtime.jit import LoadedCode
from tdsl.runtime.pool import ThreadPool

code = LoadedCode(compile_object(sys.argv[1], host_target()), ("hit", "meet"))
pool, small = ThreadPool(4), ThreadPool(2)

def check(pool):
    hits = np.zeros(64, np.int64)
    for _ in range(500):
        pool.run(code.address("hit"), hits.ctypes.data, 64)
    words = np.array([pool.threads, 0], np.int64)
    pool.run(code.address("meet"), words.ctypes.data, pool.threads)
    return (hits == 500).all() and pool.workers == pool.threads - 1

def child_is_fine():
    child = os.fork()
    if child == 0:
        fresh = pool.workers == 0 and small.workers == 0
        os._exit(0 if fresh and check(pool) and check(small) else 1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0

assert check(pool) and check(small)
assert child_is_fine()                                   # while idle
stop, ran = threading.Event(), []

def beside():
    while not stop.is_set():
        ran.append(check(pool))

thread = threading.Thread(target=beside)
thread.start()
assert all(child_is_fine() for _ in range(20))           # while another thread runs regions
stop.set()
thread.join()
assert all(ran) and check(pool) and check(small)
print("fine")
"""


def test_forks(tasks):
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", FORK, tasks["text"]],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.stdout == "fine\n", done.stderr


def ask_for_threads(**environment):
    program = "from tdsl.runtime.pool import get_num_threads; print(get_num_threads())"
    return subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **environment}, capture_output=True, text=True
    )


def test_the_environment_sets_the_number():
    assert ask_for_threads(TDSL_NUM_THREADS="3").stdout == "3\n"
    allowed = len(os.sched_getaffinity(0))
    assert 1 <= int(ask_for_threads(TDSL_NUM_THREADS="").stdout) <= allowed


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("0", "ArgumentError: C116: TDSL_NUM_THREADS takes an integer from 1 to 1024, not 0"),
        ("-2", "ArgumentError: C116: TDSL_NUM_THREADS takes an integer from 1 to 1024, not -2"),
        ("many", "ArgumentTypeError: C116: TDSL_NUM_THREADS takes an integer from 1 to 1024, not 'many'"),
    ],
)
def test_a_wrong_environment_is_no_silent_default(value, said):
    assert said in ask_for_threads(TDSL_NUM_THREADS=value).stderr


def test_setting_the_number_of_threads(tasks):
    before = get_num_threads()
    try:
        set_num_threads(np.int64(3))
        assert get_num_threads() == 3 == process_pool().threads
        hits = np.zeros(9, np.int64)
        process_pool().run(tasks["hit"], address(hits), 9)
        assert (hits == 1).all() and process_pool().workers == 2
    finally:
        set_num_threads(before)


@pytest.mark.parametrize("wrong", [0, -1, MAXIMUM_THREADS + 1])
def test_numbers_that_are_no_number_of_threads(wrong):
    with pytest.raises(
        ArgumentError, match=f"C116: td.set_num_threads takes an integer from 1 to 1024, not {wrong}"
    ):
        set_num_threads(wrong)


@pytest.mark.parametrize("wrong", [2.0, "2", None, True])
def test_things_that_are_no_number(wrong):
    with pytest.raises(ArgumentTypeError, match="C116: td.set_num_threads takes an integer"):
        set_num_threads(wrong)


def test_one_pool_for_the_process():
    made = []
    threads = [threading.Thread(target=lambda: made.append(process_pool())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({id(each) for each in made}) == 1 and made[0].context
    assert pools._process == [made[0]]
