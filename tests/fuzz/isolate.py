"""Runs one case in a child process, so that a crash, a hang or a leak is a result like any other.

In: a function without arguments. Out: what it returned, or a `Failure` that says how the process ended. The child is
forked: modules and LLVM's tables are there already. Linux and macOS only, as the fuzzer is.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
from collections.abc import Callable
from typing import TypeVar

from tests.support.case import Failure, failure_of

Result = TypeVar("Result")


def isolated(work: Callable[[], Result], seconds: float) -> Result | Failure:
    """`work()` in a child that may take so long; its exceptions come back as failures, too."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        _report(work, writing)
    os.close(writing)
    data, ended = _received(reading, time.monotonic() + seconds)
    os.close(reading)
    if not ended:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    if not ended:
        return Failure("hang", f"no answer within {seconds:.0f} s")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Failure(f"crash {name}", f"the process was ended by {name}")
    if not data:
        return Failure("crash", f"the process ended with status {status}")
    return pickle.loads(data)


def _report(work: Callable[[], object], writing: int) -> None:
    """In the child: the result into the pipe, then the end."""
    try:
        answer = work()
    except BaseException as error:  # noqa: BLE001
        answer = failure_of(error)
    data = pickle.dumps(answer)
    while data:
        data = data[os.write(writing, data) :]
    os.close(writing)
    os._exit(0)


def _received(reading: int, until: float) -> tuple[bytes, bool]:
    """(what came, whether the other side closed before the time was up)."""
    data = b""
    while True:
        ready, _, _ = select.select([reading], [], [], max(0.0, until - time.monotonic()))
        if not ready:
            return data, False
        part = os.read(reading, 1 << 16)
        if not part:
            return data, True
        data += part
