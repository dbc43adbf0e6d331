"""Threads of kernels: a number of threads in, a fork-join pool for `tdsl_env` out; `td.set_num_threads`.

The pool itself is pool.ll. Threads start with the first parallel region, sleep between regions, are pinned to no core,
take no signals of the program, and run in the default floating environment. Regions of several Python threads at once,
and regions inside tasks, run on the thread that asks: nobody waits for somebody else's loop. A forked child starts
threads of its own when it needs them. Results never depend on the number of threads (semantics C8).
"""

from __future__ import annotations

import ctypes
import operator
import os
from typing import SupportsIndex

from tdsl.errors import ArgumentError, ArgumentTypeError, CallMemoryError
from tdsl.location import here
from tdsl.runtime.native import native
from tdsl.runtime.once import process_lock
from tdsl.runtime.processors import count_processors

MAXIMUM_THREADS = 1024
"""Places for threads in pool.ll."""

WORKER_SPIN = 200
"""Looks of a worker for the next region before it sleeps: some 5 µs. More makes waking slower and burns power."""


class ThreadPool:
    """A fork-join pool for `tdsl_env.parallel_for`.

    Args:
        threads: how many run a region, the caller among them; 1 runs everything on the caller.
        spin: looks of an idle worker before it sleeps.

    Errors: C115 no memory for the pool itself (25 KB).
    """

    __slots__ = ("_context", "_threads")

    def __init__(self, threads: int, spin: int = WORKER_SPIN) -> None:
        self._threads = threads
        self._context = native().call("tdsl_pool_create", ctypes.c_int64, threads, spin)
        if not self._context:
            raise CallMemoryError("C115", "no memory for the thread pool")

    @property
    def context(self) -> int:
        """`pool_ctx` of `tdsl_env`."""
        return self._context

    @property
    def threads(self) -> int:
        """Threads that run a region, the caller among them."""
        return self._threads

    @property
    def workers(self) -> int:
        """Threads that have been started and not stopped, the caller not among them."""
        return native().call("tdsl_pool_workers", ctypes.c_int32, self._context)

    def resize(self, threads: int) -> None:
        """Change the number of threads, when no region runs; surplus threads end before this returns."""
        native().call("tdsl_pool_resize", None, self._context, threads)
        self._threads = threads

    def run(self, task: int, context: int, count: int) -> None:
        """Call the machine code at `task` with (context, i) once for each i in 0..count, as kernels do."""
        native().call("tdsl_parallel_for", None, self._context, task, context, count)

    def close(self) -> None:
        """End the threads and free the pool; nobody may use it afterwards."""
        context, self._context = self._context, 0
        if context:
            native().call("tdsl_pool_destroy", None, context)


_process: list[ThreadPool] = []


def process_pool() -> ThreadPool:
    """The pool that all kernels of the process share.

    Its first size is ``TDSL_NUM_THREADS``, or what the affinity mask and the control groups' quota allow.
    Errors: C116 ``TDSL_NUM_THREADS`` is no number of threads.
    """
    if not _process:
        with process_lock():
            if not _process:
                _process.append(ThreadPool(_default_threads()))
    return _process[0]


def set_num_threads(threads: SupportsIndex) -> None:
    """Run parallel loops on `threads` threads from now on, in the whole process; results do not change.

    Errors: C116 not an integer from 1 to 1024.
    """
    process_pool().resize(_checked(threads, "td.set_num_threads"))


def get_num_threads() -> int:
    """How many threads run a parallel loop, the calling one among them."""
    return process_pool().threads


def _default_threads() -> int:
    asked = os.environ.get("TDSL_NUM_THREADS", "").strip()
    if not asked:
        return min(count_processors().threads, MAXIMUM_THREADS)
    return _checked(int(asked) if asked.lstrip("-").isdecimal() else asked, "TDSL_NUM_THREADS")


def _checked(threads: object, what: str) -> int:
    allowed = f"an integer from 1 to {MAXIMUM_THREADS}"
    if isinstance(threads, bool) or not isinstance(threads, SupportsIndex):
        raise ArgumentTypeError("C116", f"{what} takes {allowed}, not {threads!r}", where=here())
    number = operator.index(threads)
    if not 1 <= number <= MAXIMUM_THREADS:
        raise ArgumentError("C116", f"{what} takes {allowed}, not {number}", where=here())
    return number
