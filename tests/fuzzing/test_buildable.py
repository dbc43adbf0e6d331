"""Directives that only a build refuses are left out, the others stay; what fails stays a failure."""

from collections import Counter

import tdsl as td
from tdsl.fuzzing import buildable as module
from tdsl.fuzzing.buildable import buildable, refusal
from tdsl.fuzzing.draw import Drawn, applied
from tdsl.fuzzing.report import FuzzReport


def two():
    n = td.size("n")
    a = td.placeholder("a", (n,))
    p = td.compute("p", (n,), lambda i: a[i] * 2)
    return td.schedule(td.compute("c", (n,), lambda i: p[i] + 1))


def drawn(start, *steps):
    schedule = start
    for step in steps:
        schedule = applied(schedule, step, {"td": td})
    made = Drawn(steps)
    return buildable(start, schedule, made, {"td": td}), made


def test_nothing_is_left_out_of_what_builds():
    steps = ('.split("c", "i", 4)', '.compute_at("p", "c", "io")', '.scope("p", "stack")')
    schedule, made = drawn(two(), *steps)
    assert made.steps == steps and not made.tally and td.build(schedule)


def test_what_is_refused_is_left_out_and_the_rest_stays():
    schedule, made = drawn(two(), '.parallel("p", "i")', '.scope("p", "stack")', '.split("c", "i", 4)')
    assert made.steps == ('.parallel("p", "i")', '.split("c", "i", 4)') and td.build(schedule)
    assert made.tally == Counter({"left out L107": 1})


def test_several_are_left_out():
    steps = (
        '.scope("p", "stack")',
        '.split("c", "i", 4)',
        '.prefetch("c", "p", "ii", 1)',
        '.scope("p", "register")',
    )
    steps += ('.stream("c")',)
    schedule, made = drawn(two(), *steps)
    assert refusal(schedule) is None and '.split("c", "i", 4)' in made.steps and made.tally.total() >= 2


def test_an_internal_error_is_no_refusal(monkeypatch):
    def broken(schedule, target):
        raise td.InternalError("seven", pass_name="none")

    monkeypatch.setattr(td, "build", broken)
    assert refusal(two()) is None


def test_a_step_that_fails_without_the_one_left_out_is_the_failure(monkeypatch):
    start = two()
    schedule = start.scope("p", "stack").split("c", "i", 4)

    def broken(before, step, names):
        if step.startswith(".split") and not before.steps:
            raise td.InternalError("seven", pass_name="none")
        return applied(before, step, names)

    monkeypatch.setattr(module, "applied", broken)
    made = Drawn(('.scope("p", "stack")', '.split("c", "i", 4)'))
    buildable(start, schedule, made, {"td": td})
    assert made.failure is not None and "InternalError" in made.failure.kind
    assert made.steps == ('.split("c", "i", 4)',)


def test_reports_say_what_was_left_out():
    report = FuzzReport(("c",), 1, tally=Counter({"left out L107": 2, "build L123": 1, "accepted split": 3}))
    assert str(report).splitlines()[-2:] == [
        "left out, a build would refuse it: L107: 2",
        "not run: build L123: 1",
    ]
