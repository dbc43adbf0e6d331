"""`td.fuzz` on a user's tensors: what it reports, that it finds what is planted, and that what it prints fails again."""

import os
import signal

import numpy as np
import pytest

import tdsl as td
from tdsl.expr.build import sub
from tdsl.expr.node import index_const
from tdsl.fuzzing import check
from tdsl.lower.ir import For
from tdsl.lower.passes import simplify_loops


def chain(rows="n"):
    n = td.size("n", min=1) if rows == "n" else rows
    A = td.placeholder("A", (n, 9), "int32")
    p = td.compute("p", (n, 9), lambda i, j: A[i, j] * 2 + j)
    k = td.reduce_axis("k", 9)
    return td.compute("c", (n,), lambda i: td.sum(p[i, k] * p[i, 8 - k], over=k))


def test_nothing_is_found_where_nothing_is_wrong():
    report = td.fuzz(chain(), seconds=100, seed=1, schedules=4)
    assert report and not report.failures and report.schedules == 4 and report.samples == 9
    text = str(report)
    assert text.startswith("fuzz of c, seed 1: ") and "no failures" in text and "\nsplit " in text


def test_the_given_schedule_comes_first():
    start = td.schedule(chain()).split("c", "i", 4)
    report = td.fuzz(start, seconds=100, schedules=2)
    assert report and min(report.directives) >= 1


def planted(monkeypatch):
    """Loops over a constant number of iterations from 0, of at least three, stop one too early."""
    whole = simplify_loops._Simplification.loop

    def loop(self, loop, scope):
        found = whole(self, loop, scope)
        constant = isinstance(found, For) and found.kind == "vector" and getattr(found.upper, "value", 0) > 2
        return (
            For(found.var, found.lower, sub(found.upper, index_const(1)), "vector", found.body)
            if constant
            else found
        )

    monkeypatch.setattr(simplify_loops._Simplification, "loop", loop)


def test_a_planted_fault_is_found_made_small_and_printed_as_a_test(monkeypatch, capsys):
    planted(monkeypatch)
    n = td.size("n")
    A = td.placeholder("A", (n, 5), "int32")
    report = td.fuzz(td.compute("c", (n, 5), lambda i, j: A[i, j] * 2), seconds=100, schedules=16)
    assert not report and report.failures[0].kind == "kernel and declaration differ"
    found = report.failures[0]
    assert len(found.steps) <= 2 and any(step.startswith(".vectorize(") for step in found.steps)
    assert found.test in capsys.readouterr().out
    names = {}
    exec(found.test, names)
    with pytest.raises(AssertionError, match="kernel and declaration differ"):
        names["test_case"]()
    monkeypatch.undo()
    names["test_case"]()


def test_a_crash_is_a_finding(monkeypatch):
    parent, build = os.getpid(), td.build

    def dies(schedule, target=None):
        if os.getpid() != parent and target != "interpret":
            os.kill(os.getpid(), signal.SIGKILL)
        return build(schedule, target)

    monkeypatch.setattr(td, "build", dies)
    report = td.fuzz(chain(), seconds=100, schedules=1)
    assert [failure.kind for failure in report.failures] == ["crash SIGKILL"]
    assert report.failures[0].steps == ()


def test_check_runs_one_place():
    s = td.schedule(chain()).vectorize("p", "j", 4).parallel("c", "i")
    check(s, {"n": 5}, seed=2, mode="whole")
    with pytest.raises(td.CallError):
        check(s, {"n": 0})


def test_several_outputs_and_data():
    n = td.size("n", multiple_of=2)
    index = td.placeholder("index", (n,), "int32", range=(0, n))
    x = td.placeholder("x", (n,), "float32")
    y = td.compute("y", (n,), lambda i: x[index[i]] * 2)
    z = td.compute("z", (n,), lambda i: y[n - 1 - i] + x[i])
    report = td.fuzz((y, z), seconds=100, schedules=4)
    assert report and report.subject == ("y", "z")
    text = y.text(z)
    again = td.parse(text)
    assert [tensor.name for tensor in again] == ["y", "z"] and again[0].text(again[1]) == text
    got = td.build(td.schedule(*again))(np.array([1, 0], np.int32), np.array([1.0, 2.0], np.float32))
    assert [value.tolist() for value in got] == [[4.0, 2.0], [3.0, 6.0]]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (lambda c: ((lambda: c,), {}), "G131", "tensors, a schedule or an operator, not function"),
        (lambda c: (([],), {}), "G131", "not list"),
        (lambda c: (([c, 3],), {}), "G131", "not list"),
        (lambda c: ((c,), {"seconds": 0}), "G132", "seconds=0"),
        (lambda c: ((c,), {"seconds": True, "tolerance": 2}), "G132", "seconds=True, tolerance=2"),
        (lambda c: ((c,), {"seed": 1.5, "schedules": 0}), "G132", "seed=1.5, schedules=0"),
        (lambda c: ((chain(4000000),), {"seconds": 0.5}), "G133", "could be run"),
    ],
)
def test_bad_inputs(arguments, code, says):
    given, named = arguments(chain())
    with pytest.raises(td.ArgumentError, match=says) as caught:
        td.fuzz(*given, **named)
    assert caught.value.code == code
