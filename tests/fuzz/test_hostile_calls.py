"""Thousands of hostile calls in a process of its own: a crash, a hang or a wrong byte fails the test, not the suite.

100,000 are one command: `python -m tests.fuzz.hostile`, or `python -m benchmarks hostile`, which keeps the figures.
"""

import sys

import pytest

from tests.fuzz.hostile import watch

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", [1])
def test_hostile_calls(seed):
    found = watch(2500, seed)
    assert not found.failures, found.text()
    assert min(found.told[name] for name in ("right", "wrong", "C101", "C103", "C109", "C112")) > 20


BREAKS = {
    "overlap is not looked at": "import tdsl.codegen.entry.outputs as o; o._apart = lambda code, one, other: 'true'",
    "ranges end one later": "import tdsl.codegen.entry.support as o; text = o._range_text; "
    "o._range_text = lambda d: text(d).replace('icmp uge <8', 'icmp ugt <8').replace('icmp ult i64 %one', 'icmp ule i64 %one')",
    "every pair counts as safe in place": "import tdsl.poly.inplace as p; p.may_be_one = lambda *names: True",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BREAKS)
def test_it_would_be_noticed(what):
    found = watch(6000, 5, batch=6000, before=BREAKS[what])
    assert "AssertionError" in found.text(), what


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "SIGSEGV in call none yet"),
        ("import time; time.sleep(60)", "no end within"),
        ("import tests.support.hostile_calls as h; h.judge = lambda *all: 1 / 0", "status 1 in call 0"),
    ],
)
def test_how_a_process_ends_is_told(before, said, monkeypatch):
    monkeypatch.setenv("TDSL_CACHE", "0")
    found = watch(1, 1, before=before, seconds=2.0 if "sleep" in before else 60.0)
    assert len(found.failures) == 1 and said in found.failures[0]
