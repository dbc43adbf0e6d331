"""Hostile calls in a process of their own: a crash, a hang or a wrong byte fails the test, not the suite.

What fails is shrunk before it is shown. 100,000 are one command: `python -m tests.fuzz.hostile`, or
`python -m benchmarks hostile`, which keeps the figures.
"""

import re
import sys

import pytest

from tests.fuzz.hostile import watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", [1])
def test_hostile_calls(seed):
    found = watch(2000, seed)
    assert not found.failures, found.text()
    assert min(found.told[name] for name in ("right", "wrong", "at once", "C101", "C103", "C107")) > 20


BREAKS = {
    "overlap is not looked at": "import tdsl.codegen.entry.outputs as o; o._apart = lambda code, one, other: 'true'",
    "ranges end one later": "import tdsl.codegen.entry.support as o; text = o._range_text; "
    "o._range_text = lambda d: text(d).replace('icmp uge <8', 'icmp ugt <8').replace('icmp ult i64 %one', 'icmp ule i64 %one')",
    "every pair counts as safe in place": "import tdsl.poly.inplace as p; p.may_be_one = lambda *names: True",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BREAKS)
def test_it_would_be_noticed(what):
    found = watch(4000, 3, before=BREAKS[what], most=1, shrunk=False)
    assert "AssertionError" in found.text(), what


CRASH = """
import os, signal
import tests.support.hostile_calls as it
made = it.attempt
def attempt(function, call):
    if call.subject.name == "neighbour" and call.wrong:
        os.kill(os.getpid(), signal.SIGSEGV)
    return made(function, call)
it.attempt = attempt
"""


@pytest.mark.slow
def test_a_crash_shrinks():
    """To one thing wrong: all but a few of its numbers are 0."""
    found = watch(3000, 2, before=CRASH, most=1)
    assert len(found.failures) == 1 and "SIGSEGV" in found.failures[0]
    numbers = re.search(r"hostile_calls ([0-9 ]+)\n", found.failures[0])[1].split()
    assert len(numbers) < 40 and 2 <= sum(number != "0" for number in numbers) < 8


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV before the first call"),
        ("import time; time.sleep(60)", "no end within"),
        (
            "import tests.support.hostile_calls as h; h.judge = lambda *all: 1 / 0",
            "a wrong answer in the call: python -m tests.support.hostile_calls 0",
        ),
    ],
)
def test_how_a_process_ends_is_told(before, said, monkeypatch):
    monkeypatch.setenv("TDSL_CACHE", "0")
    found = watch(1, 1, before=before, seconds=2.0 if "sleep" in before else 60.0)
    assert len(found.failures) == 1 and said in found.failures[0]
