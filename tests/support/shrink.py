"""A failing case made small: fewer directives, plainer ones, smaller sizes, simpler expressions, the same failure.

In: a case, the kind of its failure, a budget of trials. Out: the smallest case found that still fails in that way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import tdsl as td
from tests.support.case import Case, Outcome
from tests.support.programs import declare, sample_sizes, smaller

Judge = Callable[[Case], Outcome]


def shrink(case: Case, kind: str, judge: Judge, trials: int = 300) -> Case:
    """The smallest case found whose failure is of the same kind."""
    left = trials
    found = True
    while found and left > 0:
        found = False
        for candidate in _candidates(case):
            if left <= 0:
                break
            left -= 1
            failure = judge(candidate).failure
            if failure is not None and failure.kind == kind:
                case, found = candidate, True
                break
    return case


def _candidates(case: Case) -> Iterator[Case]:
    count = len(case.steps)
    for size in (count // 2, count // 4, 1):
        if size < 1:
            continue
        for start in range(count - size, -1, -size):
            rest = (*case.steps[:start], *case.steps[start + size :])
            candidate = accepted(replace(case, steps=rest))
            if candidate is not None:
                yield candidate
    for place, step in enumerate(case.steps):
        for plainer in _plainer(step):
            candidate = replace(case, steps=(*case.steps[:place], plainer, *case.steps[place + 1 :]))
            if accepted(candidate) == candidate:
                yield candidate
    for program in smaller(case.program):
        sizes = {
            name: value for name, value in case.sizes if any(size.name == name for size in program.sizes)
        }
        candidate = accepted(replace(case, program=program, sizes=tuple(sizes.items())))
        if candidate is not None:
            yield candidate
    for place, (name, value) in enumerate(case.sizes):  # noqa: B007
        for less in dict.fromkeys((0, 1, 2, value // 2, value - 1)):
            if 0 <= less < value:
                sizes = sample_sizes(case.program, {**dict(case.sizes), name: less})
                if sizes != dict(case.sizes):
                    yield replace(case, sizes=tuple(sizes.items()))
    if case.mode != "whole":
        yield replace(case, mode="whole")


def _plainer(step: str) -> Iterator[str]:
    """The step with fewer or smaller arguments."""
    without_tail = re.sub(r', tail="\w+"', "", step)
    if without_tail != step:
        yield without_tail
    for found in re.finditer(r"\btd\.knob\([^)]*default=(\d+)\)", step):
        yield step[: found.start()] + found[1] + step[found.end() :]
    for found in re.finditer(r"(?<![\w\"])(\d+)(?![\w\"])", step):
        for less in (2, 4):
            if less < int(found[1]):
                yield step[: found.start()] + str(less) + step[found.end() :]
    for found in re.finditer(r'scope="(stack|register)"', step):
        yield step[: found.start()] + 'scope="heap"' + step[found.end() :]


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
            schedule = eval(f"s{step}", {**names, "s": schedule})  # the text is ours
        except td.InternalError:
            return replace(case, steps=(*steps, *case.steps[place:]))
        except td.TdslError:
            continue
        except Exception:  # noqa: BLE001
            return replace(case, steps=(*steps, *case.steps[place:]))
        steps.append(step)
    return replace(case, steps=tuple(steps))
