"""Work in child processes, so that a crash, a hang or a leak is a result like any other.

In: a function. Out: what it returned, or a `Failure` that says how the process ended. Children are forked: modules and
tables are there already. A `Workplace` keeps its child for many questions, so that what one finds out the next knows.
Where there is no `fork` the work is done in the process itself.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from tdsl.fuzzing.failure import Failure, failure_of

Argument = TypeVar("Argument")
Result = TypeVar("Result")
PATIENCE = 20
"""A child that waits (a lock, a lost wake-up) is late after so many times its limit."""
QUESTIONS = 200
"""A child answers so many questions, then a new one is made: its memory is bounded."""


def isolated(work: Callable[[], Result], seconds: float) -> Result | Failure:
    """`work()` in a child of its own that may take so long; its exceptions come back as failures, too."""
    with Workplace[None, Result](lambda _: work(), seconds) as place:
        return place.ask(None)


class Workplace(Generic[Argument, Result]):
    """A child process that answers questions one by one; a new one is made when it dies, hangs or grows old."""

    def __init__(self, work: Callable[[Argument], Result], seconds: float) -> None:
        self.work = work
        self.seconds = seconds
        self.child: tuple[int, int, int] | None = None
        self.asked = 0

    def __enter__(self) -> Workplace[Argument, Result]:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def ask(self, argument: Argument) -> Result | Failure:
        """`work(argument)`; a `Failure` where it raised, died or took too long."""
        if not hasattr(os, "fork"):
            try:
                return self.work(argument)
            except Exception as error:  # noqa: BLE001
                return failure_of(error)
        if self.child is None or self.asked >= QUESTIONS:
            self.close()
            self.child = _forked(self.work)
            self.asked = 0
        self.asked += 1
        pid, reading, writing = self.child
        _send(writing, argument)
        data = _receive(reading, _Limit(pid, self.seconds))
        if isinstance(data, bytes):
            return pickle.loads(data)
        self.child = None
        return _ended(pid, reading, writing, data, self.seconds)

    def close(self) -> None:
        """Ends the child."""
        if self.child is None:
            return
        pid, reading, writing = self.child
        os.close(writing)
        os.close(reading)
        os.kill(pid, signal.SIGKILL)  # a child made later may hold the other end of its pipe
        os.waitpid(pid, 0)
        self.child = None


def _forked(work: Callable[[Argument], object]) -> tuple[int, int, int]:
    """A child that answers what comes in: (its id, where to read, where to write)."""
    asking, questions = os.pipe()
    answers, answering = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # threads of the parent: the child uses none of them
        child = os.fork()
    if child:
        os.close(asking)
        os.close(answering)
        return child, answers, questions
    os.close(questions)
    os.close(answers)
    try:
        _answer(work, asking, answering)
    finally:
        os._exit(0)


def _answer(work: Callable[[Argument], object], asking: int, answering: int) -> None:
    """In the child: one answer a question, until the parent closes."""
    while isinstance(data := _receive(asking, None), bytes):
        try:
            answer = work(pickle.loads(data))
        except BaseException as error:  # noqa: BLE001
            answer = failure_of(error)
        _send(answering, answer)


def _ended(pid: int, reading: int, writing: int, why: str, seconds: float) -> Failure:
    """How a child ended that gave no answer."""
    os.close(writing)
    os.close(reading)
    if why == "late":
        os.kill(pid, signal.SIGKILL)
    _, status = os.waitpid(pid, 0)
    if why == "late":
        return Failure("hang", f"no answer within {seconds:.0f} s")
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        return Failure(f"crash {name}", f"the process was ended by {name}")
    return Failure("crash", f"the process ended with status {os.waitstatus_to_exitcode(status)}")


def _send(to: int, value: object) -> None:
    data = pickle.dumps(value)
    data = len(data).to_bytes(8, "little") + data
    try:
        while data:
            data = data[os.write(to, data) :]
    except BrokenPipeError:
        return  # the other side is gone: the next read says so


class _Limit:
    """How long a child may take: processor time where the system tells it, so that a busy machine makes no hangs."""

    def __init__(self, pid: int, seconds: float) -> None:
        self.pid = pid
        self.seconds = seconds
        self.wall = time.monotonic()
        self.start = _processor_seconds(pid)

    def passed(self) -> bool:
        """Whether the time is up."""
        wall = time.monotonic() - self.wall
        now = _processor_seconds(self.pid)
        if now is None or self.start is None or wall > PATIENCE * self.seconds:
            return wall > self.seconds
        return now - self.start > self.seconds


def _processor_seconds(pid: int) -> float | None:
    """Time a process has run so far; None where the system does not tell."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _receive(source: int, limit: _Limit | None) -> bytes | str:
    """One message; "late" or "closed" where none came."""
    data, wanted = b"", 8
    while len(data) < wanted:
        ready, _, _ = select.select([source], [], [], None if limit is None else min(1.0, limit.seconds))
        if not ready:
            if limit is not None and limit.passed():
                return "late"
            continue
        part = os.read(source, wanted - len(data))
        if not part:
            return "closed"
        data += part
        if wanted == 8 and len(data) == 8:
            wanted += int.from_bytes(data, "little")
    return data[8:]
