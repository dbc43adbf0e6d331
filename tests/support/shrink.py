"""A failing case made small: fewer directives, plainer ones, smaller sizes, simpler expressions, the same failure.

In: a case, the kind of its failure, a budget of trials. Out: the smallest case found that still fails in that way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import tdsl as td
from tdsl.fuzzing.draw import applied
from tdsl.fuzzing.shrink import fewer, plainer, undone
from tdsl.fuzzing.shrink import shrink as smallest
from tests.support.case import Case, Outcome
from tests.support.programs import declare, sample_sizes, smaller

Judge = Callable[[Case], Outcome]


def shrink(case: Case, kind: str, judge: Judge, trials: int = 300, seconds: float = 120.0) -> Case:
    """The smallest case found whose failure is of the same kind."""

    def fails(candidate: Case) -> bool:
        failure = judge(candidate).failure
        return failure is not None and failure.kind == kind

    return smallest(case, _candidates, fails, trials, time.monotonic() + seconds)


def _candidates(case: Case) -> Iterator[Case]:
    for steps in (*fewer(case.steps), *undone(case.steps)):
        candidate = accepted(replace(case, steps=steps))
        if candidate is not None:
            yield candidate
    for steps in plainer(case.steps):
        candidate = replace(case, steps=steps)
        if accepted(candidate) == candidate:
            yield candidate
    for program in smaller(case.program):
        sizes = {
            name: value for name, value in case.sizes if any(size.name == name for size in program.sizes)
        }
        candidate = accepted(replace(case, program=program, sizes=tuple(sizes.items())))
        if candidate is not None:
            yield candidate
    for name, value in case.sizes:
        for less in dict.fromkeys((0, 1, 2, value // 2, value - 1)):
            if 0 <= less < value:
                sizes = sample_sizes(case.program, {**dict(case.sizes), name: less})
                if sizes != dict(case.sizes):
                    yield replace(case, sizes=tuple(sizes.items()))
    if case.mode != "whole":
        yield replace(case, mode="whole")


def accepted(case: Case) -> Case | None:
    """The case with only those steps that are accepted; None where its declarations are refused."""
    steps: list[str] = []
    try:
        names = declare(case.program.source())
        schedule = td.schedule(*(names[name] for name in case.program.outputs))
    except td.InternalError:
        return case
    except td.TdslError:
        return None
    for place, step in enumerate(case.steps):
        try:
            schedule = applied(schedule, step, names)
        except td.InternalError:
            return replace(case, steps=(*steps, *case.steps[place:]))
        except td.TdslError:
            continue
        except Exception:  # noqa: BLE001
            return replace(case, steps=(*steps, *case.steps[place:]))
        steps.append(step)
    return replace(case, steps=tuple(steps))
