"""Work in a forked process: what it yields comes out as it is made; a crash or too long a run ends that work alone."""

from __future__ import annotations

import multiprocessing
import signal
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from multiprocessing.connection import Connection
from typing import TypeVar

Message = TypeVar("Message")


class Stopped(Exception):
    """The work ended early; the text says how."""


def run(work: Callable[[], Iterable[Message]], seconds: float) -> Iterator[Message]:
    """Yields what the work yields (anything that pickles).

    Raises:
        Stopped: it raised, crashed, or was still running after so many seconds.
    """
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=_send, args=(work, there), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", DeprecationWarning
        )  # threads of the parent: the child uses none of them
        child.start()
    there.close()
    end = time.monotonic() + seconds
    try:
        while here.poll(max(end - time.monotonic(), 0)):
            kind, value = here.recv()
            if kind == "end":
                return
            if kind == "error":
                raise Stopped(f"failed: {value}")
            yield value
        raise Stopped(f"stopped after {seconds:g} s")
    except EOFError:
        child.join()
        raise Stopped(f"ended by {_how(child.exitcode or 0)}") from None
    finally:
        child.kill()
        child.join()
        here.close()


def _how(code: int) -> str:
    return signal.Signals(-code).name if code < 0 else f"exit code {code}"


def _send(work: Callable[[], Iterable[Message]], there: Connection) -> None:
    try:
        for value in work():
            there.send(("value", value))
    except Exception as error:  # noqa: BLE001 - the parent says it
        there.send(("error", f"{type(error).__name__}: {error}"))
    else:
        there.send(("end", None))
