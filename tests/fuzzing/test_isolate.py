"""Work in children: answers, exceptions, crashes and hangs come back as values; a hang is counted in processor time."""

import os
import signal
import time

from tdsl.fuzzing.failure import Failure, Mismatch
from tdsl.fuzzing.isolate import Workplace, isolated


def test_answers_and_exceptions():
    with Workplace(lambda number: 10 // number, 20) as place:
        assert place.ask(5) == 2
        failed = place.ask(0)
        assert (
            isinstance(failed, Failure)
            and failed.kind == "ZeroDivisionError"
            and "10 // number" in failed.detail
        )
        assert place.ask(3) == 3


def test_a_difference_keeps_its_kind():
    def differ(_):
        raise Mismatch("kernel and loops differ", "at 3")

    with Workplace(differ, 20) as place:
        assert place.ask(None) == Failure("kernel and loops differ", "at 3")


def test_a_child_that_dies_is_replaced():
    def work(number):
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if number == 3:
            os._exit(7)
        return number, os.getpid()

    with Workplace(work, 20) as place:
        first = place.ask(1)
        assert place.ask(4)[1] == first[1] != os.getpid()
        assert place.ask(2).kind == "crash SIGKILL"
        assert place.ask(3) == Failure("crash", "the process ended with status 7")
        assert place.ask(5)[1] != first[1]


def spin():
    while True:
        pass


def test_a_hang_is_late():
    assert isolated(spin, 0.5).kind == "hang"


def test_waiting_is_late_in_the_end():
    assert isolated(lambda: time.sleep(100), 0.1) == Failure("hang", "no answer within 0 s")


def test_a_large_answer():
    assert len(isolated(lambda: b"x" * 3_000_000, 20)) == 3_000_000
