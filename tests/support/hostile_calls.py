"""Hostile calls: choices in; a call that is right or wrong in known ways, made, and judged. Run under a watchdog.

A right call is drawn first (hostile_draws.py); then things are perhaps made wrong, in ways that must be refused
(hostile_spoilers.py). After the call all bytes of all buffers are compared with what they should be. The same call by the
Python way must say the same.

    python -m tests.support.hostile_calls NUMBER…

makes the call that follows from these numbers, in this process; `python -m tests.fuzz.hostile` watches processes in which
Hypothesis chooses.
"""

from __future__ import annotations

import random
import sys
import threading
from collections import Counter
from collections.abc import Callable

import numpy as np

import tdsl as td
from tests.support.hostile_choices import Choices, replayed
from tests.support.hostile_draws import Call, draw_call, expected
from tests.support.hostile_kernels import SUBJECTS, Subject
from tests.support.hostile_spoilers import spoil

THREADS = 4


def judge(draw: Choices, subject: Subject, kernel: td.Kernel, told: Counter[str]) -> None:
    call = draw_call(draw, subject, kernel)
    while draw.chance(45):
        spoil(draw, call)
    told["wrong" if call.wrong else "right"] += 1
    results = None if call.wrong else expected(call)
    for one in call.placed:
        one.before = one.buffer.tobytes()
    held = references(call)
    first = attempt(kernel, call)
    if not isinstance(first, Exception) and first is not call.out:
        assert references(call) == held, f"references: {call.subject.name}, {call.sizes}"
    check(call, first, results, told)
    for one in call.placed:
        one.buffer[:] = np.frombuffer(one.before, np.uint8)
    second = attempt(kernel._call, call)
    check(call, second, results, told)
    if isinstance(first, Exception) or isinstance(second, Exception):
        assert type(first) is type(second) and str(first) == str(second), (
            f"{first!r} and {second!r}: {call.wrong}"
        )


def references(call: Call) -> list[int]:
    """How often each array of a call is referred to; numbers may be shared with anything."""
    given = (*call.args, *call.arrays.values(), *(call.outputs or ()))
    return [sys.getrefcount(one) for one in given if not isinstance(one, int | float | np.generic)]


def attempt(function: Callable[..., object], call: Call) -> object:
    out = {} if call.out is None else {"out": call.out}
    try:
        return function(*call.args, **out, **call.keywords)
    except td.CallError as error:
        return error


def check(call: Call, answer: object, results: tuple[np.ndarray, ...] | None, told: Counter[str]) -> None:
    where = f"{call.subject.name}, {call.sizes}, wrong: {call.wrong}"
    if call.wrong:
        assert isinstance(answer, td.CallError), f"accepted: {where}"
        assert isinstance(answer, TypeError | ValueError | KeyError), where
        assert len(str(answer).splitlines()) <= 10, where
        told[answer.code] += 1
    else:
        assert not isinstance(answer, Exception), f"refused: {where}: {answer}"
        compare(call, answer, results, where)
    for one in call.placed:
        if not call.wrong and call.outputs is not None and any(one.array is each for each in call.outputs):
            continue  # compared below
        assert one.buffer.tobytes() == one.before, f"bytes changed: {where}"


def compare(call: Call, answer: object, results: tuple[np.ndarray, ...], where: str) -> None:
    if call.out is not None:
        assert answer is call.out, where
        found = call.outputs
    else:
        found = list(answer) if isinstance(answer, tuple) else [answer]
    for array, wanted in zip(found, results, strict=True):
        assert array.shape == wanted.shape and array.dtype == wanted.dtype, where
        if call.subject.name == "product":
            np.testing.assert_allclose(array, wanted, rtol=1e-12, atol=1e-9, err_msg=where)
        else:
            np.testing.assert_array_equal(array, wanted, err_msg=where)
    for one in call.placed:  # around the outputs nothing changed
        if call.outputs is not None and any(one.array is each for each in call.outputs):
            after = one.buffer.copy()
            kept = np.ndarray(
                one.array.shape,
                one.array.dtype,
                after,
                one.array.ctypes.data - one.buffer.ctypes.data,
                one.array.strides,
            )
            kept[...] = np.ndarray(
                kept.shape,
                kept.dtype,
                bytearray(one.before),
                one.array.ctypes.data - one.buffer.ctypes.data,
                kept.strides,
            )
            assert after.tobytes() == one.before, f"written outside: {where}"


def at_once(draw: Choices, kernels: Kernels, told: Counter[str]) -> None:
    """Calls of one kernel from several threads, each with arrays of its own."""
    subject, kernel = draw.choice(kernels)
    seeds = [draw.contents() for _ in range(THREADS)]
    wrong: list[BaseException] = []

    def work(drawn: random.Random) -> None:
        mine: Counter[str] = Counter()
        try:
            with np.errstate(all="ignore"):
                for _ in range(5):
                    judge(Choices(drawn.randrange), subject, kernel, mine)
        except BaseException as error:  # noqa: BLE001
            wrong.append(error)
        told["at once"] += mine["right"] + mine["wrong"]

    threads = [threading.Thread(target=work, args=(drawn,)) for drawn in seeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for error in wrong:
        raise error


Kernels = list[tuple[Subject, td.Kernel]]


def built() -> Kernels:
    """All kernels that are called."""
    return [(subject, subject.build()) for subject in SUBJECTS]


def one_call(draw: Choices, kernels: Kernels, told: Counter[str]) -> None:
    """A call, now and then some from several threads at once."""
    if draw.chance(2):
        at_once(draw, kernels, told)
    subject, kernel = draw.choice(kernels)
    with np.errstate(all="ignore"):
        judge(draw, subject, kernel, told)


if __name__ == "__main__":
    import faulthandler

    faulthandler.enable()
    counts: Counter[str] = Counter()
    one_call(replayed([int(number) for number in sys.argv[1:]]), built(), counts)
    print(dict(counts))
