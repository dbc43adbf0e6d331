"""Thousands of hostile calls in a process of its own: a crash, a hang or a wrong byte fails the test, not the suite."""

import os
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")

# 100,000 take three minutes: TDSL_HOSTILE_CALLS=100000 pytest tests/fuzz/test_hostile_calls.py
CALLS = int(os.environ.get("TDSL_HOSTILE_CALLS", "2500"))


def run(calls, seed, *before):
    program = "\n".join(
        (
            *before,
            "import faulthandler",
            "faulthandler.enable()",
            "from tests.support.hostile_calls import main",
        )
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-W", "error", "-c", f"{program}\nmain({calls}, {seed})"]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120 + calls / 50)


@pytest.mark.fuzz
@pytest.mark.parametrize("seed", [1])
def test_hostile_calls(seed):
    done = run(CALLS, seed)
    assert done.returncode == 0, done.stderr[-3000:]
    assert "'right'" in done.stdout and "'wrong'" in done.stdout and "'C109'" in done.stdout


BREAKS = {
    "overlap is not looked at": "import tdsl.codegen.entry.outputs as o; o._apart = lambda code, one, other: 'true'",
    "ranges end one later": "import tdsl.codegen.entry.support as o; text = o._range_text; "
    "o._range_text = lambda d: text(d).replace('icmp uge <8', 'icmp ugt <8').replace('icmp ult i64 %one', 'icmp ule i64 %one')",
    "every pair counts as safe in place": "import tdsl.pipeline as p; p.may_be_one = lambda *names: True",
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BREAKS)
def test_it_would_be_noticed(what):
    done = run(6000, 5, BREAKS[what])
    assert done.returncode != 0 and "AssertionError" in done.stderr, what
