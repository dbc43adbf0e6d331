"""Work in a forked process: what it yielded before it raised, crashed or took too long has come out."""

import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks import apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


def raises() -> None:
    raise ValueError("seven")


@pytest.mark.parametrize(
    ("end", "how"),
    [
        (raises, "failed: ValueError: seven"),
        (lambda: os.kill(os.getpid(), signal.SIGKILL), "ended by SIGKILL"),
        (lambda: os._exit(3), "ended by exit code 3"),
        (lambda: time.sleep(60), "stopped after 0.5 s"),
    ],
)
def test_an_early_end(end, how) -> None:
    def work() -> Iterator[int]:
        yield 1
        yield 2
        end()
        yield 3

    came, start = [], time.monotonic()
    with pytest.raises(apart.Stopped, match=how):
        came.extend(apart.run(work, 0.5))
    assert came == [1, 2]
    assert time.monotonic() - start < 30


def test_work_that_ends() -> None:
    assert list(apart.run(lambda: iter("abc"), 60.0)) == ["a", "b", "c"]
