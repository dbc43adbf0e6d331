"""The measurement of the suite: every row comes out, what is left out says why, an early end loses nothing."""

import importlib
import os
import signal
import sys
from dataclasses import replace

import pytest

from benchmarks.polybench import suite

measure = importlib.import_module("benchmarks.polybench.measure")  # the package has a function of that name
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(autouse=True)
def _no_peers(monkeypatch) -> None:
    """Peers that are there on one machine and not on another have no part in this."""
    monkeypatch.setattr(measure.compilers, "gcc", lambda: None)
    monkeypatch.setattr(measure.peers, "find", lambda module: None)


def test_rows_of_a_kernel() -> None:
    lines = list(measure.measure(1, True, kernels="trisolv,trmm"))
    ours = [(line["case"], line["who"]) for line in lines if "median_s" in line]
    assert ours == [
        ("trisolv MINI", "tdsl as declared"), ("trmm MINI", "tdsl as declared"), ("trmm MINI", "tdsl by hand"),
    ]  # fmt: skip
    assert all(line["right"] for line in lines if "median_s" in line)
    assert {line["note"] for line in lines if line["who"] == "gcc"} == {"no gcc on PATH"}


def test_what_takes_too_long_is_left_out() -> None:
    lines = list(measure.measure(1, True, kernels="trmm", seconds=0))
    assert [line["note"] for line in lines] == ["not run: the time was up"]
    known = {("trmm", "tdsl as declared"): 1.0}
    lines = list(measure.case(suite.KERNELS["trmm"], "MINI", 1, known, 60.0))
    notes = {line["who"]: str(line.get("note", "")) for line in lines}
    assert (
        notes["tdsl as declared"].startswith("not run: 12000 s a call expected") and not notes["tdsl by hand"]
    )


def test_a_crash_leaves_the_rows_before_it() -> None:
    def crash(schedule):
        os.kill(os.getpid(), signal.SIGKILL)

    kernel = replace(suite.KERNELS["trmm"], hand=crash)
    lines = list(measure.case(kernel, "MINI", 1, {}, 60.0))
    assert [line["who"] for line in lines if "median_s" in line] == ["tdsl as declared"]
    assert lines[-1]["who"] == "tdsl by hand" and lines[-1]["note"] == "ended by SIGKILL"


def test_geometric_means() -> None:
    def line(case, who, seconds):
        return {"case": case, "who": who, "median_s": seconds}

    lines = [
        line("a MINI", "gcc 1", 4.0), line("a MINI", "tdsl as declared", 2.0), line("a MINI", "tdsl by hand", 1.0),
        line("b MINI", "gcc 1", 1.0), line("b MINI", "tdsl as declared", 2.0),
    ]  # fmt: skip
    assert [mean["ratio"] for mean in measure.means("MINI", lines)] == pytest.approx([1.0, 2.0**0.5])
    kernels = [replace(suite.KERNELS["trmm"], name="a"), replace(suite.KERNELS["trmm"], name="b")]
    rates = measure.rates(kernels, "MINI", lines)
    assert rates["a", "gcc 1"] == 4.0 / (20 * 20 * 30)
    assert measure.whole(kernels[0], "MINI", rates) == pytest.approx(7.0)
